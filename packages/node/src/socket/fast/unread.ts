/**
 * Ends the stream of a request that has arrived completely and that the program has not read. The stream
 * immediately gets the state that it has after `end` and `close`. Emitting these events would take several
 * turns of the event loop.
 *
 * A request that does not qualify is read to its end instead.
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

/**
 * Returns whether the stream starts to flow later in this turn, because a `data` listener was added or
 * `resume` was called.
 */
export const isResuming = (stream: Readable): boolean =>
  insideOf(stream)._readableState?.resumeScheduled === true

/** Returns whether the stream has neither listeners nor buffered data. */
export const isUnobserved = (stream: Readable): boolean => {
  const { _eventsCount, _readableState: state } = insideOf(stream)
  return _eventsCount === 0 && state?.length === 0
}

/**
 * Puts a stream into the state after its last event. Use this function only for an unobserved stream whose
 * last byte has arrived.
 */
export const markEnded = (stream: Readable): void => {
  const state = insideOf(stream)._readableState
  if (state !== undefined) state.endEmitted = state.destroyed = state.closed = state.closeEmitted = true
}
