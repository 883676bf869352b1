/**
 * One timer for everything in a pool that has a deadline.
 *
 * A deadline later than the one it is set for costs a comparison, so limits of requests need no timer each.
 * When it goes off, its owner looks at everything and returns the next deadline.
 */
import type { Timers } from "../../seams/timers.js"

export class Alarm {
  private setFor = Infinity
  private cancel: (() => void) | undefined = undefined
  private stopped = false

  /** `look` does what is due at a time, and returns the next deadline (`Infinity`: none). */
  constructor(
    private readonly timers: Timers,
    private readonly look: (now: number) => number
  ) {}

  /** Goes off at this time, or earlier. */
  set(deadline: number): void {
    if (deadline >= this.setFor || this.stopped) return
    this.cancel?.()
    this.setFor = deadline
    this.cancel = this.timers.at(deadline, this.ring)
  }

  /** For good. */
  stop(): void {
    this.stopped = true
    this.cancel?.()
    this.cancel = undefined
  }

  private readonly ring = (): void => {
    this.setFor = Infinity
    this.cancel = undefined
    const now = this.timers.now()
    const next = this.look(now)
    if (next !== Infinity) this.set(Math.max(next, now + 1))
  }
}
