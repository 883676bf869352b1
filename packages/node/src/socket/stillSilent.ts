/**
 * Confirms an idle timeout of a socket after its kernel buffer has been read. After the process was
 * suspended, a timer may have expired although bytes have arrived meanwhile.
 */
import type { Socket } from "node:net"
import { setImmediate } from "../time/realTime.js"
import { isSystems } from "./fast/isSystems.js"

/**
 * Must be called on `timeout`. Calls `silent` if no unread bytes had arrived, otherwise `heard`. Calls
 * neither if the socket is destroyed. A stream that is not a system socket has no unread bytes in a kernel,
 * so `silent` is called immediately.
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
