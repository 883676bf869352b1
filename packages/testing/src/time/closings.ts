/**
 * Expires the deadlines of closing scopes if their clock does not advance any more. This happens when a test
 * under `TestClock` has ended and its server shuts down.
 *
 * Checks once per turn of the event loop. The earliest deadline expires if the network is idle, the time of
 * the clock does not change, and all fibers wait for each other. If a fiber may wait for I/O, the deadline
 * expires only after some real time. This time is longer if the deadline would abort an exchange. Everything
 * that is aborted is printed, with a list of everything that waits. Never advances the clock itself.
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

/** The deliveries of the network, as seen by `Closings`. */
export interface Traffic {
  /** Whether deliveries are due now. */
  readonly busy: boolean
  /** Number of deliveries so far. */
  readonly passed: number
}

// Number of unchanged checks before a deadline expires. A test needs fewer turns between two advances of its
// clock.
const still = 8
// Time that a slow check waits before it runs, in milliseconds.
const pause = 10
// Every 64th check is slow, so that the checks do not keep the process busy.
const hasty = 64

/**
 * Returns the real time, in ms, for which nothing must have changed before a deadline expires. The time is 0
 * if all fibers wait for each other. Otherwise it is long enough for the pending I/O of the process. Timers
 * get less time than I/O, because the only pending timer may be the timer of `Effect.never`.
 */
const patience = (lost: boolean, { amongThemselves, warners }: FibersNow): number => {
  const comes = outside(warners)
  if (amongThemselves && (!lost || comes === "nothing")) return 0
  if (comes === "nothing") return 50
  return lost ? (comes === "timers" ? 1000 : 4000) : 250
}

/** The snapshot that is assumed if fibers cannot be listed. Any fiber may then wait for I/O. */
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

  /** Adds a deadline. Returns a function that removes the deadline. */
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

  // Checks whether deadlines expire. Checks the network first, because listing all fibers costs more.
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

  // Returns whether fibers under this clock count. Fibers under a test clock that no pending deadline uses
  // belong to a concurrent test, so they do not count.
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
    // Require a number of checks too, because on a stalled machine time passes without any fiber running.
    if (monotonicNow() - this.since < wanted || this.unchanged * pause * 2 < wanted) return this.rest()
    if (lost.length > 0) tell(lost, now)
    for (const { expire } of due) expire()
    this.changed()
  }

  /** The current times of all clocks as a text. An advance of a clock counts as a change. */
  private get times(): string {
    return Array.from(new Set(Array.from(this.pending, ({ timers }) => timers.now()))).join()
  }

  /** The deadlines that expire next, which are those with the least remaining time. */
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
      "A scope is closing while the clock stands still, so these deadlines expired:",
      ...lost.map((line) => `  ${line}`),
      draw({ fibers, waits, notes: [] })
    ].join("\n")
  )
}
