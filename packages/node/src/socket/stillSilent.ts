/**
 * Confirms the idle timeout of a socket after reading what its kernel buffer holds: a process that was
 * stopped had no time to read it.
 */
import type { Socket } from "node:net"
import { setImmediate } from "../time/realTime.js"
import { isSystems } from "./fast/isSystems.js"

/**
 * To be called on `timeout`: calls `silent` if nothing had arrived unread, otherwise `heard`, and neither if
 * the socket is destroyed. Streams other than system sockets hold nothing unread: `silent` is called at once.
 */
export const stillSilent = (socket: Socket, silent: () => void, heard: () => void): void => {
  if (!isSystems(socket)) return silent()
  const { bytesRead } = socket
  setImmediate(() => {
    if (socket.destroyed) return
    if (socket.bytesRead === bytesRead) silent()
    else heard()
  })
}
