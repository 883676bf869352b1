/**
 * Lets the deadlines of closing scopes pass where nobody moves the clock: a server that shuts down, an agent that closes, under a
 * `TestClock` when the test is over.
 *
 * It looks in turns of the event loop. When nothing on its network is under way, no clock is moved, and fibers wait for each
 * other alone, the earliest deadline passes; the clock stays where it is. Where a fiber may wait for something real it takes its time
 * before that, the more the more there is to lose. What is lost is told, with the picture of who waited for what.
 */
import type * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type { ClosingDeadline } from "@httpfx/core/Network"
import { pendingTurns } from "@httpfx/core/PlatformTimers"
import { fromClock } from "@httpfx/core/Timers"
import { fibersNow, type FibersNow } from "./fibersNow.js"
import { movable } from "./movable.js"
import { isMoving } from "./moving.js"
import { outside } from "./outside.js"
import { draw } from "./picture.js"
import { monotonicNow, setTimeout } from "./realTime.js"
import { nextTurn } from "./turn.js"
import { originalOf } from "./watchedClock.js"

/** What is seen of a network. */
export interface Traffic {
  /** Bytes are under way that need no time. */
  readonly busy: boolean
  /** Grows with everything that has come. */
  readonly passed: number
}

// Looks in which nothing has changed: the second sees what the first has set going.
const still = 3
// Milliseconds between looks, once turns alone change nothing.
const pause = 10
// So many looks in turns, then the rest of the process has its time between them.
const hasty = 64

/**
 * How long (ms) everything must stand still for a deadline to pass. Where a fiber waits for a callback: until what the process waits for
 * must have come, or is not likely to come any more. `Effect.never` is a timer as well.
 */
const patience = (lost: boolean, { amongThemselves, warners }: FibersNow): number => {
  const comes = outside(warners)
  if (amongThemselves && (!lost || comes === "nothing")) return 0
  if (comes === "nothing") return 50
  return lost ? (comes === "timers" ? 1000 : 4000) : 250
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

  /** The result takes it back. */
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

  // A look at all fibers is for when nothing else is under way.
  private readonly look = (): void => {
    if (this.pending.size === 0) {
      this.looking = false
      return
    }
    this.looks++
    if (this.traffic.busy || pendingTurns() > 0 || isMoving()) return this.changed()
    Effect.runFork(fibersNow(this.counts)).addObserver((exit) => {
      if (Exit.isSuccess(exit)) this.judge(exit.value)
      else this.changed()
    })
  }

  // A clock of a test that nobody here waits for is another test's, which may run at the same time.
  private readonly counts = (clock: Clock.Clock): boolean => {
    if (movable(clock) === undefined) return true
    const timers = originalOf(fromClock(clock))
    return Array.from(this.pending).some((one) => originalOf(one.timers) === timers)
  }

  private judge(now: FibersNow): void {
    if (this.pending.size === 0) return this.look()
    const seen = `${this.changes} ${this.traffic.passed} ${this.times} ${now.signature}`
    if (seen !== this.seen || now.moving) {
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
    // Counted in looks as well: a machine that stood still has given nobody time.
    if (monotonicNow() - this.since < wanted || this.unchanged * pause * 2 < wanted) return this.rest()
    if (lost.length > 0) tell(lost, now)
    for (const { pass } of due) pass()
    this.changed()
  }

  /** Time that passes by itself is seen as well. */
  private get times(): string {
    return Array.from(new Set(Array.from(this.pending, ({ timers }) => timers.now()))).join()
  }

  /** Those that a clock would bring first, at once. */
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
      "Something was cut off: a scope closed, nobody moved the clock, and all that was left were its limits.",
      ...lost.map((line) => `  ${line}`),
      draw({ fibers, waits, notes: [] })
    ].join("\n")
  )
}
