// Every reason for closing a server connection, and every limit that ends an exchange as `TimedOut`, in
// virtual time.
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as Stream from "effect/Stream"
import { Exchange, type Server, type ServerEvent, type ServerTimeouts } from "@httpfx/core"
import { type RawPeer, VirtualClock } from "@httpfx/testing"
import { get, last, post } from "../support/served.js"
import { after, connect, inVirtualTime, serving } from "../support/virtual.js"

const block = new Uint8Array(50_000)
const app = Effect.gen(function* () {
  const request = yield* HttpServerRequest.HttpServerRequest
  switch (request.url) {
    case "/never":
      return yield* Effect.never
    case "/last":
      return HttpServerResponse.text("x", { headers: { connection: "close" } })
    case "/read":
      return HttpServerResponse.text(yield* request.text)
    case "/cut":
      return HttpServerResponse.stream(Stream.concat(Stream.make(block), Stream.fail("out of blocks")))
    case "/endless":
      return HttpServerResponse.stream(Stream.repeatValue(block))
    case "/up":
      yield* Effect.flatMap(Exchange.upgrade(), (socket) => socket.write("<switched>"))
      return HttpServerResponse.empty()
    default:
      return HttpServerResponse.stream(Stream.make(new Uint8Array(3)))
  }
})

interface Case {
  readonly does: (
    peer: RawPeer.RawPeer,
    server: Server.Service
  ) => Effect.Effect<unknown, RawPeer.WireMismatch, VirtualClock.VirtualClock>
  readonly timeouts?: ServerTimeouts.Options
  readonly options?: Server.ServerOptions
}

/** Runs a case with one client. Returns all events of the server until its connection has closed. */
const eventsOf = ({ does, options, timeouts }: Case) =>
  inVirtualTime(
    Effect.gen(function* () {
      const server = yield* serving(app, timeouts, options)
      const events: Array<ServerEvent.ServerEvent> = []
      yield* server.observe((event) => events.push(event))
      const peer = yield* connect
      yield* does(peer, server)
      yield* VirtualClock.settle
      yield* peer.end
      yield* after("10 seconds")
      return events
    })
  )

const send =
  (text: string): Case["does"] =>
  (peer) =>
    peer.send(text)
const late =
  (text: string, time: "6 seconds" | "70 seconds" | "400 seconds"): Case["does"] =>
  (peer) =>
    Effect.zipRight(peer.send(text), after(time))

describe("A connection is closed because of", () => {
  it.live.each<readonly [string, string, Case]>([
    ["RequestClose", "the request says that it is the last", { does: send(last()) }],
    [
      "Http10",
      "the request is HTTP/1.0 and does not ask for more",
      { does: send("GET /last HTTP/1.0\r\n\r\n") }
    ],
    [
      "UntilClose",
      "it marks the end of a response without a length",
      { does: send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n") }
    ],
    ["ResponseClose", "the answer says that it is the last", { does: send(get("/last")) }],
    [
      "RequestUnfinished",
      "the rest of a request's body is too large to discard",
      { does: send("POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 10000000\r\n\r\nabc") }
    ],
    ["PeerEof", "the client has gone", { does: (peer) => Effect.zipRight(peer.send(get()), peer.end) }],
    ["Refused", "what it sent is not HTTP", { does: send("NOT HTTP\r\n\r\n") }],
    ["TimedOut", "its request came too late", { does: late("GET / HT", "70 seconds") }],
    ["IdleTimeout", "no request followed", { does: late(get(), "6 seconds") }],
    [
      "MaxRequests",
      "it has served maxRequestsPerSocket requests",
      { does: send(get() + get()), options: { maxRequestsPerSocket: 1 } }
    ],
    [
      "Draining",
      "the server drains",
      { does: (_, server) => Effect.zipRight(Effect.fork(server.shutdown), after("1 second")) }
    ],
    [
      "Interrupted",
      "closeAllConnections was called",
      {
        does: (peer, server) =>
          peer
            .send(get("/never"))
            .pipe(Effect.zipRight(VirtualClock.settle), Effect.zipRight(server.closeAllConnections))
      }
    ],
    ["Failed", "the answer could not be finished", { does: send(get("/cut")) }],
    ["Failed", "it was reset", { does: (peer) => Effect.zipRight(peer.send(get("/never")), peer.reset) }],
    [
      "OwnEof",
      "the handler that took it over has ended",
      { does: send(get("/up", "Connection: Upgrade\r\nUpgrade: x\r\n")) }
    ]
  ])("%s: %s", ([reason, , made]) =>
    Effect.gen(function* () {
      const closed = (yield* eventsOf(made)).flatMap((event) =>
        event._tag === "ConnectionClosed" ? [event.reason] : []
      )
      expect(closed).toEqual([reason])
    }).pipe(Logger.withMinimumLogLevel(LogLevel.None))
  )
})

describe("An exchange is TimedOut by", () => {
  const exact = { connectionsCheckingInterval: "1 second" } as const
  const half = post("/read", "x".repeat(100)).slice(0, -50)
  it.live.each<readonly [string, string, Case]>([
    ["headersTimeout", "RequestTimeout", { does: late("GET / HT", "70 seconds"), timeouts: exact }],
    [
      "requestTimeout",
      "RequestTimeout",
      { does: late(half, "400 seconds"), timeouts: { ...exact, progressTimeout: 0 } }
    ],
    [
      "progressTimeout, in its request",
      "RequestTimeout",
      { does: late(half, "400 seconds"), timeouts: { ...exact, requestTimeout: 0 } }
    ],
    [
      "progressTimeout, in its response",
      "PeerStalled",
      {
        does: (peer) =>
          Effect.zipRight(peer.pause, late(get("/endless"), "400 seconds")(peer, undefined as never)),
        timeouts: exact
      }
    ],
    [
      "timeout",
      "PeerStalled",
      { does: late(get("/never"), "70 seconds"), timeouts: { ...exact, timeout: "60 seconds" } }
    ]
  ])("%s: %s, told once", ([, tag, made]) =>
    Effect.gen(function* () {
      const ended = (yield* eventsOf(made)).flatMap((event) =>
        event._tag === "ExchangeEnded" ? [event.outcome] : []
      )
      expect(ended).toMatchObject([{ _tag: "TimedOut", error: { _tag: tag } }])
    })
  )
})

describe("Events of a connection that was handed over", () => {
  it.live("report its 101, the end of the exchange, and all bytes when it closes", () =>
    Effect.gen(function* () {
      const request = get("/up", "Connection: Upgrade\r\nUpgrade: x\r\n")
      const events = yield* eventsOf({ does: send(request) })
      expect(events.map(({ _tag }) => _tag)).toEqual([
        "ConnectionOpened",
        "RequestReceived",
        "ResponseBegun",
        "ExchangeEnded",
        "ConnectionClosed"
      ])
      expect(events[2]).toMatchObject({ status: 101 })
      expect(events[3]).toMatchObject({ outcome: { _tag: "Answered", status: 101, bytesIn: request.length } })
      expect(events[4]).toMatchObject({ reason: "OwnEof", exchanges: 1, bytesIn: request.length })
    })
  )
})
