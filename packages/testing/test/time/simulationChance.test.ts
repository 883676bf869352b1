/**
 * A seed gives the same numbers in every run of a process, although an object that got its hash in the first
 * run draws no number in the second.
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
