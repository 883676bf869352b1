// `Exchange`: its facts about a request, and informational responses.
import * as HttpApp from "@effect/platform/HttpApp"
import * as HttpRouter from "@effect/platform/HttpRouter"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import { Exchange } from "@httpfx/core"
import { networks } from "../support/networks.js"
import { connect, get, last, servedOn, talk } from "../support/served.js"

const say = (value: unknown) => HttpServerResponse.unsafeJson(value)
const bodyOf = (message: string): unknown => JSON.parse(message.slice(message.indexOf("\r\n\r\n") + 4))
const closing = "Connection: close\r\n"

describe.each(networks)("Exchange on %s", (_, network) => {
  const served = servedOn(network)

  it.effect("has functions that can be destructured", () =>
    served(
      Effect.gen(function* () {
        const { addTrailers, announceTrailers, earlyHints, informational, setTimeouts, upgrade } =
          yield* Exchange.exchange
        yield* setTimeouts({ requestTimeout: "1 hour" })
        yield* earlyHints("</a.css>; rel=preload")
        yield* informational(199)
        yield* announceTrailers("x-a")
        yield* addTrailers({ "x-a": "1" })
        return HttpServerResponse.text((yield* Effect.flip(upgrade()))._tag)
      }),
      Effect.gen(function* () {
        const seen = yield* talk(last())
        assert.deepStrictEqual(seen.match(/HTTP\/1.1 \d+/g), ["HTTP/1.1 103", "HTTP/1.1 199", "HTTP/1.1 200"])
        assert.include(seen, "UpgradeNotAsked")
        assert.match(seen, /x-a: 1\r\n\r\n$/)
      })
    )
  )

  const varying: ReadonlyArray<[own: string | undefined, names: ReadonlyArray<string>, sent: string]> = [
    [undefined, ["Accept"], "vary: Accept"],
    ["", ["Accept", "accept", "Cookie"], "vary: Accept, Cookie"],
    ["Origin", ["Accept"], "vary: Origin, Accept"],
    ["origin,ACCEPT", ["Accept"], "vary: origin,ACCEPT"],
    ["*", ["Accept"], "vary: *"],
    ["Origin", [], "vary: Origin"],
    [undefined, [], ""]
  ]
  for (const [own, names, sent] of varying)
    it.effect(`adds ${JSON.stringify(names)} to ${own === undefined ? "no Vary" : `Vary: ${own}`}`, () =>
      served(
        // The last pre-response handler replaces the field, as platform's `cors` does.
        Effect.as(
          Effect.zipRight(
            Exchange.vary(...names),
            HttpApp.appendPreResponseHandler((_, response) =>
              Effect.succeed(
                own === undefined ? response : HttpServerResponse.setHeader(response, "vary", own)
              )
            )
          ),
          HttpServerResponse.empty()
        ),
        Effect.gen(function* () {
          const seen = yield* talk(last())
          assert.strictEqual(/^vary:.*$/im.exec(seen)?.[0] ?? "", sent)
        })
      )
    )

  it.effect("has the fields as received", () =>
    served(
      Effect.map(Exchange.exchange, (exchange) =>
        say({
          raw: exchange.rawHeaders,
          distinct: exchange.headersDistinct,
          folded: exchange.headers,
          line: [exchange.method, exchange.target, exchange.httpVersion]
        })
      ),
      Effect.gen(function* () {
        const fields = "X-Dup: a\r\nx-dup: b\r\nSet-Cookie: c=1\r\n"
        const seen = yield* talk(`GET http://test/x HTTP/1.1\r\nHost: test\r\n${fields}${closing}\r\n`)
        assert.deepStrictEqual(bodyOf(seen), {
          raw: [
            ...["Host", "test", "X-Dup", "a", "x-dup", "b"],
            ...["Set-Cookie", "c=1", "Connection", "close"]
          ],
          distinct: { host: ["test"], "x-dup": ["a", "b"], "set-cookie": ["c=1"], connection: ["close"] },
          folded: { host: "test", "x-dup": "a, b", "set-cookie": ["c=1"], connection: "close" },
          line: ["GET", "http://test/x", "1.1"]
        })
      })
    )
  )

  it.effect("counts the exchanges of a connection and has both addresses", () =>
    served(
      Effect.map(Exchange.connection, ({ exchange, local, remote, tls }) =>
        say({ exchange, local: local?._tag, remote: remote?._tag, tls: tls === undefined })
      ),
      Effect.gen(function* () {
        const raw = yield* connect
        yield* raw.send(get() + get())
        yield* raw.until('"exchange":2')
        yield* raw.send(last())
        yield* raw.rest
        const bodies = [...raw.received().matchAll(/\{.*?\}/g)].map(([body]) => JSON.parse(body) as unknown)
        const facts = { local: "TcpAddress", remote: "TcpAddress", tls: true }
        assert.deepStrictEqual(
          bodies,
          [1, 2, 3].map((exchange) => ({ exchange, ...facts }))
        )
      })
    )
  )

  it.effect("has the trailers of a request after its body", () =>
    served(
      Effect.gen(function* () {
        const text = yield* HttpServerRequest.HttpServerRequest.pipe(Effect.flatMap(({ text }) => text))
        const trailers = yield* Exchange.trailers
        return say({ text, raw: trailers.raw, folded: trailers.folded, distinct: trailers.distinct })
      }),
      Effect.gen(function* () {
        const seen = yield* talk(
          `POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n${closing}\r\n` +
            "3\r\nabc\r\n0\r\nX-Sum: 1\r\nx-sum: 2\r\n\r\n"
        )
        assert.deepStrictEqual(bodyOf(seen), {
          text: "abc",
          raw: ["X-Sum", "1", "x-sum", "2"],
          folded: { "x-sum": "1, 2" },
          distinct: { "x-sum": ["1", "2"] }
        })
      })
    )
  )

  it.effect("has the trailers of an unread body, and none without a body", () =>
    served(
      Effect.map(Exchange.trailers, ({ raw }) => say(raw)),
      Effect.gen(function* () {
        const raw = yield* connect
        yield* raw.send(
          "POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nA: b\r\n\r\n"
        )
        yield* raw.until('["A","b"]')
        yield* raw.send(last())
        assert.include(yield* raw.rest, "\r\n\r\n[]")
      })
    )
  )

  it.effect("sends informational responses before the final one, in order", () =>
    served(
      Effect.gen(function* () {
        yield* Exchange.processing
        yield* Exchange.earlyHints("</style.css>; rel=preload; as=style", { "X-Hint": ["1", "2"] })
        yield* Exchange.earlyHints([])
        yield* Exchange.informational(199, [["X-Progress", "half"]])
        return HttpServerResponse.text("done")
      }),
      Effect.gen(function* () {
        const seen = yield* talk(last())
        assert.isTrue(
          seen.startsWith(
            "HTTP/1.1 102 Processing\r\n\r\n" +
              "HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload; as=style\r\nX-Hint: 1\r\nX-Hint: 2\r\n\r\n" +
              "HTTP/1.1 199 unknown\r\nX-Progress: half\r\n\r\nHTTP/1.1 200 OK\r\n"
          ),
          seen
        )
      })
    )
  )

  it.effect("sends nothing informational to HTTP/1.0", () =>
    served(
      Effect.as(Exchange.processing, HttpServerResponse.text("done")),
      Effect.gen(function* () {
        assert.isTrue((yield* talk("GET / HTTP/1.0\r\n\r\n")).startsWith("HTTP/1.1 200 OK\r\n"))
      })
    )
  )

  it.effect("refuses statuses that are not informational, before sending anything", () =>
    served(
      Effect.gen(function* () {
        const tags = yield* Effect.forEach(
          [
            Exchange.informational(200),
            Exchange.informational(101),
            Exchange.informational(102, { "a b": "c" }),
            Exchange.earlyHints("style.css")
          ],
          (effect) =>
            Effect.map(
              Effect.either(effect),
              Either.match({ onLeft: ({ _tag }) => _tag, onRight: () => "sent" })
            )
        )
        return say(tags)
      }),
      Effect.gen(function* () {
        const seen = yield* talk(last())
        assert.deepStrictEqual(bodyOf(seen), [
          ...["InvalidStatusCode", "InvalidStatusCode"],
          ...["InvalidToken", "InvalidLink"]
        ])
        assert.isTrue(seen.startsWith("HTTP/1.1 200"))
      })
    )
  )

  it.effect("is the same through modify, mounting and prefixes", () =>
    served(
      HttpRouter.empty.pipe(
        HttpRouter.mountApp("/outer", HttpRouter.empty.pipe(HttpRouter.get("/inner", answerFacts))),
        HttpRouter.prefixAll("/all"),
        HttpRouter.catchAllCause(() => HttpServerResponse.empty({ status: 500 }))
      ),
      Effect.gen(function* () {
        const seen = yield* talk(last("/all/outer/inner"))
        assert.deepStrictEqual(bodyOf(seen), ["/all/outer/inner", 1])
      })
    )
  )
})

const answerFacts = Effect.gen(function* () {
  const { connection, target } = yield* Exchange.exchange
  return HttpServerResponse.unsafeJson([target, connection.exchange])
})

describe("Exchange of another server's request", () => {
  const request = HttpServerRequest.fromWeb(new Request("http://test/"))

  it("is absent", () => assert.deepStrictEqual(Exchange.fromRequest(request), Option.none()))

  it.effect("dies with a clear message", () =>
    Effect.gen(function* () {
      const defect = yield* Effect.catchAllDefect(
        Effect.provideService(Exchange.rawHeaders, HttpServerRequest.HttpServerRequest, request),
        Effect.succeed
      )
      assert.include(String(defect), "not made by a server of httpfx")
    })
  )
})
