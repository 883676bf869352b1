/** What newer Node.js versions added, on every version that we run on. */
import nodeHttp from "node:http"
import net from "node:net"
import { describe, expect, it } from "vitest"
import { WebSocketServer } from "ws"
import shim from "@httpfx/node/http"
import https from "@httpfx/node/https"
import { readFileSync } from "node:fs"
import { ask, serving, textOf } from "./implementations.js"

type Any = { [name: string]: unknown }
const createServer = shim.createServer as (
  options: object,
  listener?: nodeHttp.RequestListener
) => nodeHttp.Server
const fixture = (name: string) => readFileSync(new URL(`../fixtures/${name}`, import.meta.url))

describe("newer members", () => {
  it("writeInformation sends any 1xx with fields", async () => {
    const server = shim.createServer((_req, res) => {
      ;(res as unknown as { writeInformation(status: number, headers: object): void }).writeInformation(110, {
        "x-age": ["1", "2"]
      })
      res.end("done")
    })
    const seen: Array<unknown> = []
    const text = await serving(server, (port) => {
      return new Promise<string>((resolve, reject) => {
        const req = nodeHttp.get({ host: "127.0.0.1", port }, (res) => resolve(textOf(res)))
        req.on("information", (info) => seen.push([info.statusCode, info.rawHeaders]))
        req.on("error", reject)
      })
    })
    expect(text).toBe("done")
    expect(seen).toEqual([[110, ["x-age", "1", "x-age", "2"]]])
  })

  it("keepAliveTimeoutBuffer says how much longer than announced an idle connection lives", async () => {
    let socket: net.Socket | undefined
    const server = createServer({ keepAliveTimeout: 3000, keepAliveTimeoutBuffer: 50 }, (req, res) => {
      socket = req.socket
      res.end()
    }) as nodeHttp.Server & { keepAliveTimeoutBuffer?: number }
    expect(server.keepAliveTimeoutBuffer).toBe(50)
    await serving(server, async (port) => {
      for (const [buffer, timeout] of [
        [50, 3050],
        [0, 3000],
        [-1, 4000],
        [Infinity, 4000]
      ] as const) {
        server.keepAliveTimeoutBuffer = buffer
        await ask(shim, { port, headers: { connection: "keep-alive" } })
        expect(socket!.timeout).toBe(timeout)
      }
    })
    expect((createServer({}) as typeof server).keepAliveTimeoutBuffer).toBe(1000)
  })

  it("shouldUpgradeCallback decides per request", async () => {
    const server = createServer(
      { shouldUpgradeCallback: (req: nodeHttp.IncomingMessage) => req.url === "/up" },
      (_req, res) => res.end("no")
    )
    server.on("upgrade", (_req, socket) => socket.end("HTTP/1.1 101 X\r\n\r\n"))
    const send = (path: string) => (port: number) => {
      const socket = net.connect(port, "127.0.0.1")
      socket.write(`GET ${path} HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n`)
      return new Promise<string>((resolve) =>
        socket.once("data", (bytes) => resolve(String(bytes).slice(9, 12)))
      )
    }
    expect(await serving(server, send("/up"))).toBe("101")
    expect(await serving(server, send("/stay"))).toBe("200")
  })

  it("req.signal is aborted when the client goes away, and not when all went well", async () => {
    const signals: Array<AbortSignal> = []
    const server = shim.createServer((req, res) => {
      signals.push((req as unknown as { signal: AbortSignal }).signal)
      if (req.url === "/well") res.end("x")
    })
    await serving(server, async (port) => {
      await ask(shim, { port, path: "/well" })
      const socket = net.connect(port, "127.0.0.1")
      socket.write("GET /gone HTTP/1.1\r\nHost: a\r\n\r\n")
      while (signals.length < 2) await new Promise((resolve) => setImmediate(resolve))
      socket.destroy()
      if (!signals[1]!.aborted) await new Promise((resolve) => (signals[1]!.onabort = resolve))
    })
    expect(signals.map((signal) => signal.aborted)).toEqual([false, true])
  })

  it("req.signal is a property like others for middleware that has one of its own", async () => {
    const { signal } = new AbortController()
    const server = shim.createServer((req, res) => {
      const before = Object.keys(req).includes("signal")
      Object.assign(req, { signal })
      res.end(`${before} ${(req as { signal?: unknown }).signal === signal} ${"signal" in { ...req }}`)
    })
    const { text } = await serving(server, (port) => ask(shim, { port }))
    expect(text).toBe("false true true")
  })

  it("optimizeEmptyRequests gives requests without a body that are at their end", async () => {
    const states: Array<unknown> = []
    const server = createServer({ optimizeEmptyRequests: true }, (req, res) => {
      states.push([req.method, req.readableEnded])
      if (req.method === "POST") req.pipe(res)
      else res.end()
    })
    await serving(server, async (port) => {
      await ask(shim, { port })
      expect((await ask(shim, { port, method: "POST" }, "body")).text).toBe("body")
    })
    expect(states).toEqual([
      ["GET", true],
      ["POST", false]
    ])
  })

  it("an agent goes by the proxies of its environment", async () => {
    const asked: Array<unknown> = []
    const proxy = nodeHttp.createServer((req, res) => {
      asked.push([req.method, req.url, req.headers["proxy-authorization"]])
      res.end("by proxy")
    })
    proxy.on("connect", (req, socket, head) => {
      asked.push([req.method, req.url])
      const onward = net.connect(Number(req.url!.split(":")[1]), "127.0.0.1", () => {
        socket.write("HTTP/1.1 200 OK\r\n\r\n")
        onward.write(head)
        onward.pipe(socket).pipe(onward)
      })
      socket.on("error", () => onward.destroy())
      onward.on("close", () => socket.destroy())
    })
    const Agent = shim.Agent as unknown as new (options: object) => nodeHttp.Agent
    const SecureAgent = https.Agent as unknown as new (options: object) => nodeHttp.Agent
    const origin = https.createServer(
      { key: fixture("server-key.pem"), cert: fixture("server.pem") },
      (_req, res) => res.end("by tunnel")
    )
    await serving(proxy, async (port) => {
      const proxyEnv = {
        HTTP_PROXY: `http://u:p@127.0.0.1:${port}`,
        https_proxy: `http://127.0.0.1:${port}`,
        NO_PROXY: ".local"
      }
      const agent = new Agent({ proxyEnv })
      const { text } = await ask(shim, { host: "origin.test", port: 81, path: "/x?y", agent })
      expect(text).toBe("by proxy")
      await serving(origin as never, async (tlsPort) => {
        const secure = new SecureAgent({ proxyEnv })
        const tunnelled = new Promise<string>((resolve, reject) => {
          https
            .get(
              { host: "origin.test", port: tlsPort, agent: secure as never, rejectUnauthorized: false },
              (res) => resolve(textOf(res))
            )
            .on("error", reject)
        })
        expect(await tunnelled).toBe("by tunnel")
        expect(asked).toEqual([
          ["GET", "http://origin.test:81/x?y", "Basic dTpw"],
          ["CONNECT", `origin.test:${tlsPort}`]
        ])
      })
      const direct = ask(shim, {
        host: "a.local",
        port: 1,
        agent,
        lookup: ((_h: string, _o: object, done: (e: Error) => void) => done(new Error("direct"))) as never
      })
      await expect(direct).rejects.toThrow("direct")
    })
  })

  it("a WebSocket sends, receives and closes", async () => {
    const server = shim.createServer()
    const sockets = new WebSocketServer({ server: server as never })
    sockets.on("connection", (socket) =>
      socket.on("message", (data, binary) => socket.send(data, { binary }))
    )
    const WebSocket = (shim as unknown as { WebSocket: new (url: string) => EventTarget & Any }).WebSocket
    await serving(server, async (port) => {
      const socket = new WebSocket(`ws://127.0.0.1:${port}/`)
      socket["binaryType"] = "arraybuffer"
      const received: Array<unknown> = []
      const closed = new Promise<{ code: number; wasClean: boolean }>((resolve) => {
        socket["onclose"] = resolve
        socket["onmessage"] = ({ data }: { data: unknown }) => {
          received.push(typeof data === "string" ? data : new Uint8Array(data as ArrayBuffer))
          if (received.length === 2)
            (socket["close"] as (code: number, reason: string) => void)(1000, "enough")
        }
        socket["onopen"] = () => {
          const send = (socket["send"] as (data: unknown) => void).bind(socket)
          send("text")
          send(new Uint8Array([1, 2]))
        }
      })
      const { code, wasClean } = await closed
      expect(received).toEqual(["text", new Uint8Array([1, 2])])
      expect([code, wasClean, socket["readyState"]]).toEqual([1000, true, 3])
    })
    sockets.close()
  })

  it("setGlobalProxyFromEnv replaces both global agents, and gives the way back", async () => {
    const set = (shim as unknown as { setGlobalProxyFromEnv(env?: unknown): () => void })
      .setGlobalProxyFromEnv
    const before = [shim.globalAgent, https.globalAgent]
    const asked: Array<unknown> = []
    const proxy = nodeHttp.createServer((req, res) => {
      asked.push(req.url)
      res.end("by proxy")
    })
    proxy.on("connect", (req, socket) => {
      asked.push(`CONNECT ${req.url}`)
      socket.end("HTTP/1.1 503 no\r\n\r\n")
    })
    const direct = shim.createServer((_req, res) => res.end("direct"))
    await serving(direct, (port) =>
      serving(proxy, async (proxyPort) => {
        const text = () =>
          new Promise<string>((resolve, reject) => {
            shim.get({ host: "127.0.0.1", port }, (res) => resolve(textOf(res))).on("error", reject)
          })
        const url = `http://127.0.0.1:${proxyPort}`
        const restore = set({ http_proxy: url, https_proxy: url })
        expect(await text()).toBe("by proxy")
        const refused = await new Promise<NodeJS.ErrnoException>((resolve) => {
          https.get("https://secure.test/").on("error", resolve)
        })
        expect(refused.code).toBe("ERR_PROXY_TUNNEL")
        expect(asked).toEqual([`http://127.0.0.1:${port}/`, "CONNECT secure.test:443"])
        shim.globalAgent.destroy()
        restore()
        expect([shim.globalAgent, https.globalAgent]).toEqual(before)
        expect(shim.globalAgent).toBe(before[0])
        expect(await text()).toBe("direct")
        shim.globalAgent.destroy()
        // A second call does nothing, and what is refused replaces nothing.
        shim.globalAgent = new shim.Agent()
        const own = shim.globalAgent
        restore()
        expect(() => set({ http_proxy: "no url" })).toThrow(
          expect.objectContaining({ code: "ERR_PROXY_INVALID_CONFIG" })
        )
        expect(() => set(null)).toThrow(expect.objectContaining({ code: "ERR_INVALID_ARG_TYPE" }))
        expect(shim.globalAgent).toBe(own)
        shim.globalAgent = before[0]!
      })
    )
  })
})
