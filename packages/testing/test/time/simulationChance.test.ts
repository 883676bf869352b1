/**
 * A seed gives the same numbers however often it runs in this process, although an object that keeps its hash
 * from the first run draws none in the second.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Hash from "effect/Hash"
import * as Simulation from "@httpfx/testing/Simulation"

describe("chance", () => {
  it.effect("does not depend on which objects already had a hash", () =>
    Effect.gen(function* () {
      const kept = {}
      const of = (seed: number) =>
        Simulation.run(
          { seed },
          Effect.sync(() => {
            const before = Math.random()
            Hash.hash(kept)
            return [before, Math.random(), Math.random()]
          })
        )
      const first = yield* of(1)
      assert.deepStrictEqual(yield* of(1), first)
      assert.notDeepEqual(yield* of(2), first)
      assert.lengthOf(new Set(first), 3)
    })
  )

  it.effect("leaves the stack traces of errors unchanged", () =>
    Effect.gen(function* () {
      const { stackTraceLimit } = Error
      const stack = yield* Simulation.run(
        { seed: 1 },
        Effect.sync(() => {
          Math.random()
          return new Error("here").stack
        })
      )
      assert.include(stack, "simulationChance.test")
      assert.strictEqual(Error.stackTraceLimit, stackTraceLimit)
    })
  )
})
