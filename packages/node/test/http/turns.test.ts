/**
 * The order of events on a system socket: ticks and promises run between a slice of a request body and the
 * next event, as with Node's parser. A call that a listener makes on its request, at any event and in any
 * turn, has the same effect on both modules.
 */
import builtin, {
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse
} from "node:http"
import builtinHttps from "node:https"
import { readFileSync } from "node:fs"
import events, { EventEmitter } from "node:events"
import net, { type AddressInfo } from "node:net"
import tls from "node:tls"
import { isDeepStrictEqual } from "node:util"
import { describe, expect, it } from "vitest"
import shim from "@httpfx/node/http"
import shimHttps from "@httpfx/node/https"

const fixture = (name: string) => readFileSync(new URL(`../fixtures/${name}`, import.meta.url))
const certificate = { key: fixture("server-key.pem"), cert: fixture("server.pem") }

type Create = (listener: RequestListener) => Server
const modules: Readonly<Record<"tcp" | "tls", readonly [Create, Create]>> = {
  tcp: [(listener) => builtin.createServer(listener), (listener) => shim.createServer(listener)],
  tls: [
    (listener) => builtinHttps.createServer(certificate, listener),
    (listener) => shimHttps.createServer(certificate, listener)
  ]
}

const turns = {
  sync: (f: () => void) => f(),
  tick: (f: () => void) => process.nextTick(f),
  microtask: (f: () => void) => queueMicrotask(f),
  "five promises": (f: () => void) =>
    void (async () => {
      for (let i = 0; i < 5; i++) await null
      f()
    })(),
  "ticks and promises": (f: () => void) =>
    process.nextTick(() => queueMicrotask(() => process.nextTick(() => queueMicrotask(f)))),
  immediate: (f: () => void) => setImmediate(f),
  timer: (f: () => void) => setTimeout(f, 1)
}

const head = "POST / HTTP/1.1\r\nHost: a\r\n"
const next = "GET /next HTTP/1.1\r\nHost: a\r\n\r\n"
const packets: Readonly<Record<string, ReadonlyArray<string>>> = {
  "in one packet": [`${head}Content-Length: 3\r\n\r\nabc`],
  "behind its head": [`${head}Content-Length: 3\r\n\r\n`, "abc"],
  "in chunks": [`${head}Transfer-Encoding: chunked\r\n\r\n`, "1\r\na\r\n2\r\nbc\r\n0\r\nX-T: 1\r\n\r\n"],
  "before another request": [`${head}Content-Length: 3\r\n\r\nabc${next}`],
  "not there yet": [`${head}Content-Length: 4\r\n\r\nabc`]
}

type Scene = { readonly req: IncomingMessage; readonly res: ServerResponse }
const actions: Readonly<Record<string, (scene: Scene) => void>> = {
  "is destroyed": ({ req }) => void req.destroy(),
  "is destroyed with an error": ({ req }) => void req.destroy(new Error("too large")),
  "is resumed and destroyed": ({ req }) => void req.resume().destroy(),
  "is paused": ({ req }) => void req.pause(),
  "is piped": ({ req, res }) => void req.pipe(res),
  "has its response destroyed": ({ res }) => void res.destroy(),
  "is answered": ({ res }) => void res.end("early"),
  "loses its socket": ({ req }) => void req.socket.destroy()
}

/** Waits until nothing is pending. `patience` adds milliseconds to the wait. */
const quiet = async (isPending: () => boolean, patience: number): Promise<void> => {
  for (let turn = 0; turn < 12 || isPending(); turn++) await new Promise((resolve) => setImmediate(resolve))
  for (let turn = 0; turn < patience; turn++) await new Promise((resolve) => setTimeout(resolve, 1))
}

const rejecting = (): Promise<never> => Promise.reject(new Error("rejected"))

interface Program {
  readonly listens: ReadonlyArray<string>
  readonly at: string
  readonly turn: keyof typeof turns
  readonly act: (scene: Scene) => void
}

/** Runs several programs on one server, each on a separate connection. Returns their traces. */
const tell = async (
  kind: "tcp" | "tls",
  create: Create,
  sent: ReadonlyArray<string>,
  programs: ReadonlyArray<Program>,
  patience: number
): Promise<ReadonlyArray<ReadonlyArray<string>>> => {
  let seen: Array<string> = []
  let pending = 0
  let program: Program | undefined
  const server = create((req, res) => {
    const { act, at, listens, turn } = program!
    const name = req.url === "/next" ? "next " : ""
    const note = (what: string) =>
      seen.push(`${name}${what} ${req.complete} ${req.readableEnded} ${req.destroyed}`)
    const hear = (event: string) => {
      note(event)
      if (event !== at || name !== "") return
      pending++
      turns[turn](() => {
        pending--
        note(turn)
        act({ req, res })
      })
    }
    hear("request")
    for (const event of ["aborted", "error", "close", "pause"]) req.on(event, () => hear(event))
    for (const event of ["finish", "close", "error"]) res.on(event, () => note(`response ${event}`))
    for (const event of listens) req.on(event, () => hear(event))
    req.on("end", () => {
      hear("end")
      if (!res.writableEnded) res.end("whole")
    })
    if (name !== "") res.end("next")
  })
  server.on("clientError", (error: Error & { code?: string }, socket) => {
    seen.push(`clientError ${error.code}`)
    socket.destroy()
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const { port } = server.address() as AddressInfo
  const results: Array<ReadonlyArray<string>> = []
  for (const one of programs) {
    program = one
    seen = []
    let got = ""
    const client = kind === "tcp" ? net.connect(port) : tls.connect({ port, rejectUnauthorized: false })
    client.on("data", (bytes) => (got += bytes.toString()))
    client.on("error", (error: Error & { code?: string }) => (got += error.code))
    client.on("close", () => (got += " closed"))
    await EventEmitter.once(client, kind === "tcp" ? "connect" : "secureConnect")
    for (const bytes of sent) {
      client.write(bytes)
      await quiet(() => pending > 0, patience)
    }
    results.push([...seen, got.replace(/Date: .*\r\n/g, "")])
    client.destroy()
    await quiet(() => pending > 0, patience)
  }
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
  return results
}

const same = async (kind: "tcp" | "tls", sent: ReadonlyArray<string>, programs: ReadonlyArray<Program>) => {
  const [theirs, ours] = modules[kind]
  const name = ({ at, turn }: Program, i: number) => `${i}: at ${at}, in ${turn}`
  const named = (all: ReadonlyArray<ReadonlyArray<string>>) =>
    Object.fromEntries(programs.map((program, i) => [name(program, i), all[i]]))
  // The time that a reset takes varies, so run programs whose traces differ again, with a longer wait.
  for (const patience of [0, 4, 20]) {
    const expected = named(await tell(kind, theirs, sent, programs, patience))
    const seen = named(await tell(kind, ours, sent, programs, patience))
    if (patience === 20 || isDeepStrictEqual(seen, expected)) return expect(seen).toEqual(expected)
  }
}

// Compare only on Node.js 20, whose order we follow. Node.js 24 emits some `close` events of a request and
// its response in another order.
const comparable = process.versions.node.startsWith("20.")

describe.runIf(comparable).each(Object.keys(packets))("a request whose body is %s", (where) => {
  it.each(Object.keys(actions))("%s", async (action) => {
    const programs = (Object.keys(turns) as Array<keyof typeof turns>).flatMap((turn) =>
      ["request", "data", "end"].map((at): Program => ({
        listens: at === "request" ? [] : ["data"],
        at,
        turn,
        act: actions[action]!
      }))
    )
    await same("tcp", packets[where]!, programs)
  })
})

it.runIf(comparable)("the order is the same over TLS", async () => {
  const programs = (["tick", "microtask", "five promises"] as const).flatMap((turn) =>
    ["is destroyed", "is destroyed with an error", "is answered"].map((action): Program => ({
      listens: ["data"],
      at: "data",
      turn,
      act: actions[action]!
    }))
  )
  for (const where of ["in one packet", "in chunks"]) await same("tls", packets[where]!, programs)
})

it.runIf(comparable)(
  "captureRejections: an async listener that rejects destroys its request before the end",
  async () => {
    events.captureRejections = true
    try {
      for (const listener of [rejecting, async () => await rejecting()]) {
        for (const event of ["data", "end", "aborted", "close"]) {
          const act = ({ req }: Scene) => void req.on(event, listener)
          await same("tcp", packets["in one packet"]!, [
            { listens: ["data"], at: "request", turn: "sync", act }
          ])
        }
      }
    } finally {
      events.captureRejections = false
    }
  }
)
