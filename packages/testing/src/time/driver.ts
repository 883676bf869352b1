/**
 * Runs a simulation: schedules its fibers and advances its clock.
 *
 * Fibers run in microtasks. They run in the order in which they became runnable, or in an order drawn from
 * the seed. The driver checks for rest (no pending fiber or message). If asynchronous operations can be
 * observed, it checks once per tick, otherwise once per turn of the event loop. If work has arrived since the
 * last check, the driver checks again.
 *
 * At rest, the driver resumes the waits for rest (`rests`) whose conditions hold. If no condition holds, the
 * driver advances the clock to the next deadline. If no deadline is left, or at a limit, the driver reports
 * the reason. It then continues only until the interrupted program has ended. Never waits in real time,
 * except briefly before it reports `stuck`.
 */
import type { RuntimeFiber } from "effect/Fiber"
import { defaultShouldYield, PriorityBuckets, type Scheduler, type Task } from "effect/Scheduler"
import type * as VirtualClock from "../VirtualClock.js"
import { pendingTurns } from "@httpfx/core/PlatformTimers"
import { watch, type Watch } from "./fast/realAsync.js"
import { nextTick, nextTurn } from "./turn.js"
import { queueMicrotask, setTimeout } from "./realTime.js"

/** The reason why a simulation was aborted. */
export type Reason = "stuck" | "time" | "steps" | "realAsync"

export interface Bounds {
  /** Latest time to which the clock may advance, in milliseconds since the epoch. */
  readonly until: number
  /** Maximum number of steps while no time passes. */
  readonly steps: number
}

interface Rest {
  readonly ready: () => boolean
  readonly resume: () => void
}

// Maximum number of tasks per turn of the event loop, so that the rest of the process can run too.
const burst = 4096
// Maximum number of checks in ticks before a check in a turn of the event loop. A turn costs five times as
// much as a tick.
const ticksOfTurn = 256
// Real time for which the driver waits for outside events before it reports `stuck`, in milliseconds.
const grace = 25
// Maximum virtual time in which an interrupted program must end, in milliseconds.
const ending = 24 * 60 * 60 * 1000

export class Driver implements Scheduler {
  /** Number of fiber runs so far. */
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
     * Chooses the task to run next. Returns its index, which is less than `below`. If `pick` is `undefined`,
     * tasks run first in, first out.
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

  /** Called when the program is interrupted. From then on the driver only lets the program end. */
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
    if (this.watch.exact ? this.announced() : pendingTurns() > 0 || this.stirred(activity))
      return this.again()
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

  // Returns whether a tick or a turn that the program has scheduled since the last check may still be
  // pending. Microtasks are never pending here, because they run before a tick begins.
  private announced(): boolean {
    const ticks = this.announcedTicks - this.ticks
    const turns = this.announcedTurns - this.turns
    const tickPending = ticks !== this.seenTicks
    this.turnPending = turns !== this.seenTurns
    this.seenTicks = ticks
    this.seenTurns = turns
    return tickPending || this.turnPending
  }

  // Without async_hooks, the program counts as at rest after two turns without activity. Activity in the
  // second turn must come from outside.
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

  // Waits for outside events before the driver reports `stuck`.
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

  // Reports real I/O. Reports in a microtask, because this method runs inside a call of the program.
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
