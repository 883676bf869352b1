/**
 * The interface for the clock and the timers of the engine. The driver, which runs the engine, implements it.
 */

/**
 * The clock and the timers with which a driver runs the engine.
 *
 * @since 0.1.0
 * @category models
 */
export interface Timers {
  /**
   * Returns the time of a monotonic clock, in milliseconds, possibly with fractions. Use it only for limits
   * and durations, because only differences of these times have a meaning.
   */
  now(): number
  /**
   * Returns the milliseconds since the epoch. Use it only for `Date`, logs and outcomes, because this clock
   * can be set and must not change a limit.
   */
  wallTime(): number
  /**
   * Calls `f` once `now() >= deadline` (ms). Bytes that arrived before the deadline are read before `f` is
   * called, even if the process was suspended past the deadline. The returned function cancels the call.
   * Cancelling has no effect after the call or after an earlier cancel.
   */
  at(deadline: number, f: () => void): () => void
  /**
   * Calls `f` after one turn of the event loop. Bytes that arrived before the call of `turn` are read in this
   * turn.
   */
  turn(f: () => void): void
}
