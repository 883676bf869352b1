/**
 * The one way in which drivers read a clock and wait: a monotonic clock for limits and durations, the wall
 * clock for dates and logs, and calls at a deadline.
 *
 * Made from Effect's `Clock` here (so that `TestClock` moves every timeout); the callback API makes its own
 * from the platform's timers. A timer never runs inside the call that made it.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as DefaultServices from "effect/DefaultServices"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { background, live, turn } from "./PlatformTimers.js"
import type { Timers } from "./seams/timers.js"

export type { Timers } from "./seams/timers.js"

/**
 * Where a clock that makes its timers itself has them, so that a timer needs no fiber.
 *
 * @since 0.1.0
 * @category symbols
 */
export const ClockTimers: unique symbol = Symbol.for("@httpfx/core/Timers/ClockTimers")

/**
 * A `Clock` that makes its timers itself: {@link fromClock} uses them.
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
 * `unsafeCurrentTimeNanos`, which steps of the system's clock do not move. For Effect's own live clock they
 * are the platform's timers, for a {@link TimedClock} its own, both without a fiber each. The same clock
 * always gives the same timers.
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

// One per clock, so that timers can be compared to tell clocks apart.
const others = new WeakMap<Clock.Clock, Timers>()

const bySleeping = (clock: Clock.Clock): Timers => {
  // Nanoseconds since the epoch are more than a number holds; a microsecond is exact.
  const now = () => Math.round(Number(clock.unsafeCurrentTimeNanos()) / 1000) / 1000
  return {
    now,
    wallTime: () => clock.unsafeCurrentTimeMillis(),
    at(deadline, f) {
      const delay = Math.max(deadline - now(), 0)
      // A sleep is asked for at once, so that it counts from now; one of no length would end inside this
      // call.
      const wait = Effect.andThen(clock.sleep(Duration.millis(delay)), Effect.sync(f))
      const fiber = Effect.runFork(wait, { immediate: delay > 0 })
      return () => fiber.unsafeInterruptAsFork(fiber.id())
    },
    turn
  }
}

/**
 * As `fromClock`, but the platform's timers do not keep a process alive: for what watches over idle
 * connections, which do not either.
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
