// A snapshot of the fibers shows whether they wait only for each other, or for a callback.
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { describe, expect, it } from "vitest"
import { fibersNow } from "../../../src/time/fast/fibersNow.js"

/** Returns the snapshot of the fibers that `program` forks. A separate clock selects these fibers. */
const look = (program: Effect.Effect<unknown>) =>
  Effect.runPromise(
    Effect.gen(function* () {
      const base = yield* Effect.clock
      const clock = Object.create(base) as typeof base
      const fiber = yield* Effect.forkDaemon(Effect.withClock(program, clock))
      yield* Effect.repeatN(Effect.yieldNow(), 20)
      const seen = yield* fibersNow((each) => each === clock)
      yield* Fiber.interrupt(fiber)
      return { among: seen.amongThemselves, fibers: seen.fibers.size, clocks: [...seen.clocks].length }
    })
  )

const never = Effect.flatMap(Deferred.make<void>(), Deferred.await)

describe("Fibers", () => {
  it.each<[what: string, program: Effect.Effect<unknown>, among: boolean, fibers: number]>([
    ["that wait for a Deferred", never, true, 1],
    ["of which one waits for the other", Effect.flatMap(Effect.fork(never), Fiber.join), true, 2],
    ["that run at the same time", Effect.all([never, never], { concurrency: 2 }), true, 4],
    ["that wait for a callback", Effect.async<void>(() => {}), false, 1],
    [
      "one of which waits for a callback",
      Effect.flatMap(Effect.fork(Effect.async<void>(() => {})), Fiber.join),
      false,
      2
    ]
  ])("%s", async (_, program, among, fibers) => {
    expect(await look(program)).toEqual({ among, fibers, clocks: 1 })
  })
})
