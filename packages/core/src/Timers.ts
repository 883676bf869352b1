/**
 * The one way in which drivers wait: a reading of the clock, and a call at a deadline.
 *
 * Made from Effect's `Clock` here (so that `TestClock` moves every timeout); the shim makes its own from Node's timers.
 * A timer never runs inside the call that made it.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as DefaultServices from "effect/DefaultServices"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"

/**
 * The clock and the timers of a driver. `at` counts by the clock that `now` reads.
 *
 * @since 0.1.0
 * @category models
 */
export interface Timers {
  /** Milliseconds since the epoch. */
  now(): number
  /** Calls `f` once `now() >= deadline` (ms). The result cancels; cancelling twice, or after the call, does nothing. */
  at(deadline: number, f: () => void): () => void
}

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

// A timer of the platform holds at most 2^31-1 ms; longer waits are cut into several.
const maxDelay = 0x7fffffff

const live: Timers = {
  now: () => Date.now(),
  at(deadline, f) {
    let handle: ReturnType<typeof setTimeout>
    const wait = () => {
      const left = deadline - Date.now()
      handle = setTimeout(left > maxDelay ? wait : f, Math.min(Math.max(left, 0), maxDelay))
    }
    wait()
    return () => clearTimeout(handle)
  }
}

/**
 * Timers that follow a `Clock`. For Effect's own live clock they are the platform's timers, for a {@link TimedClock} its
 * own, both without a fiber each.
 *
 * @since 0.1.0
 * @category constructors
 */
export const fromClock = (clock: Clock.Clock): Timers => {
  if (clock === Context.get(DefaultServices.liveServices, Clock.Clock)) return live
  if (ClockTimers in clock) return (clock as TimedClock)[ClockTimers]
  return {
    now: () => clock.unsafeCurrentTimeMillis(),
    at(deadline, f) {
      const delay = Math.max(deadline - clock.unsafeCurrentTimeMillis(), 0)
      // A sleep is asked for at once, so that it counts from now; one of no length would end inside this call.
      const wait = Effect.andThen(clock.sleep(Duration.millis(delay)), Effect.sync(f))
      const fiber = Effect.runFork(wait, { immediate: delay > 0 })
      return () => fiber.unsafeInterruptAsFork(fiber.id())
    }
  }
}

const unref = (handle: unknown): void => {
  // Node's and Bun's timers are objects that can be unref'ed, those of a browser are numbers.
  if (typeof handle === "object" && handle !== null && "unref" in handle) {
    ;(handle as { unref(): void }).unref()
  }
}

const background: Timers = {
  now: () => Date.now(),
  at(deadline, f) {
    const handle = setTimeout(f, Math.min(Math.max(deadline - Date.now(), 0), maxDelay))
    unref(handle)
    return () => clearTimeout(handle)
  }
}

/**
 * As `fromClock`, but the platform's timers do not keep a process alive: for what watches over idle connections, which do
 * not either. A deadline more than 24 days ahead is told early.
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
