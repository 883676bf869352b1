/**
 * `Quiet` advances a `TestClock` or a `VirtualClock`: it wakes all sleepers, stops when nothing waits, and
 * reports why it cannot proceed.
 */
import { assert, describe, it, vi } from "@effect/vitest"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import { Network } from "@httpfx/core/Network"
import * as MemoryNetwork from "@httpfx/testing/MemoryNetwork"
import * as Quiet from "@httpfx/testing/Quiet"
import * as TestServer from "@httpfx/testing/TestServer"
import * as VirtualClock from "@httpfx/testing/VirtualClock"

const clocks: ReadonlyArray<readonly [string, Layer.Layer<never>]> = [
  ["TestClock", Layer.empty],
  ["VirtualClock", Layer.discard(VirtualClock.layer())]
]

describe.each(clocks)("%s", (_, clock) => {
  const test = <A, E>(name: string, effect: Effect.Effect<A, E>) =>
    it.effect(name, () => Effect.provide(effect, clock))

  test(
    "runs until nothing waits for the clock",
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
    "advances time for a network with latency",
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
    "fails with a list of everything that waits",
    Effect.gen(function* () {
      const deferred = yield* Deferred.make<void>()
      const fiber = yield* Effect.fork(Effect.withLogSpan(Deferred.await(deferred), "waiter"))
      const stuck = yield* Effect.flip(Quiet.run({ until: () => false, name: "godot" }))
      assert.deepStrictEqual([stuck.reason, stuck.name], ["stuck", "godot"])
      assert.match(stuck.picture, /fiber \d+ "waiter": suspended/)
      const ticking = yield* Effect.fork(Effect.forever(Effect.sleep("1 hour")))
      assert.strictEqual(stuck.bound, undefined)
      assert.include(stuck.message, "stuck: no deadline is left, waiting for godot")
      const late = yield* Effect.flip(Quiet.run({ maxTime: "150 minutes" }))
      assert.include(late.message, "time: reached maxTime 2h 30m, waiting for rest")
      assert.deepStrictEqual([late.reason, late.elapsed], ["time", 2 * 3_600_000])
      assert.include(late.picture, "waits for the clock: 1")
      const long = yield* Effect.flip(Quiet.run({ maxSteps: 3 }))
      assert.strictEqual(long.reason, "steps")
      assert.include(long.message, "steps: reached maxSteps 3")
      yield* Fiber.interruptAll([fiber, ticking])
    })
  )

  test(
    "completes an effect, however long it takes, and returns its result",
    Effect.gen(function* () {
      const begun = yield* Clock.currentTimeMillis
      const slow = Effect.zipRight(Effect.sleep("3 hours"), Clock.currentTimeMillis)
      assert.strictEqual((yield* Quiet.complete(slow)) - begun, 3 * 3_600_000)
      assert.strictEqual(yield* Quiet.complete(Effect.succeed("at once")), "at once")
      const failing = Effect.zipRight(Effect.sleep("1 second"), Effect.fail("its own"))
      assert.deepStrictEqual(yield* Effect.exit(Quiet.complete(failing)), Exit.fail("its own"))
    })
  )

  test(
    "fails if the effect waits forever, and interrupts it",
    Effect.gen(function* () {
      let ended = 0
      const waiting = (effect: Effect.Effect<never>) =>
        Effect.onExit(effect, () => Effect.andThen(Effect.sleep("1 minute"), () => void ended++))
      const stuck = yield* Effect.flip(Quiet.complete(waiting(Effect.never)))
      assert.include(stuck.message, "stuck: no deadline is left, waiting for the end of the effect")
      const ticking = waiting(Effect.forever(Effect.sleep("1 second")))
      const bounds = { maxSteps: 5, name: "the last tick" }
      const late = yield* Effect.flip(Quiet.complete(ticking, bounds))
      assert.include(late.message, "steps: reached maxSteps 5, waiting for the last tick")
      assert.strictEqual(ended, 2)
    })
  )

  test(
    "completes a hundred requests",
    Effect.gen(function* () {
      const app = Effect.as(Effect.sleep("1 second"), HttpServerResponse.text("hello"))
      const client = Effect.gen(function* () {
        for (let times = 0; times < 5; times++) {
          const response = yield* HttpClient.get("/")
          assert.strictEqual(yield* response.text, "hello")
        }
      })
      const all = Effect.all(
        Array.from({ length: 20 }, (_, index) => Effect.delay(client, index * 7)),
        {
          concurrency: "unbounded"
        }
      )
      const latency = { network: { latency: 10, jitter: 5, seed: 1 } }
      yield* Quiet.complete(Effect.provide(all, TestServer.serve(app, latency)))
    })
  )
})

describe("An advance of a TestClock", () => {
  const steps = Effect.gen(function* () {
    const seen: Array<number> = []
    const sleeper = (ms: number) => Effect.andThen(Effect.sleep(ms), () => void seen.push(ms))
    const all = Effect.all([3000, 1000, 2000, 1000].map(sleeper), { concurrency: "unbounded" })
    yield* Quiet.complete(all)
    assert.deepStrictEqual(seen, [1000, 1000, 2000, 3000])
    assert.strictEqual(yield* Clock.currentTimeMillis, 3000)
  })

  it.effect("starts no platform timer", () =>
    Effect.gen(function* () {
      const timers = vi.spyOn(globalThis, "setTimeout")
      yield* Effect.ensuring(
        steps,
        Effect.sync(() => vi.restoreAllMocks())
      )
      // `TestClock` starts a timer of 5 seconds for its warning that the test does not advance the clock.
      assert.deepStrictEqual(
        timers.mock.calls.map(([, delay]) => delay).filter((delay) => delay !== 5000),
        []
      )
    })
  )

  it.effect("works without internal members of the TestClock", () =>
    Effect.clockWith((clock) => {
      const inside = ["clockState", "warningState", "suspendedWarningState"]
      const other = new Proxy(clock, {
        has: (target, key) => !inside.includes(key as string) && key in target
      })
      return Effect.withClock(steps, other)
    })
  )
})

it.live("rejects a real clock", () =>
  Effect.gen(function* () {
    const exit = yield* Effect.exit(
      Effect.mapErrorCause(Quiet.run(), (cause) => Cause.fail(Cause.pretty(cause)))
    )
    assert.include(JSON.stringify(exit), "needs a TestClock or a VirtualClock")
  })
)
