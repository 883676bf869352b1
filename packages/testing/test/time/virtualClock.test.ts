/**
 * A virtual clock wakes sleepers in the order of their deadlines, jumps from deadline to deadline, and
 * removes interrupted waits.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as fc from "fast-check"
import * as Timers from "@httpfx/core/Timers"
import * as VirtualClock from "@httpfx/testing/VirtualClock"

const { epoch } = VirtualClock
const virtual = VirtualClock.layer()

describe("time", () => {
  it.effect("starts at a fixed moment and stands still", () =>
    Effect.gen(function* () {
      const clock = yield* VirtualClock.VirtualClock
      assert.strictEqual(yield* Clock.currentTimeMillis, epoch)
      yield* VirtualClock.settle
      assert.strictEqual(clock.now, epoch)
      assert.strictEqual(yield* Clock.currentTimeNanos, BigInt(epoch) * 1_000_000n)
    }).pipe(Effect.provide(virtual))
  )

  it.effect("advances from deadline to deadline: a fiber that sleeps again starts at the right time", () =>
    Effect.gen(function* () {
      const seen: Array<number> = []
      const step = Effect.andThen(Effect.sleep("7 minutes"), Clock.currentTimeMillis).pipe(
        Effect.tap((now) => Effect.sync(() => seen.push((now - epoch) / 60_000)))
      )
      const fiber = yield* Effect.fork(Effect.forever(step))
      yield* VirtualClock.advance("30 minutes")
      assert.deepStrictEqual(seen, [7, 14, 21, 28])
      assert.deepStrictEqual(yield* VirtualClock.pending, { size: 1, next: epoch + 35 * 60_000 })
      assert.strictEqual(yield* Clock.currentTimeMillis, epoch + 30 * 60_000)
      yield* Fiber.interrupt(fiber)
      assert.deepStrictEqual(yield* VirtualClock.pending, { size: 0, next: undefined })
    }).pipe(Effect.provide(virtual))
  )

  it.effect("a sleep of 0 ends at once, and an infinite sleep never", () =>
    Effect.gen(function* () {
      const never = yield* Effect.fork(Effect.sleep(Duration.infinity))
      const now = yield* Effect.fork(Effect.sleep(0))
      yield* VirtualClock.settle
      assert.deepStrictEqual(yield* VirtualClock.pending, { size: 2, next: epoch })
      yield* VirtualClock.advance(0)
      yield* Fiber.join(now)
      assert.deepStrictEqual(yield* VirtualClock.pending, { size: 1, next: undefined })
      const clock = yield* VirtualClock.VirtualClock
      assert.isFalse(clock.jump())
      assert.strictEqual(clock.waits()[0]?.fiber?.id().id, never.id().id)
      yield* Fiber.interrupt(never)
    }).pipe(Effect.provide(virtual))
  )

  it.effect("a timeout whose effect completed in time is removed", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* Effect.timeout(Effect.succeed(1), "1 hour"), 1)
      assert.strictEqual((yield* VirtualClock.pending).size, 0)
    }).pipe(Effect.provide(virtual))
  )
})

describe("timers", () => {
  it.effect("use the clock, and can be cancelled", () =>
    Effect.gen(function* () {
      const clock = yield* VirtualClock.VirtualClock
      const timers = yield* Timers.timers
      const seen: Array<string> = []
      timers.at(epoch + 5, () => seen.push("5"))
      timers.at(epoch - 1, () => seen.push("past"))
      const cancel = timers.at(epoch + 3, () => seen.push("3"))
      assert.strictEqual(clock.size, 3)
      cancel()
      cancel()
      assert.deepStrictEqual([clock.size, seen.length], [2, 0])
      yield* VirtualClock.advance(10)
      assert.deepStrictEqual(seen, ["past", "5"])
    }).pipe(Effect.provide(virtual))
  )

  it("expire in the order of deadline and registration, also after cancellations", () => {
    const moves = fc.array(fc.record({ at: fc.nat(20), keep: fc.boolean() }), { maxLength: 60 })
    fc.assert(
      fc.property(moves, (list) => {
        const clock = VirtualClock.make({ start: 0 })
        const timers = Timers.fromClock(clock)
        const seen: Array<string> = []
        const cancels = list.map(({ at }, index) => timers.at(at, () => seen.push(`${at}/${index}`)))
        list.forEach(({ keep }, index) => keep || cancels[index]!())
        const wanted = list
          .map(({ at, keep }, index) => ({ at, keep, index }))
          .filter(({ keep }) => keep)
          .sort((a, b) => a.at - b.at || a.index - b.index)
          .map(({ at, index }) => `${at}/${index}`)
        assert.strictEqual(clock.size, wanted.length)
        const times: Array<number> = []
        while (clock.jump()) times.push(clock.now)
        assert.deepStrictEqual(seen, wanted)
        assert.deepStrictEqual(times, [...new Set(times)])
      })
    )
  })
})
