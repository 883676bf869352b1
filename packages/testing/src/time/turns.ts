/**
 * Waits that let fibers, microtasks and the event loop run.
 *
 * The waits do not advance any clock.
 */
import * as Effect from "effect/Effect"
import { clearTimeout, setTimeout } from "./realTime.js"

const microtask = Effect.promise(() => Promise.resolve())

/**
 * Yields `count` times to fibers and microtasks. The default is enough for a network in memory without
 * latency to deliver its events.
 */
export const microturns = (count = 64): Effect.Effect<void> =>
  Effect.repeatN(Effect.zipRight(Effect.yieldNow(), microtask), count)

/**
 * Waits for a turn of the real event loop, in which the operating system's sockets and timers make progress.
 */
export const turn: Effect.Effect<void> = Effect.async((resume) => {
  const timer = setTimeout(() => resume(Effect.void), 1)
  return Effect.sync(() => clearTimeout(timer))
})
