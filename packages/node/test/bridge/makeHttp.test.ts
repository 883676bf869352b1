/**
 * The callback API on a network in memory: existing servers and clients need no ports, run in virtual time,
 * and meet the network's faults.
 */
import { assert, describe, it } from "@effect/vitest"
import { Client } from "@httpfx/core"
import { NodeNetwork } from "@httpfx/node"
import * as bridge from "@httpfx/node/bridge"
import real from "@httpfx/node/http"
import { MemoryNetwork, RawPeer, Simulation } from "@httpfx/testing"
import { Effect, Fiber, Layer, TestClock } from "effect"
import { once } from "node:events"
import type { ClientRequest, IncomingMessage, RequestListener, RequestOptions, Server } from "node:http"
import { textOf } from "../http/implementations.js"

type Http = Effect.Effect.Success<typeof bridge.makeHttp>

const listening = (http: Http, listener: RequestListener, options: object = {}) =>
  Effect.promise(async () => {
    const server = http.createServer(options, listener)
    await once(server.listen(80, "api.test"), "listening")
    return server
  })

const ask = (http: Http, options: RequestOptions = {}, body?: string) =>
  Effect.async<{ req: ClientRequest; res: IncomingMessage; text: string }, NodeJS.ErrnoException>(
    (resume) => {
      const req = http.request({ host: "api.test", ...options }, (res) => {
        textOf(res).then(
          (text) => resume(Effect.succeed({ req, res, text })),
          (error) => resume(Effect.fail(error))
        )
      })
      req.on("error", (error) => resume(Effect.fail(error)))
      req.end(body)
    }
  )

const turn = Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))

const echo: RequestListener = (req, res) => {
  let text = ""
  req.on("data", (chunk) => (text += chunk))
  req.on("end", () => res.end(`${req.method} ${req.url} ${text}`))
}

const memory = MemoryNetwork.layer()

describe("makeHttp", () => {
  it.effect("has the shape of the module, and its classes", () =>
    Effect.gen(function* () {
      const http = yield* bridge.makeHttp
      const missing = Object.keys(real).filter((name) => !(name in http))
      assert.deepStrictEqual(missing, [])
      const server = (http.Server as unknown as () => Server)()
      assert.instanceOf(server, real.Server)
      assert.instanceOf(server, http.Server)
      const agent = (http.Agent as unknown as () => InstanceType<Http["Agent"]>)()
      assert.instanceOf(agent, real.Agent)
      assert.instanceOf(http.globalAgent, http.Agent)
      assert.notStrictEqual(http.globalAgent, real.globalAgent)
      assert.strictEqual(http.IncomingMessage, real.IncomingMessage)
    }).pipe(Effect.scoped, Effect.provide(memory))
  )

  it.effect("an existing server and client exchange messages on one connection, without a port", () =>
    Effect.gen(function* () {
      const http = yield* bridge.makeHttp
      const server = yield* listening(http, echo)
      assert.deepInclude(server.address(), { port: 80, family: "IPv4" })
      assert.isTrue(server.listening)
      const first = yield* ask(http, { method: "POST", path: "/a" }, "body")
      assert.strictEqual(first.text, "POST /a body")
      yield* turn
      const second = yield* ask(http)
      assert.isTrue(second.req.reusedSocket)
      assert.lengthOf(yield* MemoryNetwork.connections, 1)
      const client = yield* ask(http, { agent: false })
      assert.strictEqual(client.res.headers["connection"], "close")
      const closed = once(server, "close")
      server.close()
      yield* Effect.promise(() => closed)
      assert.isFalse(server.listening)
      const refused = yield* Effect.flip(ask(http, { agent: false }))
      assert.strictEqual(refused.code, "ECONNREFUSED")
    }).pipe(Effect.scoped, Effect.provide(memory))
  )

  it.effect("its servers respond to Effect clients on the same network", () =>
    Effect.gen(function* () {
      const http = yield* bridge.makeHttp
      yield* listening(http, echo)
      const response = yield* Client.request({ url: "http://api.test/x" })
      assert.strictEqual(yield* response.text, "GET /x ")
    }).pipe(Effect.scoped, Effect.provide(Client.layer.pipe(Layer.provideMerge(memory))))
  )

  it.effect("keepAliveTimeout expires by the test clock", () =>
    Effect.gen(function* () {
      const http = yield* bridge.makeHttp
      yield* listening(http, echo, { keepAliveTimeout: 3000 })
      const peer = yield* RawPeer.connect({ host: "api.test", port: 80 })
      yield* peer.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
      const head = yield* peer.until("\r\n\r\n")
      assert.include(head, "Keep-Alive: timeout=3\r\n")
      assert.include(head, "Date: Thu, 01 Jan 1970 00:00:00 GMT\r\n")
      yield* peer.expect("GET / ")
      yield* turn
      // The server closes the connection a second later than announced, because a request may be in flight.
      yield* TestClock.adjust("3999 millis")
      assert.strictEqual(peer.state(), "open")
      yield* TestClock.adjust("1 millis")
      yield* peer.expectFin
    }).pipe(Effect.scoped, Effect.provide(memory))
  )

  it.effect("headersTimeout and the timeout of a request expire by the test clock", () =>
    Effect.gen(function* () {
      const http = yield* bridge.makeHttp
      yield* listening(http, () => {}, { headersTimeout: 60_000, connectionsCheckingInterval: 1000 })
      const slow = yield* RawPeer.connect({ host: "api.test", port: 80 })
      yield* slow.send("GET / HTTP/1.1\r\nHost:")
      yield* turn
      yield* TestClock.adjust("59 seconds")
      assert.strictEqual(slow.received(), "")
      yield* TestClock.adjust("2 seconds")
      yield* slow.expectMatch(/^HTTP\/1\.1 408 Request Timeout\r\n/)

      const req = http.get({ host: "api.test", timeout: 5000 })
      const events: Array<string> = []
      req.on("timeout", () => {
        events.push("timeout")
        req.destroy()
      })
      req.on("error", (error: NodeJS.ErrnoException) => events.push(error.code!))
      const over = once(req, "close").catch(() => undefined)
      yield* turn
      yield* turn
      yield* TestClock.adjust("4999 millis")
      assert.deepStrictEqual(events, [])
      yield* TestClock.adjust("1 millis")
      yield* Effect.promise(() => over)
      assert.deepStrictEqual(events, ["timeout", "ECONNRESET"])
    }).pipe(Effect.scoped, Effect.provide(memory))
  )

  it.effect("a reset by the network fails the request at the client and at the server", () =>
    Effect.gen(function* () {
      const http = yield* bridge.makeHttp
      const told: Array<string> = []
      yield* listening(http, (req, res) => {
        req.on("error", (error: NodeJS.ErrnoException) => told.push(`server ${error.code}`))
        res.on("close", () => told.push("server close"))
        res.write("half")
      })
      const failure = yield* Effect.fork(Effect.flip(ask(http)))
      yield* turn
      yield* turn
      assert.strictEqual(yield* MemoryNetwork.reset(), 1)
      assert.strictEqual((yield* Fiber.join(failure)).code, "ECONNRESET")
      yield* turn
      assert.include(told, "server close")
      assert.lengthOf(yield* MemoryNetwork.connections, 0)
    }).pipe(Effect.scoped, Effect.provide(memory))
  )

  it.effect("latency follows the test clock, and a destroyed request closes its connection", () =>
    Effect.gen(function* () {
      const http = yield* bridge.makeHttp
      yield* listening(http, echo)
      yield* MemoryNetwork.condition({}, { latency: "1 seconds" })
      const asked = yield* Effect.fork(ask(http))
      yield* turn
      let passed = 0
      while (asked.unsafePoll() === null && passed < 20) {
        passed++
        yield* TestClock.adjust("500 millis")
        yield* turn
      }
      assert.strictEqual((yield* Fiber.join(asked)).text, "GET / ")
      assert.isAtLeast(passed, 4)

      const req = http.get({ host: "api.test", agent: false })
      const error = once(req, "error")
      yield* turn
      req.destroy()
      yield* Effect.promise(() => error)
    }).pipe(Effect.scoped, Effect.provide(memory))
  )

  it.effect("an address in use and an unknown name fail as in Node", () =>
    Effect.gen(function* () {
      const http = yield* bridge.makeHttp
      yield* listening(http, echo)
      const second = http.createServer().listen(80, "api.test")
      const [inUse] = yield* Effect.promise(() => once(second, "error"))
      assert.strictEqual(inUse.code, "EADDRINUSE")
      assert.strictEqual((yield* Effect.flip(ask(http, { host: "nobody.test" }))).code, "ENOTFOUND")
      assert.throws(() => (http.createServer().listen(81, "api.test") as Server).listen(82), /more than once/)
    }).pipe(Effect.scoped, Effect.provide(memory))
  )

  it.live("works on sockets of the system too", () =>
    Effect.gen(function* () {
      const http = yield* bridge.makeHttp
      const server = http.createServer(echo)
      yield* Effect.promise(() => once(server.listen(0, "127.0.0.1"), "listening"))
      const { port } = server.address() as { port: number }
      assert.strictEqual((yield* ask(http, { host: "127.0.0.1", port })).text, "GET / ")
      const refused = yield* Effect.flip(ask(http, { host: "127.0.0.1", port: 1 }))
      assert.deepInclude(refused, { code: "ECONNREFUSED", syscall: "connect" })
    }).pipe(Effect.scoped, Effect.provide(NodeNetwork.layer))
  )

  it.live("works in a simulation, with its clock, its network and its seed", () =>
    Effect.gen(function* () {
      const program = Effect.gen(function* () {
        const http = yield* bridge.makeHttp
        const server = yield* listening(http, echo)
        yield* MemoryNetwork.condition({}, { latency: "50 millis" })
        const answers = yield* Effect.forEach([1, 2, 3], (n) => ask(http, { path: `/${n}` }), {
          concurrency: 3
        })
        server.close()
        return answers.map(({ text }) => text)
      }).pipe(Effect.scoped, Effect.provide(memory))
      const exit = yield* Simulation.run({ seed: 1 }, program)
      assert.deepStrictEqual(exit, ["GET /1 ", "GET /2 ", "GET /3 "])
    })
  )
})
