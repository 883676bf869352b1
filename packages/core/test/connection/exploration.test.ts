/**
 * Explores `connection/`: every sequence of events up to a small depth, and random walks beyond. `npm run
 * explore` explores further.
 */
import { assert, describe, it } from "vitest"
import { explore } from "../support/exploration/explore.js"
import { bugs, hunt } from "../support/exploration/planted.js"
import { explorations } from "../support/exploration/settings.js"

const bounds = { depth: 4, walks: 300, length: 40, seed: 1 }
const long = process.env["HTTPFX_LONG"] !== undefined
const deeper = long ? 3 : 0

describe("the invariants hold in every state", () => {
  it.each(explorations)("$name", (explored) => {
    const depth = bounds.depth + deeper + (explored.name.startsWith("pool") ? 1 : 0)
    const { found, states, steps } = explore(explored, { ...bounds, depth })
    console.log(`${explored.name}: depth ${depth}, ${states} states, ${steps} steps, seed ${bounds.seed}`)
    assert.isUndefined(found, found && `${found.what} after ${found.events.join(", ")}`)
    assert.isAbove(states, 100)
  })
})

describe("a planted bug is found", () => {
  it.each(long ? bugs : bugs.slice(0, 2))("$name", async (bug) => {
    const found = await hunt(bug, { ...bounds, depth: bounds.depth + (bug.room === "pool" ? 1 : 0) })
    console.log(`${bug.name}: ${found}`)
    assert.isDefined(found)
  })
})
