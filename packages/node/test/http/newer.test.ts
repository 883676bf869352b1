/**
 * Members that newer Node.js versions have added. Our modules have them on every version, the built-in
 * modules from a version on. Names and versions are those of the table in docs/node-versions.md.
 */
import diagnostics from "node:diagnostics_channel"
import { once } from "node:events"
import { readFileSync } from "node:fs"
import nodeHttp from "node:http"
import nodeHttps from "node:https"
import net from "node:net"
import { describe, expect, it } from "vitest"
import { WebSocketServer } from "ws"
import http from "@httpfx/node/http"
import https from "@httpfx/node/https"
import { ask, isSince, serving, textOf } from "./implementations.js"
import { accepting, talk } from "../support/sockets.js"

/** The modules, with members of the newest Node.js that `@types/node` lacks. */
interface Modules {
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  readonly http: typeof nodeHttp & { readonly [name: string]: any }
  readonly https: typeof nodeHttps
  readonly createServer: (options: object, listener?: nodeHttp.RequestListener) => nodeHttp.Server
  readonly agent: (options: object) => nodeHttp.Agent
}
const modules = (plain: typeof nodeHttp, secure: typeof nodeHttps): Modules => ({
  http: plain,
  https: secure,
  createServer: plain.createServer,
  agent: (options) => new plain.Agent(options as nodeHttp.AgentOptions)
})
const ours = modules(http, https)
const builtIn = modules(nodeHttp, nodeHttps)

const described: Array<readonly [member: string, since: string]> = []

/** Adds a row of the table with its test. */
const newer = (member: string, since: string, body: (modules: Modules) => Promise<void> | void): void => {
  described.push([member, since])
  describe(`${member}, since ${since}`, () => {
    it("httpfx", () => body(ours))
    if (isSince(since)) it("node:http", () => body(builtIn))
  })
}

const fixture = (name: string) => readFileSync(new URL(`../fixtures/${name}`, import.meta.url))

const closing = (fields: string) => `GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n${fields}\r\n`

newer("`http.WebSocket`, `http.CloseEvent`, `http.MessageEvent`", "22.5", async ({ http }) => {
  for (const name of ["WebSocket", "CloseEvent", "MessageEvent"]) {
    if (name in globalThis) expect(http[name]).toBe((globalThis as Record<string, unknown>)[name])
  }
  const server = http.createServer()
  const sockets = new WebSocketServer({ server: server as never })
  sockets.on("connection", (socket) => socket.on("message", (data, binary) => socket.send(data, { binary })))
  await serving(server, async (port) => {
    const socket = new http["WebSocket"](`ws://127.0.0.1:${port}/`)
    socket.binaryType = "arraybuffer"
    const received: Array<unknown> = []
    const closed = new Promise<{ code: number; wasClean: boolean }>((resolve) => {
      socket.onclose = resolve
      socket.onmessage = (event: { data: unknown }) => {
        expect(event).toBeInstanceOf(http["MessageEvent"])
        received.push(typeof event.data === "string" ? event.data : new Uint8Array(event.data as ArrayBuffer))
        if (received.length === 2) socket.close(1000, "enough")
      }
      socket.onopen = () => {
        socket.send("text")
        socket.send(new Uint8Array([1, 2]))
      }
    })
    const event = await closed
    // On Node.js 22, `CloseEvent` is global, but the built-in module emits events of an internal class.
    if ("CloseEvent" in globalThis || !("WebSocket" in globalThis)) {
      expect(event).toBeInstanceOf(http["CloseEvent"])
    }
    expect(received).toEqual(["text", new Uint8Array([1, 2])])
    expect([event.code, event.wasClean, socket.readyState]).toEqual([1000, true, 3])
  })
  sockets.close()
})

newer("`request({ setDefaultHeaders })`", "22.13", async ({ http }) => {
  let text = ""
  await accepting(
    (socket) =>
      void socket.once("data", (bytes) => {
        text = String(bytes)
        socket.destroy()
      }),
    (port) =>
      new Promise<void>((resolve) => {
        const options = { port, host: "127.0.0.1", agent: false, setDefaultHeaders: false }
        http
          .get(options as nodeHttp.RequestOptions)
          .on("error", () => {})
          .on("close", resolve)
      })
  )
  expect(text).toBe("GET / HTTP/1.1\r\n\r\n")
})

newer("`createServer({ shouldUpgradeCallback })`", "24.9", async ({ createServer }) => {
  const server = () =>
    createServer(
      { shouldUpgradeCallback: (req: nodeHttp.IncomingMessage) => req.url === "/up" },
      (_req, res) => res.end("no")
    ).on("upgrade", (_req, socket) => socket.end("HTTP/1.1 101 X\r\n\r\n"))
  const send = (path: string) => (port: number) => {
    const socket = net.connect(port, "127.0.0.1")
    socket.write(`GET ${path} HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n`)
    return new Promise<string>((resolve) =>
      socket.once("data", (bytes) => resolve(String(bytes).slice(9, 12)))
    )
  }
  expect(await serving(server(), send("/up"))).toBe("101")
  expect(await serving(server(), send("/stay"))).toBe("200")
})

newer(
  "`createServer({ keepAliveTimeoutBuffer })`, `server.keepAliveTimeoutBuffer`",
  "24.6",
  async ({ createServer, http }) => {
    expect(Reflect.get(http.createServer(), "keepAliveTimeoutBuffer")).toBe(1000)
    expect(() => createServer({ keepAliveTimeoutBuffer: -1 })).toThrow(
      expect.objectContaining({ code: "ERR_OUT_OF_RANGE" })
    )
    const idle = async (change: (server: nodeHttp.Server) => void) => {
      const server = createServer({ keepAliveTimeout: 3000, keepAliveTimeoutBuffer: 50 }, (_req, res) =>
        res.end("x")
      )
      change(server)
      return serving(server, async (port) => {
        const accepted = once(server, "connection")
        const client = net.connect(port, "127.0.0.1")
        client.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        await once(client, "data")
        const [socket] = (await accepted) as [net.Socket]
        await new Promise(setImmediate)
        client.destroy()
        return socket.timeout
      })
    }
    expect(await idle(() => {})).toBe(3050)
    expect(await idle((server) => Object.assign(server, { keepAliveTimeoutBuffer: 7 }))).toBe(3007)
    expect(await idle((server) => Object.assign(server, { keepAliveTimeoutBuffer: NaN }))).toBe(4000)
  }
)

newer("`createServer({ optimizeEmptyRequests })`", "24.12", async ({ createServer, http }) => {
  const states: Array<unknown> = []
  const server = createServer({ optimizeEmptyRequests: true }, (req, res) => {
    states.push([req.method, req.readableEnded])
    if (req.method === "POST") req.pipe(res)
    else res.end()
  })
  await serving(server, async (port) => {
    await ask(http, { port })
    expect((await ask(http, { port, method: "POST" }, "body")).text).toBe("body")
  })
  expect(states).toEqual([
    ["GET", true],
    ["POST", false]
  ])
  // A transfer coding other than chunked also declares a body, which ends with the connection.
  const lenient = { optimizeEmptyRequests: true, insecureHTTPParser: true }
  const echo = createServer(lenient, (req, res) => void req.once("data", (data) => res.end(data)))
  const codedText = await serving(echo, (port) => talk(port, closing("Transfer-Encoding: gzip\r\n") + "abc"))
  expect(codedText).toMatch(/abc/)
})

newer(
  "`request({ httpValidation })`, `createServer({ httpValidation })`",
  "24.19",
  async ({ createServer, http }) => {
    const wrong = expect.objectContaining({
      code: "ERR_INVALID_ARG_VALUE",
      message:
        "The property 'options.httpValidation' must be one of: 'strict', 'relaxed', 'insecure'. Received 'lax'"
    }) as Error
    const both = expect.objectContaining({
      message:
        "The property 'options.httpValidation' cannot be used together with options.insecureHTTPParser. Received 'strict'"
    }) as Error
    const unused = { createConnection: () => new net.Socket() }
    for (const make of [createServer, (options: object) => http.request({ ...unused, ...options })]) {
      expect(() => make({ httpValidation: "lax" })).toThrow(wrong)
      expect(() => make({ httpValidation: "strict", insecureHTTPParser: false })).toThrow(both)
    }
    const sent = "a\x01b"
    const modes = [
      ["strict", "400", "refused"],
      ["relaxed", "200", sent],
      ["insecure", "200", sent]
    ] as const
    for (const [httpValidation, status, value] of modes) {
      // Both received and sent values may contain the characters that the Fetch standard allows.
      const server = createServer({ httpValidation }, (req, res) => {
        try {
          res.setHeader("X-B", sent)
        } catch {
          res.setHeader("X-B", "refused")
        }
        for (const never of ["\0", "\n", "\r", "\u0100"]) expect(() => res.setHeader("X-C", never)).toThrow()
        res.end(JSON.stringify(req.headers["x-a"]))
      })
      expect(Reflect.get(server, "httpValidation")).toBe(httpValidation)
      const answers = await serving(server, async (port) => [
        await talk(port, closing(`X-A: ${sent}\r\n`)),
        await talk(port, closing("")),
        await talk(port, closing("X-A: b\r\n c\r\n"))
      ])
      expect(answers[0]!.slice(9, 12)).toBe(status)
      expect(answers[1]).toContain(`\r\nX-B: ${value}\r\n`)
      expect(answers[2]!.slice(9, 12)).toBe(httpValidation === "insecure" ? "200" : "400")
    }
    await accepting(
      (socket) =>
        void socket.once("data", () =>
          socket.end(`HTTP/1.1 200 OK\r\nX: ${sent}\r\nContent-Length: 0\r\n\r\n`)
        ),
      async (port) => {
        const request = (httpValidation: string) =>
          ask(http, {
            port,
            agent: false,
            httpValidation,
            headers: { "X-A": httpValidation === "strict" ? "a" : sent }
          } as never)
        await expect(request("strict")).rejects.toThrow(
          expect.objectContaining({ code: "HPE_INVALID_HEADER_TOKEN" })
        )
        expect((await request("relaxed")).res.headers["x"]).toBe(sent)
      }
    )
  }
)

newer("`new Agent({ agentKeepAliveTimeoutBuffer })`", "24.7", async ({ agent, http }) => {
  const kept = async (options: object) => {
    const mine = agent({ keepAlive: true, ...options })
    const server = http.createServer((_req, res) => {
      res.setHeader("Keep-Alive", "timeout=2")
      res.end()
    })
    return serving(server, async (port) => {
      const { req } = await ask(http, { port, agent: mine })
      await new Promise(setImmediate)
      const { destroyed, timeout } = req.socket!
      mine.destroy()
      return destroyed ? "given up" : timeout
    })
  }
  expect(await kept({ agentKeepAliveTimeoutBuffer: 500, timeout: 9000 })).toBe(1500)
  expect(await kept({ timeout: 9000 })).toBe(1000)
  expect(await kept({ agentKeepAliveTimeoutBuffer: 2000 })).toBe("given up")
  expect(await kept({ agentKeepAliveTimeoutBuffer: -1, timeout: 9000 })).toBe(1000)
  expect(agent({})).toMatchObject({ agentKeepAliveTimeoutBuffer: 1000 })
})

newer("`new Agent({ defaultPort, protocol })`", "24.5", ({ agent, http, https }) => {
  const mine = agent({ defaultPort: 8080, protocol: "other:" })
  expect([Reflect.get(mine, "defaultPort"), Reflect.get(mine, "protocol")]).toEqual([8080, "other:"])
  mine.createConnection = () => new net.Socket()
  const req = http.request({ host: "h", agent: mine, protocol: "other:" }).on("error", () => {})
  expect(req.getHeader("host")).toBe("h")
  req.destroy()
  const secure = new https.Agent({ defaultPort: 8443 } as never)
  expect([Reflect.get(secure, "defaultPort"), Reflect.get(secure, "protocol")]).toEqual([8443, "https:"])
})

newer("`request({ highWaterMark })`", "24.20", async ({ agent, http }) => {
  const highWaterMark = 1234
  const early = http.request({ createConnection: () => new net.Socket(), highWaterMark } as never)
  early.on("error", () => {})
  expect(early.writableHighWaterMark).toBe(highWaterMark)
  early.destroy()
  const mine = agent({ keepAlive: true })
  await serving(
    http.createServer((_req, res) => res.end()),
    async (port) => {
      const one = await ask(http, { port, agent: mine })
      await new Promise(setImmediate)
      // A reused connection takes the `highWaterMark` of its next request.
      const two = await ask(http, { port, agent: mine, highWaterMark } as never)
      expect([two.req.reusedSocket, two.req.socket === one.req.socket]).toEqual([true, true])
      expect(two.req.writableHighWaterMark).toBe(highWaterMark)
      mine.destroy()
    }
  )
})

newer(
  "`new Agent({ proxyEnv })`, `NODE_USE_ENV_PROXY=1`, `--use-env-proxy`",
  "24.5",
  async ({ agent: make, http, https }) => {
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
      const agent = make({ proxyEnv })
      const { text } = await ask(http, { host: "origin.test", port: 81, path: "/x?y", agent })
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
      const direct = ask(http, {
        host: "a.local",
        port: 1,
        agent,
        lookup: ((_h: string, _o: object, done: (e: Error) => void) => done(new Error("direct"))) as never
      })
      await expect(direct).rejects.toThrow("direct")
    })
  }
)

newer("`http.setGlobalProxyFromEnv(proxyEnv)`", "24.14", async ({ http, https }) => {
  const set = http["setGlobalProxyFromEnv"] as (env?: unknown) => () => void
  const before = [http.globalAgent, https.globalAgent]
  const asked: Array<unknown> = []
  const proxy = nodeHttp.createServer((req, res) => {
    asked.push(req.url)
    res.end("by proxy")
  })
  proxy.on("connect", (req, socket) => {
    asked.push(`CONNECT ${req.url}`)
    socket.end("HTTP/1.1 503 no\r\n\r\n")
  })
  const direct = http.createServer((_req, res) => res.end("direct"))
  await serving(direct, (port) =>
    serving(proxy, async (proxyPort) => {
      const text = () =>
        new Promise<string>((resolve, reject) => {
          http.get({ host: "127.0.0.1", port }, (res) => resolve(textOf(res))).on("error", reject)
        })
      const url = `http://127.0.0.1:${proxyPort}`
      const restore = set({ http_proxy: url, https_proxy: url })
      expect(await text()).toBe("by proxy")
      const refused = await new Promise<NodeJS.ErrnoException>((resolve) => {
        https.get("https://secure.test/").on("error", resolve)
      })
      expect(refused.code).toBe("ERR_PROXY_TUNNEL")
      expect(asked).toEqual([`http://127.0.0.1:${port}/`, "CONNECT secure.test:443"])
      http.globalAgent.destroy()
      restore()
      expect([http.globalAgent, https.globalAgent]).toEqual(before)
      expect(http.globalAgent).toBe(before[0])
      expect(await text()).toBe("direct")
      http.globalAgent.destroy()
      // Calling `restore` after another change has no bad effect, and an environment that is refused changes
      // nothing.
      const own = new http.Agent()
      http.globalAgent = own
      restore()
      expect(http.globalAgent).toBe(before[0])
      http.globalAgent = own
      expect(() => set({ http_proxy: "no url" })).toThrow(
        expect.objectContaining({ code: "ERR_PROXY_INVALID_CONFIG" })
      )
      expect(() => set(null)).toThrow(expect.objectContaining({ code: "ERR_INVALID_ARG_TYPE" }))
      expect(http.globalAgent).toBe(own)
      // An agent is replaced only if the environment has a proxy for its protocol.
      const back = set({ https_proxy: url })
      expect([http.globalAgent === own, https.globalAgent === before[1]]).toEqual([true, false])
      back()
      expect(https.globalAgent).toBe(before[1])
      http.globalAgent = before[0]!
    })
  )
})

newer("`res.writeInformation(status, headers, callback)`", "24.18", async ({ http }) => {
  const server = http.createServer((_req, res) => {
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
  expect(seen).toEqual([[110, ["x-age", "1,2"]]])
  const response = new http.ServerResponse(new http.IncomingMessage(new net.Socket()))
  const refused = (status: unknown, code: string) =>
    expect(() => Reflect.apply(Reflect.get(response, "writeInformation"), response, [status])).toThrow(
      expect.objectContaining({ code })
    )
  refused(200, "ERR_OUT_OF_RANGE")
  refused("100", "ERR_INVALID_ARG_TYPE")
  refused(101, "ERR_HTTP_INVALID_STATUS_CODE")
})

newer("`req.signal` (of a received message)", "24.16", async ({ http }) => {
  const signals: Array<AbortSignal> = []
  const server = http.createServer((req, res) => {
    signals.push((req as unknown as { signal: AbortSignal }).signal)
    if (req.url === "/well") res.end("x")
  })
  await serving(server, async (port) => {
    await ask(http, { port, path: "/well" })
    const socket = net.connect(port, "127.0.0.1")
    socket.write("GET /gone HTTP/1.1\r\nHost: a\r\n\r\n")
    while (signals.length < 2) await new Promise((resolve) => setImmediate(resolve))
    socket.destroy()
    if (!signals[1]!.aborted) await new Promise((resolve) => (signals[1]!.onabort = resolve))
  })
  expect(signals.map((signal) => signal.aborted)).toEqual([false, true])
})

it("middleware can assign its own req.signal", async () => {
  const { signal } = new AbortController()
  const server = http.createServer((req, res) => {
    const before = Object.keys(req).includes("signal")
    Object.assign(req, { signal })
    res.end(`${before} ${(req as { signal?: unknown }).signal === signal} ${"signal" in { ...req }}`)
  })
  const { text } = await serving(server, (port) => ask(http, { port }))
  expect(text).toBe("false true true")
})

newer("channels `http.client.request.created`, `http.server.response.created`", "22.12", async ({ http }) => {
  const told: Array<string> = []
  const names = ["http.client.request.created", "http.server.response.created"]
  const listeners = names.map((name) => () => void told.push(name))
  names.forEach((name, i) => diagnostics.subscribe(name, listeners[i]!))
  await serving(
    http.createServer((_req, res) => res.end()),
    (port) => ask(http, { port, agent: false })
  )
  names.forEach((name, i) => diagnostics.unsubscribe(name, listeners[i]!))
  expect(told).toEqual(names)
})

newer("channel `http.client.request.error`", "20.17", async ({ http }) => {
  const told: Array<unknown> = []
  const listener = (message: unknown) => void told.push(message)
  diagnostics.subscribe("http.client.request.error", listener)
  const request = http.get({ host: "127.0.0.1", port: 1, agent: false })
  const [error] = (await once(request, "error")) as [Error]
  diagnostics.unsubscribe("http.client.request.error", listener)
  expect(told).toEqual([{ request, error }])
})

newer("`http.isValidHeaderName()`, `http.isValidHeaderValue()`", "26.12", ({ http }) => {
  const name = http["isValidHeaderName"] as (name: unknown) => boolean
  const value = http["isValidHeaderValue"] as (value: unknown, options?: unknown) => boolean
  expect(["X-Good", "GET", "", "a b", 1, undefined].map(name)).toEqual([
    true,
    true,
    false,
    false,
    false,
    false
  ])
  expect(["a", "", 5, "\u00e9", ["a"]].map((one) => value(one))).toEqual([true, true, true, true, true])
  expect(["a\n", "\u0100", "\x01", undefined, Symbol()].map((one) => value(one))).toEqual(
    Array(5).fill(false)
  )
  expect([value("\x01", { httpValidation: "relaxed" }), value("\0", { httpValidation: "relaxed" })]).toEqual([
    true,
    false
  ])
  expect(() => value("a", { httpValidation: "lax" })).toThrow(
    expect.objectContaining({ code: "ERR_INVALID_ARG_VALUE" })
  )
  expect(() => value("a", "b")).toThrow(expect.objectContaining({ code: "ERR_INVALID_ARG_TYPE" }))
})

newer("`http.websocketMask()`, `http.websocketUnmask()`", "26.12", ({ http }) => {
  const mask = http["websocketMask"] as (...args: ReadonlyArray<unknown>) => void
  const unmask = http["websocketUnmask"] as (...args: ReadonlyArray<unknown>) => void
  const key = new Uint8Array([0x37, 0xfa, 0x21, 0x3d])
  const output = Buffer.alloc(7)
  // The example of RFC 6455 §5.7.
  mask(Buffer.from("Hello"), key, output, 1, 5)
  expect(output.toString("hex")).toBe("007f9f4d515800")
  const view = new DataView(output.buffer, output.byteOffset + 1, 5)
  unmask(view, key)
  expect(output.toString()).toBe("\0Hello\0")
  const refused = (use: () => void, code: string, message: string) =>
    expect(use).toThrow(expect.objectContaining({ code, message }))
  const kinds = "must be an instance of Buffer, TypedArray, or DataView."
  refused(
    () => mask(1, key, output, 0, 0),
    "ERR_INVALID_ARG_TYPE",
    `The "source" argument ${kinds} Received type number (1)`
  )
  refused(
    () => unmask("x", key),
    "ERR_INVALID_ARG_TYPE",
    `The "buffer" argument ${kinds} Received type string ('x')`
  )
  refused(
    () => unmask(output, 1),
    "ERR_INVALID_ARG_TYPE",
    `The "mask" argument ${kinds} Received type number (1)`
  )
  expect(() => unmask(output, new Uint8Array(3))).toThrow("must be 4 bytes long")
  expect(() => mask(Buffer.alloc(9), key, output, 0, 9)).toThrow(
    expect.objectContaining({
      code: "ERR_OUT_OF_RANGE",
      message: 'The value of "length" is out of range. It must be <= 7. Received 9'
    })
  )
  expect(() => mask(output, key, output, 8, 1)).toThrow(expect.objectContaining({ code: "ERR_OUT_OF_RANGE" }))
})

it("docs/node-versions.md lists exactly these members, with their versions", () => {
  const page = readFileSync(new URL("../../../../docs/node-versions.md", import.meta.url), "utf8")
  const table = page.split("## What newer Node.js versions added")[1]!.split("\n## ")[0]!
  const listed = [...table.matchAll(/^\| (\S.*?) +\| (\d+\.\d+)/gm)].map(([, member, since]) => [
    member,
    since
  ])
  expect(described.map(([member, since]) => [member, since]).sort()).toEqual(listed.sort())
})
