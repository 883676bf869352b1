/** Received and sent messages: their properties, events and methods. */
import { strict as assert } from "node:assert"
import { once } from "node:events"
import type { IncomingMessage, OutgoingMessage, RequestListener, ServerResponse } from "node:http"
import net from "node:net"
import { getDefaultHighWaterMark, Readable } from "node:stream"
import { isBuiltInSince, pause, read, surface, until, type World } from "./harness.js"

/** Sends bytes to a server. Returns the request that the server got, when it is complete. */
const received = async ({ raw, server }: World, text: string): Promise<IncomingMessage> => {
  let seen: IncomingMessage | undefined
  const app = await server((req, res) => {
    seen = req
    req.resume().on("end", () => {
      res.setHeader("connection", "close")
      res.end()
    })
  })
  await raw(app, text)
  return seen!
}

/** Returns the bytes of a response, on a connection that closes after it. */
const answered = async ({ raw, server }: World, handler: RequestListener, method = "GET"): Promise<string> =>
  raw(await server(handler), `${method} / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`)

surface("IncomingMessage", "events", {
  aborted: async ({ connect, server }) => {
    const events: Array<string> = []
    const app = await server((req) => {
      req.on("aborted", () => events.push("aborted"))
      req.on("error", (error: { code?: string }) => events.push(String(error.code)))
      req.on("close", () => events.push("close"))
      req.resume()
    })
    const socket = await connect(app)
    socket.write("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n1")
    await once(app, "request")
    await pause(1)
    socket.destroy()
    await until(() => events.includes("close"))
    assert.deepEqual(events, ["aborted", "ECONNRESET", "close"])
  },
  close: async ({ fetch, server }) => {
    let closed = 0
    const app = await server((req, res) => {
      req.on("close", () => closed++)
      res.end()
    })
    const { res } = await fetch(app)
    await until(() => closed === 1 && res.closed)
  }
})

surface("IncomingMessage", "methods", {
  destroy: async ({ fetch, server }) => {
    const errors: Array<unknown> = []
    const app = await server((req) => {
      req.on("error", (error) => errors.push(error))
      req.destroy(new Error("mine"))
      assert.equal(req.socket.destroyed, true)
    })
    await assert.rejects(fetch(app), { code: "ECONNRESET" })
    await until(() => errors.length === 1)
    assert.equal((errors[0] as Error).message, "mine")
  },
  setTimeout: async ({ raw, server }) => {
    let timed = 0
    const app = await server((req, res) => {
      const same = req.setTimeout(5, () => {
        if (timed++ > 0) return
        res.writeHead(408, { Connection: "close" }).end("late")
      })
      assert.equal(same, req)
    })
    const half = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n1"
    assert.match(await raw(app, half), /^HTTP\/1.1 408 [^]*late/)
    assert.ok(timed > 0)
  }
})

const plain = "GET /path?q HTTP/1.0\r\nHost: a\r\n\r\n"
const trailing =
  "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTrailer: X-T\r\n\r\n1\r\na\r\n0\r\nX-T: 1\r\nx-t: 2\r\n\r\n"

surface("IncomingMessage", "properties", {
  aborted: async (world) => {
    assert.equal((await received(world, plain)).aborted, false)
    const { http, peer, to } = world
    const cut = await peer((socket) => void socket.end("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n1"))
    const [res] = (await once(http.get(to(cut)), "response")) as [IncomingMessage]
    await assert.rejects(read(res), { code: "ECONNRESET", message: "aborted" })
    assert.equal(res.aborted, true)
  },
  complete: async ({ http, server, to }) => {
    const app = await server((_req, res) => void res.end("all"))
    const [res] = (await once(http.get(to(app)), "response")) as [IncomingMessage]
    await read(res)
    assert.equal(res.complete, true)
    assert.equal(new http.IncomingMessage(new net.Socket()).complete, false)
  },
  connection: async (world) => {
    const req = await received(world, plain)
    assert.equal(req.connection, req.socket)
  },
  headers: async (world) => {
    const fields =
      "A: 1\r\na: 2\r\nCookie: x\r\ncookie: y\r\nSet-Cookie: s\r\nset-cookie: t\r\nAge: 1\r\nage: 2\r\n"
    const { headers } = await received(world, `GET / HTTP/1.1\r\nHost: a\r\n${fields}\r\n`)
    assert.deepEqual(headers, { host: "a", a: "1, 2", cookie: "x; y", "set-cookie": ["s", "t"], age: "1" })
    assert.equal(headers.toString, Object.prototype.toString)
  },
  headersDistinct: async (world) => {
    const req = await received(world, "GET / HTTP/1.1\r\nHost: a\r\nA: 1\r\na: 2\r\n\r\n")
    assert.deepEqual({ ...req.headersDistinct }, { host: ["a"], a: ["1", "2"] })
    assert.equal(Object.getPrototypeOf(req.headersDistinct), null)
  },
  httpVersion: async (world) => assert.equal((await received(world, plain)).httpVersion, "1.0"),
  httpVersionMajor: async (world) => assert.equal((await received(world, plain)).httpVersionMajor, 1),
  httpVersionMinor: async (world) => assert.equal((await received(world, plain)).httpVersionMinor, 0),
  method: async (world) => {
    assert.equal((await received(world, "REPORT / HTTP/1.1\r\nHost: a\r\n\r\n")).method, "REPORT")
  },
  rawHeaders: async (world) => {
    const req = await received(world, "GET / HTTP/1.1\r\nHoST: a\r\nX:  1 \r\nx: 2\r\n\r\n")
    assert.deepEqual(req.rawHeaders, ["HoST", "a", "X", "1", "x", "2"])
  },
  rawTrailers: async (world) => {
    assert.deepEqual((await received(world, trailing)).rawTrailers, ["X-T", "1", "x-t", "2"])
  },
  socket: async (world) => {
    const { raw, server } = world
    const sockets: Array<unknown> = []
    const app = await server((req, res) => {
      sockets.push(req.socket)
      assert.equal(req.socket instanceof net.Socket, !world.memory)
      req.socket.write("HTTP/1.1 102 Processing\r\n\r\n")
      res.end("after")
    })
    app.on("connection", (socket) => sockets.push(socket))
    assert.match(await raw(app, plain), /^HTTP\/1.1 102 Processing\r\n\r\nHTTP\/1.1 200 OK[^]*after$/)
    assert.equal(new Set(sockets).size, 1)
  },
  statusCode: async ({ fetch, server }) => {
    const { req, res } = await fetch(
      await server((request, response) => {
        assert.equal(request.statusCode, null)
        response.statusCode = 234
        response.end()
      })
    )
    assert.deepEqual([res.statusCode, req.method], [234, "GET"])
  },
  statusMessage: async ({ fetch, server }) => {
    const app = await server((_req, res) => void res.writeHead(200, "So so").end())
    assert.equal((await fetch(app)).res.statusMessage, "So so")
  },
  trailers: async (world) => {
    const req = await received(world, trailing)
    assert.deepEqual(req.trailers, { "x-t": "1, 2" })
  },
  trailersDistinct: async (world) => {
    assert.deepEqual({ ...(await received(world, trailing)).trailersDistinct }, { "x-t": ["1", "2"] })
  },
  url: async (world) => assert.equal((await received(world, plain)).url, "/path?q")
})

surface("ServerResponse", "events", {
  close: async ({ connect, fetch, server }) => {
    const events: Array<string> = []
    const app = await server((req, res) => {
      res.on("close", () => events.push(`close ${req.url} ${res.writableFinished}`))
      if (req.url === "/") res.end()
    })
    await fetch(app)
    const socket = await connect(app)
    socket.write("GET /cut HTTP/1.1\r\nHost: a\r\n\r\n")
    await once(app, "request")
    socket.destroy()
    await until(() => events.length === 2)
    assert.deepEqual(events, ["close / true", "close /cut false"])
  },
  finish: async ({ fetch, server }) => {
    const events: Array<string> = []
    const app = await server((_req, res) => {
      res.on("finish", () => events.push("finish"))
      res.on("close", () => events.push("close"))
      res.end("x")
    })
    await fetch(app)
    await until(() => events.length === 2)
    assert.deepEqual(events, ["finish", "close"])
  }
})

surface("ServerResponse", "methods", {
  addTrailers: async (world) => {
    const text = await answered(world, (_req, res) => {
      res.writeHead(200, { Trailer: "X-T" })
      res.write("a")
      res.addTrailers({ "X-T": "1" })
      res.end()
    })
    assert.match(text, /\r\n1\r\na\r\n0\r\nX-T: 1\r\n\r\n$/)
  },
  cork: async ({ connect, server }) => {
    let res!: ServerResponse
    const app = await server((_req, response) => {
      res = response
      res.flushHeaders()
    })
    const socket = await connect(app)
    let text = ""
    socket.on("data", (chunk) => (text += String(chunk)))
    socket.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    await until(() => text.endsWith("\r\n\r\n"))
    res.cork()
    res.write("a")
    await pause(5)
    assert.ok(text.endsWith("\r\n\r\n"))
    res.uncork()
    await until(() => text.endsWith("1\r\na\r\n"))
  },
  end: async (world) => {
    const text = await answered(world, (_req, res) => {
      assert.equal(res.end("whole", "utf8"), res)
    })
    assert.match(text, /\r\nContent-Length: 5\r\n\r\nwhole$/)
    const codes: Array<string> = []
    await answered(world, (_req, res) => {
      res.end("x", () => {
        res.on("error", () => {})
        res.end((error?: { code?: string }) => codes.push(String(error?.code)))
        res.write("after", (error) => codes.push(String((error as { code?: string }).code)))
      })
    })
    await until(() => codes.length === 2)
    assert.deepEqual(codes.sort(), ["ERR_STREAM_ALREADY_FINISHED", "ERR_STREAM_WRITE_AFTER_END"])
  },
  flushHeaders: async ({ http, server, to }) => {
    const app = await server((_req, res) => res.flushHeaders())
    const req = http.get(to(app)).on("error", () => {})
    const [res] = (await once(req, "response")) as [IncomingMessage]
    assert.equal(res.headers["transfer-encoding"], "chunked")
    res.on("error", () => {})
    req.destroy()
  },
  getHeader: async (world) => {
    await answered(world, (_req, res) => {
      res.setHeader("X-A", 5)
      assert.equal(res.getHeader("x-a"), 5)
      assert.equal(res.getHeader("date"), undefined)
      res.end()
    })
  },
  getHeaderNames: async (world) => {
    await answered(world, (_req, res) => {
      res.setHeader("X-A", "1")
      res.setHeader("Set-Cookie", ["a"])
      assert.deepEqual(res.getHeaderNames(), ["x-a", "set-cookie"])
      res.end()
    })
  },
  getHeaders: async (world) => {
    await answered(world, (_req, res) => {
      res.setHeader("X-A", ["1", "2"])
      const headers = res.getHeaders()
      headers["x-b"] = "not there"
      assert.deepEqual({ ...res.getHeaders() }, { "x-a": ["1", "2"] })
      res.end()
    })
  },
  hasHeader: async (world) => {
    await answered(world, (_req, res) => {
      res.setHeader("X-A", "1")
      assert.deepEqual([res.hasHeader("x-A"), res.hasHeader("b")], [true, false])
      res.end()
    })
  },
  removeHeader: async (world) => {
    const text = await answered(world, (_req, res) => {
      res.setHeader("X-A", "1")
      res.removeHeader("x-a")
      res.removeHeader("Date")
      res.end()
    })
    assert.doesNotMatch(text, /X-A|Date/)
  },
  setHeader: async (world) => {
    const text = await answered(world, (_req, res) => {
      assert.equal(res.setHeader("X-List", ["1", "2"]), res)
      assert.throws(() => res.setHeader("bad name", "v"), { code: "ERR_INVALID_HTTP_TOKEN" })
      assert.throws(() => res.setHeader("x", undefined as never), { code: "ERR_HTTP_INVALID_HEADER_VALUE" })
      assert.throws(() => res.setHeader("x", "é\n"), { code: "ERR_INVALID_CHAR" })
      res.end()
      assert.throws(() => res.setHeader("x", "1"), { code: "ERR_HTTP_HEADERS_SENT" })
    })
    assert.match(text, /\r\nX-List: 1\r\nX-List: 2\r\n/)
  },
  setTimeout: async (world) => {
    const text = await answered(world, (_req, res) => {
      assert.equal(
        res.setTimeout(5, () => void (res.writableEnded || res.end("timed"))),
        res
      )
    })
    assert.match(text, /timed$/)
  },
  uncork: async (world) => {
    const text = await answered(world, (_req, res) => {
      res.cork()
      res.cork()
      res.write("held")
      res.uncork()
      res.uncork()
      res.end()
    })
    assert.match(text, /\r\n4\r\nheld\r\n0\r\n\r\n$/)
  },
  write: async (world) => {
    const text = await answered(world, (_req, res) => {
      assert.equal(res.write("a"), true)
      res.write(Buffer.from("bc"))
      res.write("")
      assert.throws(() => res.write(5 as never), { code: "ERR_INVALID_ARG_TYPE" })
      res.end("d")
    })
    // Node.js 24 joins all writes of one turn.
    const joined = isBuiltInSince(world, 24) && text.endsWith("\r\n4\r\nabcd\r\n0\r\n\r\n")
    if (!joined) assert.match(text, /\r\n1\r\na\r\n2\r\nbc\r\n1\r\nd\r\n0\r\n\r\n$/)
  },
  writeContinue: async (world) => {
    const text = await answered(world, (_req, res) => {
      res.writeContinue()
      res.end()
    })
    assert.match(text, /^HTTP\/1.1 100 Continue\r\n\r\nHTTP\/1.1 200 OK\r\n/)
  },
  writeEarlyHints: async (world) => {
    const text = await answered(world, (_req, res) => {
      res.writeEarlyHints({ link: ["</a>; rel=preload", "</b>; rel=preload"], "x-t": "1" })
      assert.throws(() => res.writeEarlyHints({ link: "bad" }), { code: "ERR_INVALID_ARG_VALUE" })
      res.end()
    })
    assert.match(
      text,
      /^HTTP\/1.1 103 Early Hints\r\nLink: <\/a>; rel=preload, <\/b>; rel=preload\r\nx-t: 1\r\n\r\nHTTP\/1.1 200 /
    )
  },
  writeHead: async (world) => {
    const text = await answered(world, (_req, res) => {
      res.setHeader("X-A", "set")
      res.setHeader("X-B", "set")
      assert.equal(res.writeHead(207, "Many", { "x-b": "given" }), res)
      assert.throws(() => res.writeHead(200), { code: "ERR_HTTP_HEADERS_SENT" })
      res.end()
    })
    assert.match(text, /^HTTP\/1.1 207 Many\r\nX-A: set\r\nx-b: given\r\n/)
    await answered(world, (_req, res) => {
      assert.throws(() => res.writeHead(99), {
        code: "ERR_HTTP_INVALID_STATUS_CODE",
        message: "Invalid status code: 99"
      })
      res.writeHead(200, ["A", "1", "a", "2"] as never)
      res.end()
    })
  },
  writeProcessing: async (world) => {
    const text = await answered(world, (_req, res) => {
      res.writeProcessing()
      res.end()
    })
    assert.match(text, /^HTTP\/1.1 102 Processing\r\n\r\nHTTP\/1.1 200 /)
  }
})

surface("ServerResponse", "properties", {
  connection: async (world) => {
    await answered(world, (_req, res) => {
      assert.equal(res.connection, res.socket)
      res.end()
    })
  },
  finished: async (world) => {
    await answered(world, (_req, res) => {
      assert.equal(res.finished, false)
      res.end()
      assert.equal(res.finished, true)
    })
  },
  headersSent: async (world) => {
    await answered(world, (_req, res) => {
      assert.equal(res.headersSent, false)
      res.write("x")
      assert.equal(res.headersSent, true)
      res.end()
    })
  },
  req: async (world) => {
    await answered(world, (req, res) => {
      assert.equal(res.req, req)
      res.end()
    })
  },
  sendDate: async (world) => {
    const dated = await answered(world, (_req, res) => {
      assert.equal(res.sendDate, true)
      res.end()
    })
    assert.match(dated, /\r\nDate: \w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT\r\n/)
    const undated = await answered(world, (_req, res) => {
      res.sendDate = false
      res.end()
    })
    assert.doesNotMatch(undated, /Date/)
  },
  socket: async (world) => {
    let res!: ServerResponse
    await answered(world, (req, response) => {
      res = response
      assert.equal(res.socket, req.socket)
      res.end()
    })
    await until(() => res.socket === null)
  },
  statusCode: async (world) => {
    const text = await answered(world, (_req, res) => {
      assert.equal(res.statusCode, 200)
      res.statusCode = 404
      res.end()
    })
    assert.match(text, /^HTTP\/1.1 404 Not Found\r\n/)
  },
  statusMessage: async (world) => {
    const text = await answered(world, (_req, res) => {
      assert.equal(res.statusMessage, undefined)
      res.statusMessage = "Mine"
      res.end()
    })
    assert.match(text, /^HTTP\/1.1 200 Mine\r\n/)
  },
  strictContentLength: async (world) => {
    await answered(world, (_req, res) => {
      assert.equal(res.strictContentLength, false)
      res.strictContentLength = true
      res.setHeader("Content-Length", 3)
      assert.throws(() => res.end("1234"), {
        code: "ERR_HTTP_CONTENT_LENGTH_MISMATCH",
        message:
          "Response body's content-length of 4 byte(s) does not match the content-length of 3 byte(s) set in header"
      })
      res.destroy()
    })
  },
  writableEnded: async (world) => {
    await answered(world, (_req, res) => {
      assert.equal(res.writableEnded, false)
      res.end()
      assert.equal(res.writableEnded, true)
    })
  },
  writableFinished: async (world) => {
    let res!: ServerResponse
    await answered(world, (_req, response) => {
      res = response
      assert.equal(res.writableFinished, false)
      res.end()
    })
    await until(() => res.writableFinished)
  }
})

/** Calls `use` with a request, and with the response to it. */
const outgoing = async (world: World, use: (message: OutgoingMessage) => void): Promise<void> => {
  const { http, server, to } = world
  const app = await server((_req, res) => {
    use(res)
    if (!res.writableEnded) res.end()
  })
  const req = http.request(to(app, { method: "POST" }))
  use(req)
  if (!req.writableEnded) req.end()
  const [res] = (await once(req, "response")) as [IncomingMessage]
  await read(res)
}

surface("OutgoingMessage", "events", {
  drain: async ({ connect, server }) => {
    const events: Array<string> = []
    const app = await server((_req, res) => {
      let full = true
      while (full) full = res.write("x".repeat(65536))
      events.push("full")
      res.on("drain", () => {
        events.push("drain")
        res.end()
      })
    })
    const socket = await connect(app)
    socket.write("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    await until(() => events.length >= 1)
    socket.resume()
    await until(() => events.length >= 2)
    assert.deepEqual(events, ["full", "drain"])
  },
  finish: async (world) => {
    let finished = 0
    await outgoing(world, (message) => void message.on("finish", () => finished++))
    await until(() => finished === 2)
  },
  prefinish: async (world) => {
    const events: Array<string> = []
    await world.fetch(
      await world.server((_req, res) => {
        res.on("prefinish", () => events.push("prefinish"))
        res.on("finish", () => events.push("finish"))
        res.end()
      })
    )
    await until(() => events.length === 2)
    assert.deepEqual(events, ["prefinish", "finish"])
  }
})

surface("OutgoingMessage", "methods", {
  addTrailers: async (world) => {
    const { http, server, to } = world
    const app = await server((req, res) => void req.resume().on("end", () => res.end(req.trailers["x-t"])))
    const req = http.request(to(app, { method: "POST", headers: { Trailer: "X-T" } }))
    req.write("x")
    assert.throws(() => req.addTrailers({ "bad name": "1" }), {
      code: "ERR_INVALID_HTTP_TOKEN",
      message: 'Trailer name must be a valid HTTP token ["bad name"]'
    })
    req.addTrailers({ "X-T": "1" })
    req.end()
    const [res] = (await once(req, "response")) as [IncomingMessage]
    assert.equal(await read(res), "1")
  },
  appendHeader: async (world) => {
    await outgoing(world, (message) => {
      message.appendHeader("X-A", "1").appendHeader("x-a", ["2", "3"])
      assert.deepEqual(message.getHeader("x-a"), ["1", "2", "3"])
    })
  },
  cork: async (world) => {
    await outgoing(world, (message) => {
      message.cork()
      assert.equal(message.writableCorked, 1)
      message.uncork()
    })
  },
  destroy: async ({ http }) => {
    const message = new http.OutgoingMessage()
    const error = new Error("mine")
    assert.equal(message.destroy(error), message)
    assert.deepEqual([message.destroyed, (message as unknown as { errored: unknown }).errored], [true, error])
  },
  end: async (world) => {
    await outgoing(world, (message) => {
      assert.equal(message.end(), message)
      assert.equal(message.writableEnded, true)
    })
  },
  flushHeaders: async (world) => {
    await outgoing(world, (message) => {
      message.flushHeaders()
      assert.equal(message.headersSent, true)
    })
  },
  getHeader: async (world) => {
    await outgoing(world, (message) => {
      assert.throws(() => message.getHeader(5 as never), { code: "ERR_INVALID_ARG_TYPE" })
      message.setHeader("A", "b")
      assert.equal(message.getHeader("a"), "b")
    })
  },
  getHeaderNames: async (world) => {
    await outgoing(world, (message) => {
      message.setHeader("Some", "b")
      assert.ok(message.getHeaderNames().includes("some"))
    })
  },
  getHeaders: async (world) => {
    await outgoing(world, (message) => {
      message.setHeader("Some", "b")
      assert.equal(message.getHeaders()["some"], "b")
    })
  },
  hasHeader: async (world) => {
    await outgoing(world, (message) => {
      assert.equal(message.hasHeader("some"), false)
      message.setHeader("Some", "b")
      assert.equal(message.hasHeader("some"), true)
    })
  },
  pipe: async (world) => {
    const errors: Array<{ code?: string }> = []
    const onError = (error: unknown) => errors.push(error as never)
    await outgoing(world, (message) => {
      message.on("error", onError)
      ;(message as unknown as { pipe: () => void }).pipe()
      message.off("error", onError)
    })
    assert.deepEqual(
      errors.map((error) => error.code),
      ["ERR_STREAM_CANNOT_PIPE", "ERR_STREAM_CANNOT_PIPE"]
    )
    const body = await world.fetch(
      await world.server((_req, res) => void Readable.from(["a", "b"]).pipe(res))
    )
    assert.equal(body.body, "ab")
  },
  removeHeader: async (world) => {
    await outgoing(world, (message) => {
      message.setHeader("Some", "b")
      message.removeHeader("sOmE")
      assert.equal(message.hasHeader("some"), false)
      message.flushHeaders()
      assert.throws(() => message.removeHeader("x"), {
        code: "ERR_HTTP_HEADERS_SENT",
        message: "Cannot remove headers after they are sent to the client"
      })
    })
  },
  setHeader: async (world) => {
    await outgoing(world, (message) => {
      message.setHeader("n", 1)
      message.setHeader("N", 2)
      assert.equal(message.getHeader("n"), 2)
    })
  },
  setHeaders: async (world) => {
    await outgoing(world, (message) => {
      message.setHeaders(new Map([["a", "1"]])).setHeaders(new Headers({ b: "2" }))
      assert.deepEqual([message.getHeader("a"), message.getHeader("b")], ["1", "2"])
      assert.throws(() => message.setHeaders({} as never), { code: "ERR_INVALID_ARG_TYPE" })
    })
  },
  setTimeout: async (world) => {
    let timed = 0
    await world.fetch(
      await world.server((_req, res: OutgoingMessage) => {
        res.setTimeout(5)
        res.on("timeout", () => {
          if (timed++ === 0) res.end()
        })
      })
    )
    assert.ok(timed > 0)
  },
  uncork: async (world) => {
    await outgoing(world, (message) => {
      message.cork()
      message.uncork()
      message.uncork()
      assert.equal(message.writableCorked, isBuiltInSince(world, 22) ? -1 : 0)
    })
  },
  write: async ({ http, server, to }) => {
    const app = await server((req, res) => void req.pipe(res))
    const req = http.request(to(app, { method: "PUT" }))
    await new Promise((resolve) => req.write("first", resolve))
    req.end(" last")
    const [res] = (await once(req, "response")) as [IncomingMessage]
    assert.equal(await read(res), "first last")
  }
})

surface("OutgoingMessage", "properties", {
  connection: ({ http }) => {
    const message = new http.OutgoingMessage() as OutgoingMessage & { connection: unknown; socket: unknown }
    assert.equal(message.connection, null)
    const socket = new net.Socket()
    message.connection = socket
    assert.equal(message.socket, socket)
  },
  headersSent: async (world) => {
    await outgoing(world, (message) => {
      assert.equal(message.headersSent, false)
      message.flushHeaders()
      assert.equal(message.headersSent, true)
    })
  },
  socket: async (world) => {
    const app = await world.server((request, res) => {
      assert.equal(res.socket, request.socket)
      res.end()
    })
    const req = world.http.get(world.to(app))
    assert.equal(req.socket, null)
    const [socket] = (await once(req, "socket")) as [net.Socket]
    assert.equal(req.socket, socket)
    const [res] = (await once(req, "response")) as [IncomingMessage]
    await read(res)
  },
  writableCorked: async (world) => {
    await outgoing(world, (message) => {
      message.cork()
      message.cork()
      assert.equal(message.writableCorked, 2)
      message.uncork()
      message.uncork()
      assert.equal(message.writableCorked, 0)
    })
  },
  writableEnded: async (world) => {
    await outgoing(world, (message) => {
      message.end()
      assert.equal(message.writableEnded, true)
    })
  },
  writableFinished: async (world) => {
    const messages: Array<OutgoingMessage> = []
    await outgoing(world, (message) => {
      messages.push(message)
      assert.equal(message.writableFinished, false)
    })
    await until(() => messages.every((message) => message.writableFinished))
  },
  writableHighWaterMark: async (world) => {
    await outgoing(world, (message) => {
      const { socket } = message as OutgoingMessage & { socket: net.Socket | null }
      assert.equal(
        message.writableHighWaterMark,
        socket?.writableHighWaterMark ?? getDefaultHighWaterMark(false)
      )
    })
  },
  writableLength: async (world) => {
    await outgoing(world, (message) => {
      assert.equal(message.writableLength, 0)
      message.cork()
      message.write("12345")
      assert.ok(message.writableLength >= 5)
      message.uncork()
    })
  },
  writableObjectMode: async (world) => {
    await outgoing(world, (message) => {
      assert.equal(message.writableObjectMode, false)
    })
  }
})
