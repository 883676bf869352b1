/**
 * Random numbers from a seed. Each purpose has its own sequence of numbers, so the numbers for one connection
 * do not depend on another connection.
 */
import { PCGRandom } from "effect/Utils"

// Computes the FNV-1a hash of a text.
const hash = (text: string): number => {
  let value = 0x811c9dc5
  for (let index = 0; index < text.length; index++)
    value = Math.imul(value ^ text.charCodeAt(index), 0x01000193)
  return value >>> 0
}

/** Creates a generator of numbers in [0, 1) for one purpose, from a seed. */
export const chance = (seed: number | string, purpose: string): (() => number) => {
  let generator: PCGRandom | undefined
  return () => (generator ??= new PCGRandom(hash(`${seed}/${purpose}`))).number()
}
