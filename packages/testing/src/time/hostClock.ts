/**
 * The clock of a host. Its wall time differs from the wall time of the underlying clock. Sleeps and timeouts
 * use the underlying clock.
 */
import type * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { ClockTimers, fromClock, type Timers } from "@httpfx/core/Timers"
import { madeOver } from "./originalTimers.js"

export interface HostClock {
  readonly clock: Clock.Clock
  readonly wallTime: () => number
  /** Sets the wall time forward by this many milliseconds. A negative value sets it back. */
  readonly step: (millis: number) => void
}

/**
 * Creates the clock of a host. `ahead` is in milliseconds. `drift` is the number of milliseconds that the
 * wall time gains per millisecond.
 */
export const makeHostClock = (clock: Clock.Clock, ahead: number, drift: number): HostClock => {
  const beneath = fromClock(clock)
  const begun = beneath.now()
  let stepped = ahead
  const wallTime = () => Math.floor(beneath.wallTime() + stepped + drift * (beneath.now() - begun))
  const timers: Timers = {
    now: () => beneath.now(),
    wallTime,
    at: (deadline, f) => beneath.at(deadline, f),
    turn: (f) => beneath.turn(f)
  }
  madeOver(timers, beneath)
  const own: Readonly<Record<PropertyKey, unknown>> = {
    [ClockTimers]: timers,
    unsafeCurrentTimeMillis: wallTime,
    currentTimeMillis: Effect.sync(wallTime)
  }
  return {
    clock: new Proxy(clock, {
      has: (target, key) => key in own || Reflect.has(target, key),
      get: (target, key) => {
        if (key in own) return own[key]
        if (key === "wallTime" && key in target) return wallTime()
        const value: unknown = Reflect.get(target, key)
        return typeof value === "function" ? (value.bind(target) as unknown) : value
      }
    }),
    wallTime,
    step: (millis) => {
      stepped += millis
    }
  }
}
