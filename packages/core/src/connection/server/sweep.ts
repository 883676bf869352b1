/**
 * The timer that checks all connections of a server against their deadlines.
 *
 * The timer runs only while there are connections. A request costs the sweep nothing, because a connection
 * computes its waiting times only when it is checked. `wire/automaton/deadlines` defines the rules.
 */
import type { Timers } from "../../seams/timers.js"
import { lookAgainAfter, type DeadlinePolicy } from "../../wire/index.js"

export interface Swept {
  /**
   * Checks a connection against its deadlines. The connection may close and leave the set during the check.
   */
  checkDeadlines(now: number): void
}

export class Sweep {
  private readonly period: number
  private cancel: (() => void) | undefined

  /** `interval` is the server's `connectionsCheckingInterval`, ms. */
  constructor(
    private readonly timers: Timers,
    private readonly connections: ReadonlySet<Swept>,
    policy: DeadlinePolicy,
    interval: number
  ) {
    this.period = lookAgainAfter(policy, interval)
  }

  /** Starts the timer, if it is not running. Call for each new connection. */
  start(): void {
    if (this.cancel === undefined) this.arm()
  }

  /** Stops the timer. Call when no connection is left. */
  stop(): void {
    this.cancel?.()
    this.cancel = undefined
  }

  private arm(): void {
    this.cancel = this.timers.at(this.timers.now() + this.period, this.run)
  }

  private readonly run = (): void => {
    this.cancel = undefined
    const now = this.timers.now()
    for (const connection of this.connections) connection.checkDeadlines(now)
    if (this.connections.size > 0 && this.cancel === undefined) this.arm()
  }
}
