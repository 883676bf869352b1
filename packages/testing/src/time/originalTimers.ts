/**
 * Maps derived timers (of a watched clock or a host) to the timers from which they were derived. The
 * deadlines of derived timers expire together with the deadlines of the original timers, so both count as one
 * clock.
 */
import type { Timers } from "@httpfx/core/Timers"

const originals = new WeakMap<Timers, Timers>()

/** Registers `timers` as derived from `beneath`, and returns `timers`. */
export const madeOver = (timers: Timers, beneath: Timers): Timers => {
  originals.set(timers, beneath)
  return timers
}

/**
 * Returns the timers from which `timers` were originally derived. Returns `timers` itself if they are not
 * derived.
 */
export const originalOf = (timers: Timers): Timers => {
  const original = originals.get(timers)
  return original === undefined ? timers : originalOf(original)
}
