/**
 * The ten event sequences of a request in Node's documentation, on the built-in module and on ours, over TCP
 * and in memory. If Node.js 20 differs from the documentation, the row follows Node.js 20.
 */
import { strict as assert } from "node:assert"
import type { ClientRequest, IncomingMessage } from "node:http"
import { both, pause, until, type Body, type Peer, type World } from "./surface/harness.js"
import { MemorySocket } from "./surface/memory.js"

/** Records the events of a request and its response in order. Consecutive equal events are recorded once. */
const record = (req: ClientRequest, onData?: (res: IncomingMessage) => void): Array<string> => {
  const events: Array<string> = []
  const note = (name: string) => {
    if (events.at(-1) !== name) events.push(name)
  }
  const failed = (who: string) => (error: NodeJS.ErrnoException) =>
    note(`${who}error ${error.code} ${error.message}`)
  for (const name of ["socket", "abort", "close"]) req.on(name, () => note(name))
  req.on("error", failed(""))
  req.on("response", (res) => {
    note("response")
    for (const name of ["aborted", "end", "close"]) res.on(name, () => note(`res ${name}`))
    res.on("error", failed("res "))
    res.on("data", () => {
      note("res data")
      onData?.(res)
    })
  })
  return events
}

interface Row {
  readonly server: (world: World) => Promise<Peer>
  /** Acts on the request immediately after it was made. */
  readonly now?: (req: ClientRequest) => void
  /** Acts on the request when the first `data` event is emitted. */
  readonly onData?: (req: ClientRequest) => void
  /** Acts on the request when it gets its socket, which is still connecting. */
  readonly onSocket?: (req: ClientRequest) => void
  readonly events: ReadonlyArray<string>
  readonly withAgent?: ReadonlyArray<string>
}

const answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi"
const half = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"
const answers = (text: string, then?: "end") => (world: World) =>
  world.peer((socket) => {
    socket.once("data", () => (then === "end" ? socket.end(text) : socket.write(text)))
  })
const silent = (world: World) => world.peer(() => {})
const hangUp = "ECONNRESET socket hang up"

const rows: Readonly<Record<string, Row>> = {
  "successful request": {
    server: answers(answer, "end"),
    events: ["socket", "response", "res data", "res end", "res close", "close"]
  },
  "connection closed before the response": {
    server: (world) => world.peer((socket) => void socket.once("data", () => socket.end())),
    events: ["socket", `error ${hangUp}`, "close"]
  },
  "connection closed after the response began": {
    server: answers(half, "end"),
    events: [
      "socket",
      "response",
      "res data",
      "res aborted",
      "close",
      "res error ECONNRESET aborted",
      "res close"
    ]
  },
  "req.destroy() before a socket is assigned": {
    server: silent,
    now: (req) => void req.destroy(),
    events: [`error ${hangUp}`, "close"]
  },
  "req.destroy() before the connection succeeds": {
    server: silent,
    onSocket: (req) => void req.destroy(),
    events: ["socket", `error ${hangUp}`, "close"]
  },
  "req.destroy() after the response began": {
    server: answers(half),
    onData: (req) => void req.destroy(),
    events: [
      "socket",
      "response",
      "res data",
      "res aborted",
      "close",
      "res error ECONNRESET aborted",
      "res close"
    ]
  },
  "req.abort() before a socket is assigned": {
    server: silent,
    now: (req) => req.abort(),
    events: ["abort", "close"],
    // With an agent, the two events come in the order opposite to the documentation.
    withAgent: ["close", "abort"]
  },
  "req.abort() before the connection succeeds": {
    server: silent,
    onSocket: (req) => req.abort(),
    events: ["socket", "abort", `error ${hangUp}`, "close"]
  },
  "req.abort() after the response began": {
    server: answers(half),
    onData: (req) => req.abort(),
    events: [
      "socket",
      "response",
      "res data",
      "abort",
      "res aborted",
      "close",
      "res error ECONNRESET aborted",
      "res close"
    ]
  }
}

const sequence =
  (row: Row): Body =>
  async (world) => {
    const target = await row.server(world)
    const req = world.http.get(world.to(target))
    const events = record(req, () => row.onData?.(req))
    if (row.onSocket !== undefined) req.on("socket", () => row.onSocket!(req))
    row.now?.(req)
    await until(
      () => events.includes("close") && (!events.includes("response") || events.includes("res close"))
    )
    await pause(2)
    assert.deepEqual(events, world.memory ? row.events : (row.withAgent ?? row.events))
  }

const connectionError: Body = async ({ http, memory }) => {
  // The counterpart of a refused connection in memory: a socket that fails before it is connected.
  const failing = () => {
    const socket = MemorySocket.pair()[0]
    process.nextTick(() => socket.destroy(Object.assign(new Error("no way"), { code: "EHOSTUNREACH" })))
    return socket as never
  }
  const req = http.get(memory ? { createConnection: failing } : { port: 1, host: "127.0.0.1", agent: false })
  const events = record(req)
  await new Promise((resolve) => req.on("close", resolve))
  const error = memory ? "EHOSTUNREACH no way" : "ECONNREFUSED connect ECONNREFUSED 127.0.0.1:1"
  assert.deepEqual(events, ["socket", `error ${error}`, "close"])
}

both("the events of a request", {
  ...Object.fromEntries(Object.entries(rows).map(([name, row]) => [name, sequence(row)])),
  "connection error": connectionError
})
