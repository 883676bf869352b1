/** Resets Node's sockets: never throws and always leads to `close`. */
import type { Duplex } from "node:stream"
import { setImmediate } from "../time/realTime.js"

interface Resettable {
  readonly resetAndDestroy?: () => unknown
}

const now = (stream: Duplex) => {
  try {
    ;(stream as Resettable).resetAndDestroy?.()
  } catch {
    // Thrown by pipes and TLS (ERR_INVALID_HANDLE_TYPE).
  }
  stream.destroy()
}

/**
 * Destroys the stream so that its peer sees RST, if the stream can send one. `writer` is the stream that
 * writes: a TLS layer above it, or itself.
 */
export const resetStream = (stream: Duplex, writer: Duplex = stream): void => {
  const sendsFin = () => writer.writableEnded && !writer.writableFinished && !writer.destroyed
  if (!sendsFin() || writer.writableLength > 0) return now(stream)
  // While libuv sends FIN, a reset fails (EINVAL) and leaves the socket open for ever. The FIN is sent in the
  // next turn, unless TLS's `close_notify` is stuck behind backpressure: then destroy.
  writer.once("finish", () => now(stream))
  setImmediate(() =>
    setImmediate(() => {
      if (sendsFin()) writer.destroy()
    })
  )
}
