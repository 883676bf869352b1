/**
 * The rooms of `connection/`, explored: every sequence of events up to a small depth, and random walks. `npm run explore` goes further.
 */
import { join } from "node:path"
import { assert, describe, it } from "vitest"
import { explore } from "../simulations/explore/explore.js"
import { firstFound, serverBugs, withBug } from "../simulations/explore/planted.js"
import { engineAt, makeServerWorld } from "../simulations/explore/serverWorld.js"
import { serverSettings } from "../simulations/explore/settings.js"
import { root } from "./support.js"

const core = join(root, "packages/core/dist")
const bounds = { depth: 4, walks: 300, length: 40, seed: 1 }

describe("a server's connection, explored", async () => {
  const engine = await engineAt(core)

  it.each(serverSettings)("$name: the invariants hold in every state", (setting) => {
    const { found, states, steps } = explore(makeServerWorld(engine, setting), bounds)
    console.log(
      `${setting.name}: depth ${bounds.depth}, ${states} states, ${steps} steps, seed ${bounds.seed}`
    )
    assert.isUndefined(found, found && `${found.what} after ${found.events.join(", ")}`)
    assert.isAbove(states, 200)
  })

  it.each(serverBugs)("finds: $name", async (bug) => {
    const found = await withBug(core, bug, async (folder) =>
      firstFound(await engineAt(folder), serverSettings, bounds)
    )
    assert.isDefined(found)
    console.log(`${bug.name}: ${found.what} after ${found.events.join(", ")}`)
  })
})
