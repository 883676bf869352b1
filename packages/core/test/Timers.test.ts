/** Timers follow the clock they were made from: the platform's timers for Effect's live clock, a test clock otherwise. */
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/TestClock"
import { afterEach, vi } from "vitest"
import * as Timers from "@httpfx/core/Timers"

afterEach(() => void vi.useRealTimers())

describe("over a test clock", () => {
  it.effect("a call comes when the clock reaches its deadline, not before", () =>
    Effect.gen(function* () {
      const timers = yield* Timers.timers
      const calls: Array<string> = []
      timers.at(timers.now() + 200, () => calls.push("late"))
      timers.at(timers.now() + 100, () => calls.push("early"))
      yield* TestClock.adjust(99)
      assert.deepStrictEqual(calls, [])
      yield* TestClock.adjust(1)
      assert.deepStrictEqual(calls, ["early"])
      yield* TestClock.adjust(1000)
      assert.deepStrictEqual(calls, ["early", "late"])
      assert.strictEqual(timers.now(), 1100)
    })
  )

  it.effect("a cancelled call never comes; cancelling again, or too late, does nothing", () =>
    Effect.gen(function* () {
      const timers = yield* Timers.timers
      let calls = 0
      const cancel = timers.at(timers.now() + 100, () => calls++)
      const done = timers.at(timers.now() + 50, () => calls++)
      cancel()
      cancel()
      yield* TestClock.adjust(1000)
      done()
      assert.strictEqual(calls, 1)
    })
  )

  it.effect("a deadline that has passed is never called inside at", () =>
    Effect.gen(function* () {
      yield* TestClock.adjust(1000)
      const timers = yield* Timers.timers
      const called = yield* Deferred.make<void>()
      let inside = true
      timers.at(10, () => Deferred.unsafeDone(called, inside ? Effect.die("inside at") : Effect.void))
      inside = false
      yield* Deferred.await(called)
    })
  )
})

describe("over the live clock", () => {
  const live = Timers.fromClock(Effect.runSync(Effect.clock))

  it("is the platform's timer, and now is its time", () => {
    vi.useFakeTimers({ now: 5000 })
    let calls = 0
    live.at(live.now() + 100, () => calls++)
    assert.strictEqual(live.now(), 5000)
    vi.advanceTimersByTime(99)
    assert.strictEqual(calls, 0)
    vi.advanceTimersByTime(1)
    assert.strictEqual(calls, 1)
  })

  it("waits longer than one timer of the platform can (2^31-1 ms)", () => {
    vi.useFakeTimers({ now: 0 })
    const month = 30 * 24 * 3600 * 1000
    let calls = 0
    live.at(month, () => calls++)
    vi.advanceTimersByTime(month - 1)
    assert.strictEqual(calls, 0)
    vi.advanceTimersByTime(1)
    assert.strictEqual(calls, 1)
  })

  it("a cancelled call leaves no timer behind, in its later stretches neither", () => {
    vi.useFakeTimers({ now: 0 })
    const cancels = [live.at(100, () => assert.fail("called")), live.at(2 ** 32, () => assert.fail("called"))]
    vi.advanceTimersByTime(50)
    cancels[0]!()
    vi.advanceTimersByTime(2 ** 31)
    cancels[1]!()
    assert.strictEqual(vi.getTimerCount(), 0)
  })

  it("a deadline that has passed is called in a later turn", () => {
    vi.useFakeTimers({ now: 1000 })
    let calls = 0
    live.at(10, () => calls++)
    assert.strictEqual(calls, 0)
    vi.advanceTimersByTime(0)
    assert.strictEqual(calls, 1)
  })
})
