/**
 * A request that nobody reads, at its end: what it would be after its last event, without the turns that lead
 * there. Says for each request whether that can be done; where not, it is read to its end like any other.
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

/** A listener for its body was added in this turn, from which on it is read. */
export const isResuming = (stream: Readable): boolean =>
  insideOf(stream)._readableState?.resumeScheduled === true

/** Nobody listens to it, and it holds nothing. */
export const isUnobserved = (stream: Readable): boolean => {
  const { _eventsCount, _readableState: state } = insideOf(stream)
  return _eventsCount === 0 && state?.length === 0
}

/** Of one that is unobserved, and whose last byte has come. */
export const markEnded = (stream: Readable): void => {
  const state = insideOf(stream)._readableState
  if (state !== undefined) state.endEmitted = state.destroyed = state.closed = state.closeEmitted = true
}
