/**
 * Returns whether a stream is a socket of the operating system. Such a socket has a handle, an undocumented
 * member that Node removes when the connection closes. If a stream has no handle, callers use only its public
 * methods.
 */
export const isSystems = (socket: object): boolean => Boolean((socket as { _handle?: unknown })._handle)
