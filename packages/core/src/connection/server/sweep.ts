/**
 * The one timer with which a server holds its connections against their deadlines.
 *
 * Runs only while there are connections, and costs a request nothing: what a connection waits for is looked
 * up when it is its turn. Decides nothing: that is `wire/automaton/deadlines`.
 */
import type { Timers } from "../../seams/timers.js"
import { lookAgainAfter, type DeadlinePolicy } from "../../wire/index.js"

export interface Swept {
  /** Holds the connection against its deadlines. It may close, and leave, meanwhile. */
  checkDeadlines(now: number): void
}

export class Sweep {
  private readonly period: number
  private cancel: (() => void) | undefined

  /** `interval`: milliseconds. */
  constructor(
    private readonly timers: Timers,
    private readonly connections: ReadonlySet<Swept>,
    policy: DeadlinePolicy,
    interval: number
  ) {
    this.period = lookAgainAfter(policy, interval)
  }

  /** Called whenever a connection has come. */
  start(): void {
    if (this.cancel === undefined) this.arm()
  }

  /** Called when none is left. */
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
