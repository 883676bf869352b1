/**
 * Undocumented members that libraries use, on the built-in modules and on ours. The rows are those of the
 * first table in docs/node-http-parity.md.
 */
import { strict as assert } from "node:assert"
import { once } from "node:events"
import { readFileSync } from "node:fs"
import type { Agent, ClientRequest, IncomingMessage, OutgoingMessage, ServerResponse } from "node:http"
import net from "node:net"
import { Duplex } from "node:stream"
import { it } from "vitest"
import { both, read, until, type Body, type World, isBuiltInSince } from "./harness.js"

const last = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"

/** A type with additional members of any type. */
type Loose<T> = T & { [name: string]: any } // eslint-disable-line @typescript-eslint/no-explicit-any

/** Returns the bytes of a response. */
const answered = async ({ raw, server }: World, handler: (res: Loose<ServerResponse>) => void) =>
  raw(await server((_req, res) => handler(res)), last)

/** Creates a response without a server, and a socket that records the bytes written to it. */
const alone = ({ http }: World) => {
  const request = Object.assign(new http.IncomingMessage(new net.Socket()), {
    method: "GET",
    httpVersionMajor: 1,
    httpVersionMinor: 1
  })
  const res = new http.ServerResponse(request) as Loose<ServerResponse>
  const written: Array<string> = []
  const socket = new Duplex({
    read() {},
    write(chunk, _encoding, done) {
      written.push(String(chunk))
      done()
    }
  })
  return { res, socket, written }
}

/**
 * Sends a request with an agent, and returns the calls of one member of the agent. The original member still
 * runs.
 */
const calls = async (world: World, name: string): Promise<ReadonlyArray<ReadonlyArray<unknown>>> => {
  const { agent, fetch, server } = world
  const app = await server((_req, res) => void res.end("ok"))
  const mine = agent(app, { keepAlive: true }) as Loose<Agent>
  const noted: Array<ReadonlyArray<unknown>> = []
  const original = mine[name] as (...args: ReadonlyArray<unknown>) => unknown
  mine[name] = (...args: ReadonlyArray<unknown>) => {
    noted.push(args)
    return original.apply(mine, args as Array<unknown>)
  }
  for (let i = 0; i < 2; i++) {
    assert.equal((await fetch(app, { agent: mine })).body, "ok")
    await until(() => Object.keys(mine.freeSockets).length === 1)
  }
  mine.destroy()
  await until(() => mine["totalSocketCount"] === 0)
  return noted
}

/** Finds an own symbol of an object by its description, as a library does that cannot import the symbol. */
const ownSymbol = (object: object, name: string): symbol => {
  const found = Object.getOwnPropertySymbols(object).find((symbol) => String(symbol) === `Symbol(${name})`)
  assert.ok(found)
  return found
}

const rows: Readonly<Record<string, Body>> = {
  "`message._header`": async (world) => {
    let head: unknown
    const text = await answered(world, (res) => {
      assert.equal(res["_header"], null)
      res.writeHead(200, { "X-A": "1" })
      head = res["_header"]
      res.end("body")
    })
    assert.ok(typeof head === "string" && text.startsWith(head) && head.includes("\r\nX-A: 1\r\n"))
    const req = world.http
      .request({ createConnection: () => new net.Socket() })
      .on("error", () => {}) as Loose<ClientRequest>
    req.end()
    assert.match(req["_header"], /^GET \/ HTTP\/1.1\r\nHost: /)
    req.destroy()
  },
  "`message._implicitHeader()`": async (world) => {
    const text = await answered(world, (res) => {
      res.statusCode = 201
      res["_implicitHeader"]()
      assert.match(res["_header"], /^HTTP\/1.1 201 Created\r\n/)
      assert.equal(res["_headerSent"], false)
      res.end()
    })
    assert.match(text, /^HTTP\/1.1 201 /)
    const { http } = world
    const bare = new http.OutgoingMessage() as Loose<OutgoingMessage>
    assert.throws(() => bare["_implicitHeader"](), { code: "ERR_METHOD_NOT_IMPLEMENTED" })
  },
  "`message._headerSent`": async (world) => {
    await answered(world, (res) => {
      res.writeHead(200)
      assert.equal(res["_headerSent"], false)
      res.write("x")
      // Node.js 24 buffers the first chunk with the head until the end of the turn.
      if (!isBuiltInSince(world, 24)) assert.equal(res["_headerSent"], true)
      res.end()
    })
  },
  "`message.outputData`": async (world) => {
    const { res, socket, written } = alone(world)
    res.end("held")
    assert.equal(res["outputData"].length > 0, true)
    assert.match(res["outputData"].map(({ data }: { data: unknown }) => String(data)).join(""), /held/)
    res.assignSocket(socket as net.Socket)
    res["_flush"]()
    await until(() => written.join("").endsWith("held"))
    assert.equal(res["outputData"].length, 0)
  },
  "`message._storeHeader()`": async (world) => {
    const text = await answered(world, (res) => {
      res["_storeHeader"]("HTTP/1.1 299 Stored\r\n", { "X-A": "1", "content-length": 2 })
      assert.match(res["_header"], /^HTTP\/1.1 299 Stored\r\nX-A: 1\r\ncontent-length: 2\r\n/)
      res.end("ok")
    })
    assert.match(text, /^HTTP\/1.1 299 Stored\r\n[^]*\r\n\r\nok$/)
  },
  "`message._send()`": async (world) => {
    const seen: Array<unknown> = []
    const text = await answered(world, (res) => {
      const original = res["_send"]
      res["_send"] = function (this: unknown, data: unknown, ...rest: Array<unknown>) {
        seen.push(String(data))
        return original.call(this, data, ...rest)
      }
      res.setHeader("Content-Length", 6)
      res.write("one")
      res["_send"]("two", "latin1")
      res.end()
    })
    assert.match(text, /\r\n\r\nonetwo$/)
    assert.deepEqual(seen.slice(0, 2), ["one", "two"])
  },
  "`message._writeRaw()`": async (world) => {
    const { res, socket, written } = alone(world)
    res.assignSocket(socket as net.Socket)
    res["_writeRaw"]("HTTP/1.1 102 Processing\r\n\r\n", "latin1")
    await until(() => written.length === 1)
    assert.deepEqual([written[0], res.headersSent], ["HTTP/1.1 102 Processing\r\n\r\n", false])
  },
  "`message._flush()`": async (world) => {
    const { res, socket, written } = alone(world)
    res.write("early")
    res.assignSocket(socket as net.Socket)
    res["_flush"]()
    await until(() => written.join("").includes("early"))
    res.end()
  },
  "`message._finish()`": async (world) => {
    const events: Array<string> = []
    await answered(world, (res) => {
      const original = res["_finish"]
      res.on("prefinish", () => events.push("prefinish"))
      res["_finish"] = function (this: unknown) {
        events.push("_finish")
        original.call(this)
      }
      res.end("x")
    })
    assert.deepEqual(events, ["_finish", "prefinish"])
  },
  "`message._hasBody`": async (world) => {
    await answered(world, (res) => {
      assert.equal(res["_hasBody"], true)
      res.statusCode = 204
      res.end("nobody sees this")
      assert.equal(res["_hasBody"], false)
    })
  },
  "`message._contentLength`": async (world) => {
    await answered(world, (res) => {
      assert.equal(res["_contentLength"], null)
      res.end("12345")
      assert.equal(res["_contentLength"], 5)
    })
  },
  "`message.useChunkedEncodingByDefault`": async (world) => {
    const text = await answered(world, (res) => {
      assert.equal(res["useChunkedEncodingByDefault"], true)
      res["useChunkedEncodingByDefault"] = false
      res.write("plain")
      res.end()
    })
    assert.match(text, /\r\nConnection: close\r\n\r\nplain$/)
  },
  "`res.assignSocket()`, `res.detachSocket()`": async (world) => {
    const { res, socket, written } = alone(world)
    res.assignSocket(socket as net.Socket)
    assert.deepEqual(
      [res.socket === (socket as unknown), Reflect.get(socket, "_httpMessage") === res],
      [true, true]
    )
    assert.throws(() => new world.http.ServerResponse(res.req).assignSocket(socket as net.Socket), {
      code: "ERR_HTTP_SOCKET_ASSIGNED"
    })
    res.on("finish", () => res.detachSocket(socket as net.Socket))
    res.end("by hand")
    await until(() => res.socket === null)
    assert.match(written.join(""), /^HTTP\/1.1 200 OK\r\n[^]*by hand/)
    assert.equal(Reflect.get(socket, "_httpMessage"), null)
  },
  "`message._removedContLen`": async (world) => {
    const seen: Array<unknown> = []
    const text = await answered(world, (res) => {
      seen.push(res["_removedContLen"])
      res.removeHeader("Content-Length")
      seen.push(res["_removedContLen"])
      res.end("body")
    })
    assert.deepEqual(seen, [false, true])
    assert.doesNotMatch(text, /content-length/i)
  },
  "`res._sent100`": async (world) => {
    const seen: Array<unknown> = []
    const text = await answered(world, (res) => {
      seen.push(res["_sent100"])
      res.writeContinue()
      seen.push(res["_sent100"])
      res.end()
    })
    assert.deepEqual(seen, [false, true])
    assert.match(text, /^HTTP\/1.1 100 Continue\r\n\r\nHTTP\/1.1 200 OK\r\n/)
  },
  "`message._headers`, `message._headerNames`": ({ http }) => {
    const message = new http.OutgoingMessage() as Loose<OutgoingMessage>
    message.setHeader("X-A", "1")
    // Node.js 24 has removed these members.
    const views = "_headers" in message ? [{ "x-a": "1" }, { "x-a": "X-A" }] : [undefined, undefined]
    assert.deepEqual(
      [message["_headers"], message["_headerNames"]].map((view) => view && { ...view }),
      views
    )
  },
  "`Symbol(kOutHeaders)` of a message": async (world) => {
    // Tools find this symbol to set values that `setHeader` refuses.
    type Fields = { [lower: string]: [string, unknown] }
    const text = await answered(world, (res) => {
      const key = ownSymbol(res, "kOutHeaders") as unknown as string
      assert.equal(res[key], null)
      res.setHeader("X-A", "1")
      assert.throws(() => res.setHeader("x-b", "\x01"), { code: "ERR_INVALID_CHAR" })
      ;(res[key] as unknown as Fields)["x-b"] = ["X-B", ["2", "\x01"]]
      res.removeHeader("x-a")
      assert.deepEqual(res.getHeaderNames(), ["x-b"])
      res.end()
    })
    assert.match(text, /^HTTP\/1.1 200 OK\r\nX-B: 2\r\nX-B: \x01\r\nDate: /)
    const message = new world.http.OutgoingMessage() as Loose<OutgoingMessage>
    message[ownSymbol(message, "kOutHeaders") as unknown as string] = { a: ["A", "b"] }
    assert.deepEqual({ ...message.getHeaders() }, { a: "b" })
  },
  "`Symbol(kHeaders)` of a received message": async ({ fetch, server }) => {
    const app = await server((req: Loose<IncomingMessage>, res) => {
      const { headers } = req
      res.end(String(req[ownSymbol(req, "kHeaders") as unknown as string] === headers))
    })
    assert.equal((await fetch(app)).body, "true")
  },
  "`message._addHeaderLine()`": ({ http }) => {
    const message = new http.IncomingMessage(new net.Socket()) as Loose<IncomingMessage>
    const fields = {}
    for (const [name, value] of [
      ["Age", "1"],
      ["Age", "2"],
      ["X", "1"],
      ["x", "2"],
      ["Set-Cookie", "a"]
    ]) {
      message["_addHeaderLine"](name, value, fields)
    }
    assert.deepEqual(fields, { age: "1", x: "1, 2", "set-cookie": ["a"] })
  },
  "`message._dump()`": async ({ http, server, to }) => {
    const app = await server((_req, res) => void res.end("x".repeat(100_000)))
    const req = http.get(to(app))
    const [res] = (await once(req, "response")) as [Loose<IncomingMessage>]
    let data = 0
    res.on("data", () => data++)
    res["_dump"]()
    await once(res, "end")
    assert.deepEqual([data, res.complete], [0, true])
  },
  "`socket._httpMessage`": async ({ fetch, http, server, to }) => {
    const seen: Array<boolean> = []
    const app = await server((req, res) => {
      seen.push(Reflect.get(req.socket, "_httpMessage") === res)
      res.end()
    })
    const req = http.get(to(app))
    req.on("socket", () =>
      process.nextTick(() => seen.push(Reflect.get(req.socket!, "_httpMessage") === req))
    )
    const [res] = (await once(req, "response")) as [IncomingMessage]
    res.resume()
    await until(() => seen.length === 2)
    assert.deepEqual(seen, [true, true])
    await fetch(app)
  },
  "`socket._hadError`": async ({ http, peer, to }) => {
    const app = await peer((socket) => void socket.once("data", () => socket.end()))
    const req = http.request(to(app)).end() as Loose<ClientRequest>
    const [socket] = (await once(req, "socket")) as [Loose<net.Socket>]
    assert.ok(!socket["_hadError"])
    const [error] = (await once(req, "error")) as [NodeJS.ErrnoException]
    assert.deepEqual([error.code, socket["_hadError"]], ["ECONNRESET", true])
  },
  "`socket.parser`": async ({ connect, http, server, to }) => {
    const app = await server((req, res) => {
      const { parser } = req.socket as Loose<net.Socket>
      assert.deepEqual([parser.incoming === req, parser.socket === req.socket], [true, true])
      res.end()
    })
    const req = http.get(to(app)) as Loose<ClientRequest>
    let parser!: { incoming: unknown; outgoing: unknown }
    req.on("response", (res) => {
      parser = req["parser"]
      assert.deepEqual([parser.incoming === res, parser.outgoing === req], [true, true])
      res.resume()
    })
    await once(req, "close")
    assert.equal(parser.incoming, null)
    // The new owner of the connection reads the bytes from the socket.
    const accepted = once(app, "connection")
    const client = await connect(app)
    const [socket] = (await accepted) as [Loose<net.Socket>]
    assert.equal(typeof socket["parser"].onIncoming, "function")
    socket["parser"].onIncoming = (taken: IncomingMessage) => void socket.end(`taken ${taken.url}`)
    client.write("GET /over HTTP/1.1\r\nHost: a\r\n\r\n")
    assert.equal(await read(client), "taken /over")
  },
  "`http._connectionListener`": async (world) => {
    const { connect, http, peer } = world
    const app = http.createServer((req, res) => void res.end(`given ${req.url}`))
    const listener = Reflect.get(http, "_connectionListener") as (this: unknown, socket: Duplex) => void
    const elsewhere = await peer((socket) => listener.call(app, socket))
    const client = await connect(elsewhere)
    client.write(last)
    assert.match(await read(client), /given \/$/)
  },
  "`agent.addRequest()`": async (world) => {
    const { agent, http, server, to } = world
    const noted = await calls(world, "addRequest")
    assert.deepEqual(
      noted.map(([req, options]) => [
        req instanceof http.ClientRequest,
        Reflect.get(options as object, "host")
      ]),
      [
        [true, "127.0.0.1"],
        [true, "127.0.0.1"]
      ]
    )
    // An agent can be any object that has the method `addRequest`.
    const app = await server((_req, res) => void res.end("foreign"))
    const inner = agent(app) as Loose<Agent>
    const foreign = { addRequest: (req: unknown, options: unknown) => inner["addRequest"](req, options) }
    const req = http.get(to(app, { agent: foreign as never }))
    const [res] = (await once(req, "response")) as [IncomingMessage]
    assert.equal(await read(res), "foreign")
  },
  "`agent.createSocket()`": async (world) => {
    const noted = await calls(world, "createSocket")
    assert.equal(noted.length, 1)
    const [req, options, callback] = noted[0]!
    assert.ok(req instanceof world.http.ClientRequest)
    assert.match(String(Reflect.get(options as object, "port")), /^\d+$/)
    // An override of `createSocket` can pass another socket to the callback.
    const { agent, fetch, server, connect } = world
    const app = await server((_req, res) => void res.end("otherwise"))
    const mine = agent(app) as Loose<Agent>
    mine["createSocket"] = (
      _req: unknown,
      _options: unknown,
      done: (error: unknown, socket: Duplex) => void
    ) => {
      void connect(app).then((socket) => done(null, socket))
    }
    assert.equal((await fetch(app, { agent: mine })).body, "otherwise")
    assert.equal(typeof callback, "function")
  },
  "`agent.totalSocketCount`": async ({ agent, fetch, server }) => {
    const app = await server((_req, res) => void res.end())
    const mine = agent(app, { keepAlive: true }) as Loose<Agent>
    assert.equal(mine["totalSocketCount"], 0)
    await fetch(app, { agent: mine })
    assert.equal(mine["totalSocketCount"], 1)
    mine.destroy()
    await until(() => mine["totalSocketCount"] === 0)
  },
  "`agent.removeSocket()`": async (world) => {
    const noted = await calls(world, "removeSocket")
    assert.ok(Reflect.get(noted.at(-1)![0] as object, "destroyed"))
  },
  "`agent.defaultPort`": ({ http, https }) => {
    assert.deepEqual(
      [Reflect.get(http.globalAgent, "defaultPort"), Reflect.get(https.globalAgent, "defaultPort")],
      [80, 443]
    )
    const agent = Object.assign(new http.Agent(), { defaultPort: 8080 })
    agent.createConnection = () => new net.Socket()
    const req = http.request({ host: "h", agent }).on("error", () => {})
    assert.equal(req.getHeader("host"), "h")
    req.destroy()
  },
  "`agent.getName()`, as a pool's name": async (world) => {
    const noted = await calls(world, "getName")
    assert.ok(noted.length >= 2)
    const { agent, fetch, server } = world
    const app = await server((_req, res) => void res.end())
    const mine = agent(app, { keepAlive: true })
    mine.getName = () => "mine"
    await fetch(app, { agent: mine })
    await until(() => Object.keys(mine.freeSockets).length === 1)
    assert.deepEqual(Object.keys(mine.freeSockets), ["mine"])
  },
  "`agent._getSession()`, `agent._cacheSession()`, `agent._evictSession()`": ({ https }) => {
    const agent = new https.Agent({ maxCachedSessions: 1 }) as Loose<Agent>
    const [one, two] = [Buffer.from("1"), Buffer.from("2")]
    agent["_cacheSession"]("a", one)
    assert.equal(agent["_getSession"]("a"), one)
    agent["_cacheSession"]("b", two)
    assert.deepEqual([agent["_getSession"]("a"), agent["_getSession"]("b")], [undefined, two])
    agent["_evictSession"]("b")
    assert.equal(agent["_getSession"]("b"), undefined)
  },
  "`req.onSocket()`": async ({ connect, http, server }) => {
    const app = await server((_req, res) => void res.end("handed"))
    const agent = {
      addRequest: (req: Loose<ClientRequest>) =>
        void connect(app).then((socket) => req.onSocket(socket as net.Socket))
    }
    const [res] = (await once(http.get({ host: "a", agent: agent as never }), "response")) as [
      IncomingMessage
    ]
    assert.equal(await read(res), "handed")
  },
  "`req._last`, `req.shouldKeepAlive`": async ({ agent, http, server, to }) => {
    const app = await server((req, res) => void res.end(req.headers.connection))
    const keeping = agent(app, { keepAlive: true })
    const one = http.request(to(app, { agent: agent(app) })) as Loose<ClientRequest>
    const kept = http.request(to(app, { agent: keeping })) as Loose<ClientRequest>
    assert.deepEqual([one["_last"], one["shouldKeepAlive"]], [true, false])
    assert.deepEqual([kept["_last"], kept["shouldKeepAlive"]], [false, true])
    const changed = http.request(to(app, { agent: keeping })) as Loose<ClientRequest>
    changed["shouldKeepAlive"] = false
    for (const req of [one, kept, changed]) req.end()
    const said = [one, kept, changed].map(async (req) => {
      const [res] = (await once(req, "response")) as [IncomingMessage]
      return read(res)
    })
    assert.deepEqual(await Promise.all(said), ["close", "keep-alive", "close"])
  }
}

both("undocumented members", rows)

it("docs/node-http-parity.md lists each member with a library that uses it", () => {
  const page = readFileSync(new URL("../../../../docs/node-http-parity.md", import.meta.url), "utf8")
  const table = page.split("## Undocumented members that work")[1]!.split("\n## ")[0]!
  const listed = [...table.matchAll(/^\| (`[^|]+?) +\| +[^| ]/gm)].map(([, members]) => members)
  assert.deepEqual(listed, Object.keys(rows))
})
