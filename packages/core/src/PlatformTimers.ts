/**
 * The platform's own timers as `Timers`, of a clock that nobody sets: what drivers wait by where no other clock is given.
 *
 * Imports nothing of Effect, so that the callback API waits by the same rules.
 *
 * @since 0.1.0
 */
import type { Timers } from "./Timers.js"

// A timer of the platform holds at most 2^31-1 ms; longer waits are cut into several.
const maxDelay = 0x7fffffff

interface Host {
  readonly setImmediate?: (f: () => void) => unknown
}

// Reading comes between a timer and an immediate (Node documentation: the event loop, phases).
const afterReading = (f: () => void): void => {
  const { setImmediate } = globalThis as Host
  if (setImmediate === undefined) setTimeout(f, 0)
  else setImmediate(f)
}

let turns = 0

/**
 * How many calls of `turn` are still to come, in the whole process. Whoever moves a clock by hand waits until there are none.
 *
 * @since 0.1.0
 * @category accessors
 */
export const pendingTurns = (): number => turns

/**
 * Calls `f` after one turn of the event loop, in which everything that had arrived before the call is read.
 *
 * @since 0.1.0
 * @category operations
 */
export const turn = (f: () => void): void => {
  // The first immediate may follow reading that had begun before the call; a whole turn lies between it and the second.
  turns++
  afterReading(() =>
    afterReading(() => {
      turns--
      f()
    })
  )
}

const unref = (handle: unknown): void => {
  // Node's and Bun's timers are objects that can be unref'ed, those of a browser are numbers.
  if (typeof handle === "object" && handle !== null && "unref" in handle) {
    ;(handle as { unref(): void }).unref()
  }
}

// From about the epoch on, as Effect's clock counts its nanoseconds.
const origin = Math.round(performance.timeOrigin)

const platform = (keepsProcess: boolean): Timers => {
  const now = () => origin + performance.now()
  return {
    now,
    wallTime: () => Date.now(),
    at(deadline, f) {
      let handle: ReturnType<typeof setTimeout>
      let cancelled = false
      const call = () => {
        if (!cancelled) f()
      }
      // The platform rounds: a timer may ring a little early.
      const ring = () => (now() < deadline ? wait() : afterReading(call))
      const wait = () => {
        handle = setTimeout(ring, Math.min(Math.max(Math.ceil(deadline - now()), 0), maxDelay))
        if (!keepsProcess) unref(handle)
      }
      wait()
      return () => {
        cancelled = true
        clearTimeout(handle)
      }
    },
    turn
  }
}

/**
 * The platform's timers, which keep a process alive.
 *
 * @since 0.1.0
 * @category constructors
 */
export const live: Timers = platform(true)

/**
 * The same by the same clock, but without keeping a process alive: for what watches over connections that do not either.
 *
 * @since 0.1.0
 * @category constructors
 */
export const background: Timers = platform(false)
