/**
 * RST from the sockets of Node, without their corners: it never throws and always ends in `close`.
 */
import type { Duplex } from "node:stream"

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

/** Destroys the stream so that its peer sees RST, where there is such a thing. */
export const resetStream = (stream: Duplex): void => {
  // libuv refuses to reset while it sends FIN (EINVAL, and the handle stays open); that is over in the next turn.
  if (stream.writableEnded && !stream.writableFinished && stream.writableLength === 0 && !stream.destroyed) {
    stream.once("finish", () => now(stream))
  } else now(stream)
}
