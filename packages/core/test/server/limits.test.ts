// Every limit and option of a server. At the limit the server still serves, and above the limit the client
// gets the documented status.
import * as IncomingMessage from "@effect/platform/HttpIncomingMessage"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import { describe, expect, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { Network, type Server, type ServerEvent, type Transport } from "@httpfx/core"
import { MemoryNetwork, RawPeer, VirtualClock } from "@httpfx/testing"
import { address, after, connect, inVirtualTime, serving } from "../support/virtual.js"
import { get, last, post } from "../support/served.js"

const hello = Effect.succeed(HttpServerResponse.text("<hello>"))
const length = Effect.gen(function* () {
  const request = yield* HttpServerRequest.HttpServerRequest
  if (request.url === "/stream") {
    const size = yield* Stream.runFold(request.stream, 0, (sum, slice) => sum + slice.length)
    return HttpServerResponse.text(`<${size}>`)
  }
  return HttpServerResponse.text(`<${(yield* request.text).length}>`)
})

/** Sends a text to a server with these options. Returns everything received until the server closes. */
const answerTo = (text: string, options: Server.ServerOptions = {}, app: typeof length = length) =>
  inVirtualTime(
    Effect.gen(function* () {
      yield* serving(app, {}, options)
      const client = yield* connect
      yield* client.send(text)
      return yield* client.rest
    })
  )
const statuses = (text: string) => [...text.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => Number(status))

const chunked = (chunks: string) =>
  `POST / HTTP/1.1\r\nHost: t\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n${chunks}0\r\n\r\n`

describe("Limits of a server", () => {
  it.live.each<readonly [string, string, Server.ServerOptions, number]>([
    [
      "a head above maxHeaderSize",
      last("/").replace("\r\n\r\n", `\r\nA: ${"b".repeat(200)}\r\n\r\n`),
      { limits: { maxHeaderSize: 200 } },
      431
    ],
    ["a head below maxHeaderSize", last("/"), { limits: { maxHeaderSize: 200 } }, 200],
    ["one field more than maxHeaderCount", last(), { limits: { maxHeaderCount: 1 } }, 431],
    ["as many fields as maxHeaderCount", last(), { limits: { maxHeaderCount: 2 } }, 200],
    ["a target above maxHeaderSize", last(`/${"a".repeat(300)}`), { limits: { maxHeaderSize: 200 } }, 414],
    [
      "chunk extensions above the limit",
      chunked(`1;${"a".repeat(100)}\r\nx\r\n`),
      { limits: { maxChunkExtensionsSize: 50 } },
      413
    ],
    [
      "chunk extensions below it",
      chunked(`1;${"a".repeat(40)}\r\nx\r\n`),
      { limits: { maxChunkExtensionsSize: 50 } },
      200
    ],
    [
      "trailers above maxTrailerSize",
      chunked("1\r\nx\r\n").replace(/0\r\n\r\n$/, `0\r\nA: ${"b".repeat(100)}\r\n\r\n`),
      { limits: { maxTrailerSize: 50 } },
      431
    ],
    [
      "trailers below it, in a head above it",
      chunked("1\r\nx\r\n").replace(/0\r\n\r\n$/, `0\r\nA: ${"b".repeat(30)}\r\n\r\n`),
      { limits: { maxTrailerSize: 50 } },
      200
    ],
    [
      "trailers above maxHeaderSize, without maxTrailerSize",
      chunked("1\r\nx\r\n").replace(/0\r\n\r\n$/, `0\r\nA: ${"b".repeat(300)}\r\n\r\n`),
      { limits: { maxHeaderSize: 200 } },
      431
    ],
    ["no Host", "GET / HTTP/1.1\r\nConnection: close\r\n\r\n", {}, 400],
    [
      "no Host if none is required",
      "GET / HTTP/1.1\r\nConnection: close\r\n\r\n",
      { requireHostHeader: false },
      200
    ],
    [
      "an unknown transfer coding",
      "POST / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: br, chunked\r\n\r\n",
      {},
      501
    ],
    ["an unknown version", "GET / HTTP/3.0\r\nHost: t\r\n\r\n", {}, 505],
    ["a bare LF", "GET / HTTP/1.1\nHost: t\nConnection: close\n\n", {}, 400],
    [
      "a bare LF under insecureHTTPParser",
      "GET / HTTP/1.1\nHost: t\nConnection: close\n\n",
      { insecureHTTPParser: true },
      200
    ]
  ])("%s", ([, sent, options, status]) =>
    Effect.gen(function* () {
      expect(statuses(yield* answerTo(sent, options))).toEqual([status])
    })
  )

  describe("maxBodySize", () => {
    const body = (size: number, target: string, extra = "Connection: close\r\n") =>
      post(target, "x".repeat(size), extra)

    it.live.each([
      [9, "/", 200],
      [10, "/", 200],
      [11, "/", 413],
      [10, "/stream", 200],
      [11, "/stream", 413]
    ] as const)("of 10 and a body of %i bytes to %s", ([size, target, status]) =>
      Effect.gen(function* () {
        expect(statuses(yield* answerTo(body(size, target), { maxBodySize: 10 }))).toEqual([status])
        const chunks = chunked(Array.from({ length: size }, () => "1\r\nx\r\n").join("")).replace(
          " / ",
          ` ${target} `
        )
        expect(statuses(yield* answerTo(chunks, { maxBodySize: 10 }))).toEqual([status])
      })
    )

    it.live.each(["/", "/stream"])(
      "takes effect as soon as it is exceeded, whatever follows: %s",
      ([target]) =>
        inVirtualTime(
          Effect.gen(function* () {
            yield* serving(length, {}, { maxBodySize: 10 })
            const client = yield* connect
            yield* client.send(`POST ${target} HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n`)
            yield* client.send("a\r\n0123456789\r\n")
            yield* client.send("1\r\nx\r\n")
            expect(statuses(yield* client.head)).toEqual([413])
          })
        )
    )

    it.live("can be set per route", () =>
      Effect.gen(function* () {
        const wide = IncomingMessage.withMaxBodySize(length, Option.some(100))
        expect(yield* answerTo(body(50, "/"), { maxBodySize: 10 }, wide)).toContain("<50>")
        expect(statuses(yield* answerTo(body(101, "/"), { maxBodySize: 10 }, wide))).toEqual([413])
      })
    )

    it.live("sends no 100 for a body that is announced as too large", () =>
      Effect.gen(function* () {
        const head = "POST /stream HTTP/1.1\r\nHost: t\r\nExpect: 100-continue\r\nContent-Length: 11\r\n\r\n"
        expect(statuses(yield* answerTo(head, { maxBodySize: 10 }))).toEqual([413])
      })
    )
  })

  it.live("of bytes discarded after a refusal: a client that exceeds it is reset", () =>
    inVirtualTime(
      Effect.gen(function* () {
        const server = yield* serving(hello)
        const [polite, endless] = [yield* connect, yield* connect]
        for (const client of [polite, endless]) yield* client.send("nonsense\r\n\r\n")
        for (let i = 0; i < 4; i++) yield* polite.send("x".repeat(60_000))
        expect(statuses(yield* polite.rest)).toEqual([400])
        for (let i = 0; i < 5; i++) {
          endless.transport.write("x".repeat(60_000))
          yield* VirtualClock.settle
        }
        // `endless` was reset. `polite` is still connected, because it has time to read the refusal.
        expect(yield* server.connections).toBe(1)
      })
    )
  )

  describe("maxRequestsPerSocket", () => {
    it.live("announces the close in the last response, and closes", () =>
      inVirtualTime(
        Effect.gen(function* () {
          yield* serving(hello, {}, { maxRequestsPerSocket: 2 })
          const client = yield* connect
          yield* client.send(get())
          expect(yield* client.until("<hello>")).toContain("Keep-Alive: timeout=5, max=2\r\n")
          yield* client.send(get())
          expect(yield* client.until("<hello>")).toContain("Connection: close\r\n")
          yield* client.expectFin
        })
      )
    )

    it.live("reports a request after the last one as dropped, to client and observers", () =>
      inVirtualTime(
        Effect.gen(function* () {
          const server = yield* serving(hello, {}, { maxRequestsPerSocket: 2 })
          const events: Array<ServerEvent.ServerEvent> = []
          yield* server.observe((event) => void events.push(event))
          const client = yield* connect
          yield* client.send(get("/1"), get("/2"), get("/3"), get("/4"))
          const all = yield* client.rest
          expect(statuses(all)).toEqual([200, 200, 503])
          expect(all).toMatch(/503 [^]*Connection: close\r\n/)
          const outcomes = events.flatMap((event) => (event._tag === "ExchangeEnded" ? [event.outcome] : []))
          expect(outcomes.map(({ _tag, target }) => [_tag, target])).toEqual([
            ["Answered", "/1"],
            ["Answered", "/2"],
            ["Dropped", "/3"]
          ])
          expect(outcomes[2]).toMatchObject({ reason: "maxRequestsPerSocket", status: 503 })
        })
      )
    )
  })

  describe("maxConnections", () => {
    it.live("responds 503 with Retry-After above it, and serves again when one has closed", () =>
      inVirtualTime(
        Effect.gen(function* () {
          const server = yield* serving(hello, {}, { maxConnections: 2, retryAfter: "7 seconds" })
          const events: Array<ServerEvent.ServerEvent> = []
          yield* server.observe((event) => void events.push(event))
          const clients = [yield* connect, yield* connect]
          for (const client of clients) {
            yield* client.send(get())
            yield* client.until("<hello>")
          }
          const third = yield* connect
          yield* third.send(get("/third"))
          const refused = yield* third.rest
          expect(refused).toMatch(/^HTTP\/1\.1 503 Service Unavailable\r\n/)
          expect(refused).toContain("Retry-After: 7\r\n")
          const dropped = events.flatMap((event) => (event._tag === "ExchangeEnded" ? [event.outcome] : []))
          expect(dropped.at(-1)).toMatchObject({
            _tag: "Dropped",
            reason: "maxConnections",
            target: "/third"
          })
          yield* clients[0]!.end
          yield* after("1 second")
          const fourth = yield* connect
          yield* fourth.send(get())
          yield* fourth.until("<hello>")
        })
      )
    )

    it.live("responds to 128 at a time; further ones are reset", () =>
      inVirtualTime(
        Effect.gen(function* () {
          yield* serving(hello, {}, { maxConnections: 1 })
          yield* connect
          const full = yield* Effect.replicateEffect(connect, 128)
          const beyond = yield* connect
          yield* beyond.expectReset
          yield* full[0]!.send(get())
          expect(statuses(yield* full[0]!.rest)).toEqual([503])
          yield* full[0]!.end
          yield* after("1 second")
          const next = yield* connect
          yield* next.send(get())
          expect(statuses(yield* next.rest)).toEqual([503])
        })
      )
    )

    it.live("resets connections with whenFull `reset`", () =>
      inVirtualTime(
        Effect.gen(function* () {
          yield* serving(hello, {}, { maxConnections: 1, whenFull: "reset" })
          yield* connect
          const second = yield* connect
          yield* second.expectReset
        })
      )
    )

    it.live("counts per address with `maxConnectionsPerAddress`", () =>
      inVirtualTime(
        Effect.gen(function* () {
          yield* serving(hello, {}, { host: "0.0.0.0", maxConnectionsPerAddress: 1 } as Server.ServerOptions)
          const memory = yield* MemoryNetwork.MemoryNetwork
          const from = (host: string) =>
            Effect.provideService(RawPeer.connect(address), Network.Network, memory.from(host))
          const one = yield* from("a.test")
          const same = yield* from("a.test")
          const other = yield* from("b.test")
          for (const [client, status] of [
            [one, 200],
            [same, 503],
            [other, 200]
          ] as const) {
            yield* client.send(last())
            expect(statuses(yield* client.rest)).toEqual([status])
          }
          yield* after("6 seconds")
          // This connection counts only for its own address, so requests from other addresses are served.
          const kept = yield* from("c.test")
          yield* kept.send(get())
          yield* kept.until("<hello>")
          for (const host of ["a.test", "b.test", "a.test"]) {
            const again = yield* from(host)
            yield* again.send(last())
            expect(statuses(yield* again.rest)).toEqual([200])
            yield* again.end
            yield* after("1 second")
          }
        })
      )
    )
  })

  describe("fields", () => {
    const repeated = "GET / HTTP/1.1\r\nHost: t\r\nConnection: close\r\nAge: 1\r\nAge: 2\r\n\r\n"
    const age = Effect.map(HttpServerRequest.HttpServerRequest, (request) =>
      HttpServerResponse.text(`<${request.headers["age"]}>`)
    )
    it.live("joinDuplicateHeaders", () =>
      Effect.gen(function* () {
        expect(yield* answerTo(repeated, {}, age as never)).toContain("<1>")
        expect(yield* answerTo(repeated, { joinDuplicateHeaders: true }, age as never)).toContain("<1, 2>")
      })
    )

    it.live("uniqueHeaders", () =>
      Effect.gen(function* () {
        const cookies = Effect.succeed(
          HttpServerResponse.empty().pipe(
            HttpServerResponse.unsafeSetCookie("a", "1"),
            HttpServerResponse.unsafeSetCookie("b", "2")
          )
        )
        expect(yield* answerTo(last(), {}, cookies as never)).toMatch(
          /set-cookie: a=1\r\n[^]*set-cookie: b=2\r\n/i
        )
        expect(yield* answerTo(last(), { uniqueHeaders: ["Set-Cookie"] }, cookies as never)).toMatch(
          /set-cookie: a=1; b=2\r\n/i
        )
      })
    )

    it.live("sendDate", () =>
      Effect.gen(function* () {
        expect(yield* answerTo(last())).toContain("\r\nDate: ")
        expect(yield* answerTo(last(), { sendDate: false })).not.toContain("Date: ")
      })
    )

    it.live("rejectNonStandardBodyWrites", () =>
      Effect.gen(function* () {
        const app = Effect.succeed(HttpServerResponse.text("x", { status: 304 })) as never
        expect(statuses(yield* answerTo(last(), {}, app))).toEqual([304])
        expect(statuses(yield* answerTo(last(), { rejectNonStandardBodyWrites: true }, app))).toEqual([500])
      })
    )
  })

  it.live("noDelay, keepAlive, keepAliveInitialDelay", () =>
    inVirtualTime(
      Effect.gen(function* () {
        const told: Array<unknown> = []
        const network = yield* Network.Network
        const watched: Network.Service = {
          ...network,
          listen: (options, onConnection) =>
            network.listen(options, (transport: Transport.Transport) => {
              transport.noDelay = (enable) => void told.push(["noDelay", enable])
              transport.keepAlive = (enable, delay) => void told.push(["keepAlive", enable, delay])
              onConnection(transport)
            })
        }
        const options = { noDelay: false, keepAlive: true, keepAliveInitialDelay: "3 seconds" } as const
        yield* Effect.provideService(serving(hello, {}, options), Network.Network, watched)
        const client = yield* connect
        yield* client.send(last())
        yield* client.rest
        expect(told).toEqual([
          ["noDelay", false],
          ["keepAlive", true, 3000]
        ])
      })
    )
  )

  it.live.each<readonly [Server.ServerOptions, string]>([
    [
      { maxConnections: -1 },
      'The value of "maxConnections" is out of range. It must be an integer >= 0. Received -1'
    ],
    [
      { maxRequestsPerSocket: 1.5 },
      'The value of "maxRequestsPerSocket" is out of range. It must be an integer >= 0. Received 1.5'
    ],
    [
      { limits: { maxHeaderSize: NaN } },
      'The value of "limits.maxHeaderSize" is out of range. It must be an integer >= 0. Received NaN'
    ],
    [
      { strictContentLength: false },
      'The option "strictContentLength" cannot be disabled: clients would take a truncated response for a complete one. Received false'
    ],
    [
      { insecureHTTPParser: true, flags: {} as never },
      'The option "insecureHTTPParser" cannot be combined with flags. Received true'
    ]
  ])("refuses %j when the server is created", ([options, message]) =>
    inVirtualTime(
      Effect.gen(function* () {
        const exit = yield* Effect.exit(serving(hello, {}, options))
        const failure =
          exit._tag === "Failure" ? Option.getOrUndefined(Cause.failureOption(exit.cause)) : undefined
        expect(failure).toMatchObject({ _tag: "ServeError", cause: { _tag: "InvalidOption", message } })
      })
    )
  )
})
