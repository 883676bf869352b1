/**
 * Tells whether a TLS stream ended by `close_notify` or by FIN alone. Node reports both alike and has no API
 * that distinguishes them. Without the internals used here every end counts as a `close_notify`.
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

/** Calls `told` after the last bytes were pushed to the stream, before anything after them is read. */
export const onEof = (socket: TLSSocket, told: () => void): void => {
  const { push } = socket
  socket.push = (chunk: unknown, encoding?: BufferEncoding): boolean => {
    if (chunk === null) told()
    return push.call(socket, chunk, encoding)
  }
}

/**
 * Whether the connection below has ended; to be called when the TLS stream ends. `close_notify` ends the
 * stream while reading below goes on, FIN stops the reading. `readStart` fails on a handle that is reading
 * already.
 */
export const endedBelow = (socket: TLSSocket, below: Duplex): boolean => {
  if (!(below instanceof net.Socket)) return below.readableEnded
  const handle = (socket as unknown as Handled)._handle
  // While the stream is paused, reading below has stopped as well.
  if (handle?.reading !== true) return false
  return handle._parent?.readStart?.() === 0
}
