/**
 * Checks an idle timeout of a socket again, after the bytes in the kernel's buffer have been read. A process
 * that was suspended finds its timer expired even if bytes have arrived meanwhile.
 */
import type { Socket } from "node:net"
import { setImmediate } from "../time/realTime.js"
import { isSystems } from "./fast/isSystems.js"

/**
 * Handles a `timeout` event. Calls `silent` if the kernel's buffer was empty, otherwise `heard`. Calls
 * neither if the socket is destroyed. Only a system socket has a kernel buffer, so `silent` is called
 * immediately for other streams.
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
