// The phases of a shutdown, in virtual time: which requests are still served, and how handlers affect the
// shutdown.
import * as HttpRouter from "@effect/platform/HttpRouter"
import * as HttpServer from "@effect/platform/HttpServer"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import { describe, expect, it } from "@effect/vitest"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type * as HttpApp from "@effect/platform/HttpApp"
import { Server, Shutdown, Transport } from "@httpfx/core"
import { MemoryNetwork, RawPeer, VirtualClock } from "@httpfx/testing"
import { get } from "../support/served.js"

const address = Transport.tcp("127.0.0.1", 80)
const connect = RawPeer.connect(address)
const after = VirtualClock.advance

/** Starts a server in a separate scope, which the test closes, in virtual time. */
const serving = (app: HttpApp.Default<unknown, Scope.Scope>, options: Server.ServerOptions = {}) =>
  Effect.gen(function* () {
    const scope = yield* Scope.make()
    const server = yield* Scope.extend(Server.make({ port: 80, host: "127.0.0.1", ...options }), scope)
    yield* Scope.extend(server.httpServer.serve(app as HttpApp.Default<unknown>), scope)
    return { server, closing: Effect.fork(Scope.close(scope, Exit.void)) }
  })

const inMemory = (options?: MemoryNetwork.Options) =>
  Layer.provideMerge(MemoryNetwork.layer(options), VirtualClock.layer())

const isOver = (fiber: Fiber.RuntimeFiber<unknown, unknown>) =>
  Effect.map(fiber.status, (status) => status._tag === "Done")

const asleep = (time: string) =>
  Effect.as(Effect.sleep(time as "1 second"), HttpServerResponse.text("<answer>"))

describe("A shutdown", () => {
  it.live("waits for handlers whose clients have left, until their finalizers have run", () =>
    Effect.gen(function* () {
      let held = 0
      const handler = Effect.gen(function* () {
        yield* Effect.acquireRelease(
          Effect.sync(() => held++),
          () =>
            Effect.delay(
              Effect.sync(() => held--),
              "2 seconds"
            )
        )
        return yield* Effect.never
      })
      const { closing, server } = yield* serving(handler)
      const client = yield* connect
      yield* client.send(get())
      yield* VirtualClock.settle
      yield* client.reset
      yield* VirtualClock.settle
      const closed = yield* closing
      yield* after("1999 millis")
      expect([yield* server.connections, held, yield* isOver(closed)]).toEqual([0, 1, false])
      yield* after("1 millis")
      expect([held, yield* isOver(closed)]).toEqual([0, true])
    }).pipe(Effect.scoped, Effect.provide(inMemory()))
  )

  // Programs 1 and 2 of programs.test.ts: other servers send `keep-alive` until the end, or never close.
  it.live("makes the in-flight response the last of its connection, and then completes", () =>
    Effect.gen(function* () {
      const { closing } = yield* serving(asleep("1 second"))
      const client = yield* connect
      yield* client.send(get("/1"))
      yield* after("300 millis")
      const closed = yield* closing
      yield* after("600 millis")
      expect(client.received()).toBe("")
      expect((yield* Effect.flip(connect))._tag).toBe("ConnectionRefused")
      yield* after("100 millis")
      const head = yield* client.head
      expect(head).toMatch(/^HTTP\/1.1 200 OK/)
      expect(head).toContain("Connection: close")
      yield* client.expect("<answer>")
      yield* client.expectFin
      // `Connection: close` told the client that this request is not processed, so the client may repeat it.
      yield* client.send(get("/2"))
      yield* client.end
      yield* VirtualClock.settle
      expect(yield* isOver(closed)).toBe(true)
      expect(client.unread()).toBe("")
    }).pipe(Effect.scoped, Effect.provide(inMemory()))
  )

  it.live("passes through its states, and readiness fails while requests are still served", () =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const server = yield* Scope.extend(
        Server.make({ port: 80, host: "127.0.0.1", lameDuckPeriod: "5 seconds" }),
        scope
      )
      const seen = yield* Effect.fork(Stream.runCollect(server.states))
      expect(yield* server.state).toBe("starting")
      const early = yield* connect
      yield* early.send(get("/ready"))
      yield* early.expectNothing()
      const app = Effect.flatMap(HttpServerRequest.HttpServerRequest, ({ url }) =>
        url === "/ready"
          ? Server.readiness(server)
          : Effect.map(Shutdown.state, (state) => HttpServerResponse.text(state))
      )
      yield* Scope.extend(server.httpServer.serve(app as HttpApp.Default<unknown>), scope)
      expect(yield* early.head).toMatch(/^HTTP\/1.1 200 /)
      yield* early.expect("ready")
      const closed = yield* Effect.fork(Scope.close(scope, Exit.void))
      yield* after("4 seconds")
      yield* early.send(get("/ready"))
      expect(yield* early.head).toMatch(/^HTTP\/1.1 503 [^]*Connection: keep-alive/)
      yield* early.expect("lameDuck")
      const late = yield* connect
      yield* late.send(get("/"))
      expect(yield* late.head).toMatch(/^HTTP\/1.1 200 [^]*Connection: keep-alive/)
      yield* late.expect("lameDuck")
      yield* after("1 second")
      expect(yield* server.state).toBe("draining")
      yield* late.send(get("/"))
      expect(yield* late.head).toContain("Connection: close")
      yield* late.expect("draining")
      yield* late.end
      yield* early.reset
      yield* Fiber.join(closed)
      expect(Chunk.toReadonlyArray(yield* Fiber.join(seen))).toEqual([
        "starting",
        "ready",
        "lameDuck",
        "draining",
        "closed"
      ])
    }).pipe(Effect.scoped, Effect.provide(inMemory()))
  )

  it.live("keeps connections without a request for a grace period, new ones too", () =>
    Effect.gen(function* () {
      const { closing, server } = yield* serving(asleep("1 milli"))
      const [fresh, silent, used] = yield* Effect.all([connect, connect, connect])
      yield* used.send(get())
      yield* after("1 milli")
      yield* used.until("<answer>")
      const closed = yield* closing
      yield* after("400 millis")
      for (const client of [fresh, used]) {
        yield* client.send(get())
        yield* after("1 milli")
        expect(yield* client.head).toContain("Connection: close")
        yield* client.expect("<answer>")
        yield* client.expectFin
        yield* client.end
      }
      yield* silent.expectNothing()
      expect(yield* server.connections).toBe(1)
      yield* after("100 millis")
      yield* silent.expectFin
      yield* silent.end
      yield* VirtualClock.settle
      expect(yield* isOver(closed)).toBe(true)
    }).pipe(Effect.scoped, Effect.provide(inMemory()))
  )

  it.live.each([
    ["as long as idleConnectionGrace", { idleConnectionGrace: "3 seconds" }, 3000],
    ["not at all without one", { idleConnectionGrace: 0 }, 0],
    [
      "at most gracefulShutdownTimeout",
      { idleConnectionGrace: "1 minute", gracefulShutdownTimeout: "2 seconds" },
      2000
    ]
  ] as const)("keeps connections without a request %s", ([, options, grace]) =>
    Effect.gen(function* () {
      const { closing } = yield* serving(asleep("1 milli"), options)
      const client = yield* connect
      yield* VirtualClock.settle
      const closed = yield* closing
      if (grace > 0) {
        yield* after(`${grace - 1} millis`)
        yield* client.expectNothing()
        yield* after("1 milli")
      }
      yield* VirtualClock.settle
      expect(client.state()).not.toBe("open")
      yield* client.end
      yield* VirtualClock.settle
      expect(yield* isOver(closed)).toBe(true)
    }).pipe(Effect.scoped, Effect.provide(inMemory()))
  )

  it.live("is not delayed by clients that do not close their idle connections", () =>
    Effect.gen(function* () {
      const { closing } = yield* serving(asleep("1 milli"))
      const client = yield* connect
      yield* client.send(get())
      yield* after("1 milli")
      yield* client.until("<answer>")
      const closed = yield* closing
      yield* after("999 millis")
      // The grace period of half a second has ended, so the server has sent FIN. The client does not close
      // its side.
      yield* client.expectFin
      expect(yield* isOver(closed)).toBe(false)
      yield* after("1 milli")
      yield* VirtualClock.settle
      expect(yield* isOver(closed)).toBe(true)
    }).pipe(Effect.scoped, Effect.provide(inMemory()))
  )

  it.live("serves requests that were in transit when it began", () =>
    Effect.gen(function* () {
      const { closing } = yield* serving(asleep("1 milli"))
      const client = yield* connect.pipe(Effect.fork)
      yield* after("1 second")
      const peer = yield* Fiber.join(client)
      yield* peer.send(get())
      yield* after("1 second")
      yield* peer.until("<answer>")
      yield* peer.send(get())
      yield* after("50 millis")
      yield* closing
      yield* after("1 second")
      expect(yield* peer.rest).toMatch(/^HTTP\/1.1 200 [^]*Connection: close[^]*<answer>$/)
    }).pipe(Effect.scoped, Effect.provide(inMemory({ latency: 100 })))
  )

  const tick = new TextEncoder().encode("tick\n")
  const ticks = Stream.repeatEffectWithSchedule(Effect.succeed(tick), Schedule.spaced("1 second"))
  const routes = HttpRouter.empty.pipe(
    HttpRouter.get(
      "/events",
      Effect.map(Shutdown.endAtDrain(ticks), (stream) => HttpServerResponse.stream(stream))
    ),
    HttpRouter.get("/poll", Effect.as(Shutdown.awaitDrain, HttpServerResponse.text("<nothing new>"))),
    HttpRouter.get("/cut", Shutdown.withPolicy(asleep("1 hour"), "interruptAtDrain")),
    HttpRouter.get("/said", asleep("25 seconds").pipe(Shutdown.withPolicy("interruptAtDeadline"))),
    HttpRouter.get("/pay", asleep("25 seconds").pipe(Shutdown.withPolicy("wait"))),
    HttpRouter.get("/kept", asleep("25 seconds"), { uninterruptible: true }),
    HttpRouter.get("/slow", asleep("25 seconds"))
  )

  it.live("is noticed by streams and polls, which end normally", () =>
    Effect.gen(function* () {
      const { closing } = yield* serving(routes)
      const [events, poll] = yield* Effect.all([connect, connect])
      yield* events.send(get("/events"))
      yield* poll.send(get("/poll"))
      yield* after("1500 millis")
      yield* events.until("tick\n\r\n", 2)
      const closed = yield* closing
      yield* VirtualClock.settle
      expect(yield* events.rest).toBe("0\r\n\r\n")
      expect(yield* poll.rest).toMatch(/Connection: close[^]*<nothing new>$/)
      yield* events.end
      yield* poll.end
      yield* VirtualClock.settle
      expect(yield* isOver(closed)).toBe(true)
    }).pipe(Effect.scoped, Effect.provide(inMemory()))
  )

  it.live("interrupts handlers with `interruptAtDrain` at once, and refuses later ones", () =>
    Effect.gen(function* () {
      const { closing } = yield* serving(routes)
      const [under, late] = yield* Effect.all([connect, connect])
      yield* under.send(get("/cut"))
      yield* after("1 second")
      yield* closing
      yield* VirtualClock.settle
      expect(yield* under.rest).toMatch(/^HTTP\/1.1 503 [^]*Connection: close/)
      yield* late.send(get("/cut"))
      expect(yield* late.rest).toMatch(/^HTTP\/1.1 503 [^]*Connection: close/)
    }).pipe(Effect.scoped, Effect.provide(inMemory()))
  )

  it.live("waits beyond the deadline only for uninterruptible handlers", () =>
    Effect.gen(function* () {
      const { closing, server } = yield* serving(routes)
      const [pay, kept, slow, said, partial] = yield* Effect.all([
        connect,
        connect,
        connect,
        connect,
        connect
      ])
      yield* pay.send(get("/pay"))
      yield* kept.send(get("/kept"))
      yield* slow.send(get("/slow"))
      yield* said.send(get("/said"))
      yield* partial.send("GET /pay HTTP/1.1\r\nHo")
      const closed = yield* closing
      yield* after("19999 millis")
      expect(yield* server.connections).toBe(5)
      yield* after("1 milli")
      expect(yield* server.connections).toBe(2)
      yield* slow.expectReset
      yield* said.expectReset
      yield* partial.expectReset
      yield* after("5 seconds")
      expect(yield* pay.rest).toMatch(/Connection: close[^]*<answer>$/)
      expect(yield* kept.rest).toMatch(/Connection: close[^]*<answer>$/)
      yield* after("5 seconds")
      expect(yield* isOver(closed)).toBe(true)
      expect(yield* server.connections).toBe(0)
    }).pipe(Effect.scoped, Effect.provide(inMemory()))
  )

  it.live("ends and leaves no connection, whatever a handler does", () =>
    Effect.gen(function* () {
      const { closing, server } = yield* serving(Effect.uninterruptible(asleep("1 hour")), {
        gracefulShutdownTimeout: "3 seconds"
      })
      const client = yield* connect
      yield* client.send(get())
      const closed = yield* closing
      yield* after("6 seconds")
      yield* client.expectReset
      yield* VirtualClock.settle
      expect(yield* isOver(closed)).toBe(true)
      expect(yield* server.connections).toBe(0)
    }).pipe(Effect.scoped, Effect.provide(inMemory()))
  )

  it.live("can be requested repeatedly, and continues when a caller stops waiting", () =>
    Effect.gen(function* () {
      const { closing, server } = yield* serving(asleep("1 second"))
      const client = yield* connect
      yield* client.send(get())
      yield* VirtualClock.settle
      const asked = yield* Effect.fork(server.shutdown)
      yield* VirtualClock.settle
      yield* Fiber.interrupt(asked)
      expect(yield* server.state).toBe("draining")
      const closed = yield* closing
      yield* after("1 second")
      yield* client.until("<answer>")
      yield* client.end
      yield* Fiber.join(closed)
      yield* server.shutdown
      expect(yield* server.state).toBe("closed")
    }).pipe(Effect.scoped, Effect.provide(inMemory()))
  )
})

describe("A server on demand", () => {
  it.live("closes idle connections, or all of them, and continues", () =>
    Effect.gen(function* () {
      const { server } = yield* serving(asleep("1 second"))
      const [idle, busy, partial] = yield* Effect.all([connect, connect, connect])
      yield* busy.send(get())
      yield* partial.send("GET / HT")
      yield* VirtualClock.settle
      yield* server.closeIdleConnections
      yield* idle.expectFin
      yield* idle.end
      yield* VirtualClock.settle
      expect(yield* server.connections).toBe(2)
      yield* server.closeAllConnections
      yield* busy.expectReset
      yield* partial.expectReset
      expect(yield* server.connections).toBe(0)
      const next = yield* connect
      yield* next.send(get())
      yield* after("1 second")
      yield* next.until("<answer>")
      yield* server.lameDuck
      expect(yield* server.state).toBe("lameDuck")
    }).pipe(Effect.scoped, Effect.provide(inMemory()))
  )

  it.live("is available to handlers, beside platform's server", () =>
    Effect.gen(function* () {
      const app = Effect.flatMap(Server.Server, Server.readiness)
      yield* Effect.gen(function* () {
        const client = yield* connect
        yield* client.send(get())
        yield* client.until("\r\n\r\nready")
      }).pipe(
        Effect.scoped,
        Effect.provide(
          Layer.provideMerge(HttpServer.serve(app), Server.layer({ port: 80, host: "127.0.0.1" }))
        )
      )
    }).pipe(Effect.scoped, Effect.provide(inMemory()))
  )
})
