/**
 * Expires the deadlines of closing scopes under a clock that nobody moves: a test is over, and its server
 * shuts down under `TestClock`.
 *
 * Looks once per turn of the event loop. When the network is at rest, the clock stands still and all fibers
 * wait for each other, the earliest deadline expires; the clock itself is never moved. While a fiber may wait
 * for I/O, it first waits in real time, longer if something would be cut off. It prints what is cut off, with
 * the picture of who waits for what.
 */
import type * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type { ClosingDeadline } from "@httpfx/core/Network"
import { pendingTurns } from "@httpfx/core/PlatformTimers"
import { fromClock } from "@httpfx/core/Timers"
import { fibersNow, type FibersNow } from "./fast/fibersNow.js"
import { movable } from "./movable.js"
import { originalOf } from "./originalTimers.js"
import { outside } from "./outside.js"
import { draw } from "../assert/picture.js"
import { monotonicNow, setTimeout } from "./realTime.js"
import { nextTurn } from "./turn.js"

/** Deliveries of the network. */
export interface Traffic {
  /** Some are due now. */
  readonly busy: boolean
  /** How many were made. */
  readonly passed: number
}

// Looks in a row without a change before anything expires: more than who moves a clock by hand waits between
// two moves.
const still = 8
// Milliseconds between slow looks.
const pause = 10
// Every so many looks one is slow, so that a busy process is not slowed down.
const hasty = 64

/**
 * How long (ms of real time) nothing may change before a deadline expires. Zero if all fibers wait for each
 * other; otherwise long enough for the I/O that the process waits for. `Effect.never` holds a timer too.
 */
const patience = (lost: boolean, { amongThemselves, warners }: FibersNow): number => {
  const comes = outside(warners)
  if (amongThemselves && (!lost || comes === "nothing")) return 0
  if (comes === "nothing") return 50
  return lost ? (comes === "timers" ? 1000 : 4000) : 250
}

/** Where fibers cannot be looked at, they may wait for anything. */
const unseen: FibersNow = {
  fibers: new Map(),
  signature: "",
  amongThemselves: false,
  clocks: new Set(),
  warners: 0
}

export class Closings {
  private readonly pending = new Set<ClosingDeadline>()
  private changes = 0
  private looking = false
  private seen = ""
  private unchanged = 0
  private since = 0
  private looks = 0

  constructor(private readonly traffic: Traffic) {}

  /** The result removes it. */
  readonly add = (deadline: ClosingDeadline): (() => void) => {
    this.pending.add(deadline)
    this.changes++
    if (!this.looking) {
      this.looking = true
      this.looks = 0
      this.changed()
    }
    return () => {
      if (this.pending.delete(deadline)) this.changes++
    }
  }

  // Cheap checks first: looking at all fibers costs more.
  private readonly look = (): void => {
    if (this.pending.size === 0) {
      this.looking = false
      return
    }
    this.looks++
    if (this.traffic.busy || pendingTurns() > 0) return this.changed()
    Effect.runFork(fibersNow(this.counts)).addObserver((exit) =>
      this.judge(Exit.isSuccess(exit) ? exit.value : unseen)
    )
  }

  // A test clock without a deadline here belongs to another test, which may run at the same time.
  private readonly counts = (clock: Clock.Clock): boolean => {
    if (movable(clock) === undefined) return true
    const timers = originalOf(fromClock(clock))
    return Array.from(this.pending).some((one) => originalOf(one.timers) === timers)
  }

  private judge(now: FibersNow): void {
    if (this.pending.size === 0) return this.look()
    const seen = `${this.changes} ${this.traffic.passed} ${this.times} ${now.signature}`
    if (seen !== this.seen) {
      this.seen = seen
      return this.changed()
    }
    if (++this.unchanged < still) return this.again()
    const due = this.earliest
    const lost = due.flatMap(({ loses, name }) => {
      const what = loses()
      return what === undefined ? [] : [`${name}: ${what}`]
    })
    const wanted = patience(lost.length > 0, now)
    // Counted in looks as well: if the machine stalled, time has passed but nobody could run.
    if (monotonicNow() - this.since < wanted || this.unchanged * pause * 2 < wanted) return this.rest()
    if (lost.length > 0) tell(lost, now)
    for (const { expire } of due) expire()
    this.changed()
  }

  /** A clock that moves counts as a change. */
  private get times(): string {
    return Array.from(new Set(Array.from(this.pending, ({ timers }) => timers.now()))).join()
  }

  /** All deadlines at the earliest moment. */
  private get earliest(): ReadonlyArray<ClosingDeadline> {
    const all = [...this.pending]
    const left = ({ deadline, timers }: ClosingDeadline) => deadline - timers.now()
    const least = Math.min(...all.map(left))
    return all.filter((one) => left(one) === least)
  }

  private changed(): void {
    this.unchanged = 0
    this.since = monotonicNow()
    this.again()
  }

  private again(): void {
    if (this.looks % hasty === hasty - 1) this.rest()
    else nextTurn(this.look)
  }

  private rest(): void {
    setTimeout(this.look, pause)
  }
}

const tell = (lost: ReadonlyArray<string>, { clocks, fibers }: FibersNow): void => {
  const waits = Array.from(clocks).flatMap((clock) => {
    const moved = movable(clock)
    if (moved === undefined) return []
    return Effect.runSync(moved.waits).map(({ deadline, fiber }) => ({ left: deadline - moved.now(), fiber }))
  })
  console.warn(
    [
      "A scope is closing and nobody moves the clock, so its limits were taken as reached:",
      ...lost.map((line) => `  ${line}`),
      draw({ fibers, waits, notes: [] })
    ].join("\n")
  )
}
