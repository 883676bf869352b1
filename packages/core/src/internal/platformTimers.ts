/**
 * Implements `Timers` with the platform's timers, so that a timer needs no fiber.
 */
import type { Timers } from "../seams/timers.js"

// Platform timers accept at most 2^31-1 ms, so longer waits use several timers.
const maxDelay = 0x7fffffff

/**
 * The platform functions that timers need.
 *
 * @since 0.1.0
 * @category models
 */
export interface Platform {
  /** Calls `f` after `delay` milliseconds. Returns the handle for `clearTimeout`. */
  setTimeout(f: () => void, delay: number): unknown
  /** Cancels the call that `setTimeout` has scheduled. */
  clearTimeout(handle: unknown): void
  /**
   * Calls `f` in the next turn of the event loop. If the platform lacks this function, we use timers of zero
   * length.
   */
  readonly setImmediate?: ((f: () => void) => unknown) | undefined
  /** Milliseconds of a monotonic clock. */
  monotonicNow(): number
  /** Milliseconds since the epoch, by the system's clock. */
  wallNow(): number
}

// Look up the global functions at each call, so that fake timers installed later also take effect here.
const globals: Platform = {
  setTimeout: (f, delay) => setTimeout(f, delay),
  clearTimeout: (handle) => clearTimeout(handle as ReturnType<typeof setTimeout>),
  get setImmediate() {
    return (globalThis as { setImmediate?: (f: () => void) => unknown }).setImmediate
  },
  monotonicNow: () => performance.now(),
  wallNow: () => Date.now()
}

// Calls `f` after the event loop has read sockets, which it does between timers and immediates (Node
// documentation: event loop, phases).
const afterReading = (platform: Platform, f: () => void): void => {
  const { setImmediate } = platform
  if (setImmediate === undefined) platform.setTimeout(f, 0)
  else setImmediate(f)
}

/**
 * The pending turns that one `setImmediate` function runs. Fake timers replace this function and may drop its
 * turns.
 */
interface Count {
  readonly platform: Platform
  readonly immediate: Platform["setImmediate"]
  turns: number
}

const realImmediate = globals.setImmediate
const counts = new Set<Count>()
let works = 0

/**
 * Returns the number of pending `turn` calls in the process, plus the number of `beginWork` calls that have
 * not ended. Code that advances a virtual clock waits until this number is 0. Turns of fake timers count
 * until the fake timers are uninstalled.
 *
 * @since 0.1.0
 * @category accessors
 */
export const pendingTurns = (): number => {
  let pending = works
  for (const count of counts) {
    const { immediate, platform, turns } = count
    if (immediate === realImmediate || immediate === platform.setImmediate) pending += turns
    else counts.delete(count)
  }
  return pending
}

/**
 * Adds to `pendingTurns` a piece of work that another thread will complete without any further event, such as
 * compression. The returned function ends the work. Calling it again has no effect.
 *
 * @since 0.1.0
 * @category operations
 */
export const beginWork = (): (() => void) => {
  let pending = 1
  works++
  return () => {
    works -= pending
    pending = 0
  }
}

const turnOf = (platform: Platform): ((f: () => void) => void) => {
  const begin = (): Count => ({ platform, immediate: platform.setImmediate, turns: 0 })
  let current = begin()
  return (f) => {
    if (platform.setImmediate !== current.immediate) current = begin()
    const count = current
    if (count.turns++ === 0) counts.add(count)
    // Wait for two immediates, because the first may follow reads that began before this call. Between the
    // two lies a whole turn.
    afterReading(platform, () =>
      afterReading(platform, () => {
        if (--count.turns === 0) counts.delete(count)
        f()
      })
    )
  }
}

/**
 * Calls `f` after one turn of the event loop. In this turn all bytes are read that had arrived before the
 * call.
 *
 * @since 0.1.0
 * @category operations
 */
export const turn: (f: () => void) => void = turnOf(globals)

const unref = (handle: unknown): void => {
  // Timer handles of Node and Bun are objects with `unref`. Timer handles of browsers are numbers and need no
  // `unref`.
  if (typeof handle === "object" && handle !== null && "unref" in handle) {
    ;(handle as { unref(): void }).unref()
  }
}

// Start of the monotonic clock, in milliseconds since the epoch. Adding it makes times comparable with the
// times of Effect's clock.
const origin = Math.round(performance.timeOrigin)

/**
 * Creates timers from a platform's functions. With `keepsProcess`, running timers keep the process alive.
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
      // The platform rounds delays, so a timer may fire slightly too early. If so, wait for the remaining
      // time.
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
 * The platform's timers. Running timers keep the process alive.
 *
 * @since 0.1.0
 * @category constructors
 */
export const live: Timers = make(globals, true)

/**
 * The platform's timers, which here do not keep the process alive. They limit idle connections, and an idle
 * connection does not keep the process alive either.
 *
 * @since 0.1.0
 * @category constructors
 */
export const background: Timers = make(globals, false)
