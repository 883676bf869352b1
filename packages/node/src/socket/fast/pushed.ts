/** Stops a stream that only uses `push` from calling `_read`, because that call costs a tick per stream. */
import type { Readable } from "node:stream"

interface Inside {
  readonly _readableState?: { readingMore: boolean }
}

const set = (stream: Readable, readingMore: boolean): void => {
  const { _readableState: state } = stream as unknown as Inside
  if (state !== undefined) state.readingMore = readingMore
}

export const asksForNothing = (stream: Readable): void => set(stream, true)

/** Makes the stream call `_read` again, like any other stream. */
export const asksAgain = (stream: Readable): void => set(stream, false)
