// The outcome of each exchange is reported once, with the events of the server. In virtual time.
import * as HttpMiddleware from "@effect/platform/HttpMiddleware"
import * as HttpRouter from "@effect/platform/HttpRouter"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import { describe, expect, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as HashMap from "effect/HashMap"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type * as HttpApp from "@effect/platform/HttpApp"
import { AccessLog, ExchangeOutcome, Server, ServerMetrics, Transport, type ServerEvent } from "@httpfx/core"
import { MemoryNetwork, RawPeer, VirtualClock } from "@httpfx/testing"
import { total } from "../support/metrics.js"
import { get, post } from "../support/served.js"

const connect = RawPeer.connect(Transport.tcp("127.0.0.1", 80))
const after = VirtualClock.advance
const inMemory = Layer.provideMerge(MemoryNetwork.layer(), VirtualClock.layer())

const slow = Effect.as(Effect.sleep("1 second"), HttpServerResponse.text("<answer>"))
const broken = Stream.concat(Stream.make(new Uint8Array(3)), Stream.fail("out of ticks"))
const router = HttpRouter.empty.pipe(
  HttpRouter.get("/", Effect.succeed(HttpServerResponse.text("<answer>"))),
  HttpRouter.get("/slow", slow),
  HttpRouter.post(
    "/echo",
    Effect.flatMap(HttpServerRequest.HttpServerRequest, (request) =>
      Effect.map(Effect.orDie(request.text), (text) => HttpServerResponse.text(text))
    )
  ),
  HttpRouter.post("/unread", slow),
  HttpRouter.get("/die", Effect.die("a defect")),
  HttpRouter.get("/fail", Effect.fail("a failure")),
  HttpRouter.get("/never", Effect.never),
  HttpRouter.get("/cut", Effect.succeed(HttpServerResponse.stream(broken)))
)

const serving = (
  app: HttpApp.Default<unknown, Scope.Scope> = router,
  middleware?: HttpMiddleware.HttpMiddleware
) =>
  Effect.gen(function* () {
    const server = yield* Server.make({ port: 80, host: "127.0.0.1", gracefulShutdownTimeout: 0 })
    const events: Array<ServerEvent.ServerEvent> = []
    yield* server.observe((event) => events.push(event))
    yield* server.httpServer.serve(app as HttpApp.Default<unknown>, middleware as never)
    const outcomes = () => events.flatMap((event) => (event._tag === "ExchangeEnded" ? [event.outcome] : []))
    return { server, events, outcomes }
  })

const logged = () => {
  const lines: Array<{
    readonly level: string
    readonly text: string
    readonly facts: Record<string, unknown>
  }> = []
  const logger = Logger.make<unknown, void>(({ annotations, cause, logLevel, message }) => {
    const text = [message, Cause.isEmpty(cause) ? "" : Cause.pretty(cause)].flat().join(" ")
    lines.push({ level: logLevel.label, text, facts: Object.fromEntries(HashMap.toEntries(annotations)) })
  })
  return { lines, layer: Logger.replace(Logger.defaultLogger, logger) }
}

const quiet = Logger.minimumLogLevel(LogLevel.None)

describe("The outcome of an exchange", () => {
  it.live("is Answered, with the bytes of both directions and its times", () =>
    Effect.gen(function* () {
      const { outcomes } = yield* serving()
      const client = yield* connect
      const [first, second] = [post("/echo", "abc"), get("/slow")]
      yield* client.send(first + second)
      yield* after("1500 millis")
      const all = yield* client.until("<answer>")
      const split = all.indexOf("HTTP/1.1", 1)
      expect(outcomes()).toMatchObject([
        {
          _tag: "Answered",
          connection: 1,
          exchange: 1,
          method: "POST",
          target: "/echo",
          status: 200,
          bytesIn: first.length,
          bytesOut: split,
          answeredAfter: 0,
          duration: 0
        },
        {
          _tag: "Answered",
          exchange: 2,
          bytesIn: second.length,
          bytesOut: all.length - split,
          startedAt: VirtualClock.epoch,
          answeredAfter: 1000,
          duration: 1000
        }
      ])
      const other = yield* connect
      yield* other.send(get())
      yield* other.until("<answer>")
      expect(outcomes()[2]).toMatchObject({ connection: 2, exchange: 1, remote: { _tag: "TcpAddress" } })
    }).pipe(Effect.scoped, Effect.provide(inMemory))
  )

  it.live("counts a body that arrives completely after its response", () =>
    Effect.gen(function* () {
      const { outcomes } = yield* serving()
      const client = yield* connect
      const request = post("/unread", "x".repeat(1000))
      yield* client.send(request.slice(0, -500))
      yield* after("1 second")
      yield* client.until("<answer>")
      expect(outcomes()).toEqual([])
      yield* client.send(request.slice(-500))
      yield* VirtualClock.settle
      expect(outcomes()).toMatchObject([{ _tag: "Answered", bytesIn: request.length, answeredAfter: 1000 }])
    }).pipe(Effect.scoped, Effect.provide(inMemory))
  )

  const gone: ReadonlyArray<readonly [string, (peer: RawPeer.RawPeer) => Effect.Effect<void>, string]> = [
    ["FIN", (peer) => peer.end, "HangUp"],
    ["RST", (peer) => peer.reset, "ConnectionReset"]
  ]
  it.live.each(gone)("is ClientGone after a %s", ([, leave, error]) =>
    Effect.gen(function* () {
      const { outcomes } = yield* serving()
      const client = yield* connect
      yield* client.send(get("/never"))
      yield* after("2 seconds")
      yield* leave(client)
      yield* VirtualClock.settle
      expect(outcomes()).toMatchObject([
        { _tag: "ClientGone", error: { _tag: error }, status: undefined, bytesOut: 0, duration: 2000 }
      ])
    }).pipe(Effect.scoped, Effect.provide(inMemory))
  )

  it.live.each(["/die", "/fail", "/cut"])("is ServerFailed for a handler that fails: %s", (path) =>
    Effect.gen(function* () {
      const { outcomes } = yield* serving()
      const client = yield* connect
      yield* client.send(get(path))
      yield* VirtualClock.settle
      const [outcome, ...more] = outcomes()
      expect(more).toEqual([])
      expect(outcome).toMatchObject({ _tag: "ServerFailed", status: path === "/cut" ? 200 : 500 })
      if (outcome?._tag === "ServerFailed")
        expect(Cause.pretty(outcome.cause!)).toMatch(/a defect|a failure|out of ticks/)
    }).pipe(Effect.scoped, Effect.provide(inMemory), Effect.provide(quiet))
  )

  it.live("is Refused for malformed bytes, also in the middle of a body", () =>
    Effect.gen(function* () {
      const { events, outcomes } = yield* serving()
      const [garbage, body] = yield* Effect.all([connect, connect])
      yield* garbage.send("NOT HTTP\r\n\r\n")
      yield* VirtualClock.settle
      yield* body.send("POST /echo HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n")
      yield* VirtualClock.settle
      expect(outcomes()).toMatchObject([
        { _tag: "Refused", exchange: 0, method: undefined, status: 400, bytesOut: garbage.received().length },
        {
          _tag: "Refused",
          exchange: 1,
          method: "POST",
          status: 400,
          error: { code: "HPE_INVALID_CHUNK_SIZE" }
        }
      ])
      expect(events.filter(({ _tag }) => _tag === "ClientError")).toHaveLength(2)
    }).pipe(Effect.scoped, Effect.provide(inMemory))
  )

  it.live("is ServerFailed when the server is closed", () =>
    Effect.gen(function* () {
      const { outcomes, server } = yield* serving()
      const client = yield* connect
      yield* client.send(get("/never"))
      yield* VirtualClock.settle
      yield* server.closeAllConnections
      yield* VirtualClock.settle
      expect(outcomes()).toMatchObject([{ _tag: "ServerFailed", cause: undefined, status: undefined }])
    }).pipe(Effect.scoped, Effect.provide(inMemory))
  )

  it.live("is reported to a handler's onEnd without an observer", () =>
    Effect.gen(function* () {
      const told: Array<ExchangeOutcome.ExchangeOutcome> = []
      const server = yield* Server.make({ port: 80, host: "127.0.0.1" })
      const app = Effect.zipRight(
        ExchangeOutcome.onEnd((outcome) => told.push(outcome)),
        slow
      )
      yield* server.httpServer.serve(app)
      const client = yield* connect
      yield* client.send(get())
      yield* after("1 second")
      expect(told).toMatchObject([{ _tag: "Answered", status: 200, answeredAfter: 1000 }])
      yield* client.end
      yield* VirtualClock.settle
      expect(told).toHaveLength(1)
    }).pipe(Effect.scoped, Effect.provide(inMemory))
  )
})

describe("Events", () => {
  it.live("report a connection's life, in order and with times", () =>
    Effect.gen(function* () {
      const { events } = yield* serving()
      const client = yield* connect
      yield* client.send(get("/slow"))
      yield* after("1 second")
      yield* client.until("<answer>")
      yield* after("6 seconds")
      yield* client.expectFin
      yield* client.end
      yield* VirtualClock.settle
      const at = (seconds: number) => VirtualClock.epoch + seconds * 1000
      expect(events).toMatchObject([
        { _tag: "StateChanged", state: "ready" },
        { _tag: "ConnectionOpened", at: at(0), connection: 1, local: { port: 80 } },
        { _tag: "RequestReceived", at: at(0), exchange: 1, method: "GET", target: "/slow" },
        { _tag: "ResponseBegun", at: at(1), exchange: 1, status: 200 },
        { _tag: "ExchangeEnded", at: at(1), outcome: { _tag: "Answered" } },
        {
          _tag: "ConnectionClosed",
          at: at(7),
          reason: "IdleTimeout",
          exchanges: 1,
          bytesIn: get("/slow").length,
          bytesOut: client.received().length,
          duration: 7000
        }
      ])
    }).pipe(Effect.scoped, Effect.provide(inMemory))
  )

  it.live("are a stream that ends with the server; a listener that throws does not affect others", () =>
    Effect.gen(function* () {
      const server = yield* Server.make({ port: 80, host: "127.0.0.1" })
      yield* server.observe(() => {
        throw new Error("not my day")
      })
      const all = yield* Effect.fork(Stream.runCollect(server.events))
      yield* VirtualClock.settle
      yield* server.httpServer.serve(router as HttpApp.Default<unknown>)
      const client = yield* connect
      yield* client.send(get("/", "Connection: close\r\n"))
      yield* client.rest
      yield* client.end
      yield* VirtualClock.settle
      yield* server.shutdown
      expect(Chunk.toReadonlyArray(yield* Fiber.join(all)).map(({ _tag }) => _tag)).toEqual([
        "StateChanged",
        "ConnectionOpened",
        "RequestReceived",
        "ResponseBegun",
        "ExchangeEnded",
        "ConnectionClosed",
        "StateChanged",
        "StateChanged"
      ])
    }).pipe(Effect.scoped, Effect.provide(inMemory), Effect.provide(quiet))
  )

  it.live("feed an access log and metrics", () => {
    const { layer, lines } = logged()
    return Effect.gen(function* () {
      const context = yield* Layer.build(Server.layer({ port: 80, host: "127.0.0.1" }))
      yield* Layer.build(
        Layer.provide(Layer.merge(AccessLog.layer(), ServerMetrics.layer), Layer.succeedContext(context))
      )
      const { httpServer } = yield* Effect.provide(Server.Server, context)
      yield* httpServer.serve(router as HttpApp.Default<unknown>)
      const [client, garbage] = yield* Effect.all([connect, connect])
      yield* client.send(get("/slow"))
      yield* after("1 second")
      yield* garbage.send("NOT HTTP\r\n\r\n")
      yield* garbage.rest
      yield* client.send(get("/never"))
      yield* VirtualClock.settle
      const active = () => total("http.server.active_requests", { "server.address": "127.0.0.1" })
      expect(yield* active()).toEqual([1, 0])
      yield* client.end
      yield* VirtualClock.settle
      expect(yield* active()).toEqual([0, 0])
      expect(lines.map(({ text }) => text.trim())).toEqual([
        "GET /slow 200 Answered 1000 ms",
        "- - 400 Refused 0 ms",
        "GET /never - ClientGone 0 ms"
      ])
      expect(lines[0]!.facts).toMatchObject({
        outcome: "Answered",
        connection: 1,
        exchange: 1,
        answeredAfter: 1000
      })
      expect(lines[2]!.facts).toMatchObject({ reason: "ECONNRESET" })
      const answered = { "http.request.method": "GET", "http.response.status_code": "200" }
      expect(yield* total("http.server.request.duration", answered)).toEqual([1, 1])
      yield* garbage.end
    }).pipe(Effect.scoped, Effect.provide(inMemory), Effect.provide(layer))
  })
})

describe("A failure of a handler", () => {
  const cases = [
    ["alone", undefined, "ERROR"],
    ["behind a middleware", HttpMiddleware.make((app) => app), "ERROR"],
    ["behind platform's logger", HttpMiddleware.logger, "INFO"]
  ] as const
  it.live.each(cases)("is logged once, with its cause: %s", ([, middleware, level]) => {
    const { layer, lines } = logged()
    return Effect.gen(function* () {
      yield* serving(router, middleware as HttpMiddleware.HttpMiddleware | undefined)
      const client = yield* connect
      yield* client.send(get("/die") + get("/fail"))
      yield* VirtualClock.settle
      const failures = () => lines.filter(({ text }) => /a defect|a failure|out of ticks/.test(text))
      expect(failures()).toMatchObject([
        { level, text: expect.stringContaining("a defect") as string },
        { level, text: expect.stringContaining("a failure") as string }
      ])
      // The app defines the response to this failure, so the failure is not logged.
      yield* client.send(get("/nowhere"))
      yield* client.until("404")
      const other = yield* connect
      yield* other.send(get("/never"))
      yield* other.end
      yield* VirtualClock.settle
      expect(failures()).toHaveLength(2)
    }).pipe(
      Effect.scoped,
      Effect.provide(inMemory),
      Effect.provide(Layer.merge(layer, Logger.minimumLogLevel(LogLevel.All)))
    )
  })
})
