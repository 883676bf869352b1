/**
 * Time that moves by itself in an ordinary test, under Effect's `TestClock` or a `VirtualClock`: from deadline to
 * deadline, until nobody waits for the clock any more or a condition holds.
 *
 * It waits for fibers and for the network in memory, but cannot know what the operating system will bring; a
 * `Simulation` can refuse that. It never leaves a test hanging: when it cannot go on it fails with a picture of what
 * everyone waits for.
 *
 * @since 0.1.0
 */
import * as Chunk from "effect/Chunk"
import type * as Clock from "effect/Clock"
import * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as HashSet from "effect/HashSet"
import type * as TestClock from "effect/TestClock"
import { draw, type AnyFiber, type PictureWait } from "./internal/picture.js"
import { isVirtualClock, settle } from "./VirtualClock.js"

/**
 * Until when time moves on, and how far at most.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** Looked at whenever everything has come to rest; ends the run. Default: run until nobody waits for the clock. */
  readonly until?: (() => boolean) | undefined
  /** What `until` means, for the failure. Default `a condition`. */
  readonly name?: string | undefined
  /** Virtual time that may pass. Default one day. */
  readonly maxTime?: Duration.DurationInput | undefined
  /** Deadlines that may be met. Default 10,000. */
  readonly maxSteps?: number | undefined
}

/**
 * Time could not move on. Of `reason`: `stuck`: the condition does not hold and nobody waits for the clock; `time` and
 * `steps`: a bound is passed.
 *
 * @since 0.1.0
 * @category errors
 */
export class NotQuiet extends Data.TaggedError("NotQuiet")<{
  readonly reason: "stuck" | "time" | "steps"
  /** What was waited for. */
  readonly name: string
  /** Virtual milliseconds since the call. */
  readonly elapsed: number
  /** Connections, pools, waits for the clock, fibers: a line each. */
  readonly picture: string
}> {
  override get message(): string {
    return `${this.reason}, wanted: ${this.name}, after ${this.elapsed} virtual ms\n${this.picture}`
  }
}

interface Movable {
  readonly now: () => number
  /** Deadlines, the next one first. */
  readonly waits: Effect.Effect<
    ReadonlyArray<{ readonly deadline: number; readonly fiber: PictureWait["fiber"] }>
  >
  readonly moveTo: (time: number) => Effect.Effect<void>
}

// A test clock does not tell who sleeps, and keeps the deadlines of those who gave up until it has passed them.
const overTestClock = (clock: TestClock.TestClock): Movable => ({
  now: () => clock.unsafeCurrentTimeMillis(),
  waits: Effect.map(clock.sleeps, (deadlines) =>
    Chunk.toReadonlyArray(deadlines)
      .filter((deadline) => deadline > clock.unsafeCurrentTimeMillis())
      .sort((a, b) => a - b)
      .map((deadline) => ({ deadline, fiber: undefined }))
  ),
  moveTo: (time) => clock.setTime(time)
})

const movable = (clock: Clock.Clock): Movable => {
  if (isVirtualClock(clock)) {
    return {
      now: () => clock.now,
      waits: Effect.sync(clock.waits),
      moveTo: (time) => Effect.sync(() => clock.moveTo(time))
    }
  }
  if ("sleeps" in clock && "setTime" in clock) return overTestClock(clock as TestClock.TestClock)
  throw new Error("Quiet needs a TestClock or a VirtualClock: real time does not move by itself")
}

const descendants = (fiber: AnyFiber, into: Map<AnyFiber, number>): Effect.Effect<void> =>
  Effect.suspend(() => {
    if (into.has(fiber)) return Effect.void
    into.set(fiber, into.size)
    return Effect.flatMap(Fiber.children(fiber), (children) =>
      Effect.forEach(children, (child) => descendants(child, into), { discard: true })
    )
  })

// The caller's own children, and those that nobody owns.
const alive = Effect.withFiberRuntime<ReadonlyMap<AnyFiber, number>>((self) =>
  Effect.gen(function* () {
    const fibers = new Map<AnyFiber, number>()
    yield* descendants(self as AnyFiber, fibers)
    for (const root of HashSet.fromIterable(yield* Fiber.roots)) yield* descendants(root, fibers)
    return fibers
  })
)

/**
 * Lets everything go on and time move, until the condition holds or, without one, nobody waits for the clock. Returns
 * the virtual milliseconds that have passed.
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
      const { moveTo, now, waits } = movable(clock)
      const begun = now()
      const last = begun + Duration.toMillis(options.maxTime ?? "1 day")
      const fail = (reason: NotQuiet["reason"]) =>
        Effect.gen(function* () {
          const left = (yield* waits).map(({ deadline, fiber }) => ({ left: deadline - now(), fiber }))
          const picture = draw({ waits: left, fibers: yield* alive, notes: [] })
          return yield* new NotQuiet({ reason, name, elapsed: now() - begun, picture })
        })
      for (let steps = 0; ; steps++) {
        yield* settle
        if (until?.() === true) return now() - begun
        const next = (yield* waits)[0]?.deadline ?? Infinity
        if (next === Infinity) return until === undefined ? now() - begun : yield* fail("stuck")
        if (next > last) return yield* fail("time")
        if (steps === maxSteps) return yield* fail("steps")
        yield* moveTo(next)
      }
    })
  )
