/** Changes a stream's bound of what waits to be written, which Node takes only when it makes the stream. */
import type { Duplex } from "node:stream"

interface Inside {
  readonly _writableState?: { highWaterMark: unknown }
}

export const setHighWaterMark = (stream: Duplex, mark: unknown): void => {
  const { _writableState: state } = stream as unknown as Inside
  if (state !== undefined) state.highWaterMark = mark
}
