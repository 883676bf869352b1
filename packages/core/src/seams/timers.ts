/**
 * The clock and the timers that the engine asks for: what a driver gives a connection to wait by.
 */

/**
 * The clock and the timers of a driver.
 *
 * @since 0.1.0
 * @category models
 */
export interface Timers {
  /**
   * Milliseconds of a clock that nobody sets, so that only differences have a meaning: for every limit and
   * duration. May have fractions.
   */
  now(): number
  /**
   * Milliseconds since the epoch, by a clock that may be set back and forward: for `Date`, logs and outcomes,
   * never for a limit.
   */
  wallTime(): number
  /**
   * Calls `f` once `now() >= deadline` (ms), after what had arrived in the meantime was read: also where the
   * process was stopped past the deadline. The result cancels; cancelling twice, or after the call, does
   * nothing.
   */
  at(deadline: number, f: () => void): () => void
  /**
   * Calls `f` after one turn of the event loop, in which everything that had arrived before the call is read.
   */
  turn(f: () => void): void
}
