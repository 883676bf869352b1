/**
 * Which timers others were made over: a watched clock, the clock of a host. They expire together, so they
 * count as the same clock.
 */
import type { Timers } from "@httpfx/core/Timers"

const originals = new WeakMap<Timers, Timers>()

/** Remembers that `timers` go by those beneath. */
export const madeOver = (timers: Timers, beneath: Timers): Timers => {
  originals.set(timers, beneath)
  return timers
}

/** The timers at the bottom; any others unchanged. */
export const originalOf = (timers: Timers): Timers => {
  const original = originals.get(timers)
  return original === undefined ? timers : originalOf(original)
}
