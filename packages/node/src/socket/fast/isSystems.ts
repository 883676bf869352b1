/**
 * Whether a stream is a socket of the operating system. Checks whether the stream has a handle, an
 * undocumented member that Node removes when the connection closes. Without a handle, callers use only the
 * public methods, as for any other stream.
 */
export const isSystems = (socket: object): boolean => Boolean((socket as { _handle?: unknown })._handle)
