/**
 * Turns in which others may go on: what can happen without time passing has happened after them.
 *
 * They move no clock and count no milliseconds.
 */
import * as Effect from "effect/Effect"
import { clearTimeout, setTimeout } from "./realTime.js"

const microtask = Effect.promise(() => Promise.resolve())

/** Enough for what goes on in fibers and microtasks: the network in memory without latency. */
export const microturns = (count = 64): Effect.Effect<void> =>
  Effect.repeatN(Effect.zipRight(Effect.yieldNow(), microtask), count)

/** One turn of the real event loop, in which sockets and timers of the system are served. */
export const turn: Effect.Effect<void> = Effect.async((resume) => {
  const timer = setTimeout(() => resume(Effect.void), 1)
  return Effect.sync(() => clearTimeout(timer))
})
