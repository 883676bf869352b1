/**
 * The inspector shows exchanges in flight and exchanges that have ended, and the bytes of one exchange, but
 * only to this machine.
 */
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as HttpRouter from "@effect/platform/HttpRouter"
import * as HttpServer from "@effect/platform/HttpServer"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import { assert, describe, it } from "@effect/vitest"
import * as Config from "effect/Config"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as TestClock from "effect/TestClock"
import * as Agent from "@httpfx/core/Agent"
import * as Client from "@httpfx/core/Client"
import { Network } from "@httpfx/core/Network"
import * as Server from "@httpfx/core/Server"
import * as Inspector from "@httpfx/testing/Inspector"
import * as MemoryNetwork from "@httpfx/testing/MemoryNetwork"
import * as RawPeer from "@httpfx/testing/RawPeer"

const app = Effect.gen(function* () {
  const request = yield* HttpServerRequest.HttpServerRequest
  if (request.url === "/slow") yield* Effect.sleep("1 minute")
  const body = yield* request.text
  return HttpServerResponse.text(`you said: ${body}`, { headers: { "set-cookie": "id=secret" } })
})

const server = Layer.provideMerge(
  HttpServer.serve(app),
  Server.layer({ host: "app.test", port: 80, idleConnectionGrace: 0, gracefulShutdownTimeout: 0 })
)
const world = (tap: Layer.Layer<Network, never, Network>) =>
  Inspector.layer({ host: "look.test", history: 3 }).pipe(
    Layer.provideMerge(server),
    Layer.provideMerge(Client.layerAgent().pipe(Layer.provideMerge(Agent.layer()))),
    Layer.provide(tap),
    Layer.provideMerge(MemoryNetwork.layer())
  )

const tapped = world(Inspector.layerTap({ limit: 1000 }))
const plain = world(Layer.service(Network))

const look = (path: string, headers = {}) =>
  HttpClient.execute(HttpClientRequest.get(`http://look.test:4400${path}`, { headers }))
const text = (path: string) => Effect.flatMap(look(path), (response) => response.text)
const state = Effect.flatMap(look("/state"), (response) => response.json) as Effect.Effect<
  Inspector.Snapshot,
  unknown,
  HttpClient.HttpClient
>
const say = (body: string, path = "/") =>
  Effect.flatMap(
    HttpClient.execute(
      HttpClientRequest.post(`http://app.test${path}`, { headers: { authorization: "Bearer secret" } }).pipe(
        HttpClientRequest.bodyText(body)
      )
    ),
    (response) => response.text
  )

describe("Inspector", () => {
  it.effect("shows exchanges that have ended, with their bytes and without secrets", () =>
    Effect.gen(function* () {
      yield* say("hello")
      const { agents, connections, exchanges, server } = yield* state
      assert.strictEqual(server.state, "ready")
      assert.match(server.address, /:80$/)
      assert.strictEqual(server.timeouts.keepAliveTimeout, 5000)
      assert.deepInclude(connections[0], { connection: 1, exchanges: 1, bytesIn: exchanges[0]!.bytesIn })
      assert.isUndefined(connections[0]!.now)
      assert.deepInclude(exchanges[0], {
        connection: 1,
        exchange: 1,
        method: "POST",
        target: "/",
        status: 200,
        outcome: "Answered",
        wire: true
      })
      // One of the two connections is the test's own connection to the page.
      assert.deepInclude(agents[0], { name: "agent", open: 2, idle: 1 })
      const wire = yield* text("/wire/1/1")
      assert.match(wire, /> POST \/ HTTP\/1\.1\\r\\n/)
      assert.match(wire, /> .*\(5 bytes\) hello/)
      assert.match(wire, /< HTTP\/1\.1 200 OK/)
      assert.match(wire, /authorization: <redacted>/i)
      assert.notMatch(wire, /secret/)
      assert.strictEqual((yield* look("/wire/9/9")).status, 404)
    }).pipe(Effect.provide(tapped))
  )

  it.effect("shows exchanges in flight", () =>
    Effect.gen(function* () {
      const asked = yield* Effect.fork(say("hello", "/slow"))
      yield* Effect.repeat(state, { until: ({ connections }) => connections[0]?.now !== undefined })
      yield* TestClock.adjust("10 seconds")
      const { connections } = yield* state
      const now = { exchange: 1, method: "POST", target: "/slow", since: 10_000 }
      assert.deepInclude(connections[0]!.now, now)
      assert.match(yield* text("/wire/1/1"), /> POST \/slow HTTP\/1\.1/)
      assert.match(yield* text("/"), /POST \/slow for 10000 ms/)
      yield* TestClock.adjust("50 seconds")
      yield* Fiber.join(asked)
      assert.strictEqual((yield* state).exchanges[0]!.duration, 60_000)
    }).pipe(Effect.provide(tapped))
  )

  it.effect("counts times from the first byte of the exchange, even if its head arrived slowly", () =>
    Effect.gen(function* () {
      const peer = yield* RawPeer.connect({ host: "app.test", port: 80 })
      const times = (wire: string) => Array.from(wire.matchAll(/^\+(\S+) ms /gm), ([, time]) => Number(time))
      yield* TestClock.adjust("2 seconds")
      yield* peer.send("POST /slow HTTP/1.1\r\nHost: a\r\n")
      yield* TestClock.adjust("3 seconds")
      yield* peer.send("Content-Length: 0\r\n\r\n")
      yield* Effect.repeat(state, { until: ({ connections }) => connections[0]?.now !== undefined })
      assert.deepStrictEqual(times(yield* text("/wire/1/1")), [0, 3000])
      yield* TestClock.adjust("1 minute")
      yield* peer.until("you said: ")
      assert.deepStrictEqual(times(yield* text("/wire/1/1")), [0, 3000, 63_000])
      yield* peer.send("POST / HTTP/1.1\r\nHost: a\r\n")
      yield* TestClock.adjust("1 second")
      yield* peer.send("Content-Length: 0\r\n\r\n")
      yield* peer.until("you said: ")
      assert.deepStrictEqual(times(yield* text("/wire/1/2")), [0, 1000])
    }).pipe(Effect.scoped, Effect.provide(tapped))
  )

  it.effect("stores a limited number of bytes, and shows how many there were", () =>
    Effect.gen(function* () {
      yield* say("x".repeat(5000))
      yield* say("small")
      const { exchanges } = yield* state
      const [small, large] = exchanges
      assert.strictEqual(large!.exchange, 1)
      const wire = yield* text(`/wire/${large!.connection}/1`)
      assert.match(wire, /\[\d{4} bytes more\]/)
      // All bytes of the next exchange on the connection are stored again.
      assert.match(yield* text(`/wire/${small!.connection}/${small!.exchange}`), /you said: small/)
    }).pipe(Effect.provide(tapped))
  )

  it.effect("separates pipelined requests", () =>
    Effect.gen(function* () {
      const peer = yield* RawPeer.connect({ host: "app.test", port: 80 })
      const request = (n: number) => `POST /${n} HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nab${n}`
      yield* peer.send(request(1) + request(2))
      yield* peer.until("you said: ab2")
      const { connection } = (yield* state).exchanges[0]!
      for (const n of [1, 2]) {
        const wire = yield* text(`/wire/${connection}/${n}`)
        assert.include(wire, `> POST /${n} HTTP/1.1`)
        assert.include(wire, `you said: ab${n}`)
        assert.notInclude(wire, `ab${3 - n}`)
      }
    }).pipe(Effect.scoped, Effect.provide(world(Inspector.layerTap())))
  )

  it.effect("keeps a bounded history, and drops recordings of closed connections", () =>
    Effect.gen(function* () {
      const { wiretap } = yield* Inspector.Tap
      for (let n = 0; n < 5; n++) yield* say(String(n))
      assert.strictEqual((yield* state).exchanges.length, 3)
      yield* TestClock.adjust("10 seconds")
      assert.deepStrictEqual((yield* state).connections, [])
      assert.deepStrictEqual(wiretap.recordings, [])
    }).pipe(
      Effect.provide(
        Inspector.layer({ host: "look.test", history: 3 }).pipe(
          Layer.provideMerge(server),
          Layer.provideMerge(Client.layer),
          Layer.provideMerge(Inspector.layerTap()),
          Layer.provideMerge(MemoryNetwork.layer())
        )
      )
    )
  )

  it.effect("works without recorded bytes if layerTap is not installed", () =>
    Effect.gen(function* () {
      yield* say("hello")
      assert.isFalse((yield* state).exchanges[0]!.wire)
      assert.strictEqual((yield* look("/wire/1/1")).status, 404)
    }).pipe(Effect.provide(plain))
  )

  it.effect("serves HTML or text as the Accept field demands, and only to this machine", () =>
    Effect.gen(function* () {
      const page = yield* look("/", { accept: "text/html,*/*" })
      assert.match(page.headers["content-type"] ?? "", /text\/html/)
      assert.match(yield* text("/"), /^server on \S+:80: ready\n/)
      assert.strictEqual((yield* look("/nothing")).status, 404)
      const stranger = yield* RawPeer.connect({ host: "look.test", port: 4400 })
      yield* stranger.send("GET /state HTTP/1.1\r\nHost: evil.example\r\n\r\n")
      yield* stranger.expectMatch(/^HTTP\/1\.1 403 /)
    }).pipe(Effect.scoped, Effect.provide(tapped))
  )

  it.effect("mounted on the inspected server, shows all exchanges except its own", () =>
    Effect.gen(function* () {
      const ask = (path: string) =>
        Effect.flatMap(HttpClient.get(`http://localhost${path}`), (response) => response.text)
      yield* ask("/one")
      for (let times = 0; times < 5; times++) yield* ask("/inspect/state")
      yield* ask("/two")
      const seen = JSON.parse(yield* ask("/inspect/state")) as Inspector.Snapshot
      assert.deepStrictEqual(
        seen.exchanges.map(({ target }) => target),
        ["/two", "/one"]
      )
      assert.deepInclude(seen.connections[0], { exchanges: 7 })
      assert.isUndefined(seen.connections[0]!.now)
      // The bytes of the inspector's own exchange must not appear among the bytes of another exchange.
      assert.notMatch(yield* ask("/inspect/wire/1/7"), /inspect/)
    }).pipe(
      Effect.provide(
        Layer.unwrapScoped(
          Effect.map(Inspector.make({ history: 3 }), (inspection) =>
            HttpServer.serve(
              HttpRouter.empty.pipe(
                HttpRouter.mountApp("/inspect", Inspector.app(inspection)),
                HttpRouter.all("*", HttpServerResponse.text("hello"))
              )
            )
          )
        ).pipe(
          Layer.provideMerge(Server.layer({ host: "localhost", port: 80 })),
          Layer.merge(Client.layer),
          Layer.provide(Inspector.layerTap()),
          Layer.provide(MemoryNetwork.layer())
        )
      )
    )
  )

  it.effect("shows malformed requests", () =>
    Effect.gen(function* () {
      const peer = yield* RawPeer.connect({ host: "app.test", port: 80 })
      yield* peer.send("NO HTTP\r\n\r\n")
      yield* peer.until("400 Bad Request")
      const { exchanges } = yield* state
      assert.deepInclude(exchanges[0], { outcome: "Refused", status: 400 })
      const wire = yield* text(`/wire/${exchanges[0]!.connection}/${exchanges[0]!.exchange}`)
      assert.match(wire, /HPE_INVALID_METHOD/)
      assert.match(wire, /< HTTP\/1\.1 400 Bad Request/)
    }).pipe(Effect.scoped, Effect.provide(tapped))
  )
})

it.effect("takes its options from the configuration", () =>
  Effect.map(look("/"), ({ status }) => assert.strictEqual(status, 200)).pipe(
    Effect.provide(
      Inspector.layerConfig({ host: Config.string("HOST"), port: Config.integer("PORT") }).pipe(
        Layer.provide(server),
        Layer.provideMerge(Client.layer),
        Layer.provideMerge(MemoryNetwork.layer())
      )
    ),
    Effect.withConfigProvider(
      ConfigProvider.fromMap(
        new Map([
          ["HOST", "look.test"],
          ["PORT", "4400"]
        ])
      )
    )
  )
)
