/** Time that moves by itself: under both clocks it wakes everyone, ends when all is quiet, and says why it cannot. */
import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import { Network } from "@httpfx/core/Network"
import * as MemoryNetwork from "@httpfx/testing/MemoryNetwork"
import * as Quiet from "@httpfx/testing/Quiet"
import * as VirtualClock from "@httpfx/testing/VirtualClock"

const clocks: ReadonlyArray<readonly [string, Layer.Layer<never>]> = [
  ["TestClock", Layer.empty],
  ["VirtualClock", Layer.discard(VirtualClock.layer())]
]

describe.each(clocks)("%s", (_, clock) => {
  const test = <A, E>(name: string, effect: Effect.Effect<A, E>) =>
    it.effect(name, () => Effect.provide(effect, clock))

  test(
    "runs until nobody waits",
    Effect.gen(function* () {
      const seen: Array<number> = []
      const begun = yield* Clock.currentTimeMillis
      const sleeper = (ms: number) =>
        Effect.repeatN(
          Effect.andThen(Effect.sleep(ms), Clock.currentTimeMillis).pipe(
            Effect.tap((now) => Effect.sync(() => seen.push(now - begun)))
          ),
          2
        )
      const fiber = yield* Effect.fork(Effect.all([sleeper(60_000), sleeper(45_000)], { concurrency: 2 }))
      assert.strictEqual(yield* Quiet.run(), 180_000)
      yield* Fiber.join(fiber)
      assert.deepStrictEqual(seen, [45_000, 60_000, 90_000, 120_000, 135_000, 180_000])
      assert.strictEqual(yield* Quiet.run(), 0)
    })
  )

  test(
    "runs until a condition holds",
    Effect.gen(function* () {
      let ticks = 0
      const fiber = yield* Effect.fork(
        Effect.forever(
          Effect.delay(
            Effect.sync(() => ticks++),
            1000
          )
        )
      )
      assert.strictEqual(yield* Quiet.run({ until: () => ticks === 5 }), 5000)
      yield* Fiber.interrupt(fiber)
    })
  )

  test(
    "brings what takes time over the network",
    Effect.gen(function* () {
      const network = yield* Network
      let text = ""
      const listener = yield* network.listen({ port: 80, host: "a.test" }, (transport) => {
        transport.start({
          data: (chunk) => void (text += String.fromCharCode(...chunk)),
          end() {},
          drain() {},
          error() {},
          close() {}
        })
      })
      const connecting = yield* Effect.fork(network.connect(listener.address))
      assert.strictEqual(yield* Quiet.run(), 200)
      const client = yield* Fiber.join(connecting)
      client.write("hi")
      assert.strictEqual(yield* Quiet.run({ until: () => text === "hi" }), 100)
      client.reset()
    }).pipe(Effect.scoped, Effect.provide(MemoryNetwork.layer({ latency: 100 })))
  )

  test(
    "fails with a picture",
    Effect.gen(function* () {
      const deferred = yield* Deferred.make<void>()
      const fiber = yield* Effect.fork(Effect.withLogSpan(Deferred.await(deferred), "waiter"))
      const stuck = yield* Effect.flip(Quiet.run({ until: () => false, name: "godot" }))
      assert.deepStrictEqual([stuck.reason, stuck.name], ["stuck", "godot"])
      assert.match(stuck.picture, /fiber \d+ "waiter": suspended/)
      const ticking = yield* Effect.fork(Effect.forever(Effect.sleep("1 hour")))
      const late = yield* Effect.flip(Quiet.run({ maxTime: "150 minutes" }))
      assert.deepStrictEqual([late.reason, late.elapsed], ["time", 2 * 3_600_000])
      assert.include(late.picture, "waits for the clock: 1")
      assert.strictEqual((yield* Effect.flip(Quiet.run({ maxSteps: 3 }))).reason, "steps")
      yield* Fiber.interruptAll([fiber, ticking])
    })
  )
})

it.live("refuses real time", () =>
  Effect.gen(function* () {
    const exit = yield* Effect.exit(
      Effect.mapErrorCause(Quiet.run(), (cause) => Cause.fail(Cause.pretty(cause)))
    )
    assert.include(JSON.stringify(exit), "needs a TestClock or a VirtualClock")
  })
)
