// A client always learns where a response ends and whether it is truncated. Bytes of a body are never parsed
// as another request.
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import { describe, expect, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { presets } from "@httpfx/core/wire"
import { networks } from "../support/networks.js"
import { connect, get, last, servedOn, talk } from "../support/served.js"

const bytes = (text: string) => new TextEncoder().encode(text)
const statuses = (all: string) => all.match(/HTTP\/1\.1 \d+/g)?.map((line) => Number(line.slice(9)))

describe.each(networks)("Server on %s", (_, network) => {
  const served = servedOn(network)
  const endless = Stream.concat(Stream.make(bytes("begun")), Stream.never)

  describe("a response that ends with the connection and is broken off", () => {
    const untilClose = {
      "HTTP/1.0": "GET / HTTP/1.0\r\n\r\n",
      "a transfer coding of the handler's": get()
    }
    const app = Effect.succeed(
      HttpServerResponse.stream(endless, { headers: { "transfer-encoding": "gzip" } })
    )
    const app10 = Effect.succeed(HttpServerResponse.stream(endless))

    it.effect.each(Object.entries(untilClose))(
      "is reset, not ended, when the client half-closes: %s",
      ([, request]) =>
        served(
          request.includes("1.0") ? app10 : app,
          Effect.gen(function* () {
            const raw = yield* connect
            yield* raw.send(request)
            yield* raw.until("begun")
            yield* raw.end
            yield* raw.expectClosed
            expect(raw.state()).toBe("ECONNRESET")
            yield* Effect.flip(raw.expectFin)
          })
        )
    )

    it.effect("is reset when the rest of the request is malformed", () =>
      served(
        app,
        Effect.gen(function* () {
          const raw = yield* connect
          yield* raw.send("POST / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n")
          yield* raw.until("begun")
          yield* raw.send("nonsense\r\n")
          yield* raw.expectClosed
          expect(raw.state()).toBe("ECONNRESET")
        })
      )
    )
  })

  describe("a handler's `Connection: close` makes the response the last", () => {
    const headers = { connection: "close" }
    const content = Stream.make(bytes("one"), bytes("two"))
    const answers = {
      "a text": HttpServerResponse.text("onetwo", { headers }),
      "a stream in chunks": HttpServerResponse.stream(content, { headers }),
      "a stream with a length": HttpServerResponse.stream(content, { headers, contentLength: 6 }),
      "an empty response": HttpServerResponse.empty({ headers })
    }
    it.effect.each(Object.entries(answers))("%s", ([, answer]) =>
      served(
        Effect.succeed(answer),
        Effect.gen(function* () {
          const raw = yield* connect
          yield* raw.send(get() + get())
          const all = yield* raw.rest
          expect(statuses(all)).toEqual([answer.status])
          expect(all).toMatch(/\r\nconnection: close\r\n/i)
        })
      )
    )
  })

  it.effect("a refusal is not written into a response that has begun", () =>
    served(
      Effect.succeed(HttpServerResponse.stream(endless)),
      Effect.gen(function* () {
        const raw = yield* connect
        yield* raw.send("POST / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n")
        yield* raw.until("begun")
        yield* raw.send("nonsense\r\n")
        yield* raw.rest
        const all = raw.received()
        expect(statuses(all)).toEqual([200])
        expect(all).toMatch(/5\r\nbegun\r\n$/)
      })
    )
  )

  it.effect("refuses to let a handler switch protocols by a status", () =>
    served(
      Effect.map(HttpServerRequest.HttpServerRequest, ({ url }) =>
        url === "/switch"
          ? HttpServerResponse.raw(undefined, { status: 101 })
          : HttpServerResponse.text("<next>")
      ),
      Effect.gen(function* () {
        const upgrade = "Connection: Upgrade\r\nUpgrade: other\r\n"
        const raw = yield* connect
        yield* raw.send(get("/switch", upgrade))
        yield* raw.head
        yield* raw.send(get("/switch") + last("/next"))
        yield* raw.rest
        expect(statuses(raw.received())).toEqual([500, 500, 200])
      })
    )
  )

  it.effect("accepts a body that ends with the connection, if the flags allow it", () =>
    Effect.flatMap(Deferred.make<string>(), (seen) =>
      served(
        Effect.gen(function* () {
          const request = yield* HttpServerRequest.HttpServerRequest
          let text = ""
          yield* Stream.runForEach(request.stream, (slice) =>
            Effect.sync(() => void (text += new TextDecoder().decode(slice)))
          ).pipe(Effect.ensuring(Effect.suspend(() => Deferred.succeed(seen, text))))
          return HttpServerResponse.empty()
        }),
        Effect.gen(function* () {
          const raw = yield* connect
          yield* raw.send("POST / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: gzip\r\n\r\nabc")
          yield* raw.send("def")
          yield* raw.end
          expect(yield* Deferred.await(seen)).toBe("abcdef")
        }),
        { flags: presets.insecure }
      )
    )
  )

  it.effect("does not run a stream if the response has no body", () => {
    const run: Array<string> = []
    const stream = Stream.acquireRelease(
      Effect.sync(() => void run.push("acquired")),
      () => Effect.sync(() => void run.push("released"))
    ).pipe(Stream.as(bytes("<body>")))
    return served(
      Effect.map(HttpServerRequest.HttpServerRequest, ({ url }) =>
        HttpServerResponse.stream(stream, { status: Number(url.slice(1)) })
      ),
      Effect.gen(function* () {
        const raw = yield* connect
        yield* raw.send("HEAD /200 HTTP/1.1\r\nHost: t\r\n\r\n" + get("/204") + get("/304") + last("/200"))
        const all = yield* raw.rest
        expect(statuses(all)).toEqual([200, 204, 304, 200])
        expect(all.split("<body>")).toHaveLength(2)
        expect(run).toEqual(["acquired", "released"])
      })
    )
  })

  it.effect("releases a response stream, once, when the client leaves", () =>
    Effect.gen(function* () {
      const released = yield* Deferred.make<string>()
      let times = 0
      yield* served(
        Effect.succeed(
          HttpServerResponse.stream(
            Stream.ensuring(
              endless,
              Effect.suspend(() => Deferred.succeed(released, `${++times}`))
            )
          )
        ),
        Effect.gen(function* () {
          const raw = yield* connect
          yield* raw.send(get())
          yield* raw.until("begun")
          yield* raw.reset
          yield* Deferred.await(released)
        })
      )
      expect(times).toBe(1)
    })
  )

  describe("smuggling", () => {
    // Some parsers end each of these requests before "GET /smuggled". The server must respond once and close.
    const inner = get("/smuggled")
    const attacks: Record<string, string> = {
      "Content-Length and Transfer-Encoding": `Content-Length: ${inner.length + 5}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${inner}`,
      "two Content-Length": `Content-Length: 0\r\nContent-Length: ${inner.length}\r\n\r\n${inner}`,
      "a list in Content-Length": `Content-Length: 0, ${inner.length}\r\n\r\n${inner}`,
      "a signed Content-Length": `Content-Length: +0\r\n\r\n${inner}`,
      "a hexadecimal Content-Length": `Content-Length: 0x0\r\n\r\n${inner}`,
      "chunked twice": `Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n${inner}`,
      "chunked not last": `Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n${inner}`,
      "another coding named like it": `Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n${inner}`,
      "a vertical tab before chunked": `Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n${inner}`,
      "a space before the colon": `Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n${inner}`,
      "a folded field": `X: y\r\n Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n${inner}`,
      "a bare LF in a chunk line": `Transfer-Encoding: chunked\r\n\r\n0\n\r\n${inner}`,
      "a bare LF after a field": `X: y\nContent-Length: ${inner.length}\r\n\r\n${inner}`,
      "a bare CR in a field": `X: y\rContent-Length: ${inner.length}\r\n\r\n${inner}`,
      "a chunk size too large to count": `Transfer-Encoding: chunked\r\n\r\n10000000000000000\r\n${inner}`,
      "a signed chunk size": `Transfer-Encoding: chunked\r\n\r\n-1\r\n${inner}`,
      "a chunk longer than its size": `Transfer-Encoding: chunked\r\n\r\n1\r\nab\r\n0\r\n\r\n${inner}`,
      "a NUL in a name": `Content\0-Length: 5\r\n\r\n${inner}`
    }
    it.effect.each(Object.entries(attacks))("%s is one request at most", ([, attack]) => {
      const urls: Array<string> = []
      return served(
        Effect.map(HttpServerRequest.HttpServerRequest, ({ url }) => {
          urls.push(url)
          return HttpServerResponse.text("<answer>")
        }),
        Effect.gen(function* () {
          const all = yield* talk(`POST /outer HTTP/1.1\r\nHost: test\r\n${attack}`)
          expect(urls).not.toContain("/smuggled")
          expect(statuses(all)!.filter((status) => status === 200)).toEqual([])
          expect(statuses(all)!.length).toBe(1)
        })
      )
    })
  })
})
