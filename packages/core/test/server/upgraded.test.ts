// The end of a server with connections that were handed over (upgrade, CONNECT). They can observe the drain,
// survive `closeAllConnections`, and end at the deadline at the latest.
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { Exchange, type ExchangeOutcome, type Server, Shutdown, type Socket } from "@httpfx/core"
import { VirtualClock } from "@httpfx/testing"
import { get } from "../support/served.js"
import { after, connect, inVirtualTime, serving } from "../support/virtual.js"

const ways = [
  ["An upgraded connection", get("/", "Connection: Upgrade\r\nUpgrade: echo\r\n"), 101],
  ["A tunnel of CONNECT", "CONNECT a.test:443 HTTP/1.1\r\nHost: a.test:443\r\n\r\n", 200]
] as const

const echo = (socket: Socket.Socket) => Stream.runForEach(socket.stream, (bytes) => socket.write(bytes))

/**
 * A handler that takes its connection over and echoes. Unless it is `deaf`, it sends `<bye>` when draining
 * begins.
 */
const taking = (seen: Array<string>, deaf = false) =>
  Effect.gen(function* () {
    const request = yield* HttpServerRequest.HttpServerRequest
    if (request.url === "/plain") return yield* Effect.never
    const socket = yield* Exchange.upgrade()
    yield* Effect.onExit(
      deaf
        ? echo(socket)
        : Effect.raceFirst(echo(socket), Effect.zipRight(Shutdown.awaitDrain, socket.write("<bye>"))),
      (exit) => Effect.sync(() => seen.push(Exit.isInterrupted(exit) ? "interrupted" : exit._tag))
    )
    return HttpServerResponse.empty()
  })

const isOver = (fiber: Fiber.RuntimeFiber<unknown, unknown>) =>
  Effect.map(fiber.status, (status) => status._tag === "Done")

/**
 * Starts a server and a client whose connection was handed over. `closing` starts the shutdown in a fiber.
 */
const taken = (
  request: string,
  status: number,
  deaf: boolean,
  options: Server.ServerOptions = {},
  policy: Shutdown.Policy = "interruptAtDeadline"
) =>
  Effect.gen(function* () {
    const seen: Array<string> = []
    const scope = yield* Scope.make()
    const handler = Shutdown.withPolicy(taking(seen, deaf), policy)
    const server = yield* Scope.extend(serving(handler, {}, options), scope)
    const outcomes: Array<ExchangeOutcome.ExchangeOutcome> = []
    yield* server.observe((event) => {
      if (event._tag === "ExchangeEnded") outcomes.push(event.outcome)
    })
    const client = yield* connect
    yield* client.send(request)
    expect(yield* client.head).toMatch(new RegExp(`^HTTP/1.1 ${status} `))
    yield* client.send("one")
    yield* client.expect("one")
    return { seen, outcomes, server, client, closing: Effect.fork(Scope.close(scope, Exit.void)) }
  })

describe.each(ways)("%s", (_, request, status) => {
  it.live("learns of the drain through its exchange, and closes in order", () =>
    inVirtualTime(
      Effect.gen(function* () {
        const { client, closing, seen, server } = yield* taken(request, status, false, {
          lameDuckPeriod: "5 seconds"
        })
        const closed = yield* closing
        yield* after("4999 millis")
        yield* client.send("two")
        yield* client.expect("two")
        expect(seen).toEqual([])
        yield* after("1 millis")
        yield* client.expect("<bye>")
        yield* client.expectFin
        yield* client.end
        yield* VirtualClock.settle
        expect(seen).toEqual(["Success"])
        expect(yield* server.connections).toBe(0)
        expect(yield* isOver(closed)).toBe(true)
      })
    )
  )

  it.live("learns at once of a drain that had begun before, in the grace period", () =>
    inVirtualTime(
      Effect.gen(function* () {
        const { closing, seen } = yield* taken(request, status, false)
        const late = yield* connect
        yield* closing
        yield* after("100 millis")
        yield* late.send(request)
        expect(yield* late.head).toMatch(new RegExp(`^HTTP/1.1 ${status} `))
        yield* late.expect("<bye>")
        yield* late.expectFin
        expect(seen).toEqual(["Success", "Success"])
      })
    )
  )

  it.live("continues during the drain if it does not listen, and is reset at the deadline", () =>
    inVirtualTime(
      Effect.gen(function* () {
        const { client, closing, seen, server } = yield* taken(request, status, true, {
          gracefulShutdownTimeout: "3 seconds"
        })
        const closed = yield* closing
        yield* after("2999 millis")
        yield* client.send("two")
        yield* client.expect("two")
        expect(yield* server.connections).toBe(1)
        yield* after("1 millis")
        yield* client.expectReset
        yield* VirtualClock.settle
        expect(seen).toEqual(["interrupted"])
        expect(yield* server.connections).toBe(0)
        expect(yield* isOver(closed)).toBe(true)
      })
    )
  )

  it.live(
    "is kept beyond the deadline with the policy `wait`, and reset after a second period of this length",
    () =>
      inVirtualTime(
        Effect.gen(function* () {
          const options = { gracefulShutdownTimeout: "3 seconds" } as const
          const { client, closing, server } = yield* taken(request, status, true, options, "wait")
          const closed = yield* closing
          yield* after("5999 millis")
          yield* client.send("two")
          yield* client.expect("two")
          expect(yield* server.connections).toBe(1)
          expect(yield* isOver(closed)).toBe(false)
          yield* after("1 millis")
          yield* client.expectReset
          yield* VirtualClock.settle
          expect(yield* server.connections).toBe(0)
          expect(yield* isOver(closed)).toBe(true)
        })
      )
  )

  it.live("has ended for observers when its handler has, however late its client closes", () =>
    inVirtualTime(
      Effect.gen(function* () {
        const { client, closing, outcomes, seen, server } = yield* taken(request, status, false)
        yield* closing
        yield* client.until("<bye>")
        yield* client.expectFin
        yield* VirtualClock.settle
        expect(seen).toEqual(["Success"])
        expect(yield* server.connections).toBe(1)
        expect(outcomes).toMatchObject([{ _tag: "Answered", status, upgraded: { endedBy: "server" } }])
      })
    )
  )

  it.live("completes the shutdown when it ends, with the policy `wait`", () =>
    inVirtualTime(
      Effect.gen(function* () {
        const options = { gracefulShutdownTimeout: "3 seconds" } as const
        const { client, closing, seen, server } = yield* taken(request, status, true, options, "wait")
        const closed = yield* closing
        yield* after("4 seconds")
        yield* client.end
        yield* client.expectFin
        yield* VirtualClock.settle
        expect(seen).toEqual(["Success"])
        expect(yield* server.connections).toBe(0)
        expect(yield* isOver(closed)).toBe(true)
      })
    )
  )

  it.live("survives closeAllConnections and closeIdleConnections, which end the others", () =>
    inVirtualTime(
      Effect.gen(function* () {
        const { client, seen, server } = yield* taken(request, status, true)
        const busy = yield* connect
        yield* busy.send(get("/plain"))
        const idle = yield* connect
        yield* VirtualClock.settle
        yield* server.closeIdleConnections
        yield* idle.expectFin
        yield* server.closeAllConnections
        yield* busy.expectReset
        yield* VirtualClock.settle
        yield* client.send("two")
        yield* client.expect("two")
        expect(seen).toEqual([])
        yield* client.end
        yield* client.expectFin
        yield* VirtualClock.settle
        expect(seen).toEqual(["Success"])
      })
    )
  )
})
