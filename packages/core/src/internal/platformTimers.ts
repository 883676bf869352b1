/**
 * Timers of the platform, without a fiber each.
 */
import type { Timers } from "../seams/timers.js"

// Platform timers hold at most 2^31-1 ms; longer waits are split.
const maxDelay = 0x7fffffff

/**
 * The platform functions that timers need.
 *
 * @since 0.1.0
 * @category models
 */
export interface Platform {
  /** Calls `f` after this many milliseconds; returns the handle for `clearTimeout`. */
  setTimeout(f: () => void, delay: number): unknown
  /** Cancels a call of `setTimeout`. */
  clearTimeout(handle: unknown): void
  /** If the platform lacks it, timers of zero length take its place. */
  readonly setImmediate?: ((f: () => void) => unknown) | undefined
  /** Milliseconds of a monotonic clock. */
  monotonicNow(): number
  /** Milliseconds since the epoch, by the system's clock. */
  wallNow(): number
}

// Looked up at each call, so that fake timers also move Effect's live clock and its timers.
const globals: Platform = {
  setTimeout: (f, delay) => setTimeout(f, delay),
  clearTimeout: (handle) => clearTimeout(handle as ReturnType<typeof setTimeout>),
  get setImmediate() {
    return (globalThis as { setImmediate?: (f: () => void) => unknown }).setImmediate
  },
  monotonicNow: () => performance.now(),
  wallNow: () => Date.now()
}

// The event loop reads between a timer and an immediate (Node documentation: event loop, phases).
const afterReading = (platform: Platform, f: () => void): void => {
  const { setImmediate } = platform
  if (setImmediate === undefined) platform.setTimeout(f, 0)
  else setImmediate(f)
}

let turns = 0

/**
 * Number of pending calls of `turn` in the process. Code that moves a virtual clock waits until it is 0.
 *
 * @since 0.1.0
 * @category accessors
 */
export const pendingTurns = (): number => turns

const turnOf =
  (platform: Platform) =>
  (f: () => void): void => {
    // The first immediate may follow reads that began before the call; a whole turn lies between it and the
    // second.
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
  // Timers of Node and Bun are objects with `unref`; those of browsers are numbers.
  if (typeof handle === "object" && handle !== null && "unref" in handle) {
    ;(handle as { unref(): void }).unref()
  }
}

// Counts from about the epoch, like the nanoseconds of Effect's clock.
const origin = Math.round(performance.timeOrigin)

/**
 * Creates timers from a platform's functions. `keepsProcess`: running timers keep the process alive.
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
      // The platform rounds, so a timer may fire slightly early.
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
 * The platform's timers; they keep a process alive.
 *
 * @since 0.1.0
 * @category constructors
 */
export const live: Timers = make(globals, true)

/**
 * The same clock, with timers that do not keep the process alive: for idle connections.
 *
 * @since 0.1.0
 * @category constructors
 */
export const background: Timers = make(globals, false)
