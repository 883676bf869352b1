// Malformed requests and unknown expectations: the default responses of the server, and the responses of
// `onClientError`.
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import { type ServerClientError, Exchange, type Server } from "@httpfx/core"
import { networks } from "../support/networks.js"
import { connect, get, last, post, servedOn, talk } from "../support/served.js"

const hello = Effect.succeed(HttpServerResponse.text("hello"))
const broken = "GET / HTTP/1.1\r\nNo colon\r\n\r\n"
const silent = Logger.withMinimumLogLevel(LogLevel.None)

describe.each(networks)("onClientError on %s", (_, network) => {
  const served = servedOn(network)
  const options = (onClientError: ServerClientError.Handler): Server.ServerOptions => ({ onClientError })

  it.effect("gets the error and its bytes, and its response is sent", () =>
    Effect.gen(function* () {
      const seen: Array<ServerClientError.ServerClientError> = []
      yield* served(
        hello,
        Effect.gen(function* () {
          const raw = yield* connect
          yield* raw.send(get())
          yield* raw.until("hello")
          yield* raw.send(broken)
          yield* raw.rest
          const all = raw.received()
          assert.include(all, "HTTP/1.1 418 ")
          assert.include(all, "\r\nConnection: close\r\n")
          assert.isTrue(all.endsWith("\r\n\r\nteapot"), all)
        }),
        options((failure) => {
          seen.push(failure)
          return Effect.succeed(HttpServerResponse.text("teapot", { status: 418 }))
        })
      )
      const [{ connection, error, status, writable }] = seen as [ServerClientError.ServerClientError]
      assert.strictEqual(seen.length, 1)
      assert.deepStrictEqual([writable, status, connection.exchange], [true, 400, 1])
      assert(error._tag === "ParseError")
      assert.strictEqual(error.code, "HPE_INVALID_HEADER_TOKEN")
      assert.strictEqual(new TextDecoder().decode(error.rawPacket), broken)
      assert.isAbove(error.bytesParsed, 15)
    })
  )

  it.effect("may leave the response to the server, with the default status", () =>
    Effect.gen(function* () {
      for (const [request, status] of [
        [broken, 400],
        [`GET / HTTP/1.1\r\nHost: test\r\nA: ${"x".repeat(20_000)}\r\n\r\n`, 431]
      ] as const) {
        const statuses: Array<number> = []
        const seen = yield* served(
          hello,
          talk(request),
          options((failure) => Effect.sync(() => void statuses.push(failure.status)))
        )
        assert.isTrue(seen.startsWith(`HTTP/1.1 ${status} `), seen)
        assert.deepStrictEqual(statuses, [status])
      }
    })
  )

  it.effect("may respond with a stream, which is sent completely", () =>
    served(
      hello,
      Effect.gen(function* () {
        const seen = yield* talk(broken)
        assert.include(seen, "Transfer-Encoding: chunked")
        assert.isTrue(seen.endsWith("1\r\na\r\n1\r\nb\r\n0\r\n\r\n"), seen)
      }),
      options(() =>
        Effect.succeed(
          HttpServerResponse.stream(
            Stream.map(Stream.make("a", "b"), (text) => new TextEncoder().encode(text)),
            { status: 400 }
          )
        )
      )
    )
  )

  it.effect("may take the connection: the server writes nothing more", () =>
    served(
      hello,
      Effect.gen(function* () {
        assert.strictEqual(yield* talk(broken), "HTTP/1.1 400 By Hand\r\n\r\n")
      }),
      options(({ socket }) =>
        Effect.orDie(
          Effect.asVoid(Effect.flatMap(socket, (taken) => taken.write("HTTP/1.1 400 By Hand\r\n\r\n")))
        )
      )
    )
  )

  it.effect("that fails is logged, and the server responds", () =>
    served(
      hello,
      Effect.gen(function* () {
        assert.match(yield* talk(broken), /^HTTP\/1.1 400 /)
      }),
      options(() => Effect.die("a defect"))
    ).pipe(silent)
  )

  it.effect("knows when a response has begun: nothing can be written", () =>
    Effect.gen(function* () {
      const failures: Array<ServerClientError.ServerClientError> = []
      yield* served(
        Effect.succeed(
          HttpServerResponse.stream(Stream.concat(Stream.make(new Uint8Array([65])), Stream.never))
        ),
        Effect.gen(function* () {
          const raw = yield* connect
          yield* raw.send("POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n")
          yield* raw.until("1\r\nA\r\n")
          yield* raw.send("xyz\r\n")
          yield* raw.rest
          const all = raw.received()
          assert.strictEqual(all.split("HTTP/1.1").length, 2)
        }),
        options((failure) => {
          failures.push(failure)
          return Effect.as(Effect.exit(failure.socket), HttpServerResponse.text("never seen"))
        })
      )
      assert.deepStrictEqual(
        failures.map(({ error, writable }) => [error._tag, writable]),
        [["ParseError", false]]
      )
    }).pipe(Effect.asVoid)
  )

  it.effect("is called for connections that fail", () =>
    Effect.gen(function* () {
      const failed = yield* Deferred.make<ServerClientError.ServerClientError>()
      yield* served(
        hello,
        Effect.gen(function* () {
          const raw = yield* connect
          yield* raw.send(get())
          yield* raw.until("hello")
          yield* raw.reset
          const { error, writable } = yield* Deferred.await(failed)
          assert.deepStrictEqual([error._tag, writable], ["ConnectionReset", false])
        }),
        options((failure) => Effect.asVoid(Deferred.succeed(failed, failure)))
      )
    })
  )
})

describe("onClientError, in time", () => {
  const served = servedOn(networks[0]![1])

  it.effect("is interrupted and the connection reset after 5 seconds", () =>
    Effect.gen(function* () {
      const ended = yield* Deferred.make<void>()
      const begun = yield* Deferred.make<void>()
      yield* served(
        hello,
        Effect.gen(function* () {
          const raw = yield* connect
          yield* raw.send(broken)
          yield* Deferred.await(begun)
          yield* TestClock.adjust("5 seconds")
          yield* Deferred.await(ended)
          yield* raw.expectClosed
          assert.strictEqual(raw.received(), "")
        }),
        {
          onClientError: () =>
            Effect.zipRight(
              Deferred.succeed(begun, undefined),
              Effect.onInterrupt(Effect.never, () => Deferred.succeed(ended, undefined))
            )
        }
      )
    })
  )
})

describe("expectations", () => {
  const served = servedOn(networks[0]![1])
  const echo = Effect.gen(function* () {
    const { text, url } = yield* HttpServerRequest.HttpServerRequest
    return HttpServerResponse.text(url === "/unread" ? "no" : yield* text)
  })

  it.effect("100-continue is sent when the body is first read", () =>
    served(
      echo,
      Effect.gen(function* () {
        const raw = yield* connect
        yield* raw.send("POST / HTTP/1.1\r\nHost: test\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
        assert.strictEqual(yield* raw.head, "HTTP/1.1 100 Continue\r\n\r\n")
        yield* raw.send("hi")
        assert.include(yield* raw.until("\r\n\r\nhi"), "HTTP/1.1 200 OK")
      })
    )
  )

  it.effect("and never if the response comes without reading it", () =>
    served(
      echo,
      Effect.gen(function* () {
        const expecting =
          "POST /unread HTTP/1.1\r\nHost: test\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"
        assert.match(yield* talk(expecting), /^HTTP\/1.1 200 OK\r\n/)
      })
    )
  )

  it.effect("can be sent by the handler before, once (Node's checkContinue)", () =>
    served(
      Effect.zipRight(Effect.zipRight(Exchange.continue, Exchange.continue), echo),
      Effect.gen(function* () {
        const raw = yield* connect
        yield* raw.send("POST / HTTP/1.1\r\nHost: test\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
        yield* raw.until("100 Continue")
        yield* raw.send("hi")
        yield* raw.until("\r\n\r\nhi")
        assert.strictEqual(raw.received().split("100 Continue").length, 2)
      })
    )
  )

  it.effect("another one gets 417, and the connection stays open", () =>
    served(
      echo,
      Effect.gen(function* () {
        const raw = yield* connect
        yield* raw.send(post("/", "body", "Expect: the-unexpected\r\n") + last("/unread"))
        const all = yield* raw.rest
        assert.deepStrictEqual(all.match(/HTTP\/1.1 \d+/g), ["HTTP/1.1 417", "HTTP/1.1 200"])
      })
    )
  )

  it.effect("is left to the app with `handle` (Node's checkExpectation), and has no effect in HTTP/1.0", () =>
    Effect.gen(function* () {
      const app = Effect.map(Exchange.exchange, ({ expectation }) =>
        HttpServerResponse.text(`expects ${expectation}`)
      )
      const seen = yield* served(app, talk(last().replace("\r\n\r\n", "\r\nExpect: x=1\r\n\r\n")), {
        unknownExpectations: "handle"
      })
      assert.include(seen, "expects x=1")
      const old = yield* served(app, talk("GET / HTTP/1.0\r\nExpect: x=1\r\n\r\n"))
      assert.include(old, "expects undefined")
    })
  )
})
