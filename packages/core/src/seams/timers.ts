/**
 * The interface for the clock and timers that a driver gives to the engine.
 */

/**
 * The clock and timers of a driver.
 *
 * @since 0.1.0
 * @category models
 */
export interface Timers {
  /**
   * Returns the milliseconds of a monotonic clock, possibly with fractions. For limits and durations, because
   * only differences of these values have a meaning.
   */
  now(): number
  /**
   * Returns the milliseconds since the epoch by a clock that can be set. For `Date`, logs and outcomes, never
   * for limits.
   */
  wallTime(): number
  /**
   * Calls `f` once `now() >= deadline` (ms). Bytes that arrived before the deadline are read before `f` is
   * called, even if the process was suspended past the deadline. The returned function cancels the call;
   * cancelling twice, or after the call, does nothing.
   */
  at(deadline: number, f: () => void): () => void
  /** Calls `f` after one turn of the event loop, in which bytes that arrived before this call are read. */
  turn(f: () => void): void
}
