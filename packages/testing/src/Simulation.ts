/**
 * Deterministic simulation. Runs a program with virtual time, with randomness from one seed, with fibers in a
 * fixed order, and without real I/O.
 *
 * As soon as no fiber or message is pending, time jumps to the next deadline. The run fails if no deadline is
 * left, or if a limit is reached. It also fails if the program starts real I/O (a file, a socket, a timer of
 * the platform). The failure lists everything that still waits. Equal seeds give equal runs.
 *
 * Code that reads real time (`Date.now()`, `new Date()`) or uses `crypto` is outside of the control of a
 * simulation. Use the `Clock` and `Random` services in such code. `Math.random` draws from the seed during a
 * simulation. Only one simulation can run at a time.
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
 * Options of a run: its seed and its limits.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /**
   * The seed of all randomness, as a number or a text. Default: each run draws a new seed, and reports this
   * seed if it fails.
   */
  readonly seed?: number | string | undefined
  /** Virtual time at the start, in milliseconds since the epoch. Default `VirtualClock.epoch`. */
  readonly start?: number | undefined
  /** Maximum virtual time. Default one day. */
  readonly maxTime?: Duration.DurationInput | undefined
  /**
   * Maximum number of steps while no time passes. A step is one run of a fiber, or the begin or the end of a
   * clock wait. Default 1,000,000.
   */
  readonly maxSteps?: number | undefined
  /**
   * Whether the seed determines the order in which runnable fibers run. If `false`, they run first in, first
   * out. Default `false`.
   */
  readonly anyOrder?: boolean | undefined
  /** Receives one line after a failed run. The line states how to repeat the run. Default `console.error`. */
  readonly report?: ((line: string) => void) | undefined
}

/**
 * The error for a simulation that was aborted. The `reason` is `stuck` if nothing can proceed, and `time` or
 * `steps` if the limit with this name was reached. It is `realAsync` if an asynchronous operation outside of
 * the simulation was started or completed.
 *
 * @since 0.1.0
 * @category errors
 */
export class SimulationFailed extends Data.TaggedError("SimulationFailed")<{
  readonly reason: "stuck" | "time" | "steps" | "realAsync"
  /** The details of the reason. */
  readonly detail: string
  /** The seed of the run. Pass it as `Options.seed` to repeat the run. */
  readonly seed: number | string
  /** Virtual milliseconds since the start of the run. */
  readonly elapsed: number
  /**
   * Everything that still waits: connections, listeners, pools, clock waits and fibers. Each has one line.
   */
  readonly picture: string
}> {
  override get message(): string {
    const seed = JSON.stringify(this.seed)
    return `${this.reason}: ${this.detail}\nseed ${seed}, after ${this.elapsed} virtual ms\n${this.picture}`
  }
}

/**
 * The current run of a simulation.
 *
 * @since 0.1.0
 * @category models
 */
export interface Service {
  /** The seed of all randomness of the run. */
  readonly seed: number | string
  /** The clock of the run. The simulation advances this clock when no fiber or message is pending. */
  readonly clock: VirtualClock.Service
  /** Returns the number of fiber runs so far. Equal simulations have equal numbers. */
  readonly steps: () => number
  /**
   * Waits until no fiber or message is pending and the condition holds. Resumes before time advances further.
   */
  readonly until: (condition: () => boolean, name: string) => Effect.Effect<void>
  /** Adds lines to the list of waits that a failure shows. The lines are removed when the scope closes. */
  readonly explain: (lines: () => ReadonlyArray<string>) => Effect.Effect<void, never, Scope.Scope>
}

/**
 * The tag of the current run of a simulation.
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

/** Creates a seeded generator of numbers in [0, 1), to replace `Math.random`. */
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

  /** Starts the program. `ended` is called with the exit of the program. */
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

  /** Interrupts the program. Its finalizers may still take virtual time. */
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
 * Runs a program as a simulation. Fails with the failure of the program. If the simulation is aborted, the
 * program is interrupted and its finalizers run, and `run` fails with {@link SimulationFailed}. Interrupting
 * the run interrupts the program.
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
 * Waits until no other fiber and no message is pending. Resumes before time advances.
 *
 * @since 0.1.0
 * @category waiting
 */
export const settled: Effect.Effect<void, never, Simulation> = Effect.flatMap(Simulation, ({ until }) =>
  until(() => true, "rest")
)

/**
 * Lets fibers run and time advance until the condition holds. The condition is checked whenever no fiber or
 * message is pending. If the condition never holds, the run fails, and its list of waits contains `name`.
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
 * Adds lines, such as queue lengths, to the list of waits that a failure shows. The lines are removed when
 * the scope closes.
 *
 * @since 0.1.0
 * @category waiting
 */
export const explain = (
  lines: () => ReadonlyArray<string>
): Effect.Effect<void, never, Simulation | Scope.Scope> =>
  Effect.flatMap(Simulation, (simulation) => simulation.explain(lines))
