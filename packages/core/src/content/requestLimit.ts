/**
 * Admits the requests to one origin: so many in each interval, so many at once, in the order in which they
 * came, and none while the origin has asked for a pause.
 *
 * Obeys the timers of the waiting requests, and never holds a timer while none waits.
 */
import * as Effect from "effect/Effect"
import * as Timers from "../Timers.js"

export interface Limits {
  /** Maximum number of requests that begin in each interval. */
  readonly requests: number
  /** The interval, ms. */
  readonly interval: number
  /** Maximum number of requests without a response. */
  readonly concurrency: number
}

interface Waiter {
  readonly timers: Timers.Timers
  readonly admit: () => void
}

export class RequestLimit {
  /** A set keeps the order, and loses one from its middle at once. */
  private readonly waiters = new Set<Waiter>()
  private active = 0
  /** When the last requests began: a ring of `requests` times. */
  private readonly begun: Array<number> = []
  private count = 0
  private pausedUntil = -Infinity
  private cancelTimer: (() => void) | undefined = undefined

  constructor(private readonly limits: Limits) {}

  get waiting(): number {
    return this.waiters.size
  }

  /** Whether nothing of the past decides about the next request. */
  isFresh(now: number): boolean {
    const last = this.count === 0 ? -Infinity : this.begun[(this.count - 1) % this.limits.requests]!
    return (
      this.waiters.size === 0 &&
      this.active === 0 &&
      this.pausedUntil <= now &&
      last + this.limits.interval <= now
    )
  }

  /** Admits no request before `until`, in the time of the timers. */
  pause(until: number): void {
    this.pausedUntil = Math.max(this.pausedUntil, until)
  }

  /** Runs an effect once it is admitted; it counts until it ends. After `patience` ms, runs `late`. */
  run<A, E, R>(
    effect: Effect.Effect<A, E, R>,
    patience: number,
    late: Effect.Effect<A, E, R>
  ): Effect.Effect<A, E, R> {
    return Effect.flatMap(Timers.timers, (timers) =>
      Effect.uninterruptibleMask((restore) => {
        let admitted = false
        let waiter: Waiter | undefined
        let cancel: (() => void) | undefined
        const admission = Effect.async<A, E, R>((resume) => {
          const one: Waiter = {
            timers,
            admit: () => {
              admitted = true
              cancel?.()
              resume(effect)
            }
          }
          waiter = one
          this.waiters.add(one)
          this.admitNext()
          if (admitted || patience === Infinity) return
          cancel = timers.at(timers.now() + patience, () => {
            this.withdraw(one)
            resume(late)
          })
        })
        const leave = Effect.sync(() => {
          if (admitted) this.ended()
          else if (waiter !== undefined) {
            cancel?.()
            this.withdraw(waiter)
          }
        })
        return Effect.ensuring(restore(admission), leave)
      })
    )
  }

  private ended(): void {
    this.active--
    this.admitNext()
  }

  private withdraw(waiter: Waiter): void {
    this.waiters.delete(waiter)
    if (this.waiters.size > 0) return
    this.cancelTimer?.()
    this.cancelTimer = undefined
  }

  private admitNext(): void {
    for (const waiter of this.waiters) {
      if (this.active >= this.limits.concurrency) return
      const now = waiter.timers.now()
      const at = this.nextBegin()
      if (at > now) {
        this.cancelTimer ??= waiter.timers.at(at, () => {
          this.cancelTimer = undefined
          this.admitNext()
        })
        return
      }
      this.waiters.delete(waiter)
      this.active++
      this.begins(now)
      waiter.admit()
    }
  }

  private nextBegin(): number {
    const { interval, requests } = this.limits
    return this.count < requests
      ? this.pausedUntil
      : Math.max(this.pausedUntil, this.begun[this.count % requests]! + interval)
  }

  private begins(now: number): void {
    const { requests } = this.limits
    if (requests === Infinity) return
    this.begun[this.count % requests] = now
    this.count++
  }
}
