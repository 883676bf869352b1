/** Uncorks a stream completely, however often `cork` was called. */
import type { Duplex } from "node:stream"

interface Inside {
  readonly _writableState?: { corked: number }
}

export const uncorkWhole = (stream: Duplex): void => {
  const { _writableState: state } = stream as unknown as Inside
  if (state === undefined) while (stream.writableCorked > 1) stream.uncork()
  else state.corked = 1
  stream.uncork()
}
