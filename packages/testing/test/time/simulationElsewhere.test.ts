/** A simulation on a platform without `setImmediate` and without async_hooks. */
import { assert, describe, it } from "@effect/vitest"
import { afterAll, vi } from "vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import { gzip } from "node:zlib"
import { beginWork } from "@httpfx/core/PlatformTimers"
import * as Simulation from "@httpfx/testing/Simulation"
import { epoch } from "@httpfx/testing/VirtualClock"

// Remove the functions before the modules are loaded, because the modules capture them.
const elsewhere = vi.hoisted(() => {
  const { setImmediate, setTimeout } = globalThis
  const { getBuiltinModule } = process
  const watched = {
    // The driver waits for outside events before it reports `stuck`. It calls this function during that wait,
    // so that a test can complete an outside event.
    fromOutside: () => {},
    restore: () => {
      Object.assign(globalThis, { setImmediate, setTimeout })
      Object.assign(process, { getBuiltinModule })
    }
  }
  const watching = (run: () => void, delay?: number) => {
    if (delay !== undefined && delay >= 10) setTimeout(() => watched.fromOutside(), 0)
    return setTimeout(run, delay)
  }
  Object.assign(globalThis, { setImmediate: undefined, setTimeout: watching })
  Object.assign(process, { getBuiltinModule: undefined })
  return watched
})
afterAll(elsewhere.restore)

const reasonOf = (effect: Effect.Effect<unknown, unknown>) =>
  Effect.map(Effect.flip(Simulation.run({ report: () => {} }, effect)), (error) =>
    error instanceof Simulation.SimulationFailed ? error.reason : String(error)
  )

describe("without setImmediate and async_hooks", () => {
  it.effect("fibers wake in order, equal for equal seeds", () =>
    Effect.gen(function* () {
      const program = Effect.gen(function* () {
        const seen: Array<string> = []
        const one = (name: number) =>
          Effect.gen(function* () {
            for (let round = 0; round < 20; round++) {
              yield* Effect.sleep(yield* Random.nextIntBetween(0, 9))
              yield* Effect.promise(() => Promise.resolve())
              seen.push(`${name}@${(yield* Clock.currentTimeMillis) - epoch}`)
            }
          })
        yield* Effect.forEach([1, 2, 3], one, { concurrency: "unbounded", discard: true })
        return seen.join(" ")
      })
      const first = yield* Simulation.run({ seed: 1 }, program)
      assert.strictEqual(yield* Simulation.run({ seed: 1 }, program), first)
    })
  )

  it.effect("a program that waits for nothing is stuck", () =>
    Effect.map(reasonOf(Effect.never), (reason) => assert.strictEqual(reason, "stuck"))
  )

  it.effect("the simulation waits for work on a thread that was registered with beginWork", () => {
    const work = Effect.async<string>((resume) => {
      const ends = beginWork()
      gzip(Buffer.alloc(3_000_000, "tea"), () => {
        ends()
        resume(Effect.succeed("the work"))
      })
    })
    return Effect.map(
      Simulation.run({}, Effect.race(work, Effect.as(Effect.sleep("1 minute"), "the clock"))),
      (first) => assert.strictEqual(first, "the work")
    )
  })

  it.effect("an outside event while the program is at rest fails the run", () => {
    const outside = Effect.promise(() => new Promise<void>((resolve) => (elsewhere.fromOutside = resolve)))
    return Effect.map(reasonOf(outside), (reason) => assert.strictEqual(reason, "realAsync"))
  })
})
