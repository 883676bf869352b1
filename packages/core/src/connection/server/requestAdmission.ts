/**
 * Limits the requests whose handlers run at once. Further requests wait in a bounded queue, for a bounded
 * time, in the order in which they came.
 *
 * This module counts, decides and waits. It never writes to a connection.
 */
import type { DropReason } from "../../model/outcome.js"
import type { Timers } from "../../seams/timers.js"

export interface RequestLimits {
  /** Maximum number of requests in flight; 0 means no limit. */
  readonly maxConcurrentRequests: number
  /** Maximum number of requests that wait. */
  readonly maxQueuedRequests: number
  /** Maximum wait, ms; 0 means no limit. */
  readonly requestQueueTimeout: number
}

/** A request/response exchange, as far as this module knows it. */
export interface Candidate {
  /** Whether the exchange has a place, or waits for one. */
  place: "running" | "waiting" | undefined
  readonly connection: {
    /** Starts the handler of an exchange that has waited. */
    admitted(exchange: Candidate): void
    /** Refuses an exchange whose wait has exceeded `requestQueueTimeout`. */
    waitedTooLong(exchange: Candidate): void
  }
}

export class RequestAdmission {
  private running = 0
  /** The waiting exchanges, oldest first, with the times at which they have waited too long. */
  private readonly queue = new Map<Candidate, number>()
  private admitting = false
  private cancelTimer: (() => void) | undefined

  constructor(
    private readonly limits: RequestLimits,
    private readonly timers: Timers
  ) {}

  /** Returns the limit that a further request would exceed. */
  get exceeded(): DropReason | undefined {
    const { maxConcurrentRequests, maxQueuedRequests } = this.limits
    if (this.running < maxConcurrentRequests || this.queue.size < maxQueuedRequests) return undefined
    return maxQueuedRequests === 0 ? "maxConcurrentRequests" : "maxQueuedRequests"
  }

  /** Returns whether the handler may start now. Otherwise the exchange waits. */
  enter(exchange: Candidate): boolean {
    if (this.running < this.limits.maxConcurrentRequests && this.queue.size === 0) {
      this.running++
      exchange.place = "running"
      return true
    }
    const { requestQueueTimeout } = this.limits
    exchange.place = "waiting"
    this.queue.set(exchange, requestQueueTimeout > 0 ? this.timers.now() + requestQueueTimeout : Infinity)
    this.watch()
    return false
  }

  /** Gives up the place of an exchange, and starts those that have waited for it. */
  leave(exchange: Candidate): void {
    const { place } = exchange
    exchange.place = undefined
    if (place === "waiting") {
      this.queue.delete(exchange)
      return this.watch()
    }
    if (place !== "running") return
    this.running--
    this.admitNext()
  }

  // A handler that ends at once gives up its place within the call, so the loop must not be entered again.
  private admitNext(): void {
    if (this.admitting || this.queue.size === 0) return
    this.admitting = true
    while (this.running < this.limits.maxConcurrentRequests) {
      const [next] = this.queue.keys()
      if (next === undefined) break
      this.queue.delete(next)
      this.running++
      next.place = "running"
      next.connection.admitted(next)
    }
    this.admitting = false
    this.watch()
  }

  // All exchanges wait equally long, so the timer of the oldest is enough.
  private watch(): void {
    const [deadline = Infinity] = this.queue.values()
    if (deadline === Infinity) {
      this.cancelTimer?.()
      this.cancelTimer = undefined
    } else this.cancelTimer ??= this.timers.at(deadline, this.expire)
  }

  private readonly expire = (): void => {
    this.cancelTimer = undefined
    const now = this.timers.now()
    for (const [exchange, deadline] of [...this.queue]) {
      if (deadline > now) break
      // An exchange that was refused before may have ended this one.
      if (!this.queue.delete(exchange)) continue
      exchange.place = undefined
      exchange.connection.waitedTooLong(exchange)
    }
    this.watch()
  }
}
