/**
 * Whether a stream is a socket of the system, told by its handle, an undocumented member that goes away with
 * the connection. A system socket without one is treated like any other stream: by its public methods.
 */
export const isSystems = (socket: object): boolean => Boolean((socket as { _handle?: unknown })._handle)
