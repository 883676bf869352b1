/** Resets Node's sockets. Never throws. The socket always emits `close` after the reset. */
import type { Duplex } from "node:stream"
import { setImmediate } from "../time/realTime.js"

interface Resettable {
  readonly resetAndDestroy?: () => unknown
}

const now = (stream: Duplex) => {
  try {
    ;(stream as Resettable).resetAndDestroy?.()
  } catch {
    // `resetAndDestroy` throws ERR_INVALID_HANDLE_TYPE on pipes and TLS sockets, so only destroy them.
  }
  stream.destroy()
}

/**
 * Destroys the stream, with RST if the stream supports RST. `writer` is the stream to which the program
 * writes. This is the stream itself, or a TLS stream over it.
 */
export const resetStream = (stream: Duplex, writer: Duplex = stream): void => {
  const sendsFin = () => writer.writableEnded && !writer.writableFinished && !writer.destroyed
  if (!sendsFin() || writer.writableLength > 0) return now(stream)
  // While libuv has a pending FIN, a reset fails (EINVAL) and leaves the socket open, so wait for `finish`.
  // After two turns destroy anyway, because backpressure may block the `close_notify` of TLS.
  writer.once("finish", () => now(stream))
  setImmediate(() =>
    setImmediate(() => {
      if (sendsFin()) writer.destroy()
    })
  )
}
