// Effect's `TestClock` has the internal members that we use. Without them, its public methods give the same
// results.
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/TestClock"
import { expect } from "vitest"
import { it } from "@effect/vitest"
import { isTestClock, moveTo, silence, warners } from "../../../src/time/fast/testClock.js"

/** A test clock with only its public members. */
const published = (clock: TestClock.TestClock): TestClock.TestClock => {
  const unsafeCurrentTimeMillis = () => clock.unsafeCurrentTimeMillis()
  const setTime = (instant: number) => clock.setTime(instant)
  return { setTime, sleeps: clock.sleeps, unsafeCurrentTimeMillis } as TestClock.TestClock
}

const ways: ReadonlyArray<[way: string, of: (clock: TestClock.TestClock) => TestClock.TestClock]> = [
  ["inside", (clock) => clock],
  ["public methods", published]
]

it.effect.each(ways)("ends sleeps by its %s, the earliest first", ([, of]) =>
  Effect.gen(function* () {
    const clock = of(yield* TestClock.testClock())
    const woken: Array<number> = []
    const sleepers = yield* Effect.forEach([30, 10, 20, 40], (millis) =>
      Effect.fork(
        Effect.zipRight(
          Effect.sleep(millis),
          Effect.sync(() => void woken.push(millis))
        )
      )
    )
    yield* Effect.repeatN(Effect.yieldNow(), 10)
    yield* moveTo(clock, 30)
    for (const sleeper of sleepers.slice(0, 3)) yield* Fiber.join(sleeper)
    expect(woken).toEqual([10, 20, 30])
    expect(clock.unsafeCurrentTimeMillis()).toBe(30)
    yield* Fiber.interrupt(sleepers[3]!)
  })
)

it.effect("finds the fiber that will log the warning, and can cancel the warning", () =>
  Effect.gen(function* () {
    const clock = yield* TestClock.testClock()
    const never = yield* Deferred.make<void>()
    const sleeper = yield* Effect.fork(Effect.sleep(1000))
    yield* Effect.repeatN(Effect.yieldNow(), 10)
    expect([isTestClock(clock), warners(clock).length > 0]).toEqual([true, true])
    yield* silence(clock)
    expect(warners(clock)).toEqual([])
    yield* Fiber.interrupt(sleeper)
    yield* Deferred.succeed(never, undefined)
    expect(warners(published(clock))).toEqual([])
  })
)
