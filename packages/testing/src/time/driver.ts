/**
 * What makes a simulation go: the scheduler of its fibers and the loop that moves its clock.
 *
 * Fibers run in microtasks, in the order in which they became runnable (or in one drawn from the seed). It
 * looks in ticks where those are told of, in turns of the event loop otherwise and now and then: as long as
 * something is still to come by itself, it waits for another; then those who wait for rest are called; then
 * the clock jumps. When nothing can move any more, or a bound is passed, it says why, and goes on only to let
 * the interrupted program end. It never waits for real time, but for a moment before it says "stuck".
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
  /** Moment (ms since the epoch) which the clock may not pass. */
  readonly until: number
  /** What may happen without time passing. */
  readonly steps: number
}

interface Rest {
  readonly ready: () => boolean
  readonly resume: () => void
}

// So many tasks run before others of the process have their turn.
const burst = 4096
// And so many ticks: a turn costs five times as much.
const ticksOfTurn = 256
// What comes from outside shows itself within this time, in milliseconds.
const grace = 25
// An interrupted program may end in its own time: virtual milliseconds.
const ending = 24 * 60 * 60 * 1000

export class Driver implements Scheduler {
  /** Fibers run and waits made so far. */
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
     * An index below the given number, to take tasks in an order of its own; first in, first out without it.
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

  /** From here on everything serves the end of the program. */
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

  // When a tick begins microtasks are over, and when a turn begins ticks are. What comes later was announced,
  // as our own was; what was announced before the last look has come before this one.
  private announced(): boolean {
    const ticks = this.announcedTicks - this.ticks
    const turns = this.announcedTurns - this.turns
    const tickPending = ticks !== this.seenTicks
    this.turnPending = turns !== this.seenTurns
    this.seenTicks = ticks
    this.seenTurns = turns
    return tickPending || this.turnPending
  }

  // Where nothing is announced, two turns in which nothing happened; what happens in the second came from
  // outside.
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
    if (next > this.bounds.until)
      return this.end("time", "the next moment anybody waits for is past the bound")
    this.clock.jump()
    this.instant = this.activity
    this.again()
  }

  // Before it is said that nothing will ever move: is it only that the outside has not answered yet?
  private linger(): void {
    this.lingering = true
    const look = () => {
      if (this.stopped) return
      if (this.lingering) {
        this.lingering = false
        this.end("stuck", "nothing can move any more, and nobody waits for a moment that will come")
      } else this.again()
    }
    this.watch.aside(() => setTimeout(() => this.watch.run(look), grace))
  }

  private outOfTurn(): void {
    this.lingering = false
    this.fail("realAsync", "something went on that had waited for neither the clock nor the network")
  }

  private timeless(): string {
    return `more than ${this.bounds.steps} steps without time passing`
  }

  // Told in the midst of the program, which goes on until it can be interrupted.
  private real(type: string, stack: string): void {
    if (this.stopped || this.closing) return
    const where = stack
      .split("\n")
      .filter((line) => /^ +at /.test(line) && !/async_hooks|realAsync/.test(line))
    queueMicrotask(() =>
      this.fail("realAsync", [`${type} was begun, which the outside ends`, ...where].join("\n"))
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
