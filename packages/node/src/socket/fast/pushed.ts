/**
 * Stops a stream from calling `_read`, if the stream gets its data only by `push`. Each call would cost a
 * tick.
 */
import type { Readable } from "node:stream"

interface Inside {
  readonly _readableState?: { readingMore: boolean }
}

const set = (stream: Readable, readingMore: boolean): void => {
  const { _readableState: state } = stream as unknown as Inside
  if (state !== undefined) state.readingMore = readingMore
}

export const asksForNothing = (stream: Readable): void => set(stream, true)

/** Lets the stream call `_read` again, as other streams do. */
export const asksAgain = (stream: Readable): void => set(stream, false)
