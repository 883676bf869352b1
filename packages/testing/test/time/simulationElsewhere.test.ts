/** A simulation without Node's facilities: no immediates, no hooks that report real asynchrony. */
import { assert, describe, it } from "@effect/vitest"
import { afterAll, vi } from "vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import { gzip } from "node:zlib"
import { beginWork } from "@httpfx/core/PlatformTimers"
import * as Simulation from "@httpfx/testing/Simulation"
import { epoch } from "@httpfx/testing/VirtualClock"

// Before the modules are loaded.
const elsewhere = vi.hoisted(() => {
  const { setImmediate, setTimeout } = globalThis
  const { getBuiltinModule } = process
  const watched = {
    // At rest the driver gives outside events a while to show up; this one does so then.
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

describe("without Node's help", () => {
  it.effect("time passes in order, the same for the same seed", () =>
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

  it.effect("work on a thread is waited for, if it is counted", () => {
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

  it.effect("an outside event is noticed at rest", () => {
    const outside = Effect.promise(() => new Promise<void>((resolve) => (elsewhere.fromOutside = resolve)))
    return Effect.map(reasonOf(outside), (reason) => assert.strictEqual(reason, "realAsync"))
  })
})
