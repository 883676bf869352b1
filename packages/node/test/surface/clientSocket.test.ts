/**
 * The listeners, flags and properties of a client's socket at each documented moment of its requests. The
 * same programs run on the built-in modules and on ours, over TCP and TLS.
 */
import { strict as assert } from "node:assert"
import { once } from "node:events"
import type { Agent, ClientRequest, IncomingMessage, RequestOptions } from "node:http"
import type net from "node:net"
import type { Duplex } from "node:stream"
import { afterAll, beforeAll, describe, it } from "vitest"
import { speaking } from "../support/sockets.js"
import { implementations, type Http, type Https } from "./harness.js"

/** The bytes that the peer sends for each path. `end` means that FIN follows. */
const answers: Readonly<Record<string, ReadonlyArray<string>>> = {
  "/length": ["HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"],
  "/chunked": ["HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"],
  "/empty": ["HTTP/1.1 204 No Content\r\n\r\n"],
  "/unchanged": ["HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n"],
  "/close": ["HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello", "end"],
  "/until-end": ["HTTP/1.1 200 OK\r\n\r\nhello", "end"],
  "/cut": ["HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello", "end"],
  "/nothing": ["end"],
  "/wrong": ["HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n"],
  "/continue": ["HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"],
  "/upgrade": ["HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\nrest"],
  "/head": ["HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"],
  "/never": [],
  "a:1": ["HTTP/1.1 200 OK\r\n\r\n"]
}

const speak = (socket: Duplex): void => {
  socket.on("error", () => {})
  socket.on("data", (bytes: Buffer) => {
    const path = / (\S+) HTTP/.exec(bytes.toString("latin1"))?.[1]
    for (const part of answers[path ?? ""] ?? []) {
      if (part === "end") socket.end()
      else socket.write(part)
    }
  })
}

interface Watched {
  readonly agent?: Agent
  /** Sends a request, and records the state of its socket at each moment. */
  readonly ask: (path: string, options?: RequestOptions & { body?: string }) => ClientRequest
  /** Records the state of a socket. */
  readonly look: (moment: string, socket: Duplex) => void
  readonly over: (req: ClientRequest) => Promise<void>
  readonly agentOf: (options?: object) => Agent
}

const events = {
  request: ["finish", "continue", "information", "timeout", "abort", "error", "close"],
  response: ["data", "end", "aborted", "error", "close"]
}

type Seen = net.Socket & {
  _httpMessage?: unknown
  parser?: { incoming?: unknown } | null
  _hadError?: boolean
}

/** Prints the visible state of a socket as one line. */
const shown = (plain: Duplex, requests: ReadonlyArray<ClientRequest>): string => {
  const socket = plain as Seen
  const counts = socket
    .eventNames()
    .filter((name) => typeof name === "string")
    .sort()
    .map((name) => `${name}:${socket.listenerCount(name)}`)
  const message = socket._httpMessage
  const facts = {
    flowing: socket.readableFlowing,
    paused: socket.isPaused(),
    message: message ? requests.indexOf(message as ClientRequest) : message,
    parser: socket.parser ? "one" : socket.parser,
    incoming: Boolean(socket.parser?.incoming),
    timeout: socket.timeout,
    failed: socket._hadError,
    destroyed: socket.destroyed,
    writable: socket.writable,
    names: Object.getOwnPropertyNames(socket).sort().join(" ")
  }
  return `${counts.join(" ")} ${JSON.stringify(facts, (_, value: unknown) => (value === undefined ? "none" : value))}`
}

const moments = async (
  modules: { readonly http: Http; readonly https: Https },
  secure: boolean,
  port: number,
  body: (world: Watched) => Promise<void>
): Promise<ReadonlyArray<string>> => {
  const module = secure ? modules.https : modules.http
  const requests: Array<ClientRequest> = []
  const agents: Array<Agent> = []
  const trace: Array<string> = []
  const look = (moment: string, socket: Duplex): void => {
    trace.push(`${moment}: ${shown(socket, requests)}`)
  }
  const noted = new WeakSet<Duplex>()
  const world: Watched = {
    look,
    agentOf: (options) => {
      const agent = new module.Agent(options)
      agents.push(agent)
      return agent
    },
    over: async (req) => {
      await new Promise<void>((resolve) => (req.closed ? resolve() : void req.on("close", resolve)))
      // Wait until the agent has decided whether to keep the socket.
      await new Promise((resolve) => setImmediate(resolve))
    },
    ask: (path, { body, ...options } = {}) => {
      const number = requests.length
      const req = module.request({
        host: "127.0.0.1",
        port,
        rejectUnauthorized: false,
        path,
        ...options
      } as object)
      requests.push(req)
      req.on("socket", (socket) => {
        const at = (moment: string) => look(`${number} ${moment}`, socket)
        at("socket")
        process.nextTick(at, "socket, a tick later")
        if (!noted.has(socket)) {
          noted.add(socket)
          for (const event of ["free", "close", "agentRemove"])
            socket.on(event, () => look(`socket ${event}`, socket))
        }
        for (const event of events.request) req.on(event, () => at(event))
        req.on("response", (res: IncomingMessage) => {
          at("response")
          for (const event of events.response) res.on(event, () => at(`response ${event}`))
        })
      })
      req.on("error", () => {})
      req.end(body)
      return req
    }
  }
  try {
    await body(world)
    return [...trace]
  } finally {
    for (const agent of agents) agent.destroy()
    for (const req of requests) req.socket?.destroy()
  }
}

/** Sends requests one by one on a reused connection. Then records the idle socket. */
const kept =
  (path: string, options: RequestOptions & { body?: string } = {}, agentOptions: object = {}) =>
  async ({ agentOf, ask, look, over }: Watched): Promise<void> => {
    const agent = agentOf({ keepAlive: true, ...agentOptions })
    for (let i = 0; i < 2; i++) {
      const req = ask(path, { agent, ...options })
      await over(req)
      look("idle", req.socket!)
    }
  }

const programs: Readonly<Record<string, (world: Watched) => Promise<void>>> = {
  "a body with a length, kept": kept("/length"),
  "a chunked body, kept": kept("/chunked"),
  "no body, kept": kept("/empty"),
  "HEAD, kept": kept("/head", { method: "HEAD" }),
  "304, kept": kept("/unchanged"),
  "a request with a body, kept": kept("/length", { method: "POST", body: "hello" }),
  "100 before the response, kept": kept("/continue", { headers: { expect: "100-continue" } }),
  "a timeout of the agent, kept": kept("/length", {}, { timeout: 5000 }),
  "a timeout of the request, kept": kept("/length", { timeout: 6000 }),
  "timeouts of both, kept": kept("/length", { timeout: 6000 }, { timeout: 5000 }),
  "a response that closes": kept("/close"),
  "a body until the connection closes": kept("/until-end"),
  "an aborted body": kept("/cut"),
  "no answer": kept("/nothing"),
  "what is no answer": kept("/wrong"),
  "not kept": async ({ agentOf, ask, look, over }) => {
    const req = ask("/chunked", { agent: agentOf() })
    await over(req)
    look("after", req.socket!)
  },
  "req.setTimeout, kept": async ({ agentOf, ask, look, over }) => {
    const agent = agentOf({ keepAlive: true })
    for (let i = 0; i < 2; i++) {
      const req = ask("/length", { agent }).setTimeout(7000, () => {})
      await over(req)
      look("idle", req.socket!)
    }
  },
  "a socket handed to the next request": async ({ agentOf, ask, over }) => {
    const agent = agentOf({ keepAlive: true, maxSockets: 1 })
    const all = [
      ask("/length", { agent }),
      ask("/chunked", { agent }),
      ask("/empty", { agent, timeout: 4000 })
    ]
    for (const req of all) await over(req)
  },
  "a request destroyed while it waits for its response": async ({ agentOf, ask, over }) => {
    const req = ask("/never", { agent: agentOf({ keepAlive: true }) })
    await new Promise((resolve) => req.on("finish", resolve))
    req.destroy()
    await over(req)
  },
  "a response destroyed by its reader": async ({ agentOf, ask, over }) => {
    const req = ask("/cut", { agent: agentOf({ keepAlive: true }) })
    const [res] = (await once(req, "response")) as [IncomingMessage]
    res.destroy()
    await over(req)
  },
  "an abort": async ({ agentOf, ask, over }) => {
    const req = ask("/never", { agent: agentOf({ keepAlive: true }) })
    await new Promise((resolve) => req.on("finish", resolve))
    req.abort()
    await over(req)
  },
  "an expired timeout": async ({ agentOf, ask, over }) => {
    const req = ask("/never", { agent: agentOf({ keepAlive: true }) })
    await new Promise((resolve) => req.on("finish", resolve))
    await new Promise<void>((resolve) => req.setTimeout(5, resolve))
    req.destroy()
    await over(req)
  },
  "an upgrade": async ({ agentOf, ask, look, over }) => {
    const headers = { connection: "Upgrade", upgrade: "x" }
    const req = ask("/upgrade", { agent: agentOf({ keepAlive: true }), headers })
    const [, socket] = (await once(req, "upgrade")) as [unknown, Duplex]
    look("upgrade", socket)
    await over(req)
    look("after", socket)
  },
  "an upgrade without a listener": async ({ agentOf, ask, over }) => {
    const headers = { connection: "Upgrade", upgrade: "x" }
    await over(ask("/upgrade", { agent: agentOf({ keepAlive: true }), headers }))
  },
  CONNECT: async ({ agentOf, ask, look, over }) => {
    const req = ask("a:1", { agent: agentOf({ keepAlive: true }), method: "CONNECT" })
    const [, socket] = (await once(req, "connect")) as [unknown, Duplex]
    look("connect", socket)
    await over(req)
    look("after", socket)
  },
  "an idle connection closed by its server": async ({ agentOf, ask, look, over }) => {
    const req = ask("/length", { agent: agentOf({ keepAlive: true }) })
    await over(req)
    const socket = req.socket!
    look("idle", socket)
    socket.emit("error", new Error("while idle"))
    look("failed", socket)
    await once(socket, "close")
    look("after", socket)
  }
}

// When a socket passes to the next request, Node.js 24 immediately listens for errors, as we always do. It
// also emits a response's `close` a tick earlier. Leave out these lines.
const between = /^(socket free|\d+ response close):/
const comparable = (name: string, seen: ReadonlyArray<string>) =>
  name === "a socket handed to the next request" ? seen.filter((line) => !between.test(line)) : seen

for (const secure of [false, true]) {
  describe(`client sockets, ${secure ? "tls" : "tcp"}`, () => {
    const server = speaking(secure, speak)
    beforeAll(() => once(server.listen(0, "127.0.0.1"), "listening"))
    afterAll(() => void server.close())
    for (const [name, body] of Object.entries(programs)) {
      it(name, async () => {
        const { port } = server.address() as net.AddressInfo
        const theirs = await moments(implementations["built-in"]!, secure, port, body)
        assert.ok(theirs.length > 4)
        const ours = await moments(implementations["httpfx"]!, secure, port, body)
        assert.deepEqual(comparable(name, ours), comparable(name, theirs))
      })
    }
  })
}
