// Trailers of responses: how they are announced, added, refused and omitted.
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { Exchange } from "@httpfx/core"
import { MemoryNetwork } from "@httpfx/testing"
import { last, servedOn, talk } from "../support/served.js"

const served = servedOn(MemoryNetwork.layer())
const bytes = (text: string) => new TextEncoder().encode(text)
const tagOf = <E extends { readonly _tag: string }, R>(effect: Effect.Effect<void, E, R>) =>
  Effect.match(effect, { onFailure: ({ _tag }) => _tag, onSuccess: () => "taken" })

describe("addTrailers", () => {
  it.effect("before the head: they are announced, and a body in memory is chunked", () =>
    served(
      Effect.gen(function* () {
        yield* Exchange.addTrailers({ "X-Sum": "1", "X-Two": ["a", "b"] })
        return HttpServerResponse.text("hello")
      }),
      Effect.gen(function* () {
        const seen = yield* talk(last())
        assert.include(seen, "\r\nTrailer: X-Sum, X-Two\r\n")
        assert.include(seen, "\r\nTransfer-Encoding: chunked\r\n")
        assert.notMatch(seen, /content-length/i)
        assert.isTrue(
          seen.endsWith("\r\n\r\n5\r\nhello\r\n0\r\nX-Sum: 1\r\nX-Two: a\r\nX-Two: b\r\n\r\n"),
          seen
        )
      })
    )
  )

  it.effect("beside a field whose value is the name of a field", () =>
    served(
      Effect.zipRight(
        Exchange.addTrailers({ "X-Sum": "1" }),
        HttpServerResponse.text("hello", { headers: { "access-control-expose-headers": "content-length" } })
      ),
      Effect.gen(function* () {
        const seen = yield* talk(last())
        assert.include(seen, "\r\naccess-control-expose-headers: content-length\r\n")
        assert.notInclude(seen, "\r\ncontent-length:")
        assert.isTrue(seen.endsWith("\r\n\r\n5\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n"), seen)
      })
    )
  )

  it.effect("during a stream, with values known only at its end", () =>
    served(
      Effect.gen(function* () {
        const exchange = yield* Exchange.exchange
        yield* exchange.announceTrailers("X-Count")
        let count = 0
        const body = Stream.make("a", "b").pipe(
          Stream.map(bytes),
          Stream.tap(() => Effect.sync(() => count++)),
          Stream.concat(
            Stream.execute(Effect.suspend(() => exchange.addTrailers([["X-Count", String(count)]])))
          )
        )
        return HttpServerResponse.stream(body)
      }),
      Effect.gen(function* () {
        const seen = yield* talk(last())
        assert.include(seen, "\r\nTrailer: X-Count\r\n")
        assert.isTrue(seen.endsWith("1\r\nb\r\n0\r\nX-Count: 2\r\n\r\n"), seen)
      })
    )
  )

  it.effect("refuses forbidden fields, and the response continues without them", () =>
    served(
      Effect.gen(function* () {
        const tags = [
          yield* tagOf(Exchange.addTrailers({ "Content-Length": "1" })),
          yield* tagOf(Exchange.announceTrailers("Transfer-Encoding")),
          yield* tagOf(Exchange.addTrailers({ "a b": "1" })),
          yield* tagOf(Exchange.addTrailers({ a: "1\r\n" })),
          yield* tagOf(Exchange.addTrailers([]))
        ]
        return HttpServerResponse.text(tags.join(" "))
      }),
      Effect.gen(function* () {
        const seen = yield* talk(last())
        assert.include(seen, "\r\n\r\nTrailerInvalid TrailerInvalid InvalidToken InvalidCharacter taken")
        assert.match(seen, /content-length/i)
      })
    )
  )

  it.effect("a handler's own Content-Length excludes them: the response is 500", () =>
    served(
      Effect.gen(function* () {
        yield* Exchange.addTrailers({ "X-Sum": "1" })
        return HttpServerResponse.stream(Stream.make(bytes("hello")), { contentLength: 5 })
      }),
      Effect.gen(function* () {
        const seen = yield* talk(last())
        assert.match(seen, /^HTTP\/1.1 500 /)
        assert.notInclude(seen, "X-Sum")
      })
    )
  )

  it.effect("is too late once the response is complete", () =>
    Effect.gen(function* () {
      let late = ""
      yield* served(
        Effect.gen(function* () {
          const exchange = yield* Exchange.exchange
          yield* Effect.addFinalizer(() =>
            Effect.map(tagOf(exchange.addTrailers({ "X-Sum": "1" })), (tag) => (late = tag))
          )
          return HttpServerResponse.text("hello")
        }),
        talk(last())
      )
      assert.strictEqual(late, "WriteAfterEnd")
    })
  )

  for (const [what, request] of [
    ["HTTP/1.0", "GET / HTTP/1.0\r\n\r\n"],
    ["HEAD", last().replace("GET", "HEAD")]
  ] as const) {
    for (const streamed of [false, true]) {
      it.effect(`omitted for ${what}${streamed ? ", of a stream" : ""}`, () =>
        served(
          Effect.gen(function* () {
            yield* Exchange.addTrailers({ "X-Sum": "1" })
            return streamed
              ? HttpServerResponse.stream(Stream.make(bytes("hello")))
              : HttpServerResponse.text("hello")
          }),
          Effect.gen(function* () {
            const seen = yield* talk(request)
            assert.match(seen, /^HTTP\/1.1 200 /)
            assert.notInclude(seen, "X-Sum: 1")
            assert.strictEqual(seen.split("\r\n\r\n")[1], what === "HEAD" ? "" : "hello")
          })
        )
      )
    }
  }

  it.effect("knows whether the client reads them", () =>
    served(
      Effect.map(Exchange.exchange, ({ acceptsTrailers }) =>
        HttpServerResponse.text(String(acceptsTrailers))
      ),
      Effect.gen(function* () {
        const asking =
          "GET / HTTP/1.1\r\nHost: test\r\nConnection: close, TE\r\nTE: gzip;q=0.5, Trailers\r\n\r\n"
        assert.include(yield* talk(asking), "\r\n\r\ntrue")
        assert.include(yield* talk(last()), "\r\n\r\nfalse")
      })
    )
  )
})
