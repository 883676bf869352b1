/**
 * Bugs that an exploration must find, each planted in a copy of the compiled rooms.
 */
import { cp, mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { plant, type Planted } from "../plant.js"
import { explore, type Bounds, type Found } from "./explore.js"
import { makeServerWorld, type Engine, type Setting } from "./serverWorld.js"

export const serverBugs: ReadonlyArray<Planted> = [
  {
    name: "pipelined requests are handled at once, and their responses swapped",
    file: "connection/server/connection.js",
    find: "this.parser.pause();",
    replace: "if (this.exchange !== undefined && !this.exchange.started) this.run(this.exchange);"
  },
  {
    name: "of several writers that wait, one is woken",
    file: "connection/server/state.js",
    find: "this.waitingForDrain = [...this.waitingForDrain, resume];",
    replace: "this.waitingForDrain = [resume];"
  },
  {
    name: "a timeout survives into the next exchange",
    file: "connection/server/connection.js",
    find: "this.linger?.stop();\n        this.cancelWatch?.();\n        this.cancelWatch = undefined;",
    replace: "this.cancelWatch?.();\n        this.cancelWatch = undefined;"
  },
  {
    name: "a cut response is passed for a complete one",
    file: "connection/server/endings.js",
    find: "if (exchange?.untilClose !== true || exchange.responseComplete)",
    replace: "if (true)"
  },
  {
    name: "a body meets no backpressure",
    file: "connection/transfer/body.js",
    find: "this.flow.bodyFull();",
    replace: ""
  },
  {
    name: "a lost exchange is lost again when the connection closes",
    file: "connection/server/endings.js",
    find: "connection.exchange = undefined;\n    exchange.aborted = true;\n    const loss",
    replace: "exchange.aborted = true;\n    const loss"
  },
  {
    name: "a closed connection keeps its place among the idle ones",
    file: "connection/server/connection.js",
    find: "if (this.isIdle)\n            this.server.idle.leave(this);\n        this.inflow.end();",
    replace: "this.inflow.end();"
  },
  {
    name: "the next request is not read",
    file: "connection/server/connection.js",
    find: "this.parser.resume();",
    replace: ""
  },
  {
    name: "a reader of a body waits for ever after its exchange was cut",
    file: "connection/server/endings.js",
    find: "dropBody(connection, exchange);",
    replace: ""
  },
  {
    name: "a pause for a full body is never lifted",
    file: "connection/transfer/inflow.js",
    find: "this.looking = false;\n        this.transport.resume();",
    replace: "this.looking = false;"
  }
]

const rooms = ["connection", "wire", "pool", "model", "seams"]

/** Calls `f` with the folder of a compiled core that has this bug. */
export const withBug = async <A>(
  core: string,
  bug: Planted,
  f: (folder: string) => Promise<A>
): Promise<A> => {
  const folder = await mkdtemp(join(tmpdir(), "httpfx-explored-"))
  try {
    for (const room of rooms) {
      const filter = (file: string) => !file.endsWith(".map")
      await cp(join(core, room), join(folder, room), { recursive: true, filter })
    }
    await cp(join(core, "..", "package.json"), join(folder, "package.json"))
    await plant(folder, bug)
    return await f(folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** What is found first in any of the settings. */
export const firstFound = (
  engine: Engine,
  settings: ReadonlyArray<Setting>,
  bounds: Bounds
): Found | undefined => {
  for (const setting of settings) {
    const { found } = explore(makeServerWorld(engine, setting), bounds)
    if (found !== undefined) return found
  }
  return undefined
}
