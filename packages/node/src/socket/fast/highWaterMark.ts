/**
 * Changes the `writableHighWaterMark` of an existing stream. Node sets this property only in the constructor.
 */
import type { Duplex } from "node:stream"

interface Inside {
  readonly _writableState?: { highWaterMark: unknown }
}

export const setHighWaterMark = (stream: Duplex, mark: unknown): void => {
  const { _writableState: state } = stream as unknown as Inside
  if (state !== undefined) state.highWaterMark = mark
}
