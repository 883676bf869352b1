/**
 * Maps derived timers (of a watched clock or a host) to the timers below them: they expire together, so they
 * count as one clock.
 */
import type { Timers } from "@httpfx/core/Timers"

const originals = new WeakMap<Timers, Timers>()

/** Registers `timers` as derived from those beneath. */
export const madeOver = (timers: Timers, beneath: Timers): Timers => {
  originals.set(timers, beneath)
  return timers
}

/** The timers at the bottom; timers that are not derived are returned unchanged. */
export const originalOf = (timers: Timers): Timers => {
  const original = originals.get(timers)
  return original === undefined ? timers : originalOf(original)
}
