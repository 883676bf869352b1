// A client resets, ends, or stops sending at every byte offset of its requests or of the responses. Nothing
// must be left, every exchange must end once, and another connection must be served. In virtual time.
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import { expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { Exchange, type Network, type ExchangeOutcome, type Server } from "@httpfx/core"
import { Fault, Leaks, MemoryNetwork, VirtualClock, type RawPeer } from "@httpfx/testing"
import { after, connect, inVirtualTime, serving } from "../support/virtual.js"
import { get, last } from "../support/served.js"

const line = "POST /echo HTTP/1.1\r\nHost: t\r\n"
const asUpgrade = "Connection: Upgrade\r\nUpgrade: echo\r\n"

/** The bytes of all requests of a conversation, which the client sends without waiting for responses. */
const conversations: Record<string, string> = {
  "several requests": [
    `${line}Transfer-Encoding: chunked\r\n\r\n4;a=b\r\nabcd\r\n3\r\nefg\r\n0\r\nX-Sum: 7\r\n\r\n`,
    get("/plain"),
    `${line.replace("/echo", "/unread")}Content-Length: 5\r\n\r\nabcde`,
    get("/stream"),
    `${line}Expect: 100-continue\r\nContent-Length: 3\r\n\r\nxyz`,
    last("/plain")
  ].join(""),
  "an upgrade": `${get("/plain")}${get("/upgrade", asUpgrade)}hello, upgraded world`,
  "a tunnel": "CONNECT example.test:443 HTTP/1.1\r\nHost: example.test:443\r\n\r\nthrough the tunnel"
}

const pieces = Stream.fromIterable(["one", "two", "three"]).pipe(
  Stream.tap(() => Effect.sleep("10 millis")),
  Stream.encodeText
)

/** Starts a server that counts the exchanges that have begun and ended. */
const serve = (options: Server.ServerOptions = {}) =>
  Effect.gen(function* () {
    const counts = { begun: 0, over: 0 }
    const outcomes: Array<ExchangeOutcome.ExchangeOutcome> = []
    let received = 0
    const echo = Effect.flatMap(Exchange.upgrade(), (socket) =>
      Stream.runForEach(socket.stream, (chunk) => socket.write(chunk))
    )
    const app = Effect.gen(function* () {
      yield* Effect.acquireRelease(
        Effect.sync(() => counts.begun++),
        () => Effect.sync(() => counts.over++)
      )
      const request = yield* HttpServerRequest.HttpServerRequest
      if ((request.method as string) === "CONNECT" || request.url === "/upgrade") {
        yield* echo
        return HttpServerResponse.empty()
      }
      if (request.url === "/stream") return HttpServerResponse.stream(pieces)
      if (request.url === "/echo") return HttpServerResponse.text(yield* request.text)
      return HttpServerResponse.text("plain")
    })
    // Ignores failures that the missing client causes.
    const server = yield* serving(
      Effect.catchAll(app, () => HttpServerResponse.empty({ status: 500 })),
      { headersTimeout: "10 seconds", requestTimeout: "20 seconds", progressTimeout: "20 seconds" },
      options
    )
    yield* server.observe((event) => {
      if (event._tag === "ExchangeEnded") outcomes.push(event.outcome)
      else if (event._tag === "RequestReceived") received++
    })
    return { server, counts, outcomes, received: () => received }
  })

/** Asserts that another client gets its response. */
const othersServed = Effect.scoped(
  Effect.gen(function* () {
    const other = yield* connect
    yield* other.send(last("/plain"))
    expect(yield* other.rest).toMatch(/^HTTP\/1.1 200 OK\r\n[^]*plain$/)
  })
)

/** A client that leaves at an offset of its requests or of the responses. */
type Client = (
  text: string,
  offset: number
) => Effect.Effect<void, unknown, Network.Network | MemoryNetwork.MemoryNetwork | VirtualClock.VirtualClock>

const sending =
  (then: (client: RawPeer.RawPeer) => Effect.Effect<unknown, unknown, VirtualClock.VirtualClock>): Client =>
  (text, offset) =>
    Effect.scoped(
      Effect.gen(function* () {
        const client = yield* connect
        client.transport.write(text.slice(0, offset))
        yield* VirtualClock.settle
        yield* then(client)
        yield* othersServed
        // This time exceeds every timeout.
        yield* after("1 minute")
      })
    )

const receiving =
  (fault: typeof Fault.resetAfterBytes): Client =>
  (text, offset) =>
    Effect.scoped(
      Effect.gen(function* () {
        const client = yield* connect
        const connection = (yield* MemoryNetwork.connections).at(-1)!.id
        yield* fault(offset, { sender: "server", connection })
        client.transport.write(text)
        yield* after("15 millis")
        yield* othersServed
        yield* after("1 minute")
        expect(client.received().length).toBeLessThanOrEqual(offset)
      })
    )

/** A way to leave. `along` tells whether offsets count the bytes sent or received by the client. */
interface Way {
  readonly client: Client
  readonly along: "sent" | "received"
  readonly options?: Server.ServerOptions
}

const ways: Record<string, Way> = {
  "resets after so many bytes": { along: "sent", client: sending((client) => client.reset) },
  "ends after so many bytes": { along: "sent", client: sending((client) => client.end) },
  "half-closes after so many bytes, with allowHalfOpen": {
    along: "sent",
    client: sending((client) => client.end),
    options: { allowHalfOpen: true }
  },
  "falls silent after so many bytes": { along: "sent", client: sending(() => after("1 minute")) },
  "reads nothing after so many bytes, and resets": {
    along: "sent",
    client: sending((client) =>
      Effect.zipRight(client.pause, Effect.zipRight(after("5 seconds"), client.reset))
    )
  },
  "is reset when it has received so many bytes": {
    along: "received",
    client: receiving(Fault.resetAfterBytes)
  },
  "sees the end when it has received so many bytes": { along: "received", client: receiving(Fault.truncate) }
}

/** Returns the length of all responses of a conversation. */
const answerLength = (text: string) =>
  Effect.scoped(
    Effect.gen(function* () {
      const client = yield* connect
      client.transport.write(text)
      yield* after("1 minute")
      return client.received().length
    })
  )

const cases = Object.entries(conversations).flatMap(([what, text]) =>
  Object.entries(ways).map(([way, { along, client, options }]) => ({
    what,
    way,
    text,
    along,
    client,
    options
  }))
)

// There are thousands of offsets. A normal run takes every third offset from a random start, and `npm run
// test:long` takes all.
const step = process.env["HTTPFX_LONG"] === undefined ? 3 : 1
const first = Math.floor(Math.random() * step)

it.live.each(cases)("$what: a client that $way", ({ along, client, options, text }) =>
  inVirtualTime(
    Leaks.checkScoped(
      Effect.gen(function* () {
        const { counts, outcomes, received, server } = yield* serve(options)
        const length = along === "sent" ? text.length : yield* answerLength(text)
        expect(length).toBeGreaterThan(70)
        for (let offset = first; offset <= length; offset += step) {
          outcomes.length = 0
          const before = received()
          yield* client(text, offset)
          yield* VirtualClock.settle
          expect({
            offset,
            connections: yield* server.connections,
            onTheNetwork: (yield* MemoryNetwork.connections).length,
            handlers: counts.begun - counts.over,
            timers: (yield* VirtualClock.pending).size
          }).toEqual({ offset, connections: 0, onTheNetwork: 0, handlers: 0, timers: 0 })
          // There may be more outcomes than received requests, because a refused request also has an outcome.
          const ends = outcomes.map(({ connection, exchange }) => `${connection}.${exchange}`)
          expect(new Set(ends).size).toBe(ends.length)
          expect(ends.length).toBeGreaterThanOrEqual(received() - before)
        }
      })
    )
  )
)
