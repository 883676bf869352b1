/**
 * A method that a program overrides is called when Node calls it, on the same object with the same arguments.
 * Covers each documented method and each method in the first table of docs/node-http-parity.md.
 * `HTTPFX_FUZZ_SEED` repeats a run of the random programs, and `HTTPFX_FUZZ_RUNS` sets their number.
 */
import { strict as assert } from "node:assert"
import { once } from "node:events"
import { readFileSync } from "node:fs"
import type { ClientRequest, IncomingMessage, Server, ServerResponse } from "node:http"
import net from "node:net"
import { describe, it } from "vitest"
import names from "../surface/names.json" with { type: "json" }
import { implementations, type Http } from "./implementations.js"
import { methods, wrap } from "./programs/calls.js"
import { compare } from "./programs/compare.js"

const seed = Number(process.env["HTTPFX_FUZZ_SEED"] ?? Math.floor(Math.random() * 2 ** 31))
const runs = Number(process.env["HTTPFX_FUZZ_RUNS"] ?? 100)

it(`calls within programs of ${runs} seeds from ${seed}`, () => compare(seed, runs, true))

type Handle = (req: IncomingMessage, res: ServerResponse) => unknown

/**
 * Records the calls during an exchange over TCP, at the client and at the server, up to the server's close.
 */
const callsOf = async (
  http: Http,
  handle: Handle,
  act: (req: ClientRequest) => void = (req) => void req.end(),
  close: (server: Server) => unknown = (server) => server.close()
): Promise<ReadonlyArray<string>> => {
  const trace: Array<string> = []
  const known = new Map<object, string>()
  const unwrap = wrap(
    http,
    (line) => void trace.push(line),
    (value) => (value instanceof net.Socket ? "a socket" : known.get(value))
  )
  const agent = new http.Agent({ keepAlive: true })
  const server = http.createServer((req, res) => {
    known.set(req, "received").set(res, "response")
    handle(req, res)
  })
  known.set(agent, "agent").set(server, "server")
  try {
    await once(server.listen(0, "127.0.0.1"), "listening")
    const { port } = server.address() as net.AddressInfo
    for (let i = 0; i < 2; i++) {
      const req = http.request({ host: "127.0.0.1", port, agent, method: "POST" })
      known.set(req, `request ${i}`)
      req.on("error", () => {})
      req.on("response", (res) => {
        known.set(res, `answer ${i}`)
        res.resume()
      })
      act(req)
      await new Promise<void>((resolve) => req.on("close", () => setImmediate(resolve)))
    }
    agent.destroy()
    await close(server)
    // The event loop decides how events of the two sides interleave, so sort the lines.
    return trace.map((line) => line.replaceAll(String(port), "PORT")).sort()
  } finally {
    server.closeAllConnections()
    server.close()
    unwrap()
  }
}

/** Calls the method that an emitter with `captureRejections` calls when a listener's promise rejects. */
const reject: Handle = (req, res) => {
  const server = Reflect.get(req.socket, "server") as { [key: symbol]: (...args: Array<unknown>) => void }
  server[Symbol.for("nodejs.rejection")]!(new Error("rejected"), "request", req, res)
}

const handlers: Readonly<Record<string, Handle>> = {
  "end with a text": (_, res) => void res.end("hello"),
  "end with bytes": (_, res) => void res.end(Buffer.from("hello")),
  "end with much": (_, res) => void res.end(Buffer.alloc(40_000)),
  "end in another encoding": (_, res) => void res.end("aGVsbG8=", "base64"),
  "end without a body": (_, res) => void res.writeHead(204).end(),
  "a chunked text": (_, res) => void res.writeHead(200, { "transfer-encoding": "chunked" }).end("hello"),
  "write and end": (_, res) => {
    res.write("he")
    res.end("llo")
  },
  "a length": (_, res) => {
    res.setHeader("content-length", 5).setHeader("x-a", ["1", "2"])
    res.end("hello")
  },
  "fields in many ways": (_, res) => {
    res.setHeaders(new Map([["x-b", "1"]]))
    res.appendHeader("x-b", "2").removeHeader("x-c")
    res.writeHead(200, "Fine", { "x-b": "3", "x-d": ["4", "5"] })
    res.flushHeaders()
    res.end()
  },
  trailers: (_, res) => {
    res.write("a")
    res.addTrailers({ "x-t": "1" })
    res.end()
  },
  "before the answer": (_, res) => {
    res.writeEarlyHints({ link: "</a>; rel=preload" })
    res.writeProcessing()
    res.end()
  },
  timeouts: (req, res) => {
    req.setTimeout(1000)
    res.setTimeout(1000)
    res.end()
  },
  "a handler that fails": (req, res) => reject(req, res),
  "a handler that fails after its head": (req, res) => {
    res.flushHeaders()
    reject(req, res)
  },
  destroyed: (_, res) => void res.destroy(),
  "a body that is read": (req, res) => void req.resume().on("end", () => res.end()),
  corked: (_, res) => {
    res.cork()
    res.write("a")
    res.write("b")
    res.uncork()
    res.end()
  }
}
const answer: Handle = (_, res) => void res.end("x")
const acts: Readonly<Record<string, (req: ClientRequest) => void>> = {
  "a body": (req) => void req.end("hello"),
  "options of the socket": (req) => {
    req.setNoDelay(true)
    req.setSocketKeepAlive(true, 1000)
    req.setTimeout(1000)
    Reflect.apply(Reflect.get(req, "clearTimeout") as () => void, req, [])
    req.end()
  },
  chunks: (req) => {
    req.write("a")
    req.write(Buffer.from("b"))
    req.end()
  },
  "an abort": (req) => void req.on("finish", () => req.abort()).end(),
  flushed: (req) => {
    req.flushHeaders()
    req.end()
  }
}
const closes: Readonly<Record<string, (server: Server) => unknown>> = {
  close: (server) => new Promise((resolve) => server.close(resolve)),
  closeAllConnections: (server) => server.closeAllConnections(),
  asyncDispose: (server) =>
    (
      Reflect.get(
        server,
        (Symbol as { asyncDispose?: symbol }).asyncDispose ?? Symbol.for("nodejs.asyncDispose")
      ) as () => Promise<void>
    ).call(server)
}

describe.skipIf(!process.versions.node.startsWith("20."))("calls over TCP", () => {
  const same = (
    name: string,
    ...args: [Handle, ((req: ClientRequest) => void)?, ((server: Server) => unknown)?]
  ) =>
    it(name, async () => {
      const [ours, theirs] = implementations.map(([, http]) => http)
      const expected = await callsOf(theirs!, ...args)
      assert.ok(expected.length > 10)
      assert.deepEqual(await callsOf(ours!, ...args), expected)
    })
  for (const [name, handle] of Object.entries(handlers)) same(name, handle)
  for (const [name, act] of Object.entries(acts)) same(`a request: ${name}`, answer, act)
  for (const [name, close] of Object.entries(closes)) same(`a server: ${name}`, answer, undefined, close)
})

it("covers each documented method and each method in the table", () => {
  const page = readFileSync(new URL("../../../../docs/node-http-parity.md", import.meta.url), "utf8")
  const table = page.split("## Undocumented members that work")[1]!.split("\n## ")[0]!
  const wrapped = new Set<string>(Object.values(methods).flat())
  const documented = Object.values(names).flatMap((one) => ("methods" in one ? one.methods : []))
  const listed = [...table.matchAll(/`\w+\.(\w+)\(\)`/g)].map(([, name]) => name!)
  // `listen` belongs to `net`. The session methods belong to https and are in another table.
  const others = ["listen", "[Symbol.asyncDispose]", "_getSession", "_cacheSession", "_evictSession"]
  const missing = [...documented, ...listed].filter((name) => !wrapped.has(name) && !others.includes(name))
  assert.deepEqual(missing, [])
  assert.ok(documented.length > 20 && listed.length > 10)
})
