/** A reused socket has no state of earlier exchanges, on the built-in module and on ours. */
import { once } from "node:events"
import type { Agent, ClientRequest, IncomingMessage } from "node:http"
import type net from "node:net"
import { describe, expect, it } from "vitest"
import { ask, implementations, serving } from "./implementations.js"
import { answering } from "../support/sockets.js"

const turns = async (n: number) => {
  for (let i = 0; i < n; i++) await new Promise((resolve) => setImmediate(resolve))
}
const until = async (holds: () => boolean) => {
  while (!holds()) await turns(1)
}

const count = (lists: NodeJS.ReadOnlyDict<Array<unknown>>): number => Object.values(lists).flat().length

/** Returns the number of listeners for each event of a socket. */
const listeners = (socket: net.Socket) =>
  Object.fromEntries(socket.eventNames().map((event) => [String(event), socket.listenerCount(event)]))

const ok = (fields = "") => `HTTP/1.1 200 OK\r\n${fields}Content-Length: 2\r\n\r\nok`

/** Waits until an agent has this many idle sockets. */
const idle = (agent: Agent, sockets: number) => until(() => count(agent.freeSockets) === sockets)

describe.each(implementations)("%s", (_name, http) => {
  const keptBy = async <A>(use: (agent: Agent) => Promise<A>, options: object = {}): Promise<A> => {
    const agent = new http.Agent({ keepAlive: true, ...options })
    try {
      return await use(agent)
    } finally {
      agent.destroy()
    }
  }

  describe("a kept socket has as many listeners after twenty exchanges as after one", () => {
    const kinds: Record<string, (agent: Agent, port: number) => Promise<void>> = {
      "without a body": async (agent, port) => void (await ask(http, { port, agent })),
      "with a body": async (agent, port) =>
        void (await ask(http, { port, agent, method: "POST" }, "x".repeat(100))),
      "with a timeout": async (agent, port) => void (await ask(http, { port, agent, timeout: 60_000 })),
      "with a timeout set later": async (agent, port) => {
        const req = http.get({ host: "127.0.0.1", port, agent })
        req.setTimeout(60_000)
        const [res] = (await once(req, "response")) as [IncomingMessage]
        await once(res.resume(), "end")
      },
      "answered before its body was sent": async (agent, port) => {
        const req = http.request({ host: "127.0.0.1", port, agent, method: "POST", path: "/early" })
        req.write("x")
        const [res] = (await once(req, "response")) as [IncomingMessage]
        const ended = once(res.resume(), "end")
        await ended
        req.end("y")
        await once(req, "close")
      }
    }
    it.each(Object.entries(kinds))("%s", async (_, exchange) => {
      const server = http.createServer((req, res) => {
        if (req.url === "/early") {
          req.resume()
          res.end("early")
        } else req.resume().on("end", () => res.end("ok"))
      })
      await serving(server, (port) =>
        keptBy(async (agent) => {
          const counts: Array<object> = []
          const used = new Set<unknown>()
          for (let i = 0; i < 20; i++) {
            await exchange(agent, port)
            await idle(agent, 1)
            const socket = Object.values(agent.freeSockets).flat()[0]!
            used.add(socket)
            counts.push(listeners(socket))
          }
          expect(used.size).toBe(1)
          expect(counts[19]).toEqual(counts[0])
        })
      )
    })

    it("at the server too", async () => {
      const counts: Array<object> = []
      const server = http.createServer((req, res) => {
        counts.push(listeners(req.socket))
        res.end("ok")
      })
      await serving(server, (port) =>
        keptBy(async (agent) => {
          for (let i = 0; i < 20; i++) {
            await ask(http, { port, agent })
            await idle(agent, 1)
          }
        })
      )
      expect(counts[19]).toEqual(counts[1])
    })
  })

  const last: Record<string, string> = {
    "in chunks":
      "HTTP/1.1 200 OK\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
    "with a length": ok("Connection: close\r\n"),
    "of HTTP/1.0": "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
    "without a body": "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"
  }
  it.each(Object.entries(last))("a socket is not kept after a last response: %s", async (_, answer) => {
    const connections = await answering(
      (socket, _nth, connection) => void socket.write(connection === 1 ? answer : ok()),
      (port, sockets) =>
        keptBy(async (agent) => {
          // The server leaves the connection open, so the client must close it.
          await ask(http, { port, agent })
          await until(() => count(agent.sockets) === 0)
          expect(count(agent.freeSockets)).toBe(0)
          await ask(http, { port, agent })
          return sockets.length
        })
    )
    expect(connections).toBe(2)
  })

  it("a socket is kept for the time that its own server announced, not for that of another server", async () => {
    await answering(
      (socket, _nth, connection) =>
        void socket.write(ok(connection === 1 ? "Keep-Alive: timeout=3\r\n" : "")),
      (port) =>
        keptBy(
          async (agent) => {
            const both = [1, 2].map(() => ask(http, { port, agent }))
            await Promise.all(both)
            await idle(agent, 2)
            const limits = Object.values(agent.freeSockets)
              .flat()
              .map((socket) => socket!.timeout)
            expect(limits.sort()).toEqual([2_000, 60_000])
          },
          { timeout: 60_000 }
        )
    )
  })

  it("a socket without a Keep-Alive hint is kept for the agent's time, despite earlier hints", async () => {
    await answering(
      (socket, nth) => void socket.write(ok(nth === 1 ? "Keep-Alive: timeout=3\r\n" : "")),
      (port) =>
        keptBy(
          async (agent) => {
            const limits: Array<unknown> = []
            for (let i = 0; i < 2; i++) {
              await ask(http, { port, agent })
              await idle(agent, 1)
              limits.push(Object.values(agent.freeSockets).flat()[0]!.timeout)
            }
            expect(limits).toEqual([2_000, 60_000])
          },
          { timeout: 60_000 }
        )
    )
  })

  it("an upgraded socket leaves the agent's counts exactly once", async () => {
    const total = (agent: Agent) => (agent as unknown as { totalSocketCount: number }).totalSocketCount
    await answering(
      (socket, _nth, connection) =>
        void socket.write(
          connection === 1
            ? "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n"
            : ok()
        ),
      (port) =>
        keptBy(
          async (agent) => {
            const headers = { connection: "Upgrade", upgrade: "x" }
            const req: ClientRequest = http.get({ host: "127.0.0.1", port, agent, headers })
            const [, socket] = (await once(req, "upgrade")) as [IncomingMessage, net.Socket]
            expect([total(agent), count(agent.sockets), count(agent.freeSockets)]).toEqual([0, 0, 0])
            // The agent allows one socket, and the upgraded socket does not count.
            await ask(http, { port, agent })
            await idle(agent, 1)
            expect(total(agent)).toBe(1)
            const closed = once(socket, "close")
            socket.destroy()
            await closed
            await turns(5)
            expect([total(agent), count(agent.sockets), count(agent.freeSockets)]).toEqual([1, 0, 1])
          },
          { maxSockets: 1, maxTotalSockets: 1 }
        )
    )
  })

  it("a socket survives if the request that waits for it is destroyed, and serves the next request", async () => {
    await answering(
      (socket) => void socket.write(ok()),
      (port, sockets) =>
        keptBy(
          async (agent) => {
            const first = ask(http, { port, agent })
            const waiting = http.get({ host: "127.0.0.1", port, agent })
            const failed = once(waiting, "error")
            waiting.destroy()
            await first
            await failed
            await turns(5)
            await ask(http, { port, agent })
            expect(sockets.length).toBe(1)
          },
          { maxSockets: 1 }
        )
    )
  })

  it("the timeout of one request does not apply to the next", async () => {
    await serving(
      http.createServer((_req, res) => res.end("ok")),
      (port) =>
        keptBy(async (agent) => {
          const first = await ask(http, { port, agent, timeout: 60_000 })
          const { socket } = first.req
          await idle(agent, 1)
          expect(socket!.timeout).toBe(0)
          const second = await ask(http, { port, agent })
          expect(second.req.socket).toBe(socket)
          expect(socket!.timeout ?? 0).toBe(0)
          expect(socket!.listenerCount("timeout")).toBe(1)
        })
    )
  })
})
