/** Callback agents and Effect clients that share one pool of connections. */
import { assert, describe, it } from "@effect/vitest"
import { Agent, Client, Server } from "@httpfx/core"
import { HttpServer, HttpServerRequest, HttpServerResponse } from "@effect/platform"
import { NodeHttpServer, NodeNetwork } from "@httpfx/node"
import * as bridge from "@httpfx/node/bridge"
import http from "@httpfx/node/http"
import https from "@httpfx/node/https"
import { Exchange } from "@httpfx/core"
import { Deferred, Effect, Fiber, Layer, Stream } from "effect"
import { once } from "node:events"
import { readFileSync } from "node:fs"
import type { Duplex } from "node:stream"
import type { ClientRequest, IncomingMessage, RequestOptions } from "node:http"
import { textOf } from "../http/implementations.js"

const pem = (name: string) => readFileSync(new URL(`../fixtures/${name}.pem`, import.meta.url), "utf8")

const app = Effect.gen(function* () {
  const exchange = yield* Exchange.exchange
  if (exchange.upgradeProtocols.length > 0) {
    const socket = yield* exchange.upgrade()
    yield* Stream.runForEach(socket.stream, (data) => socket.write(data)).pipe(Effect.ignore)
    return HttpServerResponse.empty()
  }
  const request = yield* HttpServerRequest.HttpServerRequest
  const { connection } = exchange
  if (request.url === "/slow") yield* Effect.sleep("20 millis")
  if (request.url === "/soon") return HttpServerResponse.text("x", { headers: { "keep-alive": "timeout=1" } })
  if (request.url === "/close") return HttpServerResponse.text("bye", { headers: { connection: "close" } })
  const port = connection.remote?._tag === "TcpAddress" ? connection.remote.port : 0
  return HttpServerResponse.text(`${port} ${yield* request.text}`)
})

const world = (options: Agent.Options) =>
  HttpServer.serve(app).pipe(
    Layer.provideMerge(NodeHttpServer.layer({ port: 0, host: "127.0.0.1" })),
    Layer.merge(
      Client.layerAgent().pipe(Layer.provideMerge(Agent.layer(options)), Layer.provide(NodeNetwork.layer))
    )
  )

const secureWorld = HttpServer.serve(app).pipe(
  Layer.provideMerge(
    NodeHttpServer.layer({ port: 0, host: "localhost", tls: { key: pem("server-key"), cert: pem("server") } })
  ),
  Layer.merge(Agent.layer().pipe(Layer.provide(NodeNetwork.layer)))
)

const port = Effect.map(Server.Server, ({ address }) => (address._tag === "TcpAddress" ? address.port : 0))
const state = Effect.flatMap(Agent.Agent, (agent) => agent.state)

interface Asked {
  readonly req: ClientRequest
  readonly res: IncomingMessage
  readonly text: string
}

const ask = (options: RequestOptions, body?: string) =>
  Effect.promise(
    () =>
      new Promise<Asked>((resolve, reject) => {
        const req = http.request({ host: "127.0.0.1", ...options }, (res) => {
          textOf(res).then((text) => resolve({ req, res, text }), reject)
        })
        req.on("error", reject)
        req.end(body)
      })
  )
const turn = Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))

describe("toCallbackAgents", () => {
  it.live("requests of both APIs share one connection, one after the other", () =>
    Effect.gen(function* () {
      const { http: agent } = yield* bridge.toCallbackAgents
      const options = { port: yield* port, agent }
      const first = yield* ask(options)
      yield* turn
      assert.isFalse(first.req.reusedSocket)
      assert.include(yield* state, { open: 1, idle: 1 })
      assert.deepStrictEqual(Object.keys(agent.sockets), [])
      const between = yield* Client.request({ url: `http://127.0.0.1:${options.port}/` })
      assert.isTrue(between.reused)
      assert.strictEqual((yield* between.text).split(" ")[0], first.text.split(" ")[0])
      const second = yield* ask({ ...options, method: "POST" }, "body")
      assert.isTrue(second.req.reusedSocket)
      assert.strictEqual(second.text, `${first.text.split(" ")[0]} body`)
    }).pipe(Effect.provide(world({})))
  )

  it.live("the pool's limits apply to both APIs, and queued requests are in `requests`", () =>
    Effect.gen(function* () {
      const { http: agent } = yield* bridge.toCallbackAgents
      const options = { port: yield* port, agent }
      const client = yield* Effect.fork(
        Effect.flatMap(Client.request({ url: `http://127.0.0.1:${options.port}/slow` }), ({ text }) => text)
      )
      yield* Effect.yieldNow()
      const waiting = yield* Effect.fork(ask({ ...options, path: "/slow" }))
      const other = yield* Effect.fork(ask(options))
      yield* turn
      assert.include(yield* state, { queued: 2 })
      assert.deepStrictEqual(
        Object.values(agent.requests).map((list) => list?.length),
        [2]
      )
      const ports = [
        yield* Fiber.join(client),
        (yield* Fiber.join(waiting)).text,
        (yield* Fiber.join(other)).text
      ]
      assert.strictEqual(new Set(ports.map((text) => text.split(" ")[0])).size, 1)
      yield* turn
      assert.include(yield* state, { open: 1, idle: 1, queued: 0 })
      assert.deepStrictEqual(Object.keys(agent.requests), [])
    }).pipe(Effect.provide(world({ maxSockets: 1 })))
  )

  it.live(
    "a connection is not reused after Connection: close, after a destroyed request, or without keep-alive",
    () =>
      Effect.gen(function* () {
        const { http: agent } = yield* bridge.toCallbackAgents
        const options = { port: yield* port, agent }
        assert.strictEqual((yield* ask({ ...options, path: "/close" })).text, "bye")
        yield* turn
        assert.include(yield* state, { idle: 0 })
        const destroyed = yield* Deferred.make<string>()
        const req = http.get({ host: "127.0.0.1", ...options, path: "/slow" })
        req.on("socket", () => setImmediate(() => req.destroy()))
        req.on("error", (error: NodeJS.ErrnoException) =>
          Deferred.unsafeDone(destroyed, Effect.succeed(error.code!))
        )
        assert.strictEqual(yield* Deferred.await(destroyed), "ECONNRESET")
        yield* Effect.promise(() =>
          once(req, "close")
            .catch(() => undefined)
            .then(() => undefined)
        ).pipe(Effect.timeoutOption("50 millis"))
        assert.include(yield* state, { idle: 0 })
        assert.deepStrictEqual(Object.keys(agent.sockets), [])
        const none = (yield* bridge.toCallbackAgents.pipe(
          Effect.provideServiceEffect(Agent.Agent, Agent.make({ keepAlive: false }))
        )).http
        const once_ = yield* ask({ ...options, agent: none })
        assert.strictEqual(once_.res.headers["connection"], "close")
      }).pipe(Effect.scoped, Effect.provide(Layer.merge(world({}), NodeNetwork.layer)))
  )

  it.live("requests fail with the errors of Node's sockets", () =>
    Effect.gen(function* () {
      const { http: agent } = yield* bridge.toCallbackAgents
      const error = yield* Effect.promise(
        () =>
          new Promise<NodeJS.ErrnoException & { port?: number }>((resolve) => {
            http.get({ host: "127.0.0.1", port: 1, agent }).on("error", resolve)
          })
      )
      assert.strictEqual(error.code, "ECONNREFUSED")
      assert.strictEqual(error.syscall, "connect")
      assert.strictEqual(error.port, 1)
    }).pipe(Effect.provide(world({})))
  )

  it.live("the pool gets Keep-Alive hints, and `sockets` lists only connections in use", () =>
    Effect.gen(function* () {
      const { http: agent } = yield* bridge.toCallbackAgents
      const options = { port: yield* port, agent }
      const count = () => [agent as unknown as { readonly totalSocketCount: number }, agent.sockets] as const
      for (const [path, idle] of [
        ["/", 1],
        ["/", 1],
        ["/soon", 0]
      ] as const) {
        yield* ask({ ...options, path })
        yield* Effect.repeat(Effect.zipRight(turn, Effect.sync(count)), {
          until: ([, sockets]) => Object.keys(sockets).length === 0
        })
        assert.strictEqual(count()[0].totalSocketCount, 0)
        assert.include(yield* state, { idle })
      }
    }).pipe(Effect.provide(world({})))
  )

  it.live("an upgraded connection leaves the pool", () =>
    Effect.gen(function* () {
      const { http: agent } = yield* bridge.toCallbackAgents
      const options = { host: "127.0.0.1", port: yield* port, agent }
      const headers = { connection: "Upgrade", upgrade: "echo" }
      const socket = yield* Effect.async<Duplex>((resume) => {
        const req = http.get({ ...options, path: "/upgrade", headers })
        req.on("upgrade", (_res, socket) => resume(Effect.succeed(socket)))
      })
      assert.include(yield* state, { open: 0, idle: 0 })
      assert.deepStrictEqual(Object.keys(agent.sockets), [])
      const echoed = yield* Effect.async<string>((resume) => {
        socket.once("data", (data) => resume(Effect.succeed(String(data))))
        socket.write("hello")
      })
      assert.strictEqual(echoed, "hello")
      socket.destroy()
    }).pipe(Effect.provide(world({})))
  )

  it.live(
    "https requests share connections only if their TLS options are equal, and certificates are verified",
    () =>
      Effect.gen(function* () {
        const { https: agent } = yield* bridge.toCallbackAgents
        const options = { host: "localhost", port: yield* port, agent, ca: pem("ca") }
        const get = (given: RequestOptions) =>
          Effect.async<boolean, NodeJS.ErrnoException>((resume) => {
            const req = https.get(given, (res) => {
              res.resume().on("end", () => resume(Effect.succeed(req.reusedSocket)))
            })
            req.on("error", (error) => resume(Effect.fail(error)))
          })
        assert.isFalse(yield* get(options))
        yield* turn
        assert.isTrue(yield* get(options))
        const untrusted = yield* Effect.flip(get({ ...options, ca: undefined } as RequestOptions))
        assert.match(untrusted.code ?? "", /CERT|VERIFY|SIGNED/)
      }).pipe(Effect.provide(secureWorld))
  )
})
