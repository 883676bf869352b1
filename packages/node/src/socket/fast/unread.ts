/**
 * Sets an unread, complete request to the state after its last event at once, which saves several turns. If a
 * request does not qualify, it is read to its end like any other.
 */
import type { Readable } from "node:stream"

interface Inside {
  readonly _eventsCount?: number
  readonly _readableState?: {
    readonly length: number
    readonly resumeScheduled: boolean
    endEmitted: boolean
    destroyed: boolean
    closed: boolean
    closeEmitted: boolean
  }
}

const insideOf = (stream: Readable) => stream as unknown as Inside

/** Whether a listener for its body was added in this turn, so that it is going to flow. */
export const isResuming = (stream: Readable): boolean =>
  insideOf(stream)._readableState?.resumeScheduled === true

/** Whether it has no listeners and no buffered data. */
export const isUnobserved = (stream: Readable): boolean => {
  const { _eventsCount, _readableState: state } = insideOf(stream)
  return _eventsCount === 0 && state?.length === 0
}

/** For an unobserved stream whose last byte has arrived. */
export const markEnded = (stream: Readable): void => {
  const state = insideOf(stream)._readableState
  if (state !== undefined) state.endEmitted = state.destroyed = state.closed = state.closeEmitted = true
}
