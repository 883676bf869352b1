/**
 * Waits in which other work proceeds: after them everything that needs no time has happened.
 *
 * They move no clock and take no fixed time.
 */
import * as Effect from "effect/Effect"
import { clearTimeout, setTimeout } from "./realTime.js"

const microtask = Effect.promise(() => Promise.resolve())

/** Enough for fibers, microtasks, and a network in memory without latency. */
export const microturns = (count = 64): Effect.Effect<void> =>
  Effect.repeatN(Effect.zipRight(Effect.yieldNow(), microtask), count)

/** One turn of the real event loop, which serves the system's sockets and timers. */
export const turn: Effect.Effect<void> = Effect.async((resume) => {
  const timer = setTimeout(() => resume(Effect.void), 1)
  return Effect.sync(() => clearTimeout(timer))
})
