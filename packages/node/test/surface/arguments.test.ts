/**
 * The arguments of functions that a program passes or overrides, on the built-in modules and on ours. Options
 * are compared key by key. Runs over TCP, TLS and Unix sockets, with each kind of agent and without an agent.
 */
import { strict as assert } from "node:assert"
import { once } from "node:events"
import { readFileSync, rmSync } from "node:fs"
import type { Agent, ClientRequest, RequestOptions } from "node:http"
import net from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Duplex } from "node:stream"
import tls from "node:tls"
import { afterAll, beforeAll, describe, it } from "vitest"
import { speaking } from "../support/sockets.js"
import { implementations, type Http, type Https } from "./harness.js"

const pem = (name: string) => readFileSync(new URL(`../fixtures/${name}`, import.meta.url))
const answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
const speak = (socket: Duplex): void => {
  socket.on("error", () => {})
  socket.on("data", () => socket.write(answer))
}

/** Prints an argument. Options are printed with their prototype, and with each key in order. */
const show = (value: unknown, port: number): string => {
  if (typeof value === "function") return "a function"
  if (value instanceof Duplex) return "a socket"
  if (Buffer.isBuffer(value)) return "bytes"
  if (value instanceof AbortSignal) return "a signal"
  if (value instanceof Error) return `${value.name} ${value.message}`
  if (Array.isArray(value)) return `[${value.map((one) => show(one, port)).join(", ")}]`
  if (typeof value === "object" && value !== null) {
    if ("_header" in value) return "a request"
    if ("freeSockets" in value) return "an agent"
    if ("rawHeaders" in value) return "a message"
    const prototype = Object.getPrototypeOf(value) as unknown
    const kind = prototype === null ? "null" : prototype === Object.prototype ? "" : "other"
    // Skip the contents of certificates, and skip symbols, because they are private to an implementation.
    if ("fingerprint" in value) return "a certificate"
    return `${kind}{${Object.keys(value)
      .map((key) => `${key}: ${show((value as Record<string, unknown>)[key], port)}`)
      .join(", ")}}`
  }
  return String(value).replaceAll(String(port), "PORT")
}

interface World {
  readonly module: Http & Https
  /** The module that has the message classes. */
  readonly classes: Http
  readonly options: RequestOptions
  /** Wraps a function, so that its calls are recorded. The original still runs. */
  readonly noted: <F>(name: string, original: F) => F
  readonly agent: (options?: object) => Agent
  readonly ask: (options?: RequestOptions & { [name: string]: unknown }) => Promise<void>
}

const methods = [
  ...["addRequest", "createSocket", "createConnection", "getName", "keepSocketAlive", "reuseSocket"],
  ...["removeSocket", "_getSession", "_cacheSession", "_evictSession"]
]

const calls = async (
  modules: { readonly http: Http; readonly https: Https },
  secure: boolean,
  where: { readonly port?: number; readonly socketPath?: string },
  body: (world: World) => Promise<void>
): Promise<ReadonlyArray<string>> => {
  const module = (secure ? modules.https : modules.http) as Http & Https
  const trace: Array<string> = []
  const agents: Array<Agent> = []
  const sockets = new Set<net.Socket>()
  const port = where.port ?? 0
  const noted = <F>(name: string, original: F): F =>
    function (this: unknown, ...args: Array<unknown>): unknown {
      const on = args.length > 0 && this !== undefined ? show(this, port).slice(0, 300) : ""
      trace.push(`${name} on ${on} (${args.map((one) => show(one, port)).join("; ")})`)
      return (original as (...args: Array<unknown>) => unknown).apply(this, args)
    } as F
  const world: World = {
    module,
    classes: modules.http,
    noted,
    options: { host: "localhost", rejectUnauthorized: false, ...where } as RequestOptions,
    agent: (options) => {
      const agent = new module.Agent(options as object) as Agent & { [name: string]: unknown }
      agents.push(agent)
      for (const name of methods) {
        const original = agent[name]
        if (original !== undefined) agent[name] = noted(`agent.${name}`, original)
      }
      agent.on("free", (...args: Array<unknown>) => {
        trace.push(`agent free (${args.map((one) => show(one, port)).join("; ")})`)
      })
      return agent
    },
    ask: async (options = {}) => {
      const req = module.request({ ...world.options, ...options }) as ClientRequest & { onSocket: unknown }
      req.on("socket", (socket) => sockets.add(socket))
      req.onSocket = noted("req.onSocket", req.onSocket)
      req.end()
      await new Promise<void>((resolve) => {
        req.on("response", (res) => res.resume())
        req.on("error", (error) => trace.push(`error ${error.message}`))
        req.on("close", () => setImmediate(resolve))
      })
    }
  }
  try {
    await body(world)
    return [...trace]
  } finally {
    for (const agent of agents) agent.destroy()
    for (const socket of sockets) socket.destroy()
  }
}

const connect = (options: object): net.Socket =>
  "_defaultAgent" in options
    ? tls.connect(options as tls.ConnectionOptions)
    : net.connect(options as net.NetConnectOpts)

const programs: Readonly<Record<string, (world: World) => Promise<void>>> = {
  "an agent with keepAlive": async ({ agent, ask }) => {
    const kept = agent({ keepAlive: true })
    for (const path of ["/a", "/b?c"]) await ask({ agent: kept, path })
  },
  "an agent without keepAlive": async ({ agent, ask }) => ask({ agent: agent(), path: "/a" }),
  "an agent with options of its own": async ({ agent, ask }) => {
    const own = agent({
      keepAlive: true,
      keepAliveMsecs: 500,
      timeout: 3000,
      maxSockets: 1,
      family: 4,
      noDelay: false,
      x: 1
    })
    await Promise.all([ask({ agent: own, timeout: 2000 }), ask({ agent: own, path: "/b" })])
  },
  "options of every kind": async ({ agent, ask }) =>
    ask({
      agent: agent({ keepAlive: true }),
      method: "POST",
      path: "/a?b",
      headers: { host: "other.test:81", "x-a": "1" },
      auth: "a:b",
      setHost: false,
      localAddress: undefined,
      signal: new AbortController().signal,
      timeout: 2000,
      defaultPort: 81,
      hostname: "localhost",
      maxHeaderSize: 10_000,
      joinDuplicateHeaders: true,
      insecureHTTPParser: false,
      uniqueHeaders: ["x-a"],
      highWaterMark: 1000,
      family: 0,
      hints: 0,
      x: 1
    }),
  "createConnection without an agent": async ({ ask, noted }) => {
    for (const path of ["/a", undefined]) {
      await ask({ path: path!, createConnection: noted("createConnection", connect as never) })
    }
  },
  "createConnection with a callback": async ({ ask, noted }) => {
    const createConnection = (options: object, done: (error: Error | null, socket: net.Socket) => void) => {
      setImmediate(() => done(null, connect(options)))
    }
    await ask({ path: "/a", createConnection: noted("createConnection", createConnection as never) })
  },
  "createConnection that fails": async ({ ask, noted }) => {
    const createConnection = () => {
      throw new Error("none")
    }
    await Promise.race([
      ask({ path: "/a", createConnection: noted("createConnection", createConnection as never) }),
      new Promise((resolve) => setTimeout(resolve, 20))
    ])
  },
  "createConnection together with an agent": async ({ agent, ask, noted }) =>
    ask({
      path: "/a",
      agent: agent({ keepAlive: true }),
      createConnection: noted("createConnection", connect as never)
    }),
  "createConnection with agent: null": async ({ ask, noted }) =>
    ask({ path: "/a", agent: null as never, createConnection: noted("createConnection", connect as never) }),
  "an agent's createConnection by callback": async ({ agent, ask, noted }) => {
    const own = agent({ keepAlive: true })
    own.createConnection = noted("own createConnection", ((
      options: object,
      done: (error: Error | null, socket: net.Socket) => void
    ) => {
      setImmediate(() => done(null, connect(options)))
    }) as never)
    await ask({ agent: own, path: "/a" })
  },
  "a foreign agent": async ({ ask, noted }) => {
    const addRequest = (req: { onSocket(socket: net.Socket): void }, options: object) =>
      req.onSocket(connect({ ...options, path: undefined }))
    await ask({ agent: { addRequest: noted("addRequest", addRequest) } as never, path: "/a" })
  },
  lookup: async ({ agent, ask, noted }) => {
    const lookup = (_name: string, options: { all?: boolean }, done: (...args: Array<unknown>) => void) =>
      options.all === true ? done(null, [{ address: "127.0.0.1", family: 4 }]) : done(null, "127.0.0.1", 4)
    await ask({ host: "some.test", agent: agent(), lookup: noted("lookup", lookup) as never })
    await ask({ host: "some.test", agent: agent({ lookup: noted("agent's lookup", lookup), family: 4 }) })
  },
  "a server name and its certificate": async ({ agent, ask, noted }) => {
    const checkServerIdentity = noted("checkServerIdentity", () => undefined)
    const options = { ca: pem("ca.pem"), rejectUnauthorized: true, checkServerIdentity }
    await ask({ agent: agent(options), headers: { host: "named.test" } })
    await ask({ agent: agent({ keepAlive: true, ...options }), servername: "served.test" })
    // Our pool key for a request with its own check is a listed difference, so use no agent. The arguments
    // are equal.
    await ask({ agent: false, servername: "served.test", ...options })
  },
  "the classes of a server": async ({ classes, module, noted }) => {
    const IncomingMessage = class extends classes.IncomingMessage {
      constructor(...args: [net.Socket]) {
        super(...args)
        noted("IncomingMessage", (..._: Array<unknown>) => {})(...args)
      }
    }
    const ServerResponse = class extends classes.ServerResponse {
      constructor(...args: [InstanceType<typeof IncomingMessage>]) {
        super(...args)
        noted("ServerResponse", (..._: Array<unknown>) => {})(...args)
      }
    }
    const more = { rejectNonStandardBodyWrites: true, highWaterMark: 5000 }
    const server = module.createServer({ IncomingMessage, ServerResponse, ...more } as object, (_, res) => {
      res.end()
    })
    const near = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() })
    server.emit(classes === (module as Http) ? "connection" : "secureConnection", near)
    near.push("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    await new Promise((resolve) => setTimeout(resolve, 5))
    near.destroy()
  },
  "a URL and options": async ({ agent, ask, module, options, noted }) => {
    await ask({ agent: agent() })
    const scheme = Reflect.get(module.globalAgent, "protocol") as string
    const url = `${scheme}//u:p@localhost:${options.port ?? 1}/p?q#h`
    for (const given of [url, new URL(url)]) {
      const own = agent()
      own.createConnection = noted("own createConnection", (() => undefined) as never)
      const req = module.request(given as string, { agent: own, rejectUnauthorized: false } as object)
      req.on("error", () => {}).destroy()
    }
  }
}

// We follow Node.js 20. Later versions add keys.
const isFollowed = process.versions.node.startsWith("20.")

const kinds = ["tcp", "tls", "unix"] as const
for (const kind of kinds) {
  describe(`arguments, ${kind}`, () => {
    const server = speaking(kind === "tls", speak)
    const path = join(tmpdir(), `arguments-${process.pid}.sock`)
    beforeAll(async () => {
      rmSync(path, { force: true })
      await once(kind === "unix" ? server.listen(path) : server.listen(0, "127.0.0.1"), "listening")
    })
    afterAll(() => void server.close())
    for (const [name, body] of Object.entries(programs)) {
      it.skipIf(!isFollowed)(name, async () => {
        const where =
          kind === "unix" ? { socketPath: path } : { port: (server.address() as net.AddressInfo).port }
        const theirs = await calls(implementations["built-in"]!, kind === "tls", where, body)
        assert.ok(theirs.length > 0)
        assert.deepEqual(await calls(implementations["httpfx"]!, kind === "tls", where, body), theirs)
      })
    }
  })
}
