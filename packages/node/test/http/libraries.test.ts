/**
 * Libraries use undocumented members in these ways, on the built-in module and on ours. Our objects have
 * exactly Node's own properties. surface/undocumented.test.ts tests each member separately.
 */
import { once } from "node:events"
import type { ClientRequest, IncomingMessage, OutgoingMessage, Server, ServerResponse } from "node:http"
import net, { type Socket } from "node:net"
import { Writable } from "node:stream"
import { describe, expect, it } from "vitest"
import { ask, implementations, serving, textOf, type Http } from "./implementations.js"
import { talk } from "../support/sockets.js"

/** Finds an own symbol of an object by its description, as a library does that cannot import the symbol. */
const symbolNamed = (object: object, name: string): symbol | undefined =>
  Object.getOwnPropertySymbols(object).find((symbol) => String(symbol) === `Symbol(${name})`)

describe.each(implementations)("%s", (_name, http) => {
  it("private members of a message have Node's names", async () => {
    const seen: Array<object> = []
    let byName: unknown
    await serving(
      http.createServer((req, res) => {
        seen.push(req, res)
        const { headers } = req
        byName = (req as unknown as { [key: symbol]: unknown })[symbolNamed(req, "kHeaders")!] === headers
        res.end()
      }),
      (port) => ask(http, { port })
    )
    const [req, res] = seen.map((object) => Object.getOwnPropertySymbols(object).map(String))
    for (const name of ["kHeaders", "kHeadersCount", "kTrailers", "kTrailersCount"]) {
      expect(req).toContain(`Symbol(${name})`)
    }
    for (const name of ["kOutHeaders", "kNeedDrain", "kBytesWritten", "kHighWaterMark", "kUniqueHeaders"]) {
      expect(res).toContain(`Symbol(${name})`)
    }
    expect(byName).toBe(true)
  })

  // morgan stores `_startTime` on both messages, and other libraries extend servers.
  it("programs may add members of any name", async () => {
    const seen: Array<unknown> = []
    const server = new http.Server((req, res) => {
      for (const message of [req, res] as Array<{ _startTime?: unknown }>) {
        seen.push("_startTime" in message)
        message._startTime = "mine"
      }
      res.on("close", () => seen.push((res as { _startTime?: unknown })._startTime))
      res.end("x")
    })
    const members = ["timers", "httpConnections", "messageClass", "responseClass", "shouldUpgrade"]
    for (const name of members) {
      seen.push(name in server)
      Object.assign(server, { [name]: "mine" })
    }
    const { text } = await serving(server, (port) => ask(http, { port }))
    expect(text).toBe("x")
    expect(seen).toEqual([...members.map(() => false), false, false, "mine"])
  })

  // http-proxy-agent changes writes that are still queued in `outputData`.
  it("queued writes are counted with the head, and sent as they are in outputData", async () => {
    interface Waiting {
      outputData: Array<{ data: string | Uint8Array }>
      outputSize: number
      _header: string | null
    }
    const answer = await serving(
      http.createServer((req, res) => res.end(`${req.url} ${req.headers["content-length"]}`)),
      (port) =>
        new Promise<string>((resolve, reject) => {
          const agent = new http.Agent()
          const later = agent as unknown as { addRequest(req: ClientRequest, options: object): void }
          const { addRequest } = later
          later.addRequest = (req, options) => {
            setImmediate(() => {
              const waiting = req as unknown as Waiting & { path: string; _implicitHeader(): void }
              const sizes = waiting.outputData.reduce((sum, { data }) => sum + data.length, 0)
              const before = [waiting.outputSize, req.writableLength].map((size) => size - sizes)
              const [first] = waiting.outputData
              const text = String(first!.data)
              const whole = text.startsWith(waiting._header!)
              waiting._header = null
              waiting.path = "/other"
              waiting._implicitHeader()
              first!.data = waiting._header! + text.slice(text.indexOf("\r\n\r\n") + 4)
              req.on("response", (res) => {
                void textOf(res).then((body) => resolve([...before, whole, body].join()))
              })
              addRequest.call(agent, req, options)
            })
          }
          const req = http.request({ host: "127.0.0.1", port, agent, method: "POST" })
          req.on("error", reject)
          req.end("abc")
        })
    )
    expect(answer).toBe("0,0,true,/other 3")
  })

  // Handlers read the current request from `socket.parser`. Removing `socket.parser` does not affect the
  // connection.
  it("socket.parser has the current message", async () => {
    type Parsed = { parser?: { incoming: unknown; outgoing: unknown } | null }
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 })
    const seen: Array<unknown> = []
    await serving(
      http.createServer((req, res) => {
        const socket = res.socket as unknown as Parsed
        seen.push(socket.parser?.incoming === req)
        setImmediate(() => {
          seen.push(socket.parser?.incoming === req)
          delete socket.parser
          res.end(req.url)
        })
      }),
      async (port) => {
        for (const path of ["/a", "/b"]) {
          const { res, text } = await new Promise<{ res: IncomingMessage; text: string }>(
            (resolve, reject) => {
              const req = http.get({ host: "127.0.0.1", port, path, agent }, (res) => {
                const { parser } = res.socket as unknown as Parsed
                seen.push(parser?.incoming === res, parser?.outgoing === req)
                void textOf(res).then((text) => resolve({ res, text }))
              })
              req.on("error", reject)
            }
          )
          seen.push(text, (res as unknown as { req: ClientRequest }).req.reusedSocket)
        }
      }
    )
    agent.destroy()
    expect(seen).toEqual([true, true, true, true, "/a", false, false, false, true, true, "/b", true])
  })

  // node-fastcgi makes a request and a response without a server, and sends the status line as a field.
  it("a response can be written to any stream, with a modified head", () => {
    const chunks: Array<string> = []
    const stream = new Writable({
      write(chunk, _encoding, done) {
        chunks.push(String(chunk))
        done()
      }
    }) as unknown as Socket
    const req = new http.IncomingMessage(stream)
    const incoming = req as unknown as { _addHeaderLine(name: string, value: string, into: object): void }
    for (const [name, value] of [
      ["X-A", "1"],
      ["X-A", "2"],
      ["Set-Cookie", "c"],
      ["Host", "a"],
      ["Host", "b"]
    ] as const) {
      incoming._addHeaderLine(name, value, req.headers)
    }
    expect(req.headers).toEqual({ "x-a": "1, 2", "set-cookie": ["c"], host: "a" })
    Object.assign(req, { method: "GET", url: "/", httpVersionMajor: 1, httpVersionMinor: 1 })

    type Store = (this: ServerResponse, line: string, headers: { [name: string]: unknown }) => void
    const store = (http.ServerResponse.prototype as unknown as { _storeHeader: Store })._storeHeader
    const res = new http.ServerResponse(req)
    const own: Store = function (line, headers) {
      store.call(this, "", Object.assign(headers ?? {}, { status: ["Status", line.slice(9).trim()] }))
    }
    Object.assign(res, { _storeHeader: own, shouldKeepAlive: false, useChunkedEncodingByDefault: false })
    res.assignSocket(stream)
    res.sendDate = false
    res.statusCode = 201
    res.setHeader("X-B", "3")
    res.write("hello ")
    res.end("world")
    expect(chunks.join("")).toBe("X-B: 3\r\nStatus: 201 Created\r\nConnection: close\r\n\r\nhello world")
    res.detachSocket(stream)
    expect([res.socket, (stream as { _httpMessage?: unknown })._httpMessage]).toEqual([null, null])
  })

  // @sentry/core overrides `_storeHeader`: it sees each request when its head is built, and can add fields.
  // @sentry/core: sees every request when its head is built, and can still add fields.
  it("fields set in _storeHeader are sent with the head", async () => {
    type Store = (this: ClientRequest, line: string, headers: unknown) => void
    const proto = http.ClientRequest.prototype as unknown as { _storeHeader: Store }
    const store = proto._storeHeader
    const lines: Array<string> = []
    proto._storeHeader = function (line, headers) {
      lines.push(line)
      this.setHeader("X-Trace", "1")
      store.call(this, line, headers)
    }
    try {
      const server = http.createServer((req, res) => res.end(String(req.headers["x-trace"])))
      const { text } = await serving(server, (port) => ask(http, { port, path: "/x", agent: false }))
      expect([text, ...lines]).toEqual(["1", "GET /x HTTP/1.1\r\n"])
    } finally {
      delete (proto as { _storeHeader?: Store })._storeHeader
    }
    expect(proto._storeHeader).toBe(store)
  })

  // The package `proxy` writes its own response after CONNECT. The connection then continues without that
  // response.
  it("a response can be assigned to a connection and detached", async () => {
    const server = http.createServer()
    server.on("connect", (req: IncomingMessage, socket: Socket) => {
      const res = new http.ServerResponse(req)
      Object.assign(res, {
        shouldKeepAlive: false,
        chunkedEncoding: false,
        useChunkedEncodingByDefault: false
      })
      res.assignSocket(socket)
      expect(() => new http.ServerResponse(req).assignSocket(socket)).toThrow(/already assigned/)
      res.removeHeader("date")
      res.writeHead(200, "Connection established")
      ;(res as unknown as { _send(text: string): void })._send("")
      res.detachSocket(socket)
      socket.end("bytes")
    })
    const text = await serving(server, (port) => talk(port, "CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n"))
    expect(text).toBe("HTTP/1.1 200 Connection established\r\nConnection: close\r\n\r\nbytes")
  })

  // mockttp sends informational responses with fields that `writeEarlyHints` refuses.
  it("_writeRaw writes before the head", async () => {
    const seen: Array<unknown> = []
    await serving(
      http.createServer((_req, res) => {
        const raw = res as unknown as { _writeRaw(text: string, encoding: string): void }
        raw._writeRaw("HTTP/1.1 199 Mine\r\nX-A: 1\r\n\r\n", "ascii")
        res.end("x")
      }),
      async (port) => {
        const req = http.get({ host: "127.0.0.1", port })
        req.on("information", ({ statusCode, statusMessage, headers }) => {
          seen.push(statusCode, statusMessage, headers)
        })
        const [res] = (await once(req, "response")) as [IncomingMessage]
        seen.push(res.statusCode, await textOf(res))
      }
    )
    expect(seen).toEqual([199, "Mine", { "x-a": "1" }, 200, "x"])
  })

  // httpolyglot passes connections of another server, some of them with their first bytes unshifted.
  it("_connectionListener accepts any connection", async () => {
    const server = http.createServer((req, res) => res.end(req.url))
    const listener = (http as unknown as { _connectionListener(this: Server, socket: Socket): void })
      ._connectionListener
    const front = net.createServer((socket) => {
      socket.once("readable", () => {
        socket.unshift(socket.read() as Buffer)
        listener.call(server, socket)
      })
    })
    await new Promise<void>((resolve) => front.listen(0, "127.0.0.1", resolve))
    const { text } = await ask(http, { port: (front.address() as net.AddressInfo).port, path: "/x" })
    front.close()
    server.closeAllConnections()
    expect(text).toBe("/x")
  })

  it("a message calls its own members, so that they can be replaced", async () => {
    const names = ["_implicitHeader", "_storeHeader", "_send", "_writeRaw", "_finish"]
    const called = new Map<string, Set<string>>()
    const watch = (of: string, message: OutgoingMessage): void => {
      const members = message as unknown as {
        [name: string]: (this: OutgoingMessage, ...args: Array<unknown>) => unknown
      }
      const calls = new Set<string>()
      called.set(of, calls)
      for (const name of names) {
        const before = members[name]!
        members[name] = function (...args) {
          calls.add(name)
          return before.apply(this, args)
        }
      }
    }
    const text = await serving(
      http.createServer((req, res) => {
        watch(req.url!, res)
        if (req.url === "/pieces") res.write("a")
        if (req.url === "/bytes") res.end(Buffer.from("b"))
        else res.end("b")
      }),
      async (port) => {
        const texts: Array<string> = []
        for (const path of ["/whole", "/bytes", "/pieces"]) {
          const req = http.request({ host: "127.0.0.1", port, path, method: "POST" })
          watch(`request ${path}`, req)
          const answered = once(req, "response")
          req.end("x")
          texts.push(await textOf(((await answered) as [IncomingMessage])[0]))
        }
        return texts.join()
      }
    )
    expect(text).toBe("b,b,ab")
    for (const calls of called.values()) expect([...calls].sort()).toEqual([...names].sort())
    expect(called.size).toBe(6)
  })
})

/** Returns the own properties of an object. Objects and functions among the values are replaced by texts. */
const ownFacts = (object: object): { [name: string]: unknown } => {
  const facts: { [name: string]: unknown } = {}
  for (const name of Object.getOwnPropertyNames(object)) {
    // Skip newer members of Node, members that are accessors on Node's prototypes, and members of
    // EventEmitter.
    if (
      /^(keepAliveTimeoutBuffer|shouldUpgradeCallback|agentKeepAliveTimeoutBuffer|httpValidation)$/.test(name)
    ) {
      continue
    }
    if (/^(socket|path|_events.*)$/.test(name)) continue
    // These two members depend on the turns between the events of one packet (docs/node-http.md).
    if (/^(_consuming|_dumped)$/.test(name)) continue
    const value: unknown = Object.getOwnPropertyDescriptor(object, name)!.value
    facts[name] =
      typeof value === "object" && value !== null
        ? "an object"
        : typeof value === "function"
          ? "a function"
          : value
  }
  return facts
}

/** Returns the own properties of all objects of two exchanges on one connection, after each step. */
const factsOf = async (http: Http): Promise<{ [of: string]: object }> => {
  const facts: { [of: string]: object } = {}
  const agent = new http.Agent({ keepAlive: true })
  const server = http.createServer((req, res) => {
    facts[`${req.url} req`] = ownFacts(req)
    facts[`${req.url} res`] = ownFacts(res)
    res.sendDate = false
    req.resume().on("end", () => {
      if (req.url === "/whole") res.statusCode = 204
      else res.write("a")
      res.end()
    })
    res.on("close", () => {
      facts[`${req.url} req, over`] = ownFacts(req)
      facts[`${req.url} res, over`] = ownFacts(res)
    })
  })
  facts["server"] = ownFacts(server)
  await serving(server, async (port) => {
    for (const path of ["/pieces", "/whole"]) {
      const req = http.request({
        host: "127.0.0.1",
        port,
        agent,
        path,
        method: "PUT",
        setHost: false,
        headers: { host: "a" }
      })
      facts[`${path} request`] = ownFacts(req)
      req.on("socket", () => (facts[`${path} request with a socket`] = ownFacts(req)))
      const answered = once(req, "response")
      const closed = once(req, "close")
      req.end("body")
      facts[`${path} request, sent`] = ownFacts(req)
      const [res] = (await answered) as [IncomingMessage]
      facts[`${path} request, answered`] = ownFacts(req)
      facts[`${path} response`] = ownFacts(res)
      await textOf(res)
      await closed
      facts[`${path} request, over`] = ownFacts(req)
      facts[`${path} response, over`] = ownFacts(res)
    }
    facts["agent"] = ownFacts(agent)
    agent.destroy()
  })
  return facts
}

it("objects have exactly Node's own properties, with the same values", async () => {
  const [ours, builtIn] = await Promise.all(implementations.map(([, http]) => factsOf(http)))
  expect(ours).toEqual(builtIn)
})
