/**
 * A program run in a world of its own: virtual time, chance from one seed, fibers in a fixed order, and
 * nothing real.
 *
 * Time jumps to the next moment anybody waits for as soon as everything has come to rest. When nothing can
 * move any more, when a bound is passed, or when the program begins something that the outside decides (a
 * file, a socket, a timer of the platform), the run fails with a picture of what everyone waits for. The same
 * seed gives the same run.
 *
 * What it cannot make repeatable is real time that is read (`Date.now()`, `new Date()`) and `crypto`: use the
 * `Clock` and `Random` services. `Math.random` gives numbers of the seed while a simulation runs. One runs at
 * a time.
 *
 * @since 0.1.0
 */
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FiberId from "effect/FiberId"
import * as Random from "effect/Random"
import * as Runtime from "effect/Runtime"
import type * as Scope from "effect/Scope"
import * as Supervisor from "effect/Supervisor"
import { PCGRandom } from "effect/Utils"
import { Driver, type Reason } from "./time/driver.js"
import { draw, type AnyFiber } from "./assert/picture.js"
import { seededRandom } from "./time/fast/seededRandom.js"
import * as VirtualClock from "./VirtualClock.js"

/**
 * The seed and the bounds of a run.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** Where all chance comes from, a number or a text. Default: another at each run; a failure tells which. */
  readonly seed?: number | string | undefined
  /** Milliseconds since the epoch at the start. Default `VirtualClock.epoch`. */
  readonly start?: number | undefined
  /** Virtual time that may pass. Default one day. */
  readonly maxTime?: Duration.DurationInput | undefined
  /** What may happen while no time passes: runs of fibers, waits begun and ended. Default 1,000,000. */
  readonly maxSteps?: number | undefined
  /** Runnable fibers run in an order drawn from the seed instead of first in, first out. Default `false`. */
  readonly anyOrder?: boolean | undefined
  /** Told, in one line, how to repeat a run that failed. Default `console.error`. */
  readonly report?: ((line: string) => void) | undefined
}

/**
 * A run that was given up. Of `reason`: `stuck`: nothing can move any more; `time` and `steps`: a bound is
 * passed; `realAsync`: something was begun, or went on, that the simulation does not command.
 *
 * @since 0.1.0
 * @category errors
 */
export class SimulationFailed extends Data.TaggedError("SimulationFailed")<{
  readonly reason: "stuck" | "time" | "steps" | "realAsync"
  /** What was found, in words. */
  readonly detail: string
  /** The seed of the run, to repeat it. */
  readonly seed: number | string
  /** Virtual milliseconds since the start. */
  readonly elapsed: number
  /** Connections, queued requests, waits for the clock, fibers: a line each. */
  readonly picture: string
}> {
  override get message(): string {
    const seed = JSON.stringify(this.seed)
    return `${this.reason}: ${this.detail}\nseed ${seed}, after ${this.elapsed} virtual ms\n${this.picture}`
  }
}

/**
 * What is known of the run an effect is part of.
 *
 * @since 0.1.0
 * @category models
 */
export interface Service {
  /** Where all chance of the run comes from. */
  readonly seed: number | string
  /** The clock that moves on when all has come to rest. */
  readonly clock: VirtualClock.Service
  /** Runs of fibers so far: equal in two runs that are the same. */
  readonly steps: () => number
  /** Resumes when everything has come to rest and the condition holds, before time moves on. */
  readonly until: (condition: () => boolean, name: string) => Effect.Effect<void>
  /** Adds lines to the picture until the scope closes. */
  readonly explain: (lines: () => ReadonlyArray<string>) => Effect.Effect<void, never, Scope.Scope>
}

/**
 * The run that an effect is part of.
 *
 * @since 0.1.0
 * @category tags
 */
export class Simulation extends Context.Tag("@httpfx/testing/Simulation")<Simulation, Service>() {}

class Fibers extends Supervisor.AbstractSupervisor<void> {
  readonly value = Effect.void
  readonly alive = new Map<AnyFiber, number>()
  private count = 0

  override onStart(_context: unknown, _effect: unknown, _parent: unknown, fiber: AnyFiber): void {
    this.alive.set(fiber, ++this.count)
  }
  override onEnd(_value: unknown, fiber: AnyFiber): void {
    this.alive.delete(fiber)
  }
}

/** Numbers in [0, 1) of a seed, as `Math.random` gives them. */
const numbers = (seed: number | string): (() => number) => {
  const text = String(seed)
  let hash = 0x811c9dc5
  for (let index = 0; index < text.length; index++) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193)
  }
  const generator = new PCGRandom(hash >>> 0)
  return () => generator.number()
}

class Run {
  readonly clock: VirtualClock.Service
  readonly fibers = new Fibers()
  readonly driver: Driver
  readonly seed: number | string
  readonly service: Service
  failure: SimulationFailed | undefined
  fiber: AnyFiber | undefined
  private readonly notes = new Set<() => ReadonlyArray<string>>()
  private readonly started: number
  private readonly random = Math.random

  constructor(options: Options, abandon: () => void) {
    this.seed = options.seed ?? Math.floor(Math.random() * 0x100000000)
    this.clock = VirtualClock.make({ start: options.start })
    this.started = this.clock.now
    const order = numbers(`${this.seed}/order`)
    this.driver = new Driver(
      this.clock,
      {
        until: this.started + Duration.toMillis(options.maxTime ?? "1 day"),
        steps: options.maxSteps ?? 1_000_000
      },
      options.anyOrder === true ? (below) => Math.floor(order() * below) : undefined,
      (reason, detail) => this.giveUp(reason, detail),
      abandon
    )
    const { clock, driver, seed } = this
    this.service = {
      seed,
      clock,
      steps: () => driver.steps,
      until: (condition, name) => this.until(condition, name),
      explain: (lines) =>
        Effect.acquireRelease(
          Effect.sync(() => this.notes.add(lines)),
          () => Effect.sync(() => this.notes.delete(lines))
        )
    }
    Math.random = seededRandom(numbers(seed), numbers(`${seed}/hashes`))
  }

  /** Runs the program; `ended` hears of its exit. */
  start(begin: () => AnyFiber, ended: (exit: Exit.Exit<unknown, unknown>) => void): void {
    this.driver.start(() => {
      const fiber = begin()
      this.fiber = fiber
      this.fibers.alive.set(fiber, 0)
      fiber.addObserver(ended)
    })
  }

  stop(): void {
    this.driver.stop()
    Math.random = this.random
  }

  /** Ends the program, which may take virtual time. */
  end(): void {
    this.driver.close()
    if (this.fiber !== undefined) this.fiber.unsafeInterruptAsFork(this.fiber.id())
  }

  private giveUp(reason: Reason, detail: string): void {
    if (this.failure !== undefined) return
    const elapsed = this.clock.now - this.started
    const picture = draw({
      waits: this.clock.waits().map(({ deadline, fiber }) => ({ left: deadline - this.clock.now, fiber })),
      fibers: this.fibers.alive,
      notes: Array.from(this.notes, (lines) => lines()).flat()
    })
    this.failure = new SimulationFailed({ reason, detail, seed: this.seed, elapsed, picture })
    this.end()
  }

  private until(condition: () => boolean, name: string): Effect.Effect<void> {
    return Effect.async((resume) => {
      const note = () => [`wanted: ${name}`]
      const leave = () => {
        this.driver.rests.delete(rest)
        this.notes.delete(note)
      }
      const rest = {
        ready: condition,
        resume: () => {
          leave()
          resume(Effect.void)
        }
      }
      this.driver.rests.add(rest)
      this.notes.add(note)
      return Effect.sync(leave)
    })
  }
}

/**
 * Runs a program as a simulation. It fails as the program fails, or with {@link SimulationFailed}; the
 * program is then interrupted, and its finalizers run. Interrupting the run interrupts the program.
 *
 * @example
 * import { MemoryNetwork, Simulation } from "@httpfx/testing"
 * import { Effect } from "effect"
 *
 * const program = Effect.gen(function* () {
 *   yield* Effect.sleep("10 minutes")
 * }).pipe(Effect.provide(MemoryNetwork.layer()))
 *
 * const test = Simulation.run({ seed: 42, maxTime: "1 hour" }, program)
 *
 * @since 0.1.0
 * @category running
 */
export const run = <A, E, R>(
  options: Options,
  program: Effect.Effect<A, E, R>
): Effect.Effect<A, E | SimulationFailed, Exclude<R, Simulation>> =>
  Effect.flatMap(Effect.runtime<Exclude<R, Simulation>>(), (runtime) =>
    Effect.async<A, E | SimulationFailed>((resume) => {
      const waiting: Array<() => void> = []
      let over = false
      const finish = (exit: Exit.Exit<A, E>) => {
        if (over) return
        over = true
        simulation.stop()
        const { failure, seed } = simulation
        if (failure !== undefined || (Exit.isFailure(exit) && !Cause.isInterruptedOnly(exit.cause))) {
          const report = options.report ?? ((line: string) => console.error(line))
          report(`A simulation failed. To repeat it: { seed: ${JSON.stringify(seed)} }`)
        }
        resume(failure === undefined ? exit : Effect.fail(failure))
        for (const done of waiting) done()
      }
      const simulation = new Run(options, () => finish(Exit.interrupt(FiberId.none)))
      const world = program.pipe(
        Effect.provideService(Simulation, simulation.service),
        Effect.withClock(simulation.clock),
        Effect.withRandom(Random.make(simulation.seed)),
        Effect.supervised(simulation.fibers)
      ) as Effect.Effect<A, E, Exclude<R, Simulation>>
      simulation.start(
        () => Runtime.runFork(runtime)(world, { scheduler: simulation.driver }),
        (exit) => finish(exit as Exit.Exit<A, E>)
      )
      return Effect.async<void>((done) => {
        if (over) return done(Effect.void)
        waiting.push(() => done(Effect.void))
        simulation.end()
      })
    })
  )

/**
 * Waits until everything but the caller has come to rest: nothing more happens before time moves on.
 *
 * @since 0.1.0
 * @category waiting
 */
export const settled: Effect.Effect<void, never, Simulation> = Effect.flatMap(Simulation, ({ until }) =>
  until(() => true, "rest")
)

/**
 * Lets everything go on, and time move, until the condition holds when all is at rest. If it never does, the
 * run fails with a picture in which the condition stands by its name.
 *
 * @since 0.1.0
 * @category waiting
 */
export const until = (
  condition: () => boolean,
  name = "a condition"
): Effect.Effect<void, never, Simulation> =>
  Effect.flatMap(Simulation, (simulation) => simulation.until(condition, name))

/**
 * Adds lines of the test's own to the picture of a failure, until the scope closes: its queues, its counts.
 *
 * @since 0.1.0
 * @category waiting
 */
export const explain = (
  lines: () => ReadonlyArray<string>
): Effect.Effect<void, never, Simulation | Scope.Scope> =>
  Effect.flatMap(Simulation, (simulation) => simulation.explain(lines))
