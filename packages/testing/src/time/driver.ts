/**
 * Drives a simulation: schedules its fibers and moves its clock.
 *
 * Fibers run in microtasks, in the order in which they became runnable (or one drawn from the seed). The loop
 * checks for rest once per tick if asynchronous operations can be observed, otherwise (and sometimes anyway)
 * per turn of the event loop. While work is still arriving it waits one more; then it runs the rest
 * callbacks; then the clock jumps. If nothing can proceed or a bound is reached, it reports why, and
 * continues only to let the interrupted program end. Never waits for real time, except briefly before it
 * reports "stuck".
 */
import type { RuntimeFiber } from "effect/Fiber"
import { defaultShouldYield, PriorityBuckets, type Scheduler, type Task } from "effect/Scheduler"
import type * as VirtualClock from "../VirtualClock.js"
import { watch, type Watch } from "./fast/realAsync.js"
import { nextTick, nextTurn } from "./turn.js"
import { queueMicrotask, setTimeout } from "./realTime.js"

/** Why a simulation was given up. */
export type Reason = "stuck" | "time" | "steps" | "realAsync"

export interface Bounds {
  /** Time (ms since the epoch) which the clock may not pass. */
  readonly until: number
  /** Maximum steps without time passing. */
  readonly steps: number
}

interface Rest {
  readonly ready: () => boolean
  readonly resume: () => void
}

// Tasks to run before the rest of the process gets its turn.
const burst = 4096
// Ticks before a turn, which costs five times as much.
const ticksOfTurn = 256
// Real time, in milliseconds, for outside events to show up.
const grace = 25
// Virtual time, in milliseconds, for an interrupted program to end.
const ending = 24 * 60 * 60 * 1000

export class Driver implements Scheduler {
  /** Fiber runs and waits so far. */
  steps = 0
  readonly rests = new Set<Rest>()
  private readonly tasks = new PriorityBuckets()
  private planned = false
  private ran = 0
  private announcedTurns = 0
  private turns = 0
  private seenTurns = -1
  private turnPending = true
  private announcedTicks = 0
  private ticks = 0
  private seenTicks = -1
  private ticksLeft = ticksOfTurn
  private inTurn = true
  private seen = -1
  private silent = 0
  private instant = 0
  private stopped = false
  private closing = false
  private lingering = false
  private readonly watch: Watch

  constructor(
    private readonly clock: VirtualClock.Service,
    private bounds: Bounds,
    /**
     * Picks an index below the given number, to run tasks in another order; without it: first in, first out.
     */
    private readonly pick: ((below: number) => number) | undefined,
    private readonly giveUp: (reason: Reason, detail: string) => void,
    private readonly abandon: () => void
  ) {
    this.watch = watch({
      turn: () => this.announcedTurns++,
      tick: () => this.announcedTicks++,
      real: (type, stack) => this.real(type, stack)
    })
  }

  readonly shouldYield = defaultShouldYield

  scheduleTask(task: Task, priority: number, _fiber?: RuntimeFiber<unknown, unknown>): void {
    if (this.stopped) return
    if (this.lingering) this.outOfTurn()
    this.tasks.scheduleTask(task, priority)
    if (this.planned) return
    this.planned = true
    if (this.ran < burst) queueMicrotask(this.drain)
  }

  start(begin: () => void): void {
    this.watch.run(() => {
      begin()
      this.again()
    })
  }

  stop(): void {
    this.stopped = true
    this.watch.stop()
  }

  /** From here on the driver only lets the program end. */
  close(): void {
    this.closing = true
    this.instant = this.activity
    this.bounds = { until: this.clock.now + ending, steps: this.bounds.steps }
  }

  private get activity(): number {
    return this.steps + this.clock.changes + this.announcedTurns
  }

  private readonly drain = () => {
    const { buckets } = this.tasks
    this.tasks.buckets = []
    for (const [, tasks] of buckets) {
      this.ran += tasks.length
      this.steps += tasks.length
      if (this.pick === undefined) for (const task of tasks) task()
      else this.runInAnyOrder(tasks, this.pick)
    }
    this.planned = false
    if (this.tasks.buckets.length > 0) this.plan()
  }

  private runInAnyOrder(tasks: Array<Task>, pick: (below: number) => number): void {
    while (tasks.length > 0) {
      const index = tasks.length === 1 ? 0 : pick(tasks.length)
      const task = tasks[index]!
      tasks[index] = tasks[tasks.length - 1]!
      tasks.pop()
      task()
    }
  }

  private plan(): void {
    this.planned = true
    if (this.ran < burst) queueMicrotask(this.drain)
  }

  private readonly turn = () => {
    this.inTurn = true
    this.ran = 0
    this.ticksLeft = ticksOfTurn
    this.look()
  }

  private readonly tick = () => {
    this.inTurn = false
    this.look()
  }

  private look(): void {
    if (this.stopped) return
    const { activity } = this
    if (activity - this.instant > this.bounds.steps) return this.end("steps", this.timeless())
    if (this.planned) {
      if (this.inTurn) this.drain()
      return this.again()
    }
    if (this.watch.exact ? this.announced() : this.stirred(activity)) return this.again()
    this.atRest()
  }

  private again(): void {
    const turn = !this.watch.exact || this.turnPending || this.ran >= burst || this.ticksLeft-- <= 0
    if (turn || nextTick === undefined) {
      this.turns++
      nextTurn(this.turn)
    } else {
      this.ticks++
      nextTick(this.tick)
    }
  }

  // Microtasks are over when a tick begins, and ticks when a turn begins. Anything later was reported by the
  // hooks, as our own ticks were; reports before the last check have been served.
  private announced(): boolean {
    const ticks = this.announcedTicks - this.ticks
    const turns = this.announcedTurns - this.turns
    const tickPending = ticks !== this.seenTicks
    this.turnPending = turns !== this.seenTurns
    this.seenTicks = ticks
    this.seenTurns = turns
    return tickPending || this.turnPending
  }

  // Without hooks: two turns in which nothing happened; activity in the second came from outside.
  private stirred(activity: number): boolean {
    if (activity === this.seen) return ++this.silent < 2
    if (this.silent > 0) this.outOfTurn()
    this.silent = 0
    this.seen = activity
    return true
  }

  private atRest(): void {
    this.silent = 0
    let called = false
    for (const rest of this.rests) {
      if (!rest.ready()) continue
      this.rests.delete(rest)
      rest.resume()
      called = true
    }
    if (called) return this.again()
    const { next } = this.clock
    if (next === undefined) return this.linger()
    if (next > this.bounds.until) return this.end("time", "the next deadline is past the bound")
    this.clock.jump()
    this.instant = this.activity
    this.again()
  }

  // Before "stuck" is reported, give outside events time to show up.
  private linger(): void {
    this.lingering = true
    const look = () => {
      if (this.stopped) return
      if (this.lingering) {
        this.lingering = false
        this.end("stuck", "nothing can proceed, and no deadline is left")
      } else this.again()
    }
    this.watch.aside(() => setTimeout(() => this.watch.run(look), grace))
  }

  private outOfTurn(): void {
    this.lingering = false
    this.fail("realAsync", "an operation completed that waited for neither the clock nor the network")
  }

  private timeless(): string {
    return `more than ${this.bounds.steps} steps without time passing`
  }

  // Called inside the program, which runs on until it can be interrupted.
  private real(type: string, stack: string): void {
    if (this.stopped || this.closing) return
    const where = stack
      .split("\n")
      .filter((line) => /^ +at /.test(line) && !/async_hooks|realAsync/.test(line))
    queueMicrotask(() =>
      this.fail(
        "realAsync",
        [`${type} was started, which completes outside the simulation`, ...where].join("\n")
      )
    )
  }

  private fail(reason: Reason, detail: string): void {
    if (this.closing) return
    this.giveUp(reason, detail)
  }

  private end(reason: Reason, detail: string): void {
    if (this.closing) return this.abandon()
    this.fail(reason, detail)
    this.again()
  }
}
