/**
 * The timers of an Effect clock: the platform's for the live clock, its own sleeps for any other.
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
 * The key under which a clock offers its own timers, so that a timer needs no fiber.
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
  /** Its timers. */
  readonly [ClockTimers]: Timers
}

/**
 * Timers that follow a `Clock`: `wallTime` is its `unsafeCurrentTimeMillis`, `now` its
 * `unsafeCurrentTimeNanos`, which is unaffected by steps of the system's clock. Effect's live clock uses the
 * platform's timers and a {@link TimedClock} its own, both without a fiber per timer. The same clock always
 * gives the same timers.
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

// One per clock, so that comparing timers compares clocks.
const others = new WeakMap<Clock.Clock, Timers>()

const bySleeping = (clock: Clock.Clock): Timers => {
  // Nanoseconds since the epoch exceed the precision of a number; microseconds are exact.
  const now = () => Math.round(Number(clock.unsafeCurrentTimeNanos()) / 1000) / 1000
  return {
    now,
    wallTime: () => clock.unsafeCurrentTimeMillis(),
    at(deadline, f) {
      const delay = Math.max(deadline - now(), 0)
      // The sleep starts at once, so that it counts from now; with zero length it would end within this call.
      const wait = Effect.andThen(clock.sleep(Duration.millis(delay)), Effect.sync(f))
      const fiber = Effect.runFork(wait, { immediate: delay > 0 })
      return () => fiber.unsafeInterruptAsFork(fiber.id())
    },
    turn
  }
}

/**
 * As `fromClock`, but the platform's timers do not keep a process alive: for idle connections, which do not
 * either.
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
