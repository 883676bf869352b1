/**
 * Several simulations in one process draw the same numbers from the same seed. Hashing an object draws a
 * number only the first time, so the second simulation would draw one number less.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Hash from "effect/Hash"
import * as Simulation from "@httpfx/testing/Simulation"

describe("randomness", () => {
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
