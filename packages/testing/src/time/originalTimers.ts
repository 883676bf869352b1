/**
 * Maps derived timers (of a watched clock or a host) to the timers from which they were derived. Deadlines of
 * both expire together, so derived and original timers count as one clock.
 */
import type { Timers } from "@httpfx/core/Timers"

const originals = new WeakMap<Timers, Timers>()

/** Registers `timers` as derived from `beneath`. */
export const madeOver = (timers: Timers, beneath: Timers): Timers => {
  originals.set(timers, beneath)
  return timers
}

/** Returns the timers from which `timers` were originally derived, or `timers` if they are not derived. */
export const originalOf = (timers: Timers): Timers => {
  const original = originals.get(timers)
  return original === undefined ? timers : originalOf(original)
}
