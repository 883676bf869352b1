// Every timeout of a server, in virtual time: the response to a client that is too late, and the normal
// response to a client that is in time.
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import { describe, expect, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Config from "effect/Config"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { Exchange, ServerTimeouts } from "@httpfx/core"
import { MemoryNetwork } from "@httpfx/testing"
import { after, connect, inVirtualTime, serving } from "./support/virtual.js"
import { get, last, post } from "./support/served.js"

const hello = Effect.succeed(HttpServerResponse.text("<hello>"))
const reader = Effect.gen(function* () {
  const request = yield* HttpServerRequest.HttpServerRequest
  return HttpServerResponse.text(`<${(yield* request.text).length}>`)
})
const head = (length: number) => `POST / HTTP/1.1\r\nHost: test\r\nContent-Length: ${length}\r\n\r\n`
const late = /^HTTP\/1\.1 408 Request Timeout\r\n(.+\r\n)*Connection: close\r\n/
const forever = Effect.ensuring(Effect.never, Effect.void)

describe("Timeouts of a server", () => {
  it.live("has Node's defaults", () =>
    Effect.gen(function* () {
      expect(yield* ServerTimeouts.ServerTimeouts).toEqual({
        headersTimeout: 60_000,
        requestTimeout: 300_000,
        keepAliveTimeout: 5_000,
        keepAliveTimeoutBuffer: 1_000,
        connectionsCheckingInterval: 30_000,
        timeout: 0,
        progressTimeout: 120_000,
        progressBytes: 1024
      })
      expect((yield* ServerTimeouts.make({ requestTimeout: "20 seconds" })).headersTimeout).toBe(20_000)
      expect((yield* ServerTimeouts.make({ requestTimeout: 0 })).headersTimeout).toBe(60_000)
    })
  )

  it.live.each<readonly [ServerTimeouts.Options, string]>([
    [
      { headersTimeout: "2 seconds", requestTimeout: "1 second" } as const,
      'The value of "headersTimeout" is out of range. It must be <= requestTimeout (1000 ms). Received 2000'
    ],
    [
      { progressBytes: 0 },
      'The value of "progressBytes" is out of range. It must be an integer >= 1. Received 0'
    ],
    [
      { connectionsCheckingInterval: 0 },
      'The value of "connectionsCheckingInterval" is out of range. It must be finite and > 0. Received 0'
    ]
  ])("refuses %j when the layer is built", ([options, message]) =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(
        Effect.scoped(Effect.provide(Effect.void, ServerTimeouts.layer(options)))
      )
      expect(error).toMatchObject({ _tag: "InvalidOption", code: "ERR_OUT_OF_RANGE", message })
    })
  )

  it.live("takes them from the configuration", () =>
    Effect.gen(function* () {
      const { keepAliveTimeout } = yield* ServerTimeouts.ServerTimeouts
      expect(keepAliveTimeout).toBe(7_000)
    }).pipe(
      Effect.provide(ServerTimeouts.layerConfig({ keepAliveTimeout: Config.duration("KEEP_ALIVE") })),
      Effect.withConfigProvider(ConfigProvider.fromMap(new Map([["KEEP_ALIVE", "7 seconds"]])))
    )
  )

  describe("headersTimeout", () => {
    it.live.each<readonly [string, string]>([
      ["no byte", ""],
      ["empty lines", "\r\n\r\n"],
      ["half a request line", "GET /"],
      ["all but the last line break", get().slice(0, -1)]
    ])("answers 408 after %s", ([, sent]) =>
      inVirtualTime(
        Effect.gen(function* () {
          yield* serving(hello)
          const client = yield* connect
          if (sent !== "") yield* client.send(sent)
          yield* after("59 seconds")
          expect(client.received()).toBe("")
          yield* after("31 seconds")
          expect(yield* client.rest).toMatch(late)
        })
      )
    )

    it.live("counts from the first byte of a request, on a kept connection too", () =>
      inVirtualTime(
        Effect.gen(function* () {
          yield* serving(hello, { headersTimeout: "1 second", keepAliveTimeout: 0 })
          const client = yield* connect
          yield* client.send(get())
          yield* client.until("<hello>")
          yield* after("10 seconds")
          yield* client.send("GET / HTTP/1.1\r\n")
          yield* after("900 millis")
          yield* client.send("Host: a\r\n\r\n")
          yield* client.until("<hello>")
          yield* client.send("GET")
          yield* after("900 millis")
          expect(client.unread()).toBe("")
          yield* after("1200 millis")
          expect(yield* client.rest).toMatch(late)
        })
      )
    )

    it.live("ends a head that arrives one byte per second, and serves other clients meanwhile", () =>
      inVirtualTime(
        Effect.gen(function* () {
          const server = yield* serving(hello)
          const slow = yield* connect
          const text = get("/", `A: ${"b".repeat(200)}\r\n`)
          let sent = 0
          while (slow.state() === "open" && sent < text.length) {
            if (slow.transport.writable) slow.transport.write(text[sent++]!)
            yield* after("1 second")
          }
          expect(sent).toBeLessThanOrEqual(91)
          expect(slow.received()).toMatch(late)
          const other = yield* connect
          yield* other.send(get())
          yield* other.until("<hello>")
          yield* slow.end
          yield* other.end
          yield* after("1 second")
          expect(yield* server.connections).toBe(0)
        })
      )
    )
  })

  describe("requestTimeout", () => {
    it.live("responds 408 to a body that does not arrive, and fails the handler's read", () =>
      inVirtualTime(
        Effect.gen(function* () {
          const read = yield* Deferred.make<unknown>()
          yield* serving(
            Effect.gen(function* () {
              const request = yield* HttpServerRequest.HttpServerRequest
              yield* Effect.fork(
                Effect.onExit(request.text, (exit) => Deferred.succeed(read, exit)).pipe(
                  Effect.uninterruptible
                )
              )
              return yield* Effect.never
            }),
            { progressTimeout: 0, connectionsCheckingInterval: "1 second" }
          )
          const client = yield* connect
          yield* client.send(head(9), "abc")
          yield* after("299 seconds")
          expect(client.received()).toBe("")
          yield* after("2 seconds")
          expect(yield* client.rest).toMatch(late)
          const exit = (yield* Deferred.await(read)) as Exit.Exit<string, { readonly cause: unknown }>
          const failure = Exit.isFailure(exit) ? Cause.failureOption(exit.cause) : Option.none()
          expect(Option.getOrUndefined(failure)?.cause).toMatchObject({
            _tag: "RequestTimeout",
            code: "ERR_HTTP_REQUEST_TIMEOUT",
            timeout: "requestTimeout",
            limit: 300_000
          })
        })
      )
    )

    it.live("cuts off a response that has begun", () =>
      inVirtualTime(
        Effect.gen(function* () {
          yield* serving(
            Effect.succeed(
              HttpServerResponse.stream(Stream.concat(Stream.make(new Uint8Array(3)), Stream.never))
            ),
            { requestTimeout: "10 seconds", progressTimeout: 0 }
          )
          const client = yield* connect
          yield* client.send(head(9), "abc")
          yield* after("25 seconds")
          const all = yield* client.rest
          expect(all).toMatch(/^HTTP\/1\.1 200 OK/)
          // The last chunk is missing, so the client detects that the response is truncated.
          expect(all).toMatch(/3\r\n\0\0\0\r\n$/)
        })
      )
    )

    it.live("can be overridden by an exchange, longer or shorter, exact to the millisecond", () =>
      inVirtualTime(
        Effect.gen(function* () {
          const own = Effect.gen(function* () {
            const request = yield* HttpServerRequest.HttpServerRequest
            yield* Exchange.setTimeouts({ requestTimeout: request.url === "/short" ? "70 millis" : "1 hour" })
            return yield* reader
          })
          yield* serving(own, { progressTimeout: 0 })
          const short = yield* connect
          const long = yield* connect
          yield* short.send(head(3).replace("/", "/short"))
          yield* long.send(head(3))
          yield* after("69 millis")
          expect(short.received()).toBe("")
          yield* after("1 millis")
          expect(yield* short.rest).toMatch(late)
          yield* after("59 minutes")
          yield* long.send("abc")
          yield* long.until("<3>")
          // The override applied only to the first exchange, so the server's timeout applies to this request.
          yield* long.send(head(3))
          yield* after("1 hour")
          expect(yield* long.rest).toMatch(/^HTTP\/1\.1 (200|408)/)
        })
      )
    )
  })

  describe("keepAliveTimeout", () => {
    it.live.each([
      ["the default", {}, 5, 6000],
      [
        "a buffer of its own",
        { keepAliveTimeout: "2 seconds", keepAliveTimeoutBuffer: "300 millis" },
        2,
        2300
      ],
      ["no buffer", { keepAliveTimeout: "2 seconds", keepAliveTimeoutBuffer: 0 }, 2, 2000],
      ["no part of a second announced", { keepAliveTimeout: "1900 millis" }, 1, 2900]
    ] as const)("announces the timeout, and closes a buffer later: %s", ([, options, announced, closes]) =>
      inVirtualTime(
        Effect.gen(function* () {
          yield* serving(hello, options)
          const client = yield* connect
          yield* client.send(get())
          expect(yield* client.until("<hello>")).toContain(`Keep-Alive: timeout=${announced}\r\n`)
          yield* after(closes - 10)
          yield* client.send(get())
          yield* client.until("<hello>")
          yield* after(closes - 1)
          expect(client.state()).toBe("open")
          yield* after(1)
          yield* client.expectFin
        })
      )
    )

    it.live("closes an idle connection without a response, and empty lines do not extend the timeout", () =>
      inVirtualTime(
        Effect.gen(function* () {
          yield* serving(hello)
          const client = yield* connect
          yield* client.send(get())
          expect(yield* client.until("<hello>")).toContain("Keep-Alive: timeout=5\r\n")
          yield* after("3 seconds")
          yield* client.send("\r\n")
          yield* after("2990 millis")
          expect(client.state()).toBe("open")
          yield* after("10 millis")
          yield* client.expectFin
        })
      )
    )
  })

  describe("timeout", () => {
    it.live("closes a connection without activity, with a handler or not, without a response", () =>
      inVirtualTime(
        Effect.gen(function* () {
          const interrupted = yield* Deferred.make<void>()
          yield* serving(
            Effect.onInterrupt(forever, () => Deferred.succeed(interrupted, undefined)),
            {
              timeout: "10 seconds"
            }
          )
          const client = yield* connect
          yield* client.send(get())
          yield* after("9 seconds")
          expect(client.state()).toBe("open")
          yield* after("11 seconds")
          expect(yield* client.rest).toBe("")
          yield* Deferred.await(interrupted)
        })
      )
    )

    it.live("resets if closing the connection would complete the response", () =>
      inVirtualTime(
        Effect.gen(function* () {
          const begun = Stream.make(new Uint8Array([97]))
          yield* serving(
            Effect.sync(() => HttpServerResponse.stream(Stream.concat(begun, Stream.fromEffect(forever)))),
            { timeout: "10 seconds" }
          )
          const client = yield* connect
          yield* client.send("GET / HTTP/1.0\r\n\r\n")
          yield* after("20 seconds")
          yield* client.expectReset
        })
      )
    )
  })

  describe("progressTimeout", () => {
    const upload = (bytes: number, every: string, times: number) =>
      Effect.gen(function* () {
        yield* serving(reader, { requestTimeout: 0 })
        const client = yield* connect
        yield* client.send(head(bytes * times))
        for (let i = 0; i < times && client.transport.writable && client.received() === ""; i++) {
          yield* client.send("x".repeat(bytes))
          yield* after(every as "1 second")
        }
        return client
      })

    it.live("responds 408 to a body that arrives one byte per second", () =>
      inVirtualTime(
        Effect.gen(function* () {
          const client = yield* upload(1, "1 second", 400)
          expect(yield* client.rest).toMatch(late)
        })
      )
    )

    it.live("ends a chunk that arrives one byte per second, also within its extensions", () =>
      inVirtualTime(
        Effect.gen(function* () {
          yield* serving(reader, { requestTimeout: 0 })
          const client = yield* connect
          yield* client.send("POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n1;")
          for (let i = 0; i < 400 && client.received() === ""; i++) {
            yield* client.send("x")
            yield* after("1 second")
          }
          expect(yield* client.rest).toMatch(late)
        })
      )
    )

    const asking = (length: number) => head(length).replace("\r\n\r\n", "\r\nExpect: 100-continue\r\n\r\n")

    it.live("does not count while the client waits for 100 Continue from a slow handler", () =>
      inVirtualTime(
        Effect.gen(function* () {
          yield* serving(Effect.zipRight(Effect.sleep("1 hour"), reader), { requestTimeout: 0 })
          const client = yield* connect
          yield* client.send(asking(3))
          yield* after("59 minutes")
          expect(client.received()).toBe("")
          yield* after("1 minute")
          yield* client.expect("HTTP/1.1 100 Continue\r\n\r\n")
          yield* client.send("abc")
          yield* client.until("<3>")
        })
      )
    )

    it.live("counts once 100 Continue has been sent", () =>
      inVirtualTime(
        Effect.gen(function* () {
          yield* serving(reader, { requestTimeout: 0 })
          const client = yield* connect
          yield* client.send(asking(3))
          yield* client.expect("HTTP/1.1 100 Continue\r\n\r\n")
          yield* after("1 minute")
          expect(client.received()).not.toContain("408")
          yield* after("2 minutes")
          expect(yield* client.rest).toMatch(late)
        })
      )
    )

    it.live("closes a connection whose client neither reads its last response nor closes", () =>
      inVirtualTime(
        Effect.gen(function* () {
          const server = yield* serving(
            Effect.succeed(HttpServerResponse.uint8Array(new Uint8Array(1_000_000)))
          )
          const client = yield* connect
          yield* client.pause
          yield* client.send(last())
          yield* after("1 minute")
          expect(yield* server.connections).toBe(1)
          yield* after("2 minutes")
          expect(yield* server.connections).toBe(0)
        })
      )
    )

    it.live("allows a slow link to continue for hours", () =>
      inVirtualTime(
        Effect.gen(function* () {
          const client = yield* upload(600, "50 seconds", 200)
          yield* client.until("<120000>")
        })
      )
    )

    it.live("does not count bytes that the handler does not read", () =>
      inVirtualTime(
        Effect.gen(function* () {
          yield* serving(
            Effect.zipRight(Effect.sleep("1 hour"), reader),
            { requestTimeout: 0 },
            { highWaterMark: 1000 }
          )
          const client = yield* connect
          yield* client.send(post("/", "x".repeat(100_000)))
          yield* after("1 hour")
          yield* client.until("<100000>")
        })
      )
    )

    it.live("resets a client that does not read its response, and ends the handler's stream", () =>
      inVirtualTime(
        Effect.gen(function* () {
          const over = yield* Deferred.make<Exit.Exit<unknown, unknown>>()
          let made = 0
          const block = Effect.sync(() => {
            made++
            return new Uint8Array(10_000)
          })
          const endless = Stream.onEnd(Stream.repeatEffect(block), Effect.void)
          yield* serving(
            Effect.zipRight(
              Effect.addFinalizer((exit) => Deferred.succeed(over, exit)),
              Effect.succeed(HttpServerResponse.stream(endless))
            )
          )
          const client = yield* connect
          yield* client.pause
          yield* client.send(get())
          yield* after("119 seconds")
          expect(client.transport.writable).toBe(true)
          const before = made
          expect(before * 10_000).toBeLessThan(262_144)
          yield* after("61 seconds")
          yield* Deferred.await(over)
          expect(made).toBe(before)
          yield* client.resume
          yield* client.expectReset
        })
      )
    )

    // Sending 60 000 bytes at 1000 bytes per second takes a minute, but the server closes its connection
    // earlier.
    it.live("closes on a slow link, and the system still sends the whole last response", () =>
      inVirtualTime(
        Effect.gen(function* () {
          const server = yield* serving(Effect.succeed(HttpServerResponse.uint8Array(new Uint8Array(60_000))))
          yield* MemoryNetwork.condition({}, { bandwidth: 1000 })
          const client = yield* connect
          yield* client.send(last("/"))
          yield* after("20 seconds")
          expect(yield* server.connections).toBe(0)
          yield* after("60 seconds")
          yield* client.head
          expect(yield* client.rest).toHaveLength(60_000)
          yield* client.expectFin
          // The server has closed the connection, so the system answers these bytes with RST.
          client.transport.write("more")
          yield* after("1 second")
          expect(client.transport.write("and more")).toBe(false)
        })
      )
    )

    it.live("allows a client that reads slowly to get its response", () =>
      inVirtualTime(
        Effect.gen(function* () {
          yield* serving(Effect.succeed(HttpServerResponse.uint8Array(new Uint8Array(300_000))))
          const client = yield* connect
          yield* client.pause
          yield* client.send(get())
          for (let i = 0; i < 30; i++) {
            yield* after("100 seconds")
            yield* client.resume
            yield* after("1 millis")
            yield* client.pause
          }
          yield* client.resume
          yield* after("1 seconds")
          expect((yield* client.until("\r\n\r\n")).length + client.unread().length).toBeGreaterThan(300_000)
        })
      )
    )
  })

  it.live("leaves no timer when no connection is left", () =>
    inVirtualTime(
      Effect.gen(function* () {
        const server = yield* serving(hello, { timeout: "1 minute" })
        const client = yield* connect
        yield* client.send(get())
        yield* client.until("<hello>")
        yield* client.end
        yield* after("1 second")
        expect(yield* server.connections).toBe(0)
      })
    )
  )
})
