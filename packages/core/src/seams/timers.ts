/**
 * The clock and timers that a driver gives to the engine.
 */

/**
 * The clock and timers of a driver.
 *
 * @since 0.1.0
 * @category models
 */
export interface Timers {
  /**
   * Milliseconds of a monotonic clock, for limits and durations: only differences have a meaning. May have
   * fractions.
   */
  now(): number
  /**
   * Milliseconds since the epoch, by a clock that can be set: for `Date`, logs and outcomes, never for a
   * limit.
   */
  wallTime(): number
  /**
   * Calls `f` once `now() >= deadline` (ms), after input that arrived before has been read, even if the
   * process was suspended past the deadline. The result cancels; cancelling twice, or after the call, does
   * nothing.
   */
  at(deadline: number, f: () => void): () => void
  /** Calls `f` after one turn of the event loop, in which input that arrived before this call is read. */
  turn(f: () => void): void
}
