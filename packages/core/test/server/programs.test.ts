// Programs that other servers were measured to handle wrongly, with the correct outcome. The title of a test
// describes its program. In virtual time.
import * as HttpMiddleware from "@effect/platform/HttpMiddleware"
import * as HttpServer from "@effect/platform/HttpServer"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { Exchange, Server, type ServerEvent, type ServerTimeouts } from "@httpfx/core"
import { type RawPeer, VirtualClock } from "@httpfx/testing"
import { get, last } from "../support/served.js"
import { after, connect, inVirtualTime, serving } from "../support/virtual.js"

const upgrade =
  "GET /up HTTP/1.1\r\nHost: t\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n" +
  "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"

const served = (app: Parameters<typeof serving>[0], timeouts?: ServerTimeouts.Options) =>
  Effect.gen(function* () {
    const events: Array<ServerEvent.ServerEvent> = []
    const server = yield* serving(app, timeouts)
    yield* server.observe((event) => events.push(event))
    const outcomes = () =>
      events.flatMap((event) => (event._tag === "ExchangeEnded" ? [event.outcome._tag] : []))
    return { server, outcomes }
  })

const asleep = Effect.flatMap(HttpServerRequest.HttpServerRequest, ({ url }) =>
  Effect.as(Effect.sleep("1 second"), HttpServerResponse.text(`<${url}>`))
)

/**
 * Sends a request, and a further request after each response. Returns the responses until the connection
 * ends.
 */
const askingOn = (client: RawPeer.RawPeer) =>
  Effect.gen(function* () {
    const answers: Array<string> = []
    for (let i = 1; !client.state().startsWith("fin"); i++) {
      yield* client.send(get(`/${i}`))
      const answer = yield* Effect.option(client.until(`</${i}>`))
      if (Option.isNone(answer)) break
      answers.push(answer.value)
      yield* VirtualClock.settle
    }
    return answers
  })

describe("A program that", () => {
  // Programs 1 and 2. Other servers send four responses with `keep-alive`, and close after 10 s or never.
  it.live.each([
    ["closes its server while a handler sleeps and its client asks again and again", "close"],
    ["interrupts the launch of its layer meanwhile", "interrupt"]
  ] as const)("%s: one response, which is the last, and then the close", ([, how]) =>
    inVirtualTime(
      Effect.gen(function* () {
        const layer = Layer.provideMerge(
          HttpServer.serve(asleep),
          Server.layer({ port: 80, host: "127.0.0.1", gracefulShutdownTimeout: "3 seconds" })
        )
        const scope = yield* Scope.make()
        const launched =
          how === "interrupt"
            ? yield* Effect.forkDaemon(Layer.launch(layer))
            : (yield* Layer.buildWithScope(layer, scope), undefined)
        yield* VirtualClock.settle
        const client = yield* connect
        const asking = yield* Effect.fork(askingOn(client))
        yield* after("300 millis")
        const closing = yield* Effect.fork(
          launched === undefined ? Scope.close(scope, Exit.void) : Fiber.interrupt(launched)
        )
        yield* after("699 millis")
        expect(client.received()).toBe("")
        yield* after("1 milli")
        const answers = yield* Fiber.join(asking)
        expect(answers).toHaveLength(1)
        expect(answers[0]).toMatch(/^HTTP\/1.1 200 OK\r\n[^]*\r\nConnection: close\r\n/)
        yield* client.expectFin
        yield* client.end
        yield* VirtualClock.settle
        expect((yield* closing.status)._tag).toBe("Done")
      })
    )
  )

  // Program 3. Other servers end with an uncaught ECONNRESET.
  it.live("sleeps in a handler while a client that wants a WebSocket resets: others are served", () =>
    inVirtualTime(
      Effect.gen(function* () {
        let went = "on"
        const { outcomes, server } = yield* served(
          Effect.gen(function* () {
            const { url } = yield* HttpServerRequest.HttpServerRequest
            if (url !== "/up") return HttpServerResponse.text("<fine>")
            yield* Effect.onInterrupt(Effect.sleep("500 millis"), () => Effect.sync(() => (went = "away")))
            yield* Exchange.upgrade()
            return HttpServerResponse.empty()
          })
        )
        const client = yield* connect
        yield* client.send(upgrade)
        yield* after("100 millis")
        expect(went).toBe("on")
        yield* client.reset
        yield* VirtualClock.settle
        expect(went).toBe("away")
        expect(outcomes()).toEqual(["ClientGone"])
        yield* after("1 second")
        expect(yield* server.connections).toBe(0)
        const next = yield* connect
        yield* next.send(last())
        expect(yield* next.rest).toMatch(/<fine>$/)
      })
    )
  )

  // Program 5. Platform's middleware trusts the leftmost address, which a client can forge. `Exchange` has
  // the true address.
  it.live("identifies a client that forges X-Forwarded-For: by the connection and the raw fields", () =>
    inVirtualTime(
      Effect.gen(function* () {
        yield* served(
          HttpMiddleware.xForwardedHeaders(
            Effect.gen(function* () {
              const request = yield* HttpServerRequest.HttpServerRequest
              const { connection, headersDistinct, rawHeaders } = yield* Exchange.exchange
              return HttpServerResponse.unsafeJson({
                middleware: Option.getOrNull(request.remoteAddress),
                remote: connection.remote?._tag === "TcpAddress" ? connection.remote.hostname : undefined,
                forwarded: headersDistinct["x-forwarded-for"],
                dup: headersDistinct["x-dup"],
                raw: rawHeaders.slice(-4)
              })
            })
          )
        )
        const client = yield* connect
        yield* client.send(
          last().replace("\r\n\r\n", "\r\nX-Forwarded-For: 6.6.6.6, 10.0.0.1\r\nX-Dup: a\r\nx-dup: b\r\n\r\n")
        )
        const { local } = client.transport
        expect(JSON.parse((yield* client.rest).split("\r\n\r\n")[1]!)).toEqual({
          middleware: "6.6.6.6",
          remote: local?._tag === "TcpAddress" ? local.hostname : undefined,
          forwarded: ["6.6.6.6, 10.0.0.1"],
          dup: ["a", "b"],
          raw: ["X-Dup", "a", "x-dup", "b"]
        })
      })
    )
  )

  // Program 6. Other servers keep the connection for as long as the client wants.
  const size = 50_000_000
  const pieces = Stream.take(Stream.repeatValue(new Uint8Array(size / 1000)), 1000)
  it.live.each([
    // The whole response was given to the network at once, so it counts as `Answered` although it was not
    // read.
    ["in one piece", () => HttpServerResponse.uint8Array(new Uint8Array(size)), "Answered"],
    ["as a stream", () => HttpServerResponse.stream(pieces), "TimedOut"]
  ] as const)(
    "sends 50 MB %s to a client that has stopped reading: reset after progressTimeout, nothing is kept",
    ([, answer, outcome]) =>
      inVirtualTime(
        Effect.gen(function* () {
          const { outcomes, server } = yield* served(Effect.sync(answer), { requestTimeout: "2 seconds" })
          const client = yield* connect
          yield* client.pause
          yield* client.send(get())
          yield* after("100 seconds")
          expect(yield* server.connections).toBe(1)
          yield* after("80 seconds")
          expect(yield* server.connections).toBe(0)
          expect(outcomes()).toEqual([outcome])
          yield* client.resume
          yield* client.expectReset
          expect(client.received().length).toBeLessThan(1_000_000)
        })
      )
  )
})

// Program 7. A default server of `node:http` accepts the first and the sixth request.
describe("A program that sends its server, with default options,", () => {
  const inner = "GET /smuggled HTTP/1.1\r\nHost: t\r\n\r\n"
  const sent = (fields: string, body = inner) => `POST / HTTP/1.1\r\nHost: t\r\n${fields}\r\n${body}`
  it.live.each<readonly [string, string, number]>([
    ["a request without a version, with bare LF", "GET /x\nHost: a\r\nContent-Length: 5\r\n\r\nhello", 505],
    ["a request with a version, with bare LF", "GET /x HTTP/1.1\nHost: a\nContent-Length: 5\n\nhello", 400],
    [
      "Content-Length and Transfer-Encoding",
      sent("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", `0\r\n\r\n${inner}`),
      400
    ],
    ["two Content-Length", sent("Content-Length: 5\r\nContent-Length: 6\r\n"), 400],
    [
      "Transfer-Encoding: identity, chunked",
      sent("Transfer-Encoding: identity, chunked\r\n", `0\r\n\r\n${inner}`),
      501
    ],
    ["two Host", `GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n${inner}`, 400],
    ["a folded field", `GET / HTTP/1.1\r\nHost: a\r\nX: one\r\n two\r\n\r\n${inner}`, 400],
    [
      "a bare LF in a chunk extension",
      sent("Transfer-Encoding: chunked\r\n", `1;a\nb\r\nx\r\n0\r\n\r\n${inner}`),
      400
    ]
  ])("%s: no handler gets it, and no bytes after it are read as a request", ([, bytes, status]) =>
    inVirtualTime(
      Effect.gen(function* () {
        const whole: Array<string> = []
        const { outcomes } = yield* served(
          Effect.gen(function* () {
            const request = yield* HttpServerRequest.HttpServerRequest
            whole.push(`${request.url} ${yield* request.text}`)
            return HttpServerResponse.text("<taken>")
          })
        )
        const client = yield* connect
        yield* client.send(bytes)
        const answer = yield* client.rest
        expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} [^]*\r\nConnection: close\r\n`))
        expect(answer.split("HTTP/1.1")).toHaveLength(2)
        expect(whole).toEqual([])
        expect(outcomes()).toEqual(["Refused"])
      })
    )
  )
})
