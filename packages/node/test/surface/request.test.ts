/** Requests: their options, events and methods. */
import { strict as assert } from "node:assert"
import { once } from "node:events"
import builtin, {
  type Agent,
  type ClientRequest,
  type IncomingMessage,
  type RequestOptions,
  type ServerResponse
} from "node:http"
import net from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { Duplex } from "node:stream"
import { pause, read, surface, tcp, until, type World } from "./harness.js"

const ok = (_req: IncomingMessage, res: ServerResponse) => void res.end("ok")
const echo = (req: IncomingMessage, res: ServerResponse) => void req.pipe(res)
const showHeaders = (req: IncomingMessage, res: ServerResponse) => void res.end(JSON.stringify(req.headers))

/** Returns the bytes of a request, as a server receives them that never responds. */
const sent = async (
  { http, peer, to }: World,
  options: RequestOptions,
  use: (req: ClientRequest) => void = (req) => void req.end(),
  whole = "\r\n\r\n"
): Promise<string> => {
  let text = ""
  const target = await peer((socket) => {
    socket.on("data", (chunk) => (text += String(chunk)))
  })
  const req = http.request(to(target, options))
  req.on("error", () => {})
  use(req)
  await until(() => text.includes(whole))
  req.destroy()
  return text
}

/** Starts a raw server that sends these bytes after the first bytes of each connection. */
const answering = (peer: World["peer"], text: string, end = true) =>
  peer((socket) => {
    socket.once("data", () => (end ? socket.end(text) : socket.write(text)))
  })

const answerTo = async (req: ClientRequest): Promise<[IncomingMessage, string]> => {
  const [res] = (await once(req, "response")) as [IncomingMessage]
  return [res, await read(res)]
}

surface("request", "options", {
  agent: async ({ agent, fetch, server }) => {
    const app = await server(ok)
    const mine = agent(app, { keepAlive: true })
    const { req } = await fetch(app, { agent: mine })
    assert.equal((req as unknown as { agent: Agent }).agent, mine)
    const again = await fetch(app, { agent: mine })
    assert.equal(again.req.reusedSocket, true)
    assert.equal((await fetch(app, { agent: false })).req.reusedSocket, false)
  },
  auth: async ({ fetch, server }) => {
    const { authorization } = JSON.parse((await fetch(await server(showHeaders), { auth: "us:pä" })).body)
    assert.equal(authorization, `Basic ${Buffer.from("us:pä").toString("base64")}`)
  },
  createConnection: async ({ http, peer }) => {
    const seen: Array<unknown> = []
    const target = await peer(() => {})
    const req = http.request({
      host: "somewhere",
      path: "/p",
      createConnection: (options) => {
        seen.push(options.host, options.path)
        return net.connect(target.port || 1, "127.0.0.1")
      }
    })
    req.on("error", () => {})
    req.end()
    await once(req, "socket")
    req.destroy()
    assert.equal(seen[0], "somewhere")
  },
  defaultPort: async (world) => {
    const port = await new Promise((resolve) => {
      const agent = new world.http.Agent()
      agent.createConnection = (options) => {
        resolve(options.port)
        return net.connect(1, "127.0.0.1")
      }
      const req = world.http.get({ host: "127.0.0.1", defaultPort: 8123, agent } as RequestOptions)
      req.on("error", () => {})
    })
    assert.equal(port, 8123)
    const req = world.http.request({ ...never, host: "h", port: 81, defaultPort: 81 } as RequestOptions)
    assert.equal(req.on("error", () => {}).getHeader("host"), "h")
    req.destroy()
  },
  family: async ({ http }) => {
    const family = await new Promise((resolve) => {
      const req = http.get({
        host: "name.invalid",
        family: 6,
        agent: false,
        lookup: (_host, options, done) => {
          resolve(options.family)
          done(Object.assign(new Error("no"), { code: "ENOTFOUND" }), "", 0)
        }
      })
      req.on("error", () => {})
    })
    assert.equal(family, 6)
  },
  headers: async (world) => {
    const text = await sent(world, { headers: { "X-One": "1", "x-two": ["a", "b"] } })
    assert.match(text, /^GET \/ HTTP\/1.1\r\nX-One: 1\r\nx-two: a\r\nx-two: b\r\nHost: /)
    const list = await sent(world, { headers: ["Host", "h", "A", "1", "a", "2"] as never })
    assert.match(list, /^GET \/ HTTP\/1.1\r\nHost: h\r\nA: 1\r\na: 2\r\n/)
  },
  hints: async ({ http }) => {
    const hints = await new Promise((resolve) => {
      const req = http.get({
        host: "name.invalid",
        hints: 32,
        agent: false,
        lookup: (_host, options, done) => {
          resolve(options.hints)
          done(Object.assign(new Error("no"), { code: "ENOTFOUND" }), "", 0)
        }
      })
      req.on("error", () => {})
    })
    assert.equal(hints, 32)
  },
  host: async (world) => {
    const connecting = world.http.request({ host: "some.host", createConnection: () => new net.Socket() })
    connecting.on("error", () => {})
    assert.equal(connecting.host, "some.host")
    assert.equal(connecting.getHeader("host"), "some.host:80")
    connecting.destroy()
    assert.match(await sent(world, { host: "127.0.0.1" }), /\r\nHost: 127.0.0.1:\d+\r\n/)
  },
  hostname: async ({ http }) => {
    const options = { host: "loses", hostname: "wins", createConnection: () => new net.Socket() }
    const req = http.request(options).on("error", () => {})
    assert.equal(req.getHeader("host"), "wins:80")
    req.destroy()
  },
  insecureHTTPParser: async ({ fetch, peer }) => {
    const target = await answering(peer, "HTTP/1.1 200 OK\r\nX: \x01\r\nContent-Length: 0\r\n\r\n")
    await assert.rejects(fetch(target), { code: "HPE_INVALID_HEADER_TOKEN" })
    const { res } = await fetch(target, { insecureHTTPParser: true })
    assert.equal(res.headers["x"], "\x01")
  },
  joinDuplicateHeaders: async ({ fetch, peer }) => {
    const text = "HTTP/1.1 200 OK\r\nETag: 1\r\nETag: 2\r\nContent-Length: 0\r\n\r\n"
    const target = await answering(peer, text)
    assert.equal((await fetch(target)).res.headers.etag, "1")
    assert.equal(
      (await fetch(target, { joinDuplicateHeaders: true } as RequestOptions)).res.headers.etag,
      "1, 2"
    )
  },
  localAddress: tcp(async ({ fetch, server }) => {
    const app = await server((req, res) => void res.end(req.socket.remoteAddress))
    assert.equal((await fetch(app, { localAddress: "127.0.0.2", agent: false })).body, "127.0.0.2")
  }),
  localPort: tcp(async ({ fetch, server }) => {
    const app = await server((req, res) => void res.end(String(req.socket.remotePort)))
    const free = net.createServer()
    await once(free.listen(0, "127.0.0.1"), "listening")
    const { port } = free.address() as net.AddressInfo
    await new Promise((resolve) => free.close(resolve))
    assert.equal((await fetch(app, { localPort: port, agent: false })).body, String(port))
  }),
  lookup: tcp(async ({ fetch, server }) => {
    const app = await server(ok)
    const asked: Array<string> = []
    const { body } = await fetch(app, {
      host: "name.invalid",
      agent: false,
      lookup: (host, options, done) => {
        asked.push(host)
        if (options.all === true)
          (done as unknown as (e: null, all: object) => void)(null, [{ address: "127.0.0.1", family: 4 }])
        else done(null, "127.0.0.1", 4)
      }
    })
    assert.deepEqual([body, asked], ["ok", ["name.invalid"]])
  }),
  maxHeaderSize: async ({ fetch, peer }) => {
    const target = await answering(
      peer,
      `HTTP/1.1 200 OK\r\nX: ${"x".repeat(300)}\r\nContent-Length: 0\r\n\r\n`
    )
    await assert.rejects(fetch(target, { maxHeaderSize: 100 }), { code: "HPE_HEADER_OVERFLOW" })
    assert.equal((await fetch(target, { maxHeaderSize: 1000 })).res.statusCode, 200)
  },
  method: async (world) => {
    assert.match(await sent(world, { method: "patch" }), /^PATCH \/ HTTP\/1.1\r\n/)
    assert.throws(() => world.http.request({ method: 5 as never }), { code: "ERR_INVALID_ARG_TYPE" })
  },
  path: async (world) => {
    assert.match(await sent(world, { path: "/a?b=c" }), /^GET \/a\?b=c HTTP/)
  },
  port: tcp(async ({ fetch, server }) => {
    const app = await server(ok)
    const { port } = app.address() as net.AddressInfo
    assert.equal((await fetch(app, { port: String(port) })).body, "ok")
    await assert.rejects(fetch(app, { port: 99999, agent: false }), { code: "ERR_SOCKET_BAD_PORT" })
  }),
  protocol: ({ http }) => {
    assert.throws(() => http.request({ protocol: "https:" }), {
      code: "ERR_INVALID_PROTOCOL",
      message: 'Protocol "https:" not supported. Expected "http:"'
    })
  },
  setDefaultHeaders: async (world) => {
    const text = await sent(world, { setDefaultHeaders: false } as RequestOptions)
    // The built-in module of Node.js 20 does not have the option.
    const unknown = world.http === builtin && process.version.startsWith("v20.")
    if (unknown) assert.match(text, /\r\nHost: /)
    else assert.equal(text, "GET / HTTP/1.1\r\n\r\n")
  },
  setHost: async (world) => {
    assert.doesNotMatch(await sent(world, { setHost: false }), /host/i)
  },
  signal: async ({ http, peer, to }) => {
    const target = await peer(() => {})
    const controller = new AbortController()
    const req = http.get(to(target, { signal: controller.signal }))
    controller.abort(new Error("enough"))
    const [error] = await once(req, "error")
    assert.equal(error.code, "ABORT_ERR")
    assert.equal(error.cause.message, "enough")
    const late = http.get(to(target, { signal: AbortSignal.abort() }))
    assert.equal((await once(late, "error"))[0].name, "AbortError")
  },
  socketPath: tcp(async ({ http }) => {
    const path = join(tmpdir(), `httpfx-${process.pid}-${Math.random().toString(36).slice(2)}.sock`)
    const app = http.createServer((req, res) => void res.end(req.headers.host))
    await once(app.listen(path), "listening")
    const [, body] = await answerTo(http.get({ socketPath: path, agent: false }))
    app.close()
    assert.equal(body, "localhost")
    assert.throws(() => http.request({ socketPath: path, path: "/a b" }), {
      code: "ERR_UNESCAPED_CHARACTERS"
    })
  }),
  timeout: tcp(async ({ http, peer, to }) => {
    const target = await peer(() => {})
    const req = http.get(to(target, { timeout: 5 })).on("error", () => {})
    await once(req, "timeout")
    assert.equal(req.destroyed, false)
    req.destroy()
  }),
  uniqueHeaders: async (world) => {
    const text = await sent(world, {
      uniqueHeaders: ["x-a"],
      headers: { "x-a": ["1", "2"] }
    } as RequestOptions)
    assert.match(text, /\r\nx-a: 1; 2\r\n/)
  }
})

surface("ClientRequest", "events", {
  abort: async ({ http, peer, to }) => {
    const req = http.get(to(await peer(() => {}))).on("error", () => {})
    let aborts = 0
    req.on("abort", () => aborts++)
    req.abort()
    req.abort()
    assert.equal(aborts, 0) // it comes later
    await once(req, "close")
    assert.equal(aborts, 1)
  },
  close: async ({ fetch, http, peer, server, to }) => {
    const { req } = await fetch(await server(ok))
    if (!req.closed) await once(req, "close")
    const failed = http.get(to(await peer((socket) => socket.destroy()))).on("error", () => {})
    await new Promise((resolve) => failed.on("close", resolve))
  },
  connect: async ({ http, server, to }) => {
    const app = await server()
    app.on("connect", (req, socket) => {
      socket.write("HTTP/1.1 200 Connected\r\n\r\nearly")
      socket.on("data", (chunk) => socket.end(`${req.url} ${chunk}`))
    })
    const req = http.request(to(app, { method: "CONNECT", path: "far:9" })).end()
    const [res, socket, head] = (await once(req, "connect")) as [IncomingMessage, Duplex, Buffer]
    assert.equal(res.statusCode, 200)
    socket.write("hi")
    assert.equal(String(head) + (await read(socket)), "earlyfar:9 hi")
    assert.equal(req.listenerCount("connect"), 0)
  },
  continue: async ({ http, server, to }) => {
    const app = await server(echo)
    const req = http.request(to(app, { method: "POST", headers: { Expect: "100-continue" } }))
    req.flushHeaders()
    await once(req, "continue")
    req.end("after")
    assert.equal((await answerTo(req))[1], "after")
  },
  finish: async ({ http, server, to }) => {
    const req = http.request(to(await server(echo), { method: "POST" }))
    const finished = once(req, "finish")
    req.end("x")
    await finished
    assert.equal(req.writableFinished, true)
    await answerTo(req)
  },
  information: async ({ http, peer, to }) => {
    const text = "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
    const req = http.get(to(await answering(peer, text)))
    const answer = answerTo(req)
    const [information] = await once(req, "information")
    assert.deepEqual(information, {
      statusCode: 103,
      statusMessage: "Early Hints",
      httpVersion: "1.1",
      httpVersionMajor: 1,
      httpVersionMinor: 1,
      headers: { link: "</a>" },
      rawHeaders: ["Link", "</a>"]
    })
    assert.equal((await answer)[0].statusCode, 200)
  },
  response: async ({ http, peer, to }) => {
    const target = await answering(peer, "HTTP/1.1 299 Fine\r\nContent-Length: 2\r\n\r\nhi")
    const [res, body] = await answerTo(http.get(to(target)))
    assert.deepEqual([res.statusCode, res.statusMessage, body], [299, "Fine", "hi"])
    // Without a `response` listener, the response is discarded.
    await once(http.get(to(target)), "close")
  },
  socket: async ({ http, server, to }) => {
    const req = http.get(to(await server(ok)))
    assert.equal(req.socket, null)
    const [socket] = await once(req, "socket")
    assert.equal(socket, req.socket)
    await answerTo(req)
  },
  timeout: async ({ http, peer, to }) => {
    const req = http.get(to(await peer(() => {}))).on("error", () => {})
    req.setTimeout(5)
    await once(req, "timeout")
    req.destroy()
  },
  upgrade: async ({ http, server, to }) => {
    const app = await server()
    app.on("upgrade", (_req, socket) => {
      socket.end("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\nfirst")
    })
    const headers = { Connection: "Upgrade", Upgrade: "x" }
    const req = http.get(to(app, { headers }))
    const [res, socket, head] = (await once(req, "upgrade")) as [IncomingMessage, Duplex, Buffer]
    assert.equal(res.headers.upgrade, "x")
    assert.equal(String(head) + (await read(socket)), "first")
    // Without an `upgrade` listener, the connection is destroyed.
    const alone = http.get(to(app, { headers }))
    const [error] = await Promise.race([once(alone, "error"), once(alone, "close")])
    assert.ok(error === undefined || error.code === "ECONNRESET")
  }
})

const never: RequestOptions = { createConnection: () => new net.Socket(), method: "POST" }

surface("ClientRequest", "methods", {
  abort: async ({ http, peer, to }) => {
    const req = http.get(to(await peer(() => {})))
    await once(req, "socket")
    req.abort()
    assert.equal(req.aborted, true)
    const [error] = await once(req, "error")
    assert.deepEqual([error.code, error.message], ["ECONNRESET", "socket hang up"])
  },
  cork: async ({ http, peer, to }) => {
    let text = ""
    const target = await peer((socket) => void socket.on("data", (chunk) => (text += String(chunk))))
    const req = http.request(to(target, { method: "POST" })).on("error", () => {})
    req.flushHeaders()
    await until(() => text.endsWith("\r\n\r\n"))
    req.cork()
    assert.equal(req.writableCorked, 1)
    req.write("a")
    req.write("b")
    await pause(5)
    assert.ok(text.endsWith("\r\n\r\n"))
    req.uncork()
    await until(() => text.endsWith("b\r\n"))
    req.destroy()
  },
  end: async ({ http, server, to }) => {
    const req = http.request(to(await server(echo), { method: "POST" }))
    let called = false
    assert.equal(
      req.end("ž", "latin1", () => (called = true)),
      req
    )
    const [, body] = await answerTo(req)
    assert.deepEqual([body, called], [Buffer.from("ž", "latin1").toString(), true])
    assert.throws(
      () =>
        http
          .request(never)
          .on("error", () => {})
          .end(5 as never),
      { code: "ERR_INVALID_ARG_TYPE" }
    )
  },
  destroy: async ({ http, peer, to }) => {
    const req = http.get(to(await peer(() => {})))
    await once(req, "socket")
    const mine = new Error("mine")
    const closed = new Promise((resolve) => req.on("close", resolve))
    assert.equal(req.destroy(mine), req)
    assert.equal((await once(req, "error"))[0], mine)
    await closed
    assert.equal(req.socket?.destroyed, true)
  },
  flushHeaders: async (world) => {
    const text = await sent(world, { method: "POST" }, (req) => req.flushHeaders())
    assert.match(text, /^POST \/ HTTP\/1.1\r\n[^]*\r\n\r\n$/)
  },
  getHeader: ({ http }) => {
    const req = http.request({ ...never, headers: { "X-A": "1", n: 5, l: ["a"] } }).on("error", () => {})
    assert.deepEqual(
      [req.getHeader("x-a"), req.getHeader("N"), req.getHeader("l"), req.getHeader("none")],
      ["1", 5, ["a"], undefined]
    )
    req.destroy()
  },
  getHeaderNames: ({ http }) => {
    const req = http.request({ ...never, headers: { "X-A": "1" } }).on("error", () => {})
    assert.deepEqual(req.getHeaderNames(), ["x-a", "host"])
    req.destroy()
  },
  getHeaders: ({ http }) => {
    const req = http.request({ ...never, host: "h", headers: { "X-A": "1" } }).on("error", () => {})
    const headers = req.getHeaders()
    assert.deepEqual({ ...headers }, { "x-a": "1", host: "h:80" })
    assert.equal(Object.getPrototypeOf(headers), null)
    req.destroy()
  },
  getRawHeaderNames: ({ http }) => {
    const req = http.request({ ...never, headers: { "X-A": "1" } }).on("error", () => {})
    assert.deepEqual(req.getRawHeaderNames(), ["X-A", "Host"])
    req.destroy()
  },
  hasHeader: ({ http }) => {
    const req = http.request({ ...never, headers: { "X-A": "1" } }).on("error", () => {})
    assert.deepEqual([req.hasHeader("X-a"), req.hasHeader("y")], [true, false])
    req.destroy()
  },
  removeHeader: async (world) => {
    const text = await sent(world, { headers: { "X-A": "1" } }, (req) => {
      req.removeHeader("x-A")
      req.removeHeader("host")
      req.end()
    })
    assert.doesNotMatch(text, /X-A|Host/)
  },
  setHeader: async (world) => {
    const text = await sent(world, {}, (req) => {
      assert.equal(req.setHeader("X-A", "1"), req)
      req.setHeader("x-a", "2")
      req.end()
      assert.throws(() => req.setHeader("late", "x"), {
        code: "ERR_HTTP_HEADERS_SENT",
        message: "Cannot set headers after they are sent to the client"
      })
    })
    assert.match(text, /\r\nx-a: 2\r\n/)
  },
  setNoDelay: async ({ http, server, to }) => {
    const calls = await socketCalls({ http, server, to }, (req) => req.setNoDelay(false))
    assert.deepEqual(calls, ["setNoDelay(false)"])
  },
  setSocketKeepAlive: async ({ http, server, to }) => {
    const calls = await socketCalls({ http, server, to }, (req) => req.setSocketKeepAlive(true, 1234))
    assert.deepEqual(calls, ["setKeepAlive(true,1234)"])
  },
  setTimeout: async ({ http, peer, to }) => {
    const req = http.get(to(await peer(() => {}))).on("error", () => {})
    let fired = false
    assert.equal(
      req.setTimeout(5, () => (fired = true)),
      req
    )
    await once(req, "timeout")
    assert.equal(fired, true)
    req.destroy()
  },
  uncork: async (world) => {
    const text = await sent(
      world,
      { method: "POST" },
      (req) => {
        req.cork()
        req.cork()
        req.write("held")
        req.uncork()
        assert.equal(req.writableCorked, 1)
        req.uncork()
        assert.equal(req.writableCorked, 0)
      },
      "held\r\n"
    )
    assert.match(text, /4\r\nheld\r\n$/)
  },
  write: async ({ http, server, to }) => {
    const req = http.request(to(await server(echo), { method: "POST" }))
    const order: Array<string> = []
    req.write("a", () => order.push("written"))
    req.write(Buffer.from("b"))
    req.write(new Uint8Array([99]))
    req.write("64", "hex")
    req.end()
    assert.equal((await answerTo(req))[1], "abcd")
    assert.deepEqual(order, ["written"])
    const ended = http.request(never).on("error", () => {})
    ended.end()
    ended.destroy()
    assert.throws(
      () =>
        http
          .request(never)
          .on("error", () => {})
          .write(null as never),
      { code: "ERR_STREAM_NULL_VALUES" }
    )
  }
})

/**
 * Returns the calls of `setNoDelay` and `setKeepAlive` on the socket of a request, after `use` was called
 * with the request.
 */
const socketCalls = async (
  { http, server, to }: Pick<World, "http" | "server" | "to">,
  use: (req: ClientRequest) => void
) => {
  const app = await server(ok)
  const calls: Array<string> = []
  const req = http.get(to(app, { agent: false }))
  req.on("socket", (socket) => {
    for (const name of ["setNoDelay", "setKeepAlive"] as const) {
      const original = socket[name] as (...args: unknown[]) => net.Socket
      socket[name] = (...args: unknown[]) => {
        calls.push(`${name}(${args.join()})`)
        return original.apply(socket, args)
      }
    }
  })
  await once(req, "socket")
  use(req)
  await answerTo(req)
  return calls
}

surface("ClientRequest", "properties", {
  aborted: ({ http }) => {
    const req = http.request(never).on("error", () => {})
    assert.equal(req.aborted, false)
    req.destroy()
    assert.equal(req.aborted, false)
    req.abort()
    assert.equal(req.aborted, true)
  },
  connection: async ({ fetch, server }) => {
    const { req } = await fetch(await server(ok))
    assert.equal(req.connection, req.socket)
    const fake = new net.Socket()
    ;(req as { connection: unknown }).connection = fake
    assert.equal(req.socket, fake)
  },
  destroyed: ({ http }) => {
    const req = http.request(never).on("error", () => {})
    assert.equal(req.destroyed, false)
    req.destroy()
    assert.equal(req.destroyed, true)
  },
  finished: ({ http }) => {
    const req = http.request(never).on("error", () => {})
    assert.equal(req.finished, false)
    req.end()
    assert.equal(req.finished, true)
    req.destroy()
  },
  maxHeadersCount: async ({ http, peer, to }) => {
    const many = Array.from({ length: 9 }, (_, n) => `X-${n}: v\r\n`).join("")
    const target = await answering(peer, `HTTP/1.1 200 OK\r\nContent-Length: 0\r\n${many}\r\n`)
    const req = http.get(to(target))
    assert.equal(req.maxHeadersCount, null)
    req.maxHeadersCount = 4
    assert.equal(Object.keys((await answerTo(req))[0].headers).length, 4)
  },
  path: async (world) => {
    const text = await sent(world, { path: "/first" }, (req) => {
      assert.equal(req.path, "/first")
      req.path = "/second"
      req.end()
    })
    assert.match(text, /^GET \/second /)
  },
  method: async (world) => {
    const text = await sent(world, {}, (req) => {
      assert.equal(req.method, "GET")
      req.method = "OPTIONS"
      req.end()
    })
    assert.match(text, /^OPTIONS /)
  },
  host: ({ http }) => {
    const req = http.request({ ...never, hostname: "name.example" }).on("error", () => {})
    assert.equal(req.host, "name.example")
    req.destroy()
  },
  protocol: ({ http, https }) => {
    const one = http.request(never).on("error", () => {})
    const two = https.request(never).on("error", () => {})
    assert.deepEqual([one.protocol, two.protocol], ["http:", "https:"])
    one.destroy()
    two.destroy()
  },
  reusedSocket: async ({ agent, fetch, server, http, to }) => {
    const app = await server(ok)
    const mine = agent(app, { keepAlive: true })
    assert.equal((await fetch(app, { agent: mine })).req.reusedSocket, false)
    await pause(1)
    assert.equal((await fetch(app, { agent: mine })).req.reusedSocket, true)
    // A program can use `reusedSocket` to retry a request whose idle connection the server has closed.
    await pause(1)
    app.closeIdleConnections()
    const attempt = async (): Promise<string> => {
      const req = http.get(to(app, { agent: mine })).on("error", () => {})
      try {
        return (await answerTo(req))[1]
      } catch (error) {
        assert.ok(req.reusedSocket && (error as { code: string }).code === "ECONNRESET")
        return attempt()
      }
    }
    assert.equal(await attempt(), "ok")
  },
  socket: async ({ http, server, to }) => {
    const app = await server(ok)
    const sockets: Array<unknown> = []
    const req = http.get(to(app))
    req.on("socket", (socket) => sockets.push(socket))
    const [res] = (await once(req, "response")) as [IncomingMessage]
    sockets.push(req.socket, res.socket)
    await read(res)
    assert.equal(new Set(sockets).size, 1)
  },
  writableEnded: ({ http }) => {
    const req = http.request(never).on("error", () => {})
    assert.equal(req.writableEnded, false)
    req.end()
    assert.equal(req.writableEnded, true)
    req.destroy()
  },
  writableFinished: async ({ http, server, to }) => {
    const req = http.get(to(await server(ok)))
    assert.equal(req.writableFinished, false)
    await answerTo(req)
    assert.equal(req.writableFinished, true)
  }
})
