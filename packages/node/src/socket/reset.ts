/**
 * RST from the sockets of Node, without their corners: it never throws and always ends in `close`.
 */
import type { Duplex } from "node:stream"
import { setImmediate } from "../time/realTime.js"

interface Resettable {
  readonly resetAndDestroy?: () => unknown
}

const now = (stream: Duplex) => {
  try {
    ;(stream as Resettable).resetAndDestroy?.()
  } catch {
    // Not TCP: a pipe, TLS (ERR_INVALID_HANDLE_TYPE).
  }
  stream.destroy()
}

/**
 * Destroys the stream so that its peer sees RST, where there is such a thing. `writer` is the stream that
 * writes: a TLS layer above it, or itself.
 */
export const resetStream = (stream: Duplex, writer: Duplex = stream): void => {
  const sendsFin = () => writer.writableEnded && !writer.writableFinished && !writer.destroyed
  if (!sendsFin() || writer.writableLength > 0) return now(stream)
  // libuv refuses to reset while it sends FIN (EINVAL, and the socket stays open for ever). That is over in
  // the next turn, unless the last words of TLS wait for room: then closing has to do.
  writer.once("finish", () => now(stream))
  setImmediate(() =>
    setImmediate(() => {
      if (sendsFin()) writer.destroy()
    })
  )
}
