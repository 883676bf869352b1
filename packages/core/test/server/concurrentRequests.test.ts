// The limit on concurrent requests: the length and the timeout of its queue, and the requests that are
// refused. However a request ends, the next request in the queue must start.
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import { AccessLog, Client, Exchange, Server, type ServerEvent } from "@httpfx/core"
import { NodeNetwork } from "@httpfx/node"
import type { RawPeer } from "@httpfx/testing"
import { VirtualClock } from "@httpfx/testing"
import { get, post } from "../support/served.js"
import { after, connect, inVirtualTime, serving } from "../support/virtual.js"

/** Creates an app whose handler for a URL runs until the test calls `open` with this URL. */
const gates = () => {
  const started: Array<string> = []
  const waiting = new Map<string, Deferred.Deferred<HttpServerResponse.HttpServerResponse, Error>>()
  const app = Effect.flatMap(HttpServerRequest.HttpServerRequest, ({ url }) =>
    Effect.flatMap(Deferred.make<HttpServerResponse.HttpServerResponse, Error>(), (gate) => {
      started.push(url)
      waiting.set(url, gate)
      return Deferred.await(gate)
    })
  )
  const open = (url: string, response = HttpServerResponse.text(url)) =>
    Effect.zipRight(Deferred.succeed(waiting.get(url)!, response), VirtualClock.settle)
  return { started, app, open, waiting }
}

const limits = { maxConcurrentRequests: 1, maxQueuedRequests: 2, requestQueueTimeout: "5 seconds" } as const

/** Connects and sends a request. */
const asking = (target: string, request = get(target)) =>
  Effect.gen(function* () {
    const peer = yield* connect
    yield* peer.send(request)
    yield* VirtualClock.settle
    return peer
  })

const outcomesOf = (server: Server.Service) => {
  const outcomes: Array<string> = []
  const lines: Array<string> = []
  return Effect.as(
    server.observe((event: ServerEvent.ServerEvent) => {
      if (event._tag !== "ExchangeEnded") return
      const { outcome } = event
      const reason = outcome._tag === "Dropped" ? ` ${outcome.reason}` : ""
      outcomes.push(`${outcome.target} ${outcome._tag}${reason} ${outcome.status ?? "-"} ${outcome.duration}`)
      lines.push(AccessLog.formatJson(outcome))
    }),
    { outcomes, lines }
  )
}

describe("Requests beyond maxConcurrentRequests", () => {
  it.effect("wait in order, and get 503 if the queue is full", () =>
    inVirtualTime(
      Effect.gen(function* () {
        const { app, open, started } = gates()
        const server = yield* serving(app, {}, { ...limits, retryAfter: "7 seconds" })
        const { lines, outcomes } = yield* outcomesOf(server)
        const peers = []
        for (const target of ["/1", "/2", "/3"]) peers.push(yield* asking(target))
        assert.deepStrictEqual(started, ["/1"])
        const shed = yield* asking("/4")
        const response = yield* shed.rest
        assert.match(response, /^HTTP\/1\.1 503 .*Retry-After: 7\r\n/s)
        assert.match(response, /Connection: close/i)
        yield* after("2 seconds")
        yield* open("/1")
        assert.deepStrictEqual(started, ["/1", "/2"])
        yield* open("/2")
        yield* open("/3")
        for (const [i, peer] of peers.entries()) assert.include(peer.received(), `\r\n\r\n/${i + 1}`)
        assert.deepStrictEqual(outcomes, [
          "/4 Dropped maxQueuedRequests 503 0",
          ...["/1 Answered 200 2000", "/2 Answered 200 2000", "/3 Answered 200 2000"]
        ])
        assert.deepInclude(JSON.parse(lines[0]!), {
          outcome: "Dropped",
          reason: "maxQueuedRequests",
          status: 503
        })
      })
    )
  )

  it.effect("get 503 at once if there is no queue", () =>
    inVirtualTime(
      Effect.gen(function* () {
        const { app, open, started } = gates()
        const server = yield* serving(app, {}, { maxConcurrentRequests: 2 })
        const { outcomes } = yield* outcomesOf(server)
        yield* asking("/1")
        yield* asking("/2")
        const shed = yield* asking("/3", post("/3", "body"))
        assert.match(yield* shed.rest, /^HTTP\/1\.1 503 .*Retry-After: 1\r\n/s)
        yield* open("/1")
        yield* asking("/4")
        assert.deepStrictEqual(started, ["/1", "/2", "/4"])
        assert.include(outcomes, "/3 Dropped maxConcurrentRequests 503 0")
      })
    )
  )

  it.effect("get 503 when they have waited too long, each after its own wait", () =>
    inVirtualTime(
      Effect.gen(function* () {
        const { app, open, started } = gates()
        const server = yield* serving(app, {}, limits)
        const { lines, outcomes } = yield* outcomesOf(server)
        yield* asking("/1")
        const second = yield* asking("/2", get("/2", "User-Agent: waiting/1.0\r\n"))
        yield* after("2 seconds")
        const third = yield* asking("/3", post("/3", "body"))
        yield* after("2999 millis")
        assert.strictEqual(second.received(), "")
        yield* after("1 millis")
        assert.match(yield* second.rest, /^HTTP\/1\.1 503 .*Retry-After: 1\r\n/s)
        assert.strictEqual(third.received(), "")
        const fourth = yield* asking("/4")
        yield* after("2 seconds")
        assert.match(yield* third.rest, /^HTTP\/1\.1 503 /)
        yield* open("/1")
        yield* open("/4")
        assert.deepStrictEqual(started, ["/1", "/4"])
        assert.include(fourth.received(), "\r\n\r\n/4")
        assert.include(outcomes, "/2 Dropped requestQueueTimeout 503 5000")
        assert.deepInclude(JSON.parse(lines[0]!), { client: "127.0.0.1", userAgent: "waiting/1.0" })
        assert.include(outcomes, "/3 Dropped requestQueueTimeout 503 5000")
      })
    )
  )

  it.effect("wait without a time limit if `requestQueueTimeout` is 0", () =>
    inVirtualTime(
      Effect.gen(function* () {
        const { app, open } = gates()
        yield* serving(app, {}, { ...limits, requestQueueTimeout: 0 })
        yield* asking("/1")
        const second = yield* asking("/2")
        yield* after("1 hour")
        yield* open("/1")
        yield* open("/2")
        assert.include(second.received(), "\r\n\r\n/2")
      })
    )
  )

  it.effect("leave the queue when their client leaves", () =>
    inVirtualTime(
      Effect.gen(function* () {
        const { app, open, started } = gates()
        const server = yield* serving(app, {}, limits)
        const { outcomes } = yield* outcomesOf(server)
        yield* asking("/1")
        const second = yield* asking("/2")
        const third = yield* asking("/3")
        yield* after("1 second")
        yield* second.end
        yield* third.reset
        yield* VirtualClock.settle
        assert.deepStrictEqual(outcomes, ["/2 ClientGone - 1000", "/3 ClientGone - 1000"])
        yield* asking("/4")
        yield* asking("/5")
        yield* open("/1")
        yield* open("/4")
        assert.deepStrictEqual(started, ["/1", "/4", "/5"])
      })
    )
  )

  it.effect("read their bodies when they start", () =>
    inVirtualTime(
      Effect.gen(function* () {
        const { app, open, started } = gates()
        const echo = Effect.flatMap(HttpServerRequest.HttpServerRequest, (request) =>
          request.method === "POST" ? Effect.map(request.text, HttpServerResponse.text) : app
        )
        yield* serving(echo, {}, limits)
        yield* asking("/1")
        const second = yield* asking("/2", post("/2", "0123456789").slice(0, -5))
        yield* second.send("5678")
        yield* open("/1")
        yield* second.send("9")
        yield* VirtualClock.settle
        assert.include(second.received(), "\r\n\r\n0123456789")
        assert.deepStrictEqual(started, ["/1"])
      })
    )
  )
})

describe("A place is free again", () => {
  const ways: ReadonlyArray<
    readonly [
      string,
      (
        peer: RawPeer.RawPeer,
        gate: ReturnType<typeof gates>
      ) => Effect.Effect<unknown, unknown, VirtualClock.VirtualClock>
    ]
  > = [
    ["after the response", (_, { open }) => open("/1")],
    ["after a response without content", (_, { open }) => open("/1", HttpServerResponse.empty())],
    [
      "after a streamed response",
      (_, { open }) =>
        open("/1", HttpServerResponse.stream(Stream.make(new Uint8Array(3), new Uint8Array(3))))
    ],
    [
      "after a stream that fails",
      (_, { open }) =>
        open(
          "/1",
          HttpServerResponse.stream(Stream.concat(Stream.make(new Uint8Array(3)), Stream.fail("bad")))
        )
    ],
    ["after a failure", (_, { waiting }) => Deferred.fail(waiting.get("/1")!, new Error("bad"))],
    ["after a defect", (_, { waiting }) => Deferred.die(waiting.get("/1")!, new Error("bad"))],
    ["when the client leaves", (peer) => peer.end],
    ["when the client resets", (peer) => peer.reset]
  ]
  it.effect.each(ways)("%s", ([, end]) =>
    inVirtualTime(
      Effect.gen(function* () {
        const gate = gates()
        yield* serving(gate.app as never, {}, limits)
        const first = yield* asking("/1")
        const second = yield* asking("/2")
        yield* end(first, gate)
        yield* VirtualClock.settle
        assert.deepStrictEqual(gate.started, ["/1", "/2"])
        yield* gate.open("/2")
        assert.include(second.received(), "\r\n\r\n/2")
        yield* asking("/3")
        assert.deepStrictEqual(gate.started, ["/1", "/2", "/3"])
      })
    )
  )

  it.effect("not before an interrupted handler has ended", () =>
    inVirtualTime(
      Effect.gen(function* () {
        const started: Array<string> = []
        const app = Effect.flatMap(HttpServerRequest.HttpServerRequest, ({ url }) => {
          started.push(url)
          return Effect.onInterrupt(Effect.never, () => Effect.sleep("3 seconds"))
        })
        yield* serving(app, {}, limits)
        const first = yield* asking("/1")
        yield* asking("/2")
        yield* first.reset
        yield* after("2999 millis")
        assert.deepStrictEqual(started, ["/1"])
        yield* after("1 millis")
        assert.deepStrictEqual(started, ["/1", "/2"])
      })
    )
  )

  it.effect("when the connection is handed over", () =>
    inVirtualTime(
      Effect.gen(function* () {
        const started: Array<string> = []
        const app = Effect.flatMap(HttpServerRequest.HttpServerRequest, ({ url }) => {
          started.push(url)
          return Effect.zipRight(Exchange.upgrade(), Effect.never)
        })
        yield* serving(app, {}, { ...limits, maxQueuedRequests: 0 })
        const upgrade = (target: string) => get(target, "Connection: Upgrade\r\nUpgrade: x\r\n")
        for (const target of ["/1", "/2", "/3"]) {
          const peer = yield* asking(target, upgrade(target))
          assert.match(peer.received(), /^HTTP\/1\.1 101 /)
        }
        assert.deepStrictEqual(started, ["/1", "/2", "/3"])
      })
    )
  )

  it.effect("for the next request of the same connection, pipelined or not", () =>
    inVirtualTime(
      Effect.gen(function* () {
        const app = Effect.map(HttpServerRequest.HttpServerRequest, ({ url }) => HttpServerResponse.text(url))
        // A queued request starts when the response is complete, although finalizers still run.
        const slowly = Effect.zipRight(
          Effect.addFinalizer(() => Effect.sleep("1 second")),
          app
        )
        yield* serving(slowly, {}, { maxConcurrentRequests: 1 })
        const peer = yield* connect
        yield* peer.send(Array.from({ length: 20 }, (_, i) => get(`/${i}`)).join(""))
        yield* VirtualClock.settle
        assert.lengthOf(peer.received().match(/HTTP\/1\.1 200/g) ?? [], 20)
        yield* peer.send(get("/again"))
        yield* VirtualClock.settle
        assert.include(peer.received(), "/again")
      })
    )
  )

  it.effect("for a long queue of handlers that end at once", () =>
    inVirtualTime(
      Effect.gen(function* () {
        const { app, open, started } = gates()
        const mixed = Effect.flatMap(HttpServerRequest.HttpServerRequest, ({ url }) =>
          url === "/1" ? app : Effect.succeed(HttpServerResponse.text(url))
        )
        yield* serving(mixed, {}, { maxConcurrentRequests: 1, maxQueuedRequests: 3000 })
        yield* asking("/1")
        const peers = yield* Effect.forEach(Array.from({ length: 2000 }), (_, i) =>
          Effect.tap(connect, (peer) => peer.send(get(`/q${i}`)))
        )
        yield* VirtualClock.settle
        yield* open("/1")
        yield* VirtualClock.settle
        assert.deepStrictEqual(started, ["/1"])
        for (const peer of peers) assert.match(peer.received(), /^HTTP\/1\.1 200 /)
      })
    )
  )
})

it.effect("A draining server serves the requests in the queue, within its deadline", () =>
  inVirtualTime(
    Effect.gen(function* () {
      const { app, open } = gates()
      const server = yield* serving(app, {}, { ...limits, gracefulShutdownTimeout: "3 seconds" })
      yield* asking("/1")
      const second = yield* asking("/2")
      const third = yield* asking("/3")
      const ending = yield* Effect.fork(server.shutdown)
      yield* VirtualClock.settle
      yield* open("/1")
      yield* open("/2")
      assert.match(second.received(), /Connection: close\r\n.*\/2$/is)
      yield* after("4 seconds")
      yield* Fiber.join(ending)
      assert.notInclude(third.received(), "200")
      assert.notStrictEqual(third.state(), "open")
      assert.strictEqual(yield* server.connections, 0)
    })
  )
)

it.live("On sockets, all requests of many clients get their response", () =>
  Effect.gen(function* () {
    let running = 0
    let most = 0
    const app = Effect.acquireUseRelease(
      Effect.sync(() => (most = Math.max(most, ++running))),
      () => Effect.as(Effect.yieldNow(), HttpServerResponse.text("done")),
      () => Effect.sync(() => running--)
    )
    const server = yield* Server.make({
      port: 0,
      host: "127.0.0.1",
      maxConcurrentRequests: 3,
      maxQueuedRequests: 100,
      requestQueueTimeout: 0
    })
    yield* server.httpServer.serve(app)
    const port = server.address._tag === "TcpAddress" ? server.address.port : 0
    const bodies = yield* Effect.forEach(
      Array.from({ length: 40 }),
      () =>
        Effect.scoped(
          Effect.flatMap(
            Client.requestScoped({ url: `http://127.0.0.1:${port}/` }),
            (response) => response.text
          )
        ),
      { concurrency: "unbounded" }
    )
    assert.isTrue(bodies.every((body) => body === "done"))
    assert.isAtMost(most, 3)
  }).pipe(Effect.scoped, Effect.provide(Layer.provideMerge(Client.layer, NodeNetwork.layer)))
)
