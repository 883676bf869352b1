/**
 * The connections without an exchange, longest idle first, and one timer for their idle timeout.
 *
 * Entering and leaving the list cost a few pointer stores, because no timer is set per exchange. The list
 * never closes a connection itself.
 */
import type { Timers } from "../../seams/timers.js"

export interface Idler {
  idleSince: number
  idlePrevious: Idler | undefined
  idleNext: Idler | undefined
  isIdle: boolean
  /** Called once when the idle timeout has expired, after the connection has left the list. */
  idleExpired(): void
}

export class IdleList {
  private first: Idler | undefined
  private last: Idler | undefined
  private cancel: (() => void) | undefined

  /** `limit`: milliseconds; `0`: no limit. */
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

  /** Cancels the timer; the list can be used again. */
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
