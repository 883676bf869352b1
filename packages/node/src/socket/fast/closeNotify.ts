/**
 * Determines whether a TLS stream ended by `close_notify` or by FIN alone. Node emits `end` in both cases and
 * has no API that distinguishes them. If the internals that this file uses are missing, every end counts as a
 * `close_notify`.
 */
import * as net from "node:net"
import type { Duplex } from "node:stream"
import type { TLSSocket } from "node:tls"

interface Handle {
  reading?: boolean
  readStart?(): number
}

interface Handled {
  readonly _handle?: (Handle & { readonly _parent?: Handle }) | null
}

/**
 * Calls `told` when Node pushes the end of the stream. At that time all bytes have been pushed, and no
 * further read has started.
 */
export const onEof = (socket: TLSSocket, told: () => void): void => {
  const { push } = socket
  socket.push = (chunk: unknown, encoding?: BufferEncoding): boolean => {
    if (chunk === null) told()
    return push.call(socket, chunk, encoding)
  }
}

/**
 * Returns whether the connection below the TLS stream has ended. Call this function when the TLS stream ends.
 * After `close_notify` the handle of the connection is still reading, so `readStart` fails. After FIN the
 * handle has stopped reading, so `readStart` succeeds.
 */
export const endedBelow = (socket: TLSSocket, below: Duplex): boolean => {
  if (!(below instanceof net.Socket)) return below.readableEnded
  const handle = (socket as unknown as Handled)._handle
  // If the TLS stream is paused, reading below has stopped too, so assume `close_notify`.
  if (handle?.reading !== true) return false
  return handle._parent?.readStart?.() === 0
}
