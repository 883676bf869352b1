/** A stream whose bytes come by themselves: it need not ask for more, in a tick of its own. */
import type { Readable } from "node:stream"

interface Inside {
  readonly _readableState?: { readingMore: boolean }
}

const set = (stream: Readable, readingMore: boolean): void => {
  const { _readableState: state } = stream as unknown as Inside
  if (state !== undefined) state.readingMore = readingMore
}

export const asksForNothing = (stream: Readable): void => set(stream, true)

/** As any other stream from now on. */
export const asksAgain = (stream: Readable): void => set(stream, false)
