/**
 * The timers of an Effect clock. The live clock uses the platform's timers, and other clocks use
 * `Clock.sleep`.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as DefaultServices from "effect/DefaultServices"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { background, live, turn } from "./platformTimers.js"
import type { Timers } from "../seams/timers.js"

export type { Timers } from "../seams/timers.js"

/**
 * The key under which a clock provides its own timers, which need no fiber.
 *
 * @since 0.1.0
 * @category symbols
 */
export const ClockTimers: unique symbol = Symbol.for("@httpfx/core/Timers/ClockTimers")

/**
 * A `Clock` with its own timers, which {@link fromClock} uses.
 *
 * @since 0.1.0
 * @category models
 */
export interface TimedClock {
  /** The timers of the clock. */
  readonly [ClockTimers]: Timers
}

/**
 * Returns the timers of a `Clock`. `wallTime` is the clock's `unsafeCurrentTimeMillis`. `now` is the clock's
 * `unsafeCurrentTimeNanos`, which does not change when the system's clock is set. Effect's live clock gets
 * the platform's timers, and a {@link TimedClock} gets its own timers. Both kinds of timers work without a
 * fiber per timer. The same clock always gives the same timers.
 *
 * @since 0.1.0
 * @category constructors
 */
export const fromClock = (clock: Clock.Clock): Timers => {
  if (clock === Context.get(DefaultServices.liveServices, Clock.Clock)) return live
  if (ClockTimers in clock) return (clock as TimedClock)[ClockTimers]
  const made = others.get(clock)
  if (made !== undefined) return made
  const timers = bySleeping(clock)
  others.set(clock, timers)
  return timers
}

// Timers are cached per clock, so that the same clock always has the same timers.
const others = new WeakMap<Clock.Clock, Timers>()

const bySleeping = (clock: Clock.Clock): Timers => {
  // Nanoseconds since the epoch exceed the precision of a number, so round to microseconds.
  const now = () => Math.round(Number(clock.unsafeCurrentTimeNanos()) / 1000) / 1000
  return {
    now,
    wallTime: () => clock.unsafeCurrentTimeMillis(),
    at(deadline, f) {
      const delay = Math.max(deadline - now(), 0)
      // Start the sleep immediately, so that its time counts from now. A sleep of zero would end within this
      // call, so start it later.
      const wait = Effect.andThen(clock.sleep(Duration.millis(delay)), Effect.sync(f))
      const fiber = Effect.runFork(wait, { immediate: delay > 0 })
      return () => fiber.unsafeInterruptAsFork(fiber.id())
    },
    turn
  }
}

/**
 * Returns the timers of a `Clock`, as {@link fromClock} does, but the platform's timers do not keep the
 * process alive. They limit idle connections, and an idle connection does not keep the process alive either.
 *
 * @since 0.1.0
 * @category constructors
 */
export const backgroundFromClock = (clock: Clock.Clock): Timers =>
  clock === Context.get(DefaultServices.liveServices, Clock.Clock) ? background : fromClock(clock)

/**
 * The timers of the current fiber's clock.
 *
 * @since 0.1.0
 * @category accessors
 */
export const timers: Effect.Effect<Timers> = Effect.clockWith((clock) => Effect.succeed(fromClock(clock)))
