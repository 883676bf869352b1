/**
 * Numbers drawn from a seed. Every purpose has a sequence of its own, so that what one connection draws does
 * not depend on what others do.
 */
import { PCGRandom } from "effect/Utils"

// FNV-1a.
const hash = (text: string): number => {
  let value = 0x811c9dc5
  for (let index = 0; index < text.length; index++)
    value = Math.imul(value ^ text.charCodeAt(index), 0x01000193)
  return value >>> 0
}

/** Numbers in [0, 1) of a seed for a purpose. */
export const chance = (seed: number | string, purpose: string): (() => number) => {
  let generator: PCGRandom | undefined
  return () => (generator ??= new PCGRandom(hash(`${seed}/${purpose}`))).number()
}
