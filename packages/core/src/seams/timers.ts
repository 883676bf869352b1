/**
 * The interface for the clock and the timers of the engine. The driver, which runs the engine, implements
 * this interface.
 */

/**
 * The clock and the timers with which a driver runs the engine.
 *
 * @since 0.1.0
 * @category models
 */
export interface Timers {
  /**
   * Returns the time of a monotonic clock, in milliseconds, possibly with fractions. Use this time only for
   * limits and durations, because only differences of such times have a meaning.
   */
  now(): number
  /**
   * Returns the milliseconds since the epoch. Use this time only for `Date`, logs and outcomes, because a
   * change of the system's clock must not change a limit.
   */
  wallTime(): number
  /**
   * Calls `f` when `now()` has reached `deadline` (ms). Bytes that arrived before the deadline are read
   * before `f` is called, even if the process was suspended past the deadline. The returned function cancels
   * the call. To call this function again, or after the call of `f`, has no effect.
   */
  at(deadline: number, f: () => void): () => void
  /**
   * Calls `f` after one turn of the event loop. Bytes that arrived before the call of `turn` are read in this
   * turn.
   */
  turn(f: () => void): void
}
