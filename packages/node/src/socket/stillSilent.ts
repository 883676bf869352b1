/**
 * The limit of a socket's silence, judged after what lies in the socket was read: a process that was stopped
 * has had no time for that.
 */
import type { Socket } from "node:net"
import { setImmediate } from "../time/realTime.js"
import { isSystems } from "./fast/isSystems.js"

/**
 * `timeout` was emitted: calls `silent` if nothing has come by the time when all that had arrived was read,
 * else `heard`, and neither where the socket is gone. A stream that is no system's socket has nothing to be
 * read: `silent` is called at once.
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
