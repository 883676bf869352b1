/**
 * The platform's own timers as `Timers`, of a clock that nobody sets: what drivers wait by where no other
 * clock is given.
 *
 * Imports nothing of Effect, so that the callback API waits by the same rules.
 *
 * @since 0.1.0
 */
import type { Timers } from "./seams/timers.js"

// A timer of the platform holds at most 2^31-1 ms; longer waits are cut into several.
const maxDelay = 0x7fffffff

/**
 * What timers are made from.
 *
 * @since 0.1.0
 * @category models
 */
export interface Platform {
  /** Calls `f` after so many milliseconds; gives what `clearTimeout` takes. */
  setTimeout(f: () => void, delay: number): unknown
  /** Takes a call of `setTimeout` back. */
  clearTimeout(handle: unknown): void
  /** Absent where the platform has none: timers of no length take its place. */
  readonly setImmediate?: ((f: () => void) => unknown) | undefined
  /** Milliseconds of a clock that nobody sets. */
  monotonicNow(): number
  /** Milliseconds since the epoch, by the system's clock. */
  wallNow(): number
}

// Looked up at each call: fake timers move Effect's live clock, and so what goes by it.
const globals: Platform = {
  setTimeout: (f, delay) => setTimeout(f, delay),
  clearTimeout: (handle) => clearTimeout(handle as ReturnType<typeof setTimeout>),
  get setImmediate() {
    return (globalThis as { setImmediate?: (f: () => void) => unknown }).setImmediate
  },
  monotonicNow: () => performance.now(),
  wallNow: () => Date.now()
}

// Reading comes between a timer and an immediate (Node documentation: the event loop, phases).
const afterReading = (platform: Platform, f: () => void): void => {
  const { setImmediate } = platform
  if (setImmediate === undefined) platform.setTimeout(f, 0)
  else setImmediate(f)
}

let turns = 0

/**
 * How many calls of `turn` are still to come, in the whole process. Whoever moves a clock by hand waits until
 * there are none.
 *
 * @since 0.1.0
 * @category accessors
 */
export const pendingTurns = (): number => turns

const turnOf =
  (platform: Platform) =>
  (f: () => void): void => {
    // The first immediate may follow reading that had begun before the call; a whole turn lies between it and
    // the second.
    turns++
    afterReading(platform, () =>
      afterReading(platform, () => {
        turns--
        f()
      })
    )
  }

/**
 * Calls `f` after one turn of the event loop, in which everything that had arrived before the call is read.
 *
 * @since 0.1.0
 * @category operations
 */
export const turn: (f: () => void) => void = turnOf(globals)

const unref = (handle: unknown): void => {
  // Node's and Bun's timers are objects that can be unref'ed, those of a browser are numbers.
  if (typeof handle === "object" && handle !== null && "unref" in handle) {
    ;(handle as { unref(): void }).unref()
  }
}

// From about the epoch on, as Effect's clock counts its nanoseconds.
const origin = Math.round(performance.timeOrigin)

/**
 * Timers made from a platform's functions. `keepsProcess`: a timer that runs keeps the process alive.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (platform: Platform, keepsProcess: boolean): Timers => {
  const now = () => origin + platform.monotonicNow()
  return {
    now,
    wallTime: () => platform.wallNow(),
    at(deadline, f) {
      let handle: unknown
      let cancelled = false
      const call = () => {
        if (!cancelled) f()
      }
      // The platform rounds: a timer may ring a little early.
      const ring = () => (now() < deadline ? wait() : afterReading(platform, call))
      const wait = () => {
        handle = platform.setTimeout(ring, Math.min(Math.max(Math.ceil(deadline - now()), 0), maxDelay))
        if (!keepsProcess) unref(handle)
      }
      wait()
      return () => {
        cancelled = true
        platform.clearTimeout(handle)
      }
    },
    turn: turnOf(platform)
  }
}

/**
 * The platform's timers, which keep a process alive.
 *
 * @since 0.1.0
 * @category constructors
 */
export const live: Timers = make(globals, true)

/**
 * The same by the same clock, but without keeping a process alive: for what watches over connections that do
 * not either.
 *
 * @since 0.1.0
 * @category constructors
 */
export const background: Timers = make(globals, false)
