/**
 * The connections without an exchange, longest idle first, and one timer for their idle timeout.
 *
 * Entering and leaving the list set no timer, so the list costs an exchange only a few assignments. The list
 * never closes a connection itself.
 */
import type { Timers } from "../../seams/timers.js"

export interface Idler {
  idleSince: number
  idlePrevious: Idler | undefined
  idleNext: Idler | undefined
  isIdle: boolean
  /** Called when the idle timeout has expired. The connection has already left the list. */
  idleExpired(): void
}

export class IdleList {
  private first: Idler | undefined
  private last: Idler | undefined
  private cancel: (() => void) | undefined

  /** `limit` is the idle timeout in milliseconds; 0 means no limit. */
  constructor(
    private readonly timers: Timers,
    private readonly limit: number
  ) {}

  enter(idler: Idler): void {
    idler.isIdle = true
    idler.idleSince = this.timers.now()
    idler.idlePrevious = this.last
    if (this.last === undefined) this.first = idler
    else this.last.idleNext = idler
    this.last = idler
    if (this.cancel === undefined && this.limit > 0) this.arm(idler)
  }

  leave(idler: Idler): void {
    if (!idler.isIdle) return
    idler.isIdle = false
    if (idler.idlePrevious === undefined) this.first = idler.idleNext
    else idler.idlePrevious.idleNext = idler.idleNext
    if (idler.idleNext === undefined) this.last = idler.idlePrevious
    else idler.idleNext.idlePrevious = idler.idlePrevious
    idler.idlePrevious = idler.idleNext = undefined
  }

  /** Cancels the timer. The list can be used again afterwards. */
  stop(): void {
    this.cancel?.()
    this.cancel = undefined
  }

  private arm(oldest: Idler): void {
    this.cancel = this.timers.at(oldest.idleSince + this.limit, this.sweep)
  }

  private readonly sweep = (): void => {
    this.cancel = undefined
    const now = this.timers.now()
    while (this.first !== undefined && this.first.idleSince + this.limit <= now) {
      const expired = this.first
      this.leave(expired)
      expired.idleExpired()
    }
    if (this.first !== undefined && this.cancel === undefined) this.arm(this.first)
  }
}
