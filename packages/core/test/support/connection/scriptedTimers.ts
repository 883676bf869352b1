/**
 * A clock and timers for tests of `connection/`. Time advances only when the test calls `advance`, and every
 * step is synchronous.
 */
import type { Bound, Closings } from "../../../src/seams/closings.js"
import type { Timers } from "../../../src/seams/timers.js"

interface Timer {
  readonly deadline: number
  readonly f: () => void
}

/** Milliseconds since the epoch at which `now()` is 0: Thu, 01 Jan 2026 00:00:00 GMT. */
const epoch = 1_767_225_600_000

export class ScriptedTimers implements Timers {
  private time = 0
  private readonly timers = new Set<Timer>()
  private queue: Array<() => void> = []

  now(): number {
    return this.time
  }

  wallTime(): number {
    return epoch + this.time
  }

  at(deadline: number, f: () => void): () => void {
    const timer = { deadline, f }
    this.timers.add(timer)
    return () => void this.timers.delete(timer)
  }

  turn(f: () => void): void {
    this.queue.push(f)
  }

  // ---- called by the test

  /** The pending deadlines, in order. */
  get deadlines(): ReadonlyArray<number> {
    return [...this.timers].map(({ deadline }) => deadline).sort((a, b) => a - b)
  }

  /** Number of callbacks that wait for a turn. */
  get turns(): number {
    return this.queue.length
  }

  /** Runs the callbacks that wait for a turn, and those that they add. Returns whether there were any. */
  runTurns(): boolean {
    const any = this.queue.length > 0
    for (let next = this.queue.shift(); next !== undefined; next = this.queue.shift()) next()
    return any
  }

  /** Advances the clock by `ms`. `between` runs after each timer, to deliver events of transports. */
  advance(ms: number, between: () => void = () => this.runTurns()): void {
    const until = this.time + ms
    for (let due = this.due(until); due !== undefined; due = this.due(until)) {
      this.time = Math.max(this.time, due.deadline)
      this.timers.delete(due)
      due.f()
      between()
    }
    this.time = until
  }

  private due(until: number): Timer | undefined {
    let first: Timer | undefined
    for (const timer of this.timers)
      if (timer.deadline <= until && (first === undefined || timer.deadline < first.deadline)) first = timer
    return first
  }
}

/** Deadlines that limit a shutdown. They expire with the clock, or early when the test calls `force`. */
export class ScriptedClosings implements Closings {
  private readonly waiting = new Set<(forced: boolean) => void>()

  at(timers: Timers, deadline: number, _: Bound, f: (forced: boolean) => void): () => void {
    const pass = (forced: boolean) => {
      leave()
      f(forced)
    }
    const cancel = timers.at(deadline, () => pass(false))
    const leave = () => {
      cancel()
      this.waiting.delete(pass)
    }
    this.waiting.add(pass)
    return leave
  }

  /** Expires every deadline now, as under a clock that does not advance. */
  force(): void {
    for (const pass of [...this.waiting]) pass(true)
  }
}
