// Metrics of servers: their series and labels, several servers in one program, and the drain.
import * as HttpRouter from "@effect/platform/HttpRouter"
import * as HttpServer from "@effect/platform/HttpServer"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import { assert, describe, it } from "@effect/vitest"
import * as Config from "effect/Config"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { Server, ServerMetrics } from "@httpfx/core"
import { MemoryNetwork, RawPeer, VirtualClock } from "@httpfx/testing"
import { get, post } from "../support/served.js"
import { seriesOf, total } from "../support/metrics.js"

const inMemory = Layer.provideMerge(MemoryNetwork.layer(), VirtualClock.layer())
const connect = (host: string) => RawPeer.connect({ host, port: 80 })

const text = HttpServerResponse.text("<answer>")
const bytes = Stream.fromIterable([new Uint8Array(10), new Uint8Array(3)])
const router = HttpRouter.empty.pipe(
  HttpRouter.get("/users/:id", Effect.succeed(text)),
  HttpRouter.get("/slow", Effect.as(Effect.sleep("1 second"), text)),
  HttpRouter.get(
    "/stream",
    Effect.sync(() => HttpServerResponse.stream(bytes))
  ),
  HttpRouter.get("/die", Effect.die("a defect")),
  HttpRouter.post(
    "/echo",
    Effect.flatMap(HttpServerRequest.HttpServerRequest, (request) =>
      Effect.map(Effect.orDie(request.text), (text) => HttpServerResponse.text(text))
    )
  )
)

const world = (host: string, metrics: Layer.Layer<never, unknown, Server.Server> = ServerMetrics.layer) =>
  Layer.merge(HttpServer.serve(router), metrics).pipe(
    Layer.provideMerge(Server.layer({ host, port: 80, idleConnectionGrace: 0 }))
  )

/** Sends requests on one connection, one per second, and then ends the connection. */
const exchange = (host: string, ...requests: ReadonlyArray<string>) =>
  Effect.gen(function* () {
    const client = yield* connect(host)
    for (const request of requests) {
      yield* client.send(request)
      yield* VirtualClock.advance("1 second")
    }
    yield* client.end
    yield* VirtualClock.settle
  })

describe("ServerMetrics", () => {
  const duration = "http.server.request.duration"
  const common = { "server.port": "80", "url.scheme": "http", "network.protocol.version": "1.1" }
  const cases: ReadonlyArray<readonly [string, string, Record<string, string>]> = [
    [
      "a route",
      get("/users/7?token=x"),
      { "http.request.method": "GET", "http.route": "/users/:id", "http.response.status_code": "200" }
    ],
    ["no route", get("/nowhere"), { "http.request.method": "GET", "http.response.status_code": "404" }],
    [
      "a failure",
      get("/die"),
      {
        "http.request.method": "GET",
        "http.route": "/die",
        "http.response.status_code": "500",
        "error.type": "ServerFailed"
      }
    ],
    [
      "a method that is not known",
      "PROPFIND /users/1 HTTP/1.1\r\nHost: t\r\n\r\n",
      { "http.request.method": "_OTHER", "http.response.status_code": "404" }
    ],
    [
      "HTTP/1.0",
      "GET /users/1 HTTP/1.0\r\n\r\n",
      {
        "http.request.method": "GET",
        "http.route": "/users/:id",
        "http.response.status_code": "200",
        "network.protocol.version": "1.0"
      }
    ],
    [
      "a body that is cut off",
      "POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 5\r\n\r\nab",
      { "http.request.method": "POST", "http.route": "/echo", "error.type": "ClientGone" }
    ]
  ]
  it.live.each(cases)("labels the duration of %s", ([name, request, labels]) =>
    Effect.gen(function* () {
      const host = `10.0.1.${cases.findIndex(([other]) => other === name)}`
      yield* Layer.build(world(host))
      yield* exchange(host, request)
      const series = yield* seriesOf(duration, { "server.address": host })
      assert.deepStrictEqual(
        series.map(({ labels, value }) => [labels, value]),
        [[{ "server.address": host, ...common, ...labels }, 1]]
      )
    }).pipe(Effect.scoped, Effect.provide(inMemory))
  )

  it.live("labels bytes that are not a request", () =>
    Effect.gen(function* () {
      yield* Layer.build(world("10.0.2.0"))
      yield* exchange("10.0.2.0", "NOT HTTP\r\n\r\n")
      const series = yield* seriesOf(duration, { "server.address": "10.0.2.0" })
      assert.deepStrictEqual(series[0]?.labels, {
        "server.address": "10.0.2.0",
        "server.port": "80",
        "url.scheme": "http",
        "http.request.method": "_OTHER",
        "http.response.status_code": "400",
        "error.type": "Refused"
      })
      // Such bytes never count as an active request.
      const active = yield* seriesOf("http.server.active_requests", { "server.address": "10.0.2.0" })
      assert.deepStrictEqual(active, [])
    }).pipe(Effect.scoped, Effect.provide(inMemory))
  )

  it.live("labels each of several routes on one connection", () =>
    Effect.gen(function* () {
      const host = "10.0.2.10"
      yield* Layer.build(world(host))
      yield* exchange(host, get("/users/1"), get("/stream"), get("/users/2"), get("/stream"), get("/users/3"))
      const routes = (yield* seriesOf(duration, { "server.address": host })).map(({ labels, value }) => [
        labels["http.route"],
        value
      ])
      assert.sameDeepMembers(routes, [
        ["/users/:id", 3],
        ["/stream", 2]
      ])
    }).pipe(Effect.scoped, Effect.provide(inMemory))
  )

  it.live("counts the servers of a program separately", () =>
    Effect.gen(function* () {
      const gate = yield* Deferred.make<void>()
      const waiting = Effect.as(Deferred.await(gate), text)
      const one = Layer.merge(HttpServer.serve(waiting), ServerMetrics.layer).pipe(
        Layer.provide(Server.layer({ host: "10.0.2.1", port: 80 }))
      )
      yield* Layer.build(Layer.merge(one, world("10.0.2.2")))
      const active = (address: string) =>
        Effect.map(total("http.server.active_requests", { "server.address": address }), ([value]) => value)
      const client = yield* connect("10.0.2.1")
      yield* client.send(get("/"))
      yield* VirtualClock.settle
      yield* exchange("10.0.2.2", get("/users/1"), get("/users/2"))
      assert.deepStrictEqual([yield* active("10.0.2.1"), yield* active("10.0.2.2")], [1, 0])
      yield* Deferred.succeed(gate, undefined)
      yield* client.until("<answer>")
      assert.deepStrictEqual([yield* active("10.0.2.1"), yield* active("10.0.2.2")], [0, 0])
      const count = (address: string) =>
        Effect.map(total(duration, { "server.address": address }), ([value]) => value)
      assert.deepStrictEqual([yield* count("10.0.2.1"), yield* count("10.0.2.2")], [1, 2])
      yield* client.end
    }).pipe(Effect.scoped, Effect.provide(inMemory))
  )

  it.live("adds up servers with the same labels", () =>
    Effect.gen(function* () {
      const labelled = ServerMetrics.layerWith({ address: "10.0.2.3", port: 443, scheme: "https" })
      yield* Layer.build(Layer.merge(world("10.0.2.4", labelled), world("10.0.2.5", labelled)))
      const [left, right] = yield* Effect.all([connect("10.0.2.4"), connect("10.0.2.5")])
      yield* left.send(get("/slow"))
      yield* right.send(get("/slow"))
      yield* VirtualClock.settle
      const labels = { "server.address": "10.0.2.3", "server.port": "443", "url.scheme": "https" }
      const [active] = yield* seriesOf("http.server.active_requests", labels)
      assert.deepInclude(active, { value: 2, labels: { ...labels, "http.request.method": "GET" } })
      yield* VirtualClock.advance("1 second")
      assert.deepStrictEqual(yield* total("http.server.active_requests", labels), [0, 0])
      yield* Effect.all([left.end, right.end])
    }).pipe(Effect.scoped, Effect.provide(inMemory))
  )

  it.live("counts exchanges that end while the server drains, wherever the layer is provided", () =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      yield* Layer.buildWithScope(world("10.0.2.6"), scope)
      const client = yield* connect("10.0.2.6")
      yield* client.send(get("/slow"))
      yield* VirtualClock.settle
      const closing = yield* Effect.fork(Scope.close(scope, Exit.void))
      yield* VirtualClock.advance("1 second")
      yield* client.until("<answer>")
      yield* client.end
      yield* closing
      const labels = { "server.address": "10.0.2.6" }
      assert.deepStrictEqual(yield* total(duration, labels), [1, 1])
      assert.deepStrictEqual(yield* total("http.server.active_requests", labels), [0, 0])
    }).pipe(Effect.scoped, Effect.provide(inMemory))
  )

  it.live("counts the bytes of bodies as transferred, without framing", () =>
    Effect.gen(function* () {
      const host = "10.0.2.7"
      yield* Layer.build(world(host, ServerMetrics.layerWith({ bodySizes: true })))
      const chunked =
        "POST /echo HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n"
      yield* exchange(
        host,
        post("/echo", "abcde"),
        chunked,
        get("/stream"),
        "HEAD /stream HTTP/1.1\r\nHost: t\r\n\r\n"
      )
      const sizes = (which: string, labels: Record<string, string>) =>
        Effect.map(
          total(`http.server.${which}.body.size`, { "server.address": host, ...labels }),
          ([, sum]) => sum
        )
      assert.strictEqual(yield* sizes("request", { "http.route": "/echo" }), 8)
      assert.strictEqual(yield* sizes("response", { "http.route": "/echo" }), 8)
      assert.strictEqual(yield* sizes("response", { "http.route": "/stream" }), 13)
      assert.deepStrictEqual(
        yield* total("http.server.response.body.size", { "http.request.method": "HEAD" }),
        [1, 0]
      )
    }).pipe(Effect.scoped, Effect.provide(inMemory))
  )

  it.live("records the metrics that its options select, also from the configuration", () =>
    Effect.gen(function* () {
      const host = "10.0.2.8"
      const options = ServerMetrics.layerConfig({
        activeRequests: Config.boolean("ACTIVE"),
        connections: Config.succeed(true),
        methods: Config.succeed(["PROPFIND"])
      })
      yield* Layer.build(world(host, options))
      const client = yield* connect(host)
      yield* client.send("PROPFIND /a HTTP/1.1\r\nHost: t\r\n\r\n" + get("/users/1"))
      yield* client.until("<answer>")
      const labels = { "server.address": host }
      assert.deepStrictEqual(yield* seriesOf("http.server.active_requests", labels), [])
      assert.deepStrictEqual(yield* total("http.server.open_connections", labels), [1, 0])
      yield* client.end
      yield* VirtualClock.settle
      assert.deepStrictEqual(yield* total("http.server.open_connections", labels), [0, 0])
      const methods = (yield* seriesOf(duration, labels)).map(({ labels }) => labels["http.request.method"])
      assert.sameMembers(methods, ["PROPFIND", "_OTHER"])
    }).pipe(
      Effect.scoped,
      Effect.provide(inMemory),
      Effect.withConfigProvider(ConfigProvider.fromMap(new Map([["ACTIVE", "false"]])))
    )
  )

  it.live("refuses options that are invalid", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(Layer.build(world("10.0.2.9", ServerMetrics.layerWith({ port: -1 }))))
      assert.deepInclude(error, { _tag: "InvalidOption", option: "port" })
    }).pipe(Effect.scoped, Effect.provide(inMemory))
  )
})
