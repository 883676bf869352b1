/**
 * Whether the end of a TLS stream came by `close_notify` or by FIN alone. Node tells both alike, and has no
 * function that tells them apart; where its sockets are made otherwise than expected, every end counts as one
 * by `close_notify`.
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
 * Calls `told` when the last bytes have been put into the stream, before anything that comes behind them is
 * read.
 */
export const onEof = (socket: TLSSocket, told: () => void): void => {
  const { push } = socket
  socket.push = (chunk: unknown, encoding?: BufferEncoding): boolean => {
    if (chunk === null) told()
    return push.call(socket, chunk, encoding)
  }
}

/**
 * Whether the connection below has ended, asked when the TLS stream ends: `close_notify` ends the stream
 * while reading below goes on, FIN stops it. A handle that reads already refuses to begin.
 */
export const endedBelow = (socket: TLSSocket, below: Duplex): boolean => {
  if (!(below instanceof net.Socket)) return below.readableEnded
  const handle = (socket as unknown as Handled)._handle
  // While the stream is held back, reading below has stopped as well.
  if (handle?.reading !== true) return false
  return handle._parent?.readStart?.() === 0
}
