/**
 * One timer for all deadlines of a pool.
 *
 * The timer is armed for the earliest deadline, so setting a later deadline costs only a comparison. When the
 * timer fires, `sweep` handles the expired deadlines and returns the next deadline.
 */
import type { Timers } from "../../seams/timers.js"

export class Alarm {
  private setFor = Infinity
  private cancel: (() => void) | undefined = undefined
  private stopped = false

  /**
   * `sweep` handles all deadlines up to `now` and returns the next deadline, or `Infinity` if no deadline is
   * left.
   */
  constructor(
    private readonly timers: Timers,
    private readonly sweep: (now: number) => number
  ) {}

  /** Makes the timer fire at `deadline` (ms) or earlier. */
  set(deadline: number): void {
    if (deadline >= this.setFor || this.stopped) return
    this.cancel?.()
    this.setFor = deadline
    this.cancel = this.timers.at(deadline, this.ring)
  }

  /** Cancels the timer; later calls of `set` do nothing. */
  stop(): void {
    this.stopped = true
    this.cancel?.()
    this.cancel = undefined
  }

  private readonly ring = (): void => {
    this.setFor = Infinity
    this.cancel = undefined
    const now = this.timers.now()
    const next = this.sweep(now)
    if (next !== Infinity) this.set(Math.max(next, now + 1))
  }
}
