/**
 * Timers follow their clock. For Effect's live clock they are the platform's timers, otherwise the clock's
 * own.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/TestClock"
import { afterEach, vi } from "vitest"
import * as PlatformTimers from "@httpfx/core/PlatformTimers"
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

  it.effect("a deadline that has passed is not called within `at`", () =>
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

const hour = 3_600_000
const day = 24 * hour
const steps = [-day, -hour, hour, day]

describe("over a clock whose wall time is set while its nanoseconds continue", () => {
  const stepping = (test: TestClock.TestClock) => {
    const clock = {
      ahead: 0,
      sleeps: test.sleeps,
      [Clock.ClockTypeId]: Clock.ClockTypeId,
      unsafeCurrentTimeMillis: () => test.unsafeCurrentTimeMillis() + clock.ahead,
      unsafeCurrentTimeNanos: () => test.unsafeCurrentTimeNanos(),
      sleep: (duration: Duration.Duration) => test.sleep(duration)
    }
    return clock
  }

  it.effect.each(steps)("a call comes after its delay, whatever the step: %d ms", (step) =>
    Effect.gen(function* () {
      const clock = stepping(yield* TestClock.testClock())
      const timers = Timers.fromClock(clock as unknown as Clock.Clock)
      const calls: Array<number> = []
      const begun = timers.now()
      timers.at(begun + 1000, () => calls.push(timers.now() - begun))
      yield* TestClock.adjust(500)
      clock.ahead = step
      assert.strictEqual(timers.wallTime(), 500 + step)
      timers.at(timers.now() + 1000, () => calls.push(timers.now() - begun))
      yield* TestClock.adjust(499)
      assert.deepStrictEqual(calls, [])
      yield* TestClock.adjust(2 * day)
      assert.deepStrictEqual(calls, [1000, 1500])
    })
  )

  it.effect("milliseconds since the epoch are exact, although a number cannot hold their nanoseconds", () =>
    Effect.gen(function* () {
      const timers = yield* Timers.timers
      for (let time = Date.UTC(2030, 0, 1); time < Date.UTC(2030, 0, 1) + 100; time++) {
        yield* TestClock.setTime(time)
        assert.strictEqual(timers.now(), time)
      }
    })
  )
})

describe("over the live clock", () => {
  const fake = (now: number) =>
    vi.useFakeTimers({ now, toFake: ["setTimeout", "clearTimeout", "Date", "performance"] })
  // Advances the fake timers. An expired timer calls back only after the event loop has read sockets.
  const pass = async (millis: number) => {
    vi.advanceTimersByTime(millis)
    await new Promise((read) => setImmediate(read))
  }
  const live = Timers.fromClock(Effect.runSync(Effect.clock))

  it("uses the platform's timer and its monotonic time", async () => {
    fake(5000)
    let calls = 0
    const begun = live.now()
    live.at(begun + 100, () => calls++)
    assert.strictEqual(live.wallTime(), 5000)
    await pass(99)
    assert.strictEqual(calls, 0)
    await pass(1)
    assert.strictEqual(calls, 1)
    assert.strictEqual(live.now(), begun + 100)
    assert.strictEqual(live.wallTime(), 5100)
  })

  it.each(steps)("a step of the system's clock by %d ms makes nothing earlier or later", async (step) => {
    fake(10 * day)
    let calls = 0
    const begun = live.now()
    live.at(begun + 100, () => calls++)
    vi.setSystemTime(10 * day + step)
    live.at(begun + 200, () => calls++)
    assert.strictEqual(live.wallTime(), 10 * day + step)
    await pass(99)
    assert.strictEqual(calls, 0)
    await pass(1)
    assert.strictEqual(calls, 1)
    await pass(100)
    assert.strictEqual(calls, 2)
  })

  it("waits longer than one timer of the platform can (2^31-1 ms)", async () => {
    fake(0)
    const month = 30 * day
    let calls = 0
    live.at(live.now() + month, () => calls++)
    await pass(month - 1)
    assert.strictEqual(calls, 0)
    await pass(1)
    assert.strictEqual(calls, 1)
  })

  it("a cancelled call leaves no timer behind, even in a later part of a split wait", async () => {
    fake(0)
    const begun = live.now()
    const called = () => assert.fail("called")
    const cancels = [live.at(begun + 100, called), live.at(begun + 2 ** 32, called)]
    await pass(50)
    cancels[0]!()
    await pass(2 ** 31)
    cancels[1]!()
    assert.strictEqual(vi.getTimerCount(), 0)
  })

  it("a call can be cancelled after its timer has fired, while arrived bytes are read", async () => {
    fake(0)
    const cancel = live.at(live.now() + 100, () => assert.fail("called"))
    vi.advanceTimersByTime(100)
    cancel()
    await pass(100)
  })

  it("a deadline that has passed is called in a later turn", async () => {
    fake(1000)
    let calls = 0
    live.at(live.now() - 10, () => calls++)
    assert.strictEqual(calls, 0)
    await pass(1)
    assert.strictEqual(calls, 1)
  })

  it("a turn counts as pending until it has come", async () => {
    const before = PlatformTimers.pendingTurns()
    const turned = new Promise<void>((done) => live.turn(done))
    assert.strictEqual(PlatformTimers.pendingTurns(), before + 1)
    await turned
    assert.strictEqual(PlatformTimers.pendingTurns(), before)
  })

  it("work counts as pending until its end, which counts once", () => {
    const before = PlatformTimers.pendingTurns()
    const [one, other] = [PlatformTimers.beginWork(), PlatformTimers.beginWork()]
    assert.strictEqual(PlatformTimers.pendingTurns(), before + 2)
    one()
    one()
    assert.strictEqual(PlatformTimers.pendingTurns(), before + 1)
    other()
    assert.strictEqual(PlatformTimers.pendingTurns(), before)
  })
})
