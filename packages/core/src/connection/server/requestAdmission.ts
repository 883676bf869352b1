/**
 * Limits the number of requests whose handlers run at once. Further requests wait in a queue, first in, first
 * out. The length of the queue and the time in the queue are limited.
 *
 * This module counts, decides and waits. It never writes to a connection.
 */
import type { DropReason } from "../../model/outcome.js"
import type { Timers } from "../../seams/timers.js"

export interface RequestLimits {
  /** Maximum number of requests whose handlers run at once; 0 means no limit. */
  readonly maxConcurrentRequests: number
  /** Maximum number of requests in the queue. */
  readonly maxQueuedRequests: number
  /** Maximum time in the queue, ms; 0 means no limit. */
  readonly requestQueueTimeout: number
}

/** The members of an exchange that this module uses. */
export interface Candidate {
  /** Whether the handler runs, or the exchange waits in the queue; `undefined` before and afterwards. */
  place: "running" | "waiting" | undefined
  readonly connection: {
    /** Starts the handler of an exchange that has waited in the queue. */
    admitted(exchange: Candidate): void
    /** Refuses an exchange whose wait has exceeded `requestQueueTimeout`. */
    waitedTooLong(exchange: Candidate): void
  }
}

export class RequestAdmission {
  private running = 0
  /** The waiting exchanges, oldest first, each with the time at which it is refused. */
  private readonly queue = new Map<Candidate, number>()
  private admitting = false
  private cancelTimer: (() => void) | undefined

  constructor(
    private readonly limits: RequestLimits,
    private readonly timers: Timers
  ) {}

  /**
   * Returns the limit that one more request would exceed. Returns `undefined` if the request can run or wait.
   */
  get exceeded(): DropReason | undefined {
    const { maxConcurrentRequests, maxQueuedRequests } = this.limits
    if (this.running < maxConcurrentRequests || this.queue.size < maxQueuedRequests) return undefined
    return maxQueuedRequests === 0 ? "maxConcurrentRequests" : "maxQueuedRequests"
  }

  /** Returns whether the handler may start now. If not, puts the exchange into the queue. */
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

  /** Removes an exchange from the count or from the queue, and starts queued exchanges if there is room. */
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

  // A started handler may end within `admitted` and call `leave`. `admitting` keeps this call from starting a
  // second loop.
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

  // All exchanges may wait equally long, so a timer for the oldest is enough.
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
      // The refusal of an earlier exchange may have removed this exchange from the queue.
      if (!this.queue.delete(exchange)) continue
      exchange.place = undefined
      exchange.connection.waitedTooLong(exchange)
    }
    this.watch()
  }
}
