/**
 * Advances the clock of an ordinary test from deadline to deadline. The run ends when nothing waits for the
 * clock, or when a condition holds. The clock is a `TestClock` or a `VirtualClock`.
 *
 * Before each advance, a run waits for fibers and for the network in memory. A run cannot observe I/O of the
 * operating system and does not wait for it (a `Simulation` fails on such I/O). If no deadline is left, the
 * run fails with a list of everything that still waits, so that a test never hangs.
 *
 * @since 0.1.0
 */
import type * as Clock from "effect/Clock"
import * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as HashSet from "effect/HashSet"
import { movable, type Movable } from "./time/movable.js"
import { draw, type AnyFiber } from "./assert/picture.js"
import { settle } from "./VirtualClock.js"

/**
 * The condition that ends a run, and the limits of that run.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /**
   * The condition that ends the run. It is checked whenever no fiber or message is pending. Default: the run
   * ends when nothing waits for the clock.
   */
  readonly until?: (() => boolean) | undefined
  /** Name of the condition, shown in a failure. Default `a condition`. */
  readonly name?: string | undefined
  /** Maximum virtual time. Default one day. */
  readonly maxTime?: Duration.DurationInput | undefined
  /** Maximum number of clock advances. Waits with the same deadline share one advance. Default 10,000. */
  readonly maxSteps?: number | undefined
}

/**
 * Options of {@link complete}: the limits of the run, and a name for failure messages.
 *
 * @since 0.1.0
 * @category models
 */
export interface CompleteOptions extends Omit<Options, "until"> {
  /** Name of the end of the effect, shown in a failure. Default `the end of the effect`. */
  readonly name?: string | undefined
}

/**
 * The error for a clock that could not advance further. The `reason` is `stuck` if the condition does not
 * hold and nothing waits for the clock. It is `time` or `steps` if the limit with this name was reached.
 *
 * @since 0.1.0
 * @category errors
 */
export class NotQuiet extends Data.TaggedError("NotQuiet")<{
  readonly reason: "stuck" | "time" | "steps"
  /**
   * The limit that was reached, as option and value (`maxSteps 10000`). `undefined` if the reason is `stuck`.
   */
  readonly bound: string | undefined
  /** Name of the awaited condition. */
  readonly name: string
  /** Virtual milliseconds since the start of the run. */
  readonly elapsed: number
  /** The connections, listeners, pools, clock waits and fibers that are left. Each has one line. */
  readonly picture: string
}> {
  override get message(): string {
    const { bound, elapsed, name, picture, reason } = this
    const why = bound === undefined ? "no deadline is left" : `reached ${bound}`
    return `${reason}: ${why}, waiting for ${name}, after ${elapsed} virtual ms\n${picture}`
  }
}

const movableClock = (clock: Clock.Clock): Movable => {
  const found = movable(clock)
  if (found === undefined)
    throw new Error("Quiet needs a TestClock or a VirtualClock: it cannot move real time")
  return found
}

const descendants = (fiber: AnyFiber, into: Map<AnyFiber, number>): Effect.Effect<void> =>
  Effect.suspend(() => {
    if (into.has(fiber)) return Effect.void
    into.set(fiber, into.size)
    return Effect.flatMap(Fiber.children(fiber), (children) =>
      Effect.forEach(children, (child) => descendants(child, into), { discard: true })
    )
  })

// The live fibers: the descendants of the calling fiber, and the daemons with their descendants.
const alive = Effect.withFiberRuntime<ReadonlyMap<AnyFiber, number>>((self) =>
  Effect.gen(function* () {
    const fibers = new Map<AnyFiber, number>()
    yield* descendants(self as AnyFiber, fibers)
    for (const root of HashSet.fromIterable(yield* Fiber.roots)) yield* descendants(root, fibers)
    return fibers
  })
)

/**
 * Lets fibers run and advances the clock until the condition holds. Without a condition, the run ends when
 * nothing waits for the clock. Returns the number of virtual milliseconds that have passed.
 *
 * @example
 * import { Quiet } from "@httpfx/testing"
 * import { Effect, Fiber, TestClock, TestContext } from "effect"
 *
 * const test = Effect.gen(function* () {
 *   const fiber = yield* Effect.fork(Effect.sleep("3 hours"))
 *   yield* Quiet.run() // 10800000
 *   yield* Fiber.join(fiber)
 * }).pipe(Effect.provide(TestContext.TestContext))
 *
 * @since 0.1.0
 * @category running
 */
export const run = (options: Options = {}): Effect.Effect<number, NotQuiet> =>
  Effect.clockWith((clock) =>
    Effect.gen(function* () {
      const {
        maxSteps = 10_000,
        name = options.until === undefined ? "rest" : "a condition",
        until
      } = options
      const { begin, moveTo, now, waits } = movableClock(clock)
      yield* begin
      const begun = now()
      const maxTime = Duration.decode(options.maxTime ?? "1 day")
      const last = begun + Duration.toMillis(maxTime)
      const fail = (reason: NotQuiet["reason"], bound?: string) =>
        Effect.gen(function* () {
          const left = (yield* waits).map(({ deadline, fiber }) => ({ left: deadline - now(), fiber }))
          const picture = draw({ waits: left, fibers: yield* alive, notes: [] })
          return yield* new NotQuiet({ reason, bound, name, elapsed: now() - begun, picture })
        })
      for (let steps = 0; ; steps++) {
        yield* settle
        if (until?.() === true) return now() - begun
        const next = (yield* waits)[0]?.deadline ?? Infinity
        if (next === Infinity) return until === undefined ? now() - begun : yield* fail("stuck")
        if (next > last) return yield* fail("time", `maxTime ${Duration.format(maxTime)}`)
        if (steps === maxSteps) return yield* fail("steps", `maxSteps ${maxSteps}`)
        yield* moveTo(next)
      }
    })
  )

/**
 * Runs an effect in a new fiber, and advances the clock until the effect ends. Returns the result or the
 * failure of the effect. If the effect cannot end, it is interrupted and `complete` fails with `NotQuiet`.
 *
 * @example
 * import { Quiet } from "@httpfx/testing"
 * import { Effect, TestContext } from "effect"
 *
 * const test = Effect.gen(function* () {
 *   return yield* Quiet.complete(Effect.as(Effect.sleep("3 hours"), "at last"))
 * }).pipe(Effect.provide(TestContext.TestContext))
 *
 * @since 0.1.0
 * @category running
 */
export const complete = <A, E, R>(
  effect: Effect.Effect<A, E, R>,
  options: CompleteOptions = {}
): Effect.Effect<A, E | NotQuiet, R> =>
  Effect.gen(function* () {
    const fiber = yield* Effect.fork(effect)
    const until = () => fiber.unsafePoll() !== null
    yield* run({ ...options, until, name: options.name ?? "the end of the effect" }).pipe(
      // Finalizers may sleep, so advance the clock during the interruption too.
      Effect.tapError(() => Effect.zipRight(Fiber.interruptFork(fiber), Effect.ignore(run({ until })))),
      Effect.onInterrupt(() => Fiber.interrupt(fiber))
    )
    return yield* Fiber.join(fiber)
  })
