/**
 * Explores a world. The exploration performs every sequence of events up to a depth, and visits each state
 * once. Beyond this depth it performs random walks from a seed.
 *
 * A state is reached by replaying its events in a new world, because worlds cannot be copied.
 */
import { createHash } from "node:crypto"
import type { Explored } from "./settings.js"
import { Broken, type World } from "./world.js"

export interface Found {
  readonly what: string
  /** The events that lead to the fault. An exhaustive search finds the shortest sequence. */
  readonly events: ReadonlyArray<string>
}

export interface Report {
  readonly depth: number
  readonly states: number
  readonly steps: number
  readonly walks: number
  readonly found: Found | undefined
}

export interface Bounds {
  readonly depth: number
  /** Number of random walks beyond the depth. */
  readonly walks: number
  /** Number of events of a walk. */
  readonly length: number
  readonly seed: number
}

const hashOf = (world: World): string => createHash("sha1").update(world.key).digest("base64")

const attempt = (events: ReadonlyArray<string>, f: () => void): Found | undefined => {
  try {
    f()
    return undefined
  } catch (error) {
    const what = error instanceof Broken ? error.message : String((error as Error).stack)
    return { what, events }
  }
}

const replay = (make: () => World, events: ReadonlyArray<string>): World => {
  const world = make()
  for (const event of events) world.act(event)
  return world
}

/** A seeded random generator (mulberry32), which returns numbers from 0 to 1. */
const random = (seed: number) => () => {
  seed = (seed + 0x6d2b79f5) | 0
  let t = Math.imul(seed ^ (seed >>> 15), 1 | seed)
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
  return ((t ^ (t >>> 14)) >>> 0) / 4294967296
}

export const explore = ({ make, prelude }: Explored, { depth, length, seed, walks }: Bounds): Report => {
  const seen = new Set<string>()
  let frontier: Array<ReadonlyArray<string>> = [prelude]
  let steps = 0
  const report = (reached: number, walked: number, found?: Found): Report => ({
    depth: reached,
    states: seen.size,
    steps,
    walks: walked,
    found
  })
  for (let level = 1; level <= depth; level++) {
    const next: Array<ReadonlyArray<string>> = []
    for (const events of frontier) {
      for (const event of replay(make, events).enabled()) {
        const path = [...events, event]
        steps++
        const world = replay(make, events)
        const found = attempt(path, () => {
          world.act(event)
          world.check()
        })
        if (found !== undefined) return report(level, 0, found)
        const hash = hashOf(world)
        if (seen.has(hash)) continue
        seen.add(hash)
        next.push(path)
        const unsettled = attempt(path, () => world.settle())
        if (unsettled !== undefined) return report(level, 0, unsettled)
      }
    }
    frontier = next
  }
  const draw = random(seed)
  for (let walk = 0; walk < walks; walk++) {
    const world = replay(make, prelude)
    const path = [...prelude]
    const found = attempt(path, () => {
      for (let i = 0; i < length; i++) {
        const enabled = world.enabled()
        if (enabled.length === 0) break
        const event = enabled[Math.floor(draw() * enabled.length)]!
        path.push(event)
        steps++
        world.act(event)
        world.check()
      }
      world.settle()
    })
    if (found !== undefined) return report(depth, walk + 1, found)
  }
  return report(depth, walks)
}
