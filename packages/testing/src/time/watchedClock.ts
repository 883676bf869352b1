/**
 * A clock that records its waiting fibers and timers. Its time and all its other methods, such as `adjust` of
 * a test clock, come from the underlying clock.
 */
import type * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FiberId from "effect/FiberId"
import * as FiberRef from "effect/FiberRef"
import * as Supervisor from "effect/Supervisor"
import { ClockTimers, fromClock, type Timers } from "@httpfx/core/Timers"
import { madeOver } from "./originalTimers.js"

const watchTimers = (timers: Timers, sleeps: Map<object, string>): Timers => ({
  now: () => timers.now(),
  wallTime: () => timers.wallTime(),
  turn: (f) => timers.turn(f),
  at(deadline, f) {
    const key = {}
    sleeps.set(key, `${Duration.format(Math.max(deadline - timers.now(), 0))}, started by a driver`)
    const cancel = timers.at(deadline, () => {
      sleeps.delete(key)
      f()
    })
    return () => {
      sleeps.delete(key)
      cancel()
    }
  }
})

export const watchClock = (clock: Clock.Clock, sleeps: Map<object, string>): Clock.Clock => {
  const timers = madeOver(watchTimers(fromClock(clock), sleeps), fromClock(clock))
  const sleep = (duration: Duration.Duration) =>
    Effect.withFiberRuntime<void>((fiber) => {
      const key = {}
      sleeps.set(key, `${Duration.format(duration)}, started by ${FiberId.threadName(fiber.id())}`)
      return Effect.ensuring(
        // The fiber that logs the warning of a test clock is not part of the test, so hide it from the
        // supervisor of the test.
        Effect.locally(clock.sleep(duration), FiberRef.currentSupervisor, Supervisor.none),
        Effect.sync(() => sleeps.delete(key))
      )
    })
  return new Proxy(clock, {
    has: (target, key) => key === ClockTimers || Reflect.has(target, key),
    get: (target, key) => {
      if (key === "sleep") return sleep
      if (key === ClockTimers) return timers
      const value: unknown = Reflect.get(target, key)
      // Methods need the state of the underlying clock, so bind each method to that clock.
      return typeof value === "function" ? (value.bind(target) as unknown) : value
    }
  })
}
