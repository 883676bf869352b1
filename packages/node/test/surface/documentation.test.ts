/**
 * Behaviour of Node.js 20 that differs from Node's documentation, on the built-in modules and on ours. The
 * rows are those of the table in docs/node-http-parity.md.
 */
import { strict as assert } from "node:assert"
import { once } from "node:events"
import builtin, {
  type ClientRequest,
  type IncomingMessage,
  type RequestOptions,
  type ServerResponse
} from "node:http"
import net from "node:net"
import { readFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { Duplex } from "node:stream"
import { it } from "vitest"
import { both, isBuiltInSince, pause, read, tcp, until, type Body, type World } from "./harness.js"

const hello = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
const last = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
const ok = (_req: IncomingMessage, res: ServerResponse) => void res.end("ok")
const never: RequestOptions = { createConnection: () => new net.Socket(), method: "POST" }

/** Collects the text that one end of a connection receives. */
const heard = (socket: Duplex) => {
  const seen = { text: "", over: false }
  socket.on("data", (chunk) => (seen.text += String(chunk)))
  for (const name of ["end", "close"]) socket.on(name, () => (seen.over = true))
  socket.on("error", () => {})
  return seen
}

/** Returns the bytes of a request, as a server receives them that never responds. */
const sent = async (
  { http, peer, to }: World,
  options: RequestOptions,
  use: (req: ClientRequest) => void
) => {
  let text = ""
  const target = await peer((socket) => void socket.on("data", (chunk) => (text += String(chunk))))
  const req = http.request(to(target, options)).on("error", () => {})
  use(req)
  await until(() => text.includes("\r\n\r\n"))
  req.destroy()
  return text
}

const rows: Readonly<Record<string, Body>> = {
  "`req.abort()` before a socket is assigned, with an agent": tcp(async ({ http, peer, to }) => {
    const req = http.get(to(await peer(() => {})))
    const events: Array<string> = []
    for (const name of ["abort", "error", "close"]) req.on(name, () => events.push(name))
    req.abort()
    await until(() => events.length === 2)
    assert.deepEqual(events, ["close", "abort"])
  }),
  "`req.abort()` after the response began": async ({ http, peer, to }) => {
    const half = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"
    const target = await peer((socket) => void socket.once("data", () => socket.write(half)))
    const req = http.get(to(target))
    const events: Array<string> = []
    req.on("close", () => events.push("close"))
    req.on("response", (res) => {
      res.on("data", () => req.abort())
      for (const name of ["aborted", "error", "close"]) res.on(name, () => events.push(`res ${name}`))
    })
    await until(() => events.includes("res close"))
    assert.deepEqual(events, ["res aborted", "close", "res error", "res close"])
  },
  "`clientError`: the listener's socket": async ({ connect, server }) => {
    const app = await server(ok)
    let later!: Duplex
    app.on("clientError", (_error, socket) => (later = socket))
    const client = await connect(app)
    const told = heard(client)
    client.write("bad\r\n\r\n")
    await until(() => later !== undefined)
    await pause(5)
    assert.deepEqual([told.over, later.writable], [false, true])
    later.end("HTTP/1.1 400 Later\r\n\r\n")
    await until(() => told.text.includes("Later"))
  },
  "`clientError`: the default responses": async ({ connect, raw, server }) => {
    const app = await server({ connectionsCheckingInterval: 5, headersTimeout: 30, requestTimeout: 30 }, ok)
    const large = `POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1;${"x".repeat(20_000)}\r\n`
    const body = await server((req) => void req.resume().on("error", () => {}))
    assert.match(await raw(body, large), /^HTTP\/1.1 413 Payload Too Large\r\nConnection: close\r\n\r\n$/)
    const late = heard(await connect(app))
    await until(() => late.over)
    assert.match(late.text, /^HTTP\/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n$/)
    const wide = `GET / HTTP/1.1\r\nHost: a\r\nX: ${"x".repeat(20_000)}\r\n\r\n`
    assert.match(await raw(app, wide), /^HTTP\/1.1 431 Request Header Fields Too Large\r\n/)
  },
  "`clientError`: bytes already written": async ({ connect, server }) => {
    // The documentation says that no error response follows any sent byte. Node checks only whether the head
    // of the current response was sent.
    const app = await server((_req, res) => void res.end("first"))
    const client = await connect(app)
    const seen = heard(client)
    client.write(hello)
    await until(() => seen.text.endsWith("first"))
    client.write("bad\r\n\r\n")
    await until(() => seen.over)
    assert.match(seen.text, /firstHTTP\/1.1 400 Bad Request\r\n/)
    const halfway = await server((_req, res) => void res.write("begun"))
    const other = await connect(halfway)
    const cut = heard(other)
    other.write(hello)
    await until(() => cut.text.includes("begun"))
    other.write("bad\r\n\r\n")
    await until(() => cut.over)
    assert.doesNotMatch(cut.text, /400/)
  },
  "`server.close()`, `closeIdleConnections()`": async ({ connect, server }) => {
    const app = await server(ok)
    const silent = heard(await connect(app))
    const idle = await connect(app)
    const used = heard(idle)
    idle.write(hello)
    await until(() => used.text.includes("ok"))
    await pause(5)
    app.closeIdleConnections()
    await until(() => used.over)
    await pause(5)
    assert.equal(silent.over, false)
  },
  "`createServer({ headersTimeout })`": ({ http }) => {
    assert.equal(http.createServer({ requestTimeout: 20_000 }).headersTimeout, 20_000)
    assert.equal(http.createServer().headersTimeout, 60_000)
  },
  "`server.requestTimeout`": async ({ connect, server }) => {
    const requests: Array<IncomingMessage> = []
    const limits = { connectionsCheckingInterval: 5, headersTimeout: 10, requestTimeout: 20 }
    const app = await server(limits, (req) => void requests.push(req.on("error", () => {})))
    const client = await connect(app)
    const seen = heard(client)
    client.write("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n12")
    await until(() => seen.over)
    assert.match(seen.text, /^HTTP\/1.1 408 /)
    assert.equal(requests.length, 1)
  },
  "`server.keepAliveTimeout`": async ({ connect, server }) => {
    const app = await server(ok)
    const client = await connect(app)
    const seen = heard(client)
    client.write(hello)
    await until(() => seen.text.includes("timeout=5"))
    app.keepAliveTimeout = 10
    client.write(hello)
    await until(() => seen.over)
  },
  "`server.maxRequestsPerSocket`": async ({ connect, server }) => {
    const app = await server((req, res) => void res.end(req.url))
    app.maxRequestsPerSocket = 1
    let dropped = 0
    app.on("dropRequest", () => dropped++)
    const client = await connect(app)
    const seen = heard(client)
    client.write(hello)
    await until(() => /Connection: close[^]*\//.test(seen.text))
    assert.equal(dropped, 0)
    client.write(hello)
    await until(() => seen.text.includes("503"))
    assert.equal(dropped, 1)
  },
  "`response.socket`, `outgoingMessage.socket`": async ({ fetch, server }) => {
    let after: unknown
    let res!: ServerResponse
    const app = await server((_req, response) => {
      res = response
      res.end()
      after = res.socket
    })
    const { req } = await fetch(app)
    assert.notEqual(after, null)
    await until(() => res.socket === null)
    assert.notEqual(req.socket, null)
  },
  "`response.writeHead()`": async ({ raw, server }) => {
    const app = await server((_req, res) => {
      res.writeHead(200, { "Content-Length": 9, Connection: "close" })
      res.end("short")
    })
    assert.match(await raw(app, last), /Content-Length: 9\r\n[^]*\r\n\r\nshort$/)
  },
  "`response.writeEarlyHints()`": async (world) => {
    const { raw, server } = world
    let called = 0
    const app = await server((_req, res) => {
      res.writeEarlyHints({ "x-a": "1" }, () => called++)
      res.end()
    })
    const text = await raw(app, last)
    assert.doesNotMatch(text, /103/)
    assert.equal(called, 0)
  },
  "`write()` of nothing": async (world) => {
    let called = 0
    const text = await sent(world, { method: "POST" }, (req) => req.write("", () => called++))
    assert.match(text, /^POST \/ HTTP\/1.1\r\n[^]*\r\n\r\n$/)
    await until(() => called === 1)
  },
  "`message.destroy(error)`": async ({ fetch, server }) => {
    const seen: Array<unknown> = []
    const app = await server((req, res) => {
      req.resume().on("end", () => {
        req.destroy()
        seen.push(req.socket.destroyed)
        res.end("still")
      })
    })
    assert.equal((await fetch(app)).body, "still")
    assert.deepEqual(seen, [false])
  },
  "`message.setTimeout()`": async ({ fetch, server }) => {
    const callback = () => {}
    const app = await server((req, res) => {
      req.setTimeout(5000, callback)
      assert.deepEqual(
        [req.listeners("timeout").includes(callback), req.socket.listeners("timeout").includes(callback)],
        [true, false]
      )
      res.end("set")
    })
    assert.equal((await fetch(app)).body, "set")
  },
  "`message.method`": async ({ fetch, server }) => {
    const app = await server((req, res) => {
      req.method = "PATCH"
      res.end(req.method)
    })
    assert.equal((await fetch(app)).body, "PATCH")
  },
  "`message.headers`: a second `Content-Length` or `Host`": async ({ raw, server }) => {
    const app = await server((req, res) => void res.end(req.headers.host))
    const twice = (field: string) => last.replace("Host: a\r\n", `Host: a\r\n${field}\r\n${field}\r\n`)
    assert.match(await raw(app, twice("Content-Length: 0")), /^HTTP\/1.1 400 /)
    assert.match(await raw(app, twice("Host: b")), /\r\n\r\na$/)
  },
  "`outgoingMessage.pipe()`": ({ http }) => {
    const told: Array<unknown> = []
    const message = new http.OutgoingMessage()
    const pipe = () => (message as unknown as { pipe: () => void }).pipe()
    assert.throws(pipe, { code: "ERR_STREAM_CANNOT_PIPE" })
    message.on("error", (error) => told.push((error as NodeJS.ErrnoException).code))
    pipe()
    assert.deepEqual(told, ["ERR_STREAM_CANNOT_PIPE"])
  },
  "`outgoingMessage.destroy(error)`": async ({ connect, server }) => {
    const told: Array<string> = []
    const app = await server((_req, res) => {
      res.on("error", () => told.push("res"))
      res.on("close", () => told.push("close"))
      res.destroy(new Error("mine"))
    })
    app.on("clientError", (error) => told.push(`server ${error.message}`))
    const client = await connect(app)
    heard(client)
    client.write(hello)
    await until(() => told.includes("close"))
    assert.deepEqual(told, ["server mine", "close"])
  },
  "`agent.keepSocketAlive()`": async ({ agent, fetch, server }) => {
    const kept = async (hint: string) => {
      const app = await server((_req, res) => {
        res.setHeader("Keep-Alive", hint)
        res.end("ok")
      })
      const mine = agent(app, { keepAlive: true })
      const original = mine.keepSocketAlive.bind(mine) as (socket: Duplex) => unknown
      const answers: Array<unknown> = []
      Object.assign(mine, {
        keepSocketAlive: (socket: Duplex) => {
          answers.push(original(socket))
          return answers.at(-1)
        }
      })
      await fetch(app, { agent: mine })
      await until(() => answers.length === 1)
      return answers[0]
    }
    assert.deepEqual([await kept("timeout=1"), await kept("timeout=9")], [false, true])
  },
  "`agent.getName()`": ({ http }) => {
    const name = new http.Agent().getName({ host: "h", port: 1, socketPath: "/s" } as never)
    assert.equal(name, "h:1::/s")
  },
  "`request({ headers })`": async (world) => {
    const text = await sent(world, { headers: ["X-A", "1", "x-a", "2"] as never }, (req) => void req.end())
    assert.match(text, /^GET \/ HTTP\/1.1\r\nX-A: 1\r\nx-a: 2\r\n/)
    assert.doesNotMatch(text, /Host/)
  },
  "`request({ path })`": ({ http }) => {
    for (const path of ["/a b", "/\t", "/\u0100"]) {
      assert.throws(() => http.request({ ...never, path }), { code: "ERR_UNESCAPED_CHARACTERS" })
    }
  },
  "`request({ socketPath })`": tcp(async ({ http }) => {
    const path = join(tmpdir(), `httpfx-${process.pid}-${Math.random().toString(36).slice(2)}.sock`)
    const app = http.createServer(ok)
    await once(app.listen(path), "listening")
    const req = http.get({ socketPath: path, host: "name.invalid", port: 1, agent: false })
    const [res] = (await once(req, "response")) as [IncomingMessage]
    assert.equal(await read(res), "ok")
    app.close()
  }),
  "`request({ setDefaultHeaders })`": async (world) => {
    const text = await sent(world, { setDefaultHeaders: false } as RequestOptions, (req) => void req.end())
    const known = world.http !== builtin || isBuiltInSince(world, 22)
    assert.equal(/Host/.test(text), !known)
  },
  "`http.WebSocket`": (world) => {
    const known = !("WebSocket" in builtin) === "WebSocket" in world.http
    assert.equal(known, world.http !== builtin && !isBuiltInSince({ ...world, http: builtin }, 22))
  }
}

both("where the documentation and Node.js differ", rows)

it("docs/node-http-parity.md lists each difference", () => {
  const page = readFileSync(new URL("../../../../docs/node-http-parity.md", import.meta.url), "utf8")
  const table = page.split("## Where Node's documentation")[1]!.split("\n## ")[0]!
  const listed = [...table.matchAll(/^\| (`[^|]+?) +\|/gm)].map(([, place]) => place)
  assert.deepEqual(listed, Object.keys(rows))
})
