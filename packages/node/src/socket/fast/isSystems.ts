/**
 * A socket of the system, and no other stream: told by its handle, which Node does not publish and takes away
 * with the connection. A socket taken for another stream is read and written by its stream's own methods.
 */
export const isSystems = (socket: object): boolean => Boolean((socket as { _handle?: unknown })._handle)
