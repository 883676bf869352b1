/** The functions, values and classes of the module. */
import { strict as assert } from "node:assert"
import { EventEmitter, once } from "node:events"
import builtin, { type ClientRequest, type Server } from "node:http"
import net from "node:net"
import { Readable, Stream } from "node:stream"
import { inherits } from "node:util"
import { read, surface, tcp, until } from "./harness.js"

surface("module", "functions", {
  // This test must run first, while the free list contains no parser of an earlier test.
  setMaxIdleHTTPParsers: tcp(async ({ connect, http, server }) => {
    assert.throws(() => http.setMaxIdleHTTPParsers(0), { code: "ERR_OUT_OF_RANGE" })
    assert.throws(() => http.setMaxIdleHTTPParsers("1" as never), { code: "ERR_INVALID_ARG_TYPE" })
    const app = await server()
    const parsers = async () => {
      const seen: Array<unknown> = []
      const watch = (socket: net.Socket) => seen.push((socket as { parser?: unknown }).parser)
      app.on("connection", watch)
      const clients = [await connect(app), await connect(app)]
      await until(() => seen.length === 2)
      app.off("connection", watch)
      for (const client of clients) client.destroy()
      await until(() => app.listening && connections(app) === 0)
      return seen
    }
    let count = 0
    const connections = (one: net.Server) => {
      one.getConnections((_, n) => (count = n))
      return count
    }
    http.setMaxIdleHTTPParsers(1)
    const first = await parsers()
    await new Promise(setImmediate)
    const second = await parsers()
    http.setMaxIdleHTTPParsers(1000)
    assert.equal(second.filter((parser) => first.includes(parser)).length, 1)
  }),

  createServer: async ({ fetch, http, server }) => {
    const app = await server((_req, res) => void res.end("made"))
    assert.ok(app instanceof http.Server)
    assert.equal((await fetch(app)).body, "made")
  },

  get: async ({ http, server, to }) => {
    const app = await server((req, res) => void res.end(req.method))
    const req = http.get(to(app, { method: "OPTIONS" }))
    const [res] = await once(req, "response")
    assert.equal(await read(res), "OPTIONS")
    const plain = http.get(to(app))
    assert.equal(plain.writableEnded, true)
    const [answer] = await once(plain, "response")
    assert.equal(await read(answer), "GET")
  },

  request: async ({ http, server, to }) => {
    const app = await server((req, res) => void res.end(`${req.method} ${req.url} ${req.headers["x-y"]}`))
    const url = new URL("http://127.0.0.1/from/url?q")
    const options = to(app, { method: "PUT", headers: { "X-Y": "z" } })
    const callback = await new Promise<string>((resolve) => {
      http.request(url, options, (res) => void read(res).then(resolve)).end()
    })
    assert.equal(callback, "PUT /from/url?q z")
    assert.throws(() => http.request("not a url"), { code: "ERR_INVALID_URL" })
    assert.throws(() => http.request({ protocol: "ftp:" }), { code: "ERR_INVALID_PROTOCOL" })
    assert.throws(() => http.request({ path: "/a b" }), { code: "ERR_UNESCAPED_CHARACTERS" })
    assert.throws(() => http.request({ method: "A B" }), { code: "ERR_INVALID_HTTP_TOKEN" })
    assert.throws(() => http.request({ hostname: 1 as never }), { code: "ERR_INVALID_ARG_TYPE" })
  },

  validateHeaderName: ({ http }) => {
    http.validateHeaderName("X-Good")
    assert.throws(() => http.validateHeaderName("a b"), {
      code: "ERR_INVALID_HTTP_TOKEN",
      message: 'Header name must be a valid HTTP token ["a b"]'
    })
    const label = http.validateHeaderName as (name: string, label?: string) => void
    assert.throws(() => label("", "Field"), { message: 'Field must be a valid HTTP token [""]' })
  },

  validateHeaderValue: ({ http }) => {
    http.validateHeaderValue("x", "good")
    assert.throws(() => http.validateHeaderValue("x", undefined as never), {
      code: "ERR_HTTP_INVALID_HEADER_VALUE",
      message: 'Invalid value "undefined" for header "x"'
    })
    assert.throws(() => http.validateHeaderValue("x", "bad\n"), {
      code: "ERR_INVALID_CHAR",
      message: 'Invalid character in header content ["x"]'
    })
  }
})

surface("module", "values", {
  METHODS: async ({ http, raw, server }) => {
    assert.deepEqual([...http.METHODS].sort(), http.METHODS)
    assert.ok(http.METHODS.includes("M-SEARCH") && http.METHODS.includes("PATCH"))
    const app = await server((req, res) => void res.end(req.method))
    for (const method of http.METHODS.filter((one) => one !== "CONNECT" && one !== "HEAD")) {
      const answer = await raw(app, `${method} / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`)
      assert.ok(answer.endsWith(`\r\n\r\n${method}`), `${method}: ${answer}`)
    }
  },

  STATUS_CODES: async ({ fetch, http, server }) => {
    assert.equal(http.STATUS_CODES[418], "I'm a Teapot")
    const app = await server((_req, res) => {
      res.statusCode = 451
      res.end()
    })
    assert.equal((await fetch(app)).res.statusMessage, http.STATUS_CODES[451])
  },

  globalAgent: tcp(async ({ http, server, to }) => {
    const app = await server({ keepAliveTimeout: 20_000 }, (req, res) => void res.end(req.headers.connection))
    const req = http.get(to(app, { agent: undefined }))
    assert.equal((req as unknown as { agent: unknown }).agent, http.globalAgent)
    const [res] = await once(req, "response")
    // The global agent keeps an idle connection for five seconds.
    assert.equal(await read(res), "keep-alive")
    assert.equal(req.socket!.timeout, 5000)
    if (!req.closed) await once(req, "close")
    const old = http.globalAgent
    const other = new http.Agent()
    http.globalAgent = other
    const second = http.get(to(app, { agent: undefined }))
    http.globalAgent = old
    assert.equal((second as unknown as { agent: unknown }).agent, other)
    second.on("response", (answer) => answer.resume())
    await once(second, "close")
    other.destroy()
    old.destroy()
  }),

  maxHeaderSize: async ({ http, raw, server }) => {
    assert.equal(http.maxHeaderSize, 16 * 1024)
    const app = await server((_req, res) => void res.end())
    const long = "a".repeat(http.maxHeaderSize)
    const answer = await raw(app, `GET / HTTP/1.1\r\nHost: a\r\nX: ${long}\r\n\r\n`)
    assert.ok(answer.startsWith("HTTP/1.1 431 "), answer)
  }
})

surface("module", "classes", {
  Agent: async ({ agent, fetch, http, server }) => {
    const legacy = http.Agent as unknown as { (options?: object): unknown; call(self: object): void }
    assert.ok(legacy({}) instanceof http.Agent)
    function Mine(this: object) {
      http.Agent.call(this as never)
    }
    inherits(Mine as never, http.Agent as never)
    const mine = new (Mine as unknown as typeof http.Agent)()
    assert.ok(mine instanceof http.Agent && mine instanceof EventEmitter)
    assert.deepEqual(Object.keys(mine.requests), [])
    class Modern extends http.Agent {
      override getName() {
        return "one pool"
      }
    }
    assert.equal(new Modern().getName(), "one pool")
    const app = await server((_req, res) => void res.end("via agent"))
    assert.equal((await fetch(app, { agent: agent(app) })).body, "via agent")
  },

  ClientRequest: async ({ http, server, to }) => {
    const app = await server((_req, res) => void res.end("constructed"))
    const Class = http.ClientRequest as unknown as new (options: object, done?: unknown) => never
    const req: ClientRequest = new Class(to(app))
    assert.ok(req instanceof http.OutgoingMessage)
    req.end()
    const [res] = await once(req, "response")
    assert.equal(await read(res), "constructed")
  },

  IncomingMessage: async ({ fetch, http, server }) => {
    const message = new http.IncomingMessage(new net.Socket())
    assert.ok(message instanceof Readable)
    assert.equal(message.complete, false)
    assert.deepEqual(message.headers, {})
    class Mine extends http.IncomingMessage {
      get shout() {
        return this.url?.toUpperCase()
      }
    }
    const app = await server({ IncomingMessage: Mine }, ((req: Mine, res: { end: (text: unknown) => void }) =>
      res.end(req.shout)) as never)
    assert.equal((await fetch(app, { path: "/loud" })).body, "/LOUD")
  },

  OutgoingMessage: ({ http }) => {
    const Class = http.OutgoingMessage as unknown as { (this: object): void } & typeof http.OutgoingMessage
    const message = new Class()
    assert.ok(message instanceof Stream)
    message.setHeader("Some-Name", "v")
    assert.equal(message.getHeader("some-name"), "v")
    const legacy = Object.create(Class.prototype) as InstanceType<typeof Class>
    Class.call(legacy)
    legacy.setHeader("a", "b")
    assert.deepEqual({ ...legacy.getHeaders() }, { a: "b" })
    const write = message.write.bind(message) as (chunk: string) => void
    assert.throws(() => write("x"), { code: "ERR_METHOD_NOT_IMPLEMENTED" })
  },

  Server: tcp(async ({ http }) => {
    const legacy = http.Server as unknown as (listener: unknown) => Server
    const app = legacy((_req: unknown, res: { end: (text: string) => void }) => res.end("old style"))
    assert.ok(app instanceof http.Server && app instanceof net.Server)
    await once(app.listen(0, "127.0.0.1"), "listening")
    const { port } = app.address() as net.AddressInfo
    const [res] = await once(http.get({ port, host: "127.0.0.1", agent: false }), "response")
    assert.equal(await read(res), "old style")
    await new Promise((resolve) => app.close(resolve))
    function Mine(this: object) {
      ;(http.Server as unknown as { call: (self: object) => void }).call(this)
    }
    inherits(Mine as never, http.Server as never)
    const mine = new (Mine as unknown as typeof http.Server)()
    assert.ok(mine instanceof http.Server)
    assert.equal(mine.keepAliveTimeout, 5000)
  }),

  ServerResponse: async ({ fetch, http, server }) => {
    class Mine extends http.ServerResponse {
      shout(text: string) {
        this.end(text.toUpperCase())
      }
    }
    const app = await server({ ServerResponse: Mine }, ((_req: unknown, res: Mine) =>
      res.shout("loud")) as never)
    assert.equal((await fetch(app)).body, "LOUD")
    const alone = new http.ServerResponse({
      method: "GET",
      httpVersionMajor: 1,
      httpVersionMinor: 1
    } as never)
    assert.equal(alone.statusCode, 200)
    assert.ok(alone instanceof http.OutgoingMessage)
  },

  WebSocket: tcp(async ({ http, server }) => {
    const WebSocket = (http as { WebSocket?: new (url: string) => EventTarget }).WebSocket
    // Node.js has the class since version 22. Our module has it on every version.
    if (WebSocket === undefined) {
      return assert.ok(http === builtin && Number(process.versions.node.split(".")[0]) < 22)
    }
    if ("WebSocket" in globalThis) {
      return assert.equal(WebSocket, (globalThis as { WebSocket?: unknown }).WebSocket)
    }
    const { createHash } = await import("node:crypto")
    const app = await server()
    app.on("upgrade", (req, socket) => {
      const key = `${req.headers["sec-websocket-key"]}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`
      const accept = createHash("sha1").update(key).digest("base64")
      socket.write(
        `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`
      )
      socket.write(Buffer.from([0x81, 2, 104, 105]))
    })
    const { port } = app.address() as net.AddressInfo
    const client = new WebSocket(`ws://127.0.0.1:${port}`)
    const data = await new Promise((resolve, reject) => {
      client.addEventListener("message", (event) => resolve((event as MessageEvent).data))
      client.addEventListener("error", () => reject(new Error("no connection")))
    })
    ;(client as unknown as { close: () => void }).close()
    assert.equal(data, "hi")
  })
})
