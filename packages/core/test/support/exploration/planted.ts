/**
 * Bugs that an exploration must find. Each bug is planted by a change of the sources that the exploring
 * process loads.
 */
import { execFile } from "node:child_process"
import { fileURLToPath } from "node:url"
import type { Planted } from "../../../../../simulations/plant.js"
import type { Bounds } from "./explore.js"

/** A bug of the server or of the pool. `room` selects the explorations that must find the bug. */
export interface Bug extends Planted {
  readonly room: "server" | "pool"
}

/** The first five bugs are of the kinds that the simulation looks for, too. */
export const bugs: ReadonlyArray<Bug> = [
  {
    room: "server",
    name: "pipelined requests are handled at once, and their responses swapped",
    file: "connection/server/connection.ts",
    find: "    this.parser.pause()\n    if (exchange === undefined) return",
    replace: "    if (exchange === undefined) return\n    if (!exchange.started) this.run(exchange)"
  },
  {
    room: "server",
    name: "only one of several waiting writers is resumed",
    file: "connection/server/state.ts",
    find: "this.waitingForDrain = [...this.waitingForDrain, resume]",
    replace: "this.waitingForDrain = [resume]"
  },
  {
    room: "server",
    name: "a timeout survives into the next exchange",
    file: "connection/server/connection.ts",
    find: "    this.linger?.stop()\n    this.cancelWatch?.()\n    this.cancelWatch = undefined\n",
    replace: "    this.cancelWatch?.()\n    this.cancelWatch = undefined\n"
  },
  {
    room: "pool",
    name: "a request is resent after its bytes were written",
    file: "pool/resend.ts",
    find: 'return lost.unsent || isIdempotent(lost.method) ? again : giveUp("NotIdempotent")',
    replace: "return again"
  },
  {
    room: "pool",
    name: "surplus bytes reach the next request",
    file: "connection/client/connection.ts",
    find: '      if (this.state === "open") this.cut("SurplusBytes")\n      return\n',
    replace: "      return\n"
  },
  {
    room: "server",
    name: "a truncated response appears complete",
    file: "connection/server/endings.ts",
    find: "if (exchange?.untilClose !== true || exchange.responseComplete)",
    replace: "if (true)"
  },
  {
    room: "server",
    name: "a body meets no backpressure",
    file: "connection/transfer/body.ts",
    find: "    this.flow.bodyFull()\n",
    replace: ""
  },
  {
    room: "server",
    name: "a lost exchange is lost again when the connection closes",
    file: "connection/server/endings.ts",
    find: "  connection.exchange = undefined\n  exchange.aborted = true\n  const loss",
    replace: "  exchange.aborted = true\n  const loss"
  },
  {
    room: "server",
    name: "a closed connection keeps its place among the idle ones",
    file: "connection/server/connection.ts",
    find: "    if (this.isIdle) this.server.idle.leave(this)\n    this.inflow.end()",
    replace: "    this.inflow.end()"
  },
  {
    room: "server",
    name: "the next request is not read",
    file: "connection/server/connection.ts",
    find: "    this.parser.resume()\n",
    replace: ""
  },
  {
    room: "server",
    name: "a reader of a body waits forever after its exchange was aborted",
    file: "connection/server/endings.ts",
    find: "  dropBody(connection, exchange)\n",
    replace: ""
  },
  {
    room: "server",
    name: "a pause for a full body is never lifted",
    file: "connection/transfer/inflow.ts",
    find: "    this.probing = false\n    this.transport.resume()\n  }\n\n  /** Reads",
    replace: "    this.probing = false\n  }\n\n  /** Reads"
  },
  {
    room: "pool",
    name: "a failed connection attempt keeps its slot",
    file: "connection/client/pool.ts",
    find: "    this.forget(attempt)\n    this.free(bucket)\n",
    replace: "    this.forget(attempt)\n"
  },
  {
    room: "pool",
    name: "a closed connection's slot is not reused",
    file: "connection/client/pool.ts",
    find: "if (this.stock.vacate(bucket)) this.grant()",
    replace: "this.stock.vacate(bucket)"
  },
  {
    room: "pool",
    name: "an aborted request stays in the queue",
    file: "connection/client/exchange.ts",
    find: "    if (waiter !== undefined) this.pool.leave(waiter)\n",
    replace: ""
  }
]

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url))

/** Explores with a planted bug. Returns the fault that was found, or `undefined` if the bug was not found. */
export const hunt = (
  { also, file, find, replace, room }: Bug,
  bounds: Bounds
): Promise<string | undefined> => {
  const changes = [{ file, find, replace }, ...(also === undefined ? [] : [also])]
  const register = new URL("../withoutEffect/register.mjs", import.meta.url).href
  const options = Object.entries(bounds).flatMap(([name, value]) => [`--${name}`, String(value)])
  const args = ["--import", register, path("main.ts"), "--only", `${room}:`, ...options]
  const env = { ...process.env, HTTPFX_PLANTED: JSON.stringify(changes) }
  return new Promise((resolve, reject) => {
    execFile(process.execPath, args, { env }, (error, stdout, stderr) => {
      const found = /^ {2}(.*\n {2}after .*)$/m.exec(stdout)?.[1]
      if (error !== null && found === undefined) reject(new Error(stderr))
      else resolve(found)
    })
  })
}
