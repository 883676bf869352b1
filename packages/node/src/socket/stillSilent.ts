/**
 * Checks an idle timeout of a socket again, after reading the bytes in the kernel's buffer. If the process
 * was suspended, a timer may have expired although bytes have arrived meanwhile.
 */
import type { Socket } from "node:net"
import { setImmediate } from "../time/realTime.js"
import { isSystems } from "./fast/isSystems.js"

/**
 * Call this function on `timeout`. It calls `silent` if no unread bytes had arrived, otherwise `heard`. It
 * calls neither if the socket is destroyed. A stream that is not a system socket has no bytes in the kernel's
 * buffer, so `silent` is called immediately.
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
