/** A wiretap records all bytes and events, and shows them as events, as messages and as text. */
import { readFileSync } from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Queue from "effect/Queue"
import * as fc from "fast-check"
import * as Client from "@httpfx/core/Client"
import { Network } from "@httpfx/core/Network"
import * as Server from "@httpfx/core/Server"
import type { Transport } from "@httpfx/core/Transport"
import * as NodeNetwork from "@httpfx/node/NodeNetwork"
import * as MemoryNetwork from "@httpfx/testing/MemoryNetwork"
import * as Simulation from "@httpfx/testing/Simulation"
import { Har } from "@httpfx/testing/tools"
import * as Wiretap from "@httpfx/testing/Wiretap"
import { conversation } from "../support/conversation.js"

const memory = (options?: Wiretap.Options) =>
  Layer.provideMerge(Wiretap.layer(options), MemoryNetwork.layer({ latency: 5 }))

const simulated = <A, E>(effect: Effect.Effect<A, E, Network | Wiretap.Wiretap>, options?: Wiretap.Options) =>
  Simulation.run({ seed: 1 }, Effect.provide(effect, memory(options)))

describe("the record", () => {
  it.effect("has all bytes, FINs and resets in both directions, with times, at both ends", () =>
    simulated(
      Effect.gen(function* () {
        yield* conversation([
          ["client", "ab"],
          ["server", "cd"],
          ["client", "FIN"],
          ["server", "RST"]
        ])
        const { recordings } = yield* Wiretap.Wiretap
        const shown = recordings.map(({ events, side }) => [
          side,
          ...events.map((event) => {
            const what = event._tag === "Bytes" ? String(event.data) : event._tag
            return `${event.at - recordings[0]!.opened} ${"from" in event ? `${event.from} ` : ""}${what}`
          })
        ])
        assert.deepStrictEqual(shown, [
          ["server", "10 client 97,98", "15 server cd", "30 client End", "35 server Reset", "35 Close"],
          ["client", "5 client ab", "20 server 99,100", "25 client End", "40 Fault", "40 Close"]
        ])
        assert.deepStrictEqual(
          (yield* Wiretap.recordings).map(({ side }) => side),
          ["client"]
        )
      })
    )
  )

  it.effect("records only the requested ends, and can be cleared", () =>
    Effect.gen(function* () {
      for (const ends of ["client", "server"] as const) {
        yield* simulated(
          Effect.gen(function* () {
            yield* conversation([["client", "x"]])
            const wiretap = yield* Wiretap.Wiretap
            assert.deepStrictEqual(
              wiretap.recordings.map(({ side }) => side),
              [ends]
            )
            wiretap.clear()
            assert.lengthOf(wiretap.recordings, 1)
          }),
          { ends }
        )
      }
    })
  )
})

const exchangesOf = (lines: Parameters<typeof conversation>[0]) =>
  simulated(
    Effect.andThen(
      conversation(lines),
      Effect.map(Wiretap.exchanges, (all) =>
        all.map(({ informational, request, response }) => {
          const text = (message: Wiretap.Message<unknown> | undefined) =>
            message === undefined
              ? "-"
              : `${String.fromCharCode(...message.body)}${message.complete ? "" : "..."}`
          return [
            request?.head.method ?? "-",
            text(request),
            ...informational.map(({ head }) => String(head.status)),
            response === undefined ? "-" : String(response.head.status),
            text(response)
          ].join(" ")
        })
      )
    )
  )

const ok = (body: string) => `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`
const get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
const upgrade = "GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n"
const vectors: ReadonlyArray<[string, Parameters<typeof conversation>[0], ReadonlyArray<string>]> = [
  [
    "pipelined requests, responses together",
    [
      ["client", get + get],
      ["server", ok("1") + ok("2")]
    ],
    ["GET  200 1", "GET  200 2"]
  ],
  [
    "a response to HEAD has no body",
    [
      ["client", "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n" + get],
      ["server", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n" + ok("b")]
    ],
    ["HEAD  200 ", "GET  200 b"]
  ],
  [
    "100 and 103 before the response",
    [
      ["client", "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n"],
      ["server", "HTTP/1.1 100 Continue\r\n\r\n"],
      ["client", "hi"],
      ["server", "HTTP/1.1 103 Early Hints\r\n\r\n" + ok("")]
    ],
    ["PUT hi 100 103 200 "]
  ],
  [
    "a body until the close",
    [
      ["client", get],
      ["server", "HTTP/1.0 200 OK\r\n\r\nabc"],
      ["server", "FIN"]
    ],
    ["GET  200 abc"]
  ],
  [
    "a body cut off",
    [
      ["client", get],
      ["server", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc"],
      ["server", "RST"]
    ],
    ["GET  200 abc..."]
  ],
  [
    "a request without a response",
    [
      ["client", get],
      ["client", "RST"]
    ],
    ["GET  - -"]
  ],
  [
    "an unsolicited response",
    [["server", "HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n"]],
    ["- - 408 "]
  ],
  [
    "another protocol after 101",
    [
      ["client", upgrade],
      ["server", "HTTP/1.1 101 S\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\nGET"],
      ["client", "POST"]
    ],
    ["GET  101 "]
  ],
  [
    "an upgrade refused",
    [
      ["client", upgrade],
      ["server", ok("no")],
      ["client", get],
      ["server", ok("yes")]
    ],
    ["GET  200 no", "GET  200 yes"]
  ],
  [
    "a tunnel",
    [
      ["client", "CONNECT b:1 HTTP/1.1\r\nHost: b:1\r\n\r\n"],
      ["server", "HTTP/1.1 200 OK\r\n\r\n"],
      ["client", get]
    ],
    ["CONNECT  200 "]
  ]
]

describe("messages", () => {
  for (const [name, lines, wanted] of vectors) {
    it.effect(name, () =>
      Effect.map(exchangesOf(lines), (exchanges) => assert.deepStrictEqual(exchanges, wanted))
    )
  }

  it("do not depend on segment boundaries", () => {
    const chunked =
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nT: v\r\n\r\n"
    const wire = chunked + ok("last")
    fc.assert(
      fc.property(fc.array(fc.nat(wire.length), { maxLength: 20 }), (cuts) => {
        const places = [...new Set([0, ...cuts, wire.length])].sort((a, b) => a - b)
        const events = places.slice(1).map((end, index) => ({
          _tag: "Bytes" as const,
          at: 2,
          from: "server" as const,
          data: wire.slice(places[index], end)
        }))
        const request = { _tag: "Bytes" as const, at: 1, from: "client" as const, data: get + get }
        const { exchanges, pieces } = Wiretap.parse({
          id: 1,
          side: "client",
          client: undefined,
          server: undefined,
          opened: 0,
          events: [request, ...events]
        })
        const [first, second] = exchanges.map(({ response }) => response!)
        assert.deepStrictEqual(first!.rawTrailers, ["T", "v"])
        assert.strictEqual(String.fromCharCode(...first!.body), "abcde")
        assert.strictEqual(first!.headBytes + first!.bodyBytes, chunked.length)
        assert.strictEqual(String.fromCharCode(...second!.body), "last")
        const of = (kind: string) =>
          pieces
            .filter((piece) => piece.kind === kind && piece.from === "server")
            .map(({ bytes }) => String.fromCharCode(...bytes))
            .join("")
        assert.strictEqual(of("framing"), "3\r\n\r\n2;x=y\r\n\r\n0\r\nT: v\r\n\r\n")
        assert.strictEqual(of("body"), "abcdelast")
        assert.strictEqual(of("raw"), "")
      })
    )
  })
})

describe("print", () => {
  const trace = "0af7651916cd43dd8448eb211c80319c"
  const span = "b7ad6b7169203331"

  it.effect("shows the bytes with escapes, and their times", () =>
    simulated(
      Effect.gen(function* () {
        yield* conversation([
          ["client", "GET / HTTP/1.1\r\nHost: a\r\nX: \xe9\r\n\r\n"],
          ["server", `HTTP/1.1 200 OK\r\nDate: now\r\nContent-Length: 300\r\n\r\n${"a".repeat(299)}\n`],
          ["client", "\x00\x01"],
          ["client", "RST"]
        ])
        const text = yield* Wiretap.print({ bodyLimit: 10 })
        assert.strictEqual(
          text.replace(/:\d{5} >/, ":port >"),
          [
            "connection 1: 10.0.0.1:port > 10.115.118.59:80 (client's end)",
            "+0 ms        > GET / HTTP/1.1\\r\\n",
            "             > Host: a\\r\\n",
            "             > X: \\xe9\\r\\n",
            "             > \\r\\n",
            "+15 ms       < HTTP/1.1 200 OK\\r\\n",
            "             < Date: now\\r\\n",
            "             < Content-Length: 300\\r\\n",
            "             < \\r\\n",
            "             < (300 bytes) aaaaa ... 290 bytes ... aaaa\\n",
            "+20 ms       > (2 bytes) \\x00\\x01",
            "             > [not HTTP: HPE_INVALID_METHOD: Invalid method encountered]",
            "+30 ms       > [RST]"
          ].join("\n")
        )
      })
    )
  )

  it.effect("is stable with the option stable: equal values have equal placeholders", () =>
    simulated(
      Effect.gen(function* () {
        yield* conversation([
          [
            "client",
            `POST / HTTP/1.1\r\nHost: a:50123\r\ntraceparent: 00-${trace}-${span}-01\r\nb3: ${trace}-${span}-1\r\n` +
              `X-B3-SpanId: ${span}\r\nContent-Type: multipart/form-data; boundary=abc123\r\n` +
              "Content-Length: 22\r\n\r\n--abc123\r\n\r\n--abc123--"
          ],
          [
            "server",
            "HTTP/1.1 200 OK\r\nDate: Sat, 01 Jan 2000 00:00:00 GMT\r\nX-Id: 9\r\nContent-Length: 0\r\n\r\n"
          ]
        ])
        const text = yield* Wiretap.print({
          stable: true,
          times: false,
          redact: [[/^X-Id: .*$/m, "X-Id: <id>"]]
        })
        assert.deepStrictEqual(text.split("\n"), [
          "connection 1: 10.0.0.1:* > 10.115.118.59:80 (client's end)",
          "  > POST / HTTP/1.1\\r\\n",
          "  > Host: a:*\\r\\n",
          "  > traceparent: 00-<trace-1>-<span-1>-01\\r\\n",
          "  > b3: <trace-1>-<span-1>-1\\r\\n",
          "  > X-B3-SpanId: <span-1>\\r\\n",
          "  > Content-Type: multipart/form-data; boundary=<boundary-1>\\r\\n",
          "  > Content-Length: 22\\r\\n",
          "  > \\r\\n",
          "  > (22 bytes) --<boundary-1>\\r\\n\\r\\n--<boundary-1>--",
          "  < HTTP/1.1 200 OK\\r\\n",
          "  < Date: <date>\\r\\n",
          "  < X-Id: <id>\\r\\n",
          "  < Content-Length: 0\\r\\n",
          "  < \\r\\n"
        ])
      })
    )
  )

  it.effect("lists failed attempts", () =>
    simulated(
      Effect.gen(function* () {
        const network = yield* Network
        yield* Effect.either(network.resolve("nowhere.test"))
        yield* Effect.either(network.connect({ _tag: "TcpAddress", hostname: "10.0.0.9", port: 1 }))
        const text = yield* Wiretap.print()
        assert.strictEqual(
          text,
          "failed at +0 ms: resolve nowhere.test: NameNotResolved\n\nfailed at +10 ms: connect 10.0.0.9:1: ConnectionRefused"
        )
      })
    )
  )
})

describe("TLS", () => {
  const pem = (name: string) =>
    readFileSync(new URL(`../../../node/test/fixtures/${name}.pem`, import.meta.url), "utf8")

  it.live("is recorded as plain text, and a failed handshake as a failure", () =>
    Effect.gen(function* () {
      const network = yield* Network
      const accepted = yield* Queue.unbounded<Transport>()
      const listener = yield* network.listen({ port: 0, host: "127.0.0.1" }, (transport) => {
        Queue.unsafeOffer(accepted, transport)
      })
      const secured = (serverName: string) =>
        Effect.gen(function* () {
          const client = yield* network.connect(listener.address)
          const server = yield* Queue.take(accepted)
          const cert = { cert: pem("server"), key: pem("server-key") }
          return yield* Effect.all(
            [
              Effect.either(network.secure(client, { role: "client", ca: pem("ca"), serverName })),
              Effect.either(network.secure(server, { role: "server", ...cert }))
            ],
            { concurrency: 2 }
          )
        })
      const [client, server] = yield* Effect.map(secured("api.test"), ([left, right]) => [
        Either.getOrThrow(left),
        Either.getOrThrow(right)
      ])
      const heard = yield* Deferred.make<void>()
      const deaf = { data() {}, end() {}, drain() {}, error() {}, close() {} }
      server!.start({ ...deaf, data: () => Deferred.unsafeDone(heard, Effect.void) })
      client!.start(deaf)
      client!.write("GET /inside HTTP/1.1\r\nHost: api.test\r\n\r\n")
      yield* Deferred.await(heard)
      client!.reset()
      server!.reset()
      yield* secured("wrong.test")
      const text = yield* Wiretap.print({ stable: true, times: false })
      assert.include(text, "  * [inside TLS from here]\n  > GET /inside HTTP/1.1\\r\\n")
      assert.include(text, "failed: secure: TlsFailure")
      const { log } = Har.fromExchanges(yield* Wiretap.exchanges)
      assert.strictEqual(log.entries[0]?.request.url, "https://api.test/inside")
    }).pipe(Effect.scoped, Effect.provide(Layer.provideMerge(Wiretap.layer(), NodeNetwork.layer)))
  )
})

describe("a server and a client", () => {
  const app = Effect.map(HttpServerRequest.HttpServerRequest, ({ url }) => HttpServerResponse.text(url))
  const ask = (host: string) =>
    Effect.scoped(
      Effect.gen(function* () {
        const server = yield* Server.make({ port: 0, host })
        yield* server.httpServer.serve(app)
        const client = yield* Client.make()
        const { address } = server
        if (address._tag !== "TcpAddress") return
        for (const path of ["/1", "/2"]) {
          const url = `http://${host}:${address.port}${path}`
          yield* Effect.scoped(Effect.flatMap(client.request({ url }), ({ text }) => text))
        }
      })
    )

  it.effect("print the same text for the same seed", () =>
    Effect.gen(function* () {
      const text = simulated(Effect.andThen(ask("a.test"), Wiretap.print()))
      assert.strictEqual(yield* text, yield* text)
    })
  )

  it.live("print the same stable text over memory and over the system's sockets", () =>
    Effect.gen(function* () {
      const text = Effect.andThen(
        ask("127.0.0.1"),
        Wiretap.print({ stable: true, times: false, redact: [[/:\d{5}/g, ":*"]] })
      )
      const [memoryText, systemText] = yield* Effect.all([
        Effect.provide(text, memory({ ends: "client" })),
        Effect.provide(text, Layer.provideMerge(Wiretap.layer({ ends: "client" }), NodeNetwork.layer))
      ])
      assert.strictEqual(systemText, memoryText)
      assert.include(memoryText, "GET /2 HTTP/1.1")
    })
  )
})
