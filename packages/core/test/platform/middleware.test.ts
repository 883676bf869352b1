/**
 * Each of platform's middlewares on our server, the responses to failures, and the traces of a client that
 * leaves. On the network in memory.
 */
import type * as HttpApp from "@effect/platform/HttpApp"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpMiddleware from "@effect/platform/HttpMiddleware"
import * as HttpMultiplex from "@effect/platform/HttpMultiplex"
import * as HttpRouter from "@effect/platform/HttpRouter"
import * as HttpServer from "@effect/platform/HttpServer"
import * as HttpServerError from "@effect/platform/HttpServerError"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as HashMap from "effect/HashMap"
import * as Layer from "effect/Layer"
import * as List from "effect/List"
import * as Logger from "effect/Logger"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as RawPeer from "@httpfx/testing/RawPeer"
import * as TestServer from "@httpfx/testing/TestServer"

const request = HttpServerRequest.HttpServerRequest
const { empty, text } = HttpServerResponse

describe("HttpMiddleware.logger", () => {
  const logging = () => {
    const lines: Array<unknown> = []
    const logger = Logger.make(({ annotations, message, spans }) => {
      const {
        "http.method": method,
        "http.status": status,
        "http.url": url
      } = Object.fromEntries(HashMap.toEntries(annotations))
      const span = Option.map(List.head(spans), ({ label }) => label.replace(/\d+$/, "N"))
      lines.push([String(message), method, url, status, Option.getOrUndefined(span)])
    })
    return { lines, layer: Logger.replace(Logger.defaultLogger, logger) }
  }
  const world = (layer: Layer.Layer<never>) =>
    HttpServer.serve(
      HttpRouter.empty.pipe(
        HttpRouter.get("/", text("x")),
        HttpRouter.get("/quiet", HttpMiddleware.withLoggerDisabled(Effect.succeed(empty()))),
        HttpRouter.get("/fails", Effect.fail(empty({ status: 403 })))
      ),
      HttpMiddleware.logger
    ).pipe(Layer.provideMerge(TestServer.layer()), Layer.provide(layer))

  it.effect("writes a line for each response, unless the app disables it", () => {
    const { layer, lines } = logging()
    return Effect.gen(function* () {
      yield* HttpClient.get("/?a=b")
      yield* HttpClient.get("/quiet")
      assert.strictEqual((yield* HttpClient.get("/fails")).status, 403)
      assert.deepStrictEqual(lines, [
        ["Sent HTTP response", "GET", "/?a=b", 200, "http.span.N"],
        // For a failure, the line has the cause instead of a message.
        ["", "GET", "/fails", 403, "http.span.N"]
      ])
    }).pipe(Effect.provide(world(layer)))
  })
})

describe("HttpMiddleware.xForwardedHeaders", () => {
  it.effect("uses host and address from a proxy", () =>
    Effect.gen(function* () {
      const told = (headers: Record<string, string>) =>
        Effect.flatMap(HttpClient.get("/", { headers }), ({ json }) => json)
      const both = { "x-forwarded-host": "a.test", "x-forwarded-for": "192.0.2.9, 192.0.2.1" }
      assert.deepStrictEqual(yield* told(both), ["a.test", "192.0.2.9"])
      const [host, address] = (yield* told({})) as [string, string]
      assert.strictEqual(host, "server.test")
      assert.match(address, /^10\./)
    }).pipe(
      Effect.provide(
        TestServer.serve(
          HttpMiddleware.xForwardedHeaders(
            Effect.map(request, ({ headers, remoteAddress }) =>
              HttpServerResponse.unsafeJson([headers["host"], Option.getOrNull(remoteAddress)])
            )
          )
        )
      )
    )
  )
})

// Removes the default logger, because the defects in these tests are intended.
const silent = Logger.remove(Logger.defaultLogger)

describe("HttpMiddleware.cors", () => {
  const headers = { origin: "http://b.test", "access-control-request-headers": "x-a" }
  const world = TestServer.serve(
    HttpRouter.empty.pipe(
      HttpRouter.get("/", text("x")),
      HttpRouter.get("/fails", Effect.die("a defect")),
      HttpMiddleware.cors({
        allowedOrigins: ["http://a.test", "http://b.test"],
        allowedMethods: ["GET"],
        exposedHeaders: ["x-b"],
        maxAge: 60,
        credentials: true
      })
    )
  ).pipe(Layer.provide(silent))

  it.effect("answers preflights itself and marks every response, also of failures", () =>
    Effect.gen(function* () {
      const preflight = yield* HttpClient.options("/", { headers })
      assert.strictEqual(preflight.status, 204)
      assert.include(preflight.headers, {
        "access-control-allow-origin": "http://b.test",
        "access-control-allow-methods": "GET",
        "access-control-allow-headers": "x-a",
        "access-control-max-age": "60",
        "access-control-allow-credentials": "true"
      })
      for (const [path, status] of [
        ["/", 200],
        ["/fails", 500],
        ["/nowhere", 404]
      ] as const) {
        const response = yield* HttpClient.get(path, { headers })
        assert.strictEqual(response.status, status)
        assert.include(response.headers, {
          "access-control-allow-origin": "http://b.test",
          "access-control-expose-headers": "x-b"
        })
      }
      const stranger = yield* HttpClient.get("/", { headers: { origin: "http://c.test" } })
      assert.notProperty(stranger.headers, "access-control-allow-origin")
    }).pipe(Effect.provide(world))
  )
})

describe("HttpMiddleware.searchParamsParser", () => {
  // The middleware parses `originalUrl` as an absolute URL, so it works only for targets in absolute form.
  // For other targets it dies, on every server.
  it.effect("parses the query of an absolute target", () =>
    Effect.gen(function* () {
      const peer = yield* RawPeer.connect({ host: "server.test", port: 80 })
      yield* peer.send("GET http://server.test/?a=1&a=2&b=%20 HTTP/1.1\r\nHost: server.test\r\n\r\n")
      yield* peer.until('{"a":["1","2"],"b":" "}')
      assert.strictEqual((yield* HttpClient.get("/?a=1")).status, 500)
    }).pipe(
      Effect.scoped,
      Effect.provide(
        Layer.provide(
          TestServer.serve(
            Effect.map(HttpServerRequest.ParsedSearchParams, HttpServerResponse.unsafeJson).pipe(
              HttpMiddleware.searchParamsParser
            )
          ),
          silent
        )
      )
    )
  )
})

describe("HttpMultiplex", () => {
  const apps = HttpMultiplex.empty.pipe(
    HttpMultiplex.hostExact("a.test", text("host a")),
    HttpMultiplex.hostStartsWith("b.", text("host b")),
    HttpMultiplex.hostEndsWith(".c", text("host c")),
    HttpMultiplex.hostRegex(/^d\d/, text("host d")),
    HttpMultiplex.headerExact("x-a", "1", text("field a")),
    HttpMultiplex.headerStartsWith("x-a", "2", text("field b")),
    HttpMultiplex.headerEndsWith("x-a", "3", text("field c")),
    HttpMultiplex.headerRegex("x-a", /^4+$/, text("field d"))
  )
  it.effect("chooses an app by host and by fields, and responds 404 without one", () =>
    Effect.gen(function* () {
      const told = (headers: Record<string, string>) =>
        Effect.flatMap(HttpClient.get("/", { headers }), (response) =>
          Effect.map(response.text, (body) => `${response.status} ${body}`)
        )
      assert.strictEqual(yield* told({ host: "a.test" }), "200 host a")
      assert.strictEqual(yield* told({ host: "b.x" }), "200 host b")
      assert.strictEqual(yield* told({ host: "x.c" }), "200 host c")
      assert.strictEqual(yield* told({ host: "d1" }), "200 host d")
      assert.strictEqual(yield* told({ "x-a": "1" }), "200 field a")
      assert.strictEqual(yield* told({ "x-a": "20" }), "200 field b")
      assert.strictEqual(yield* told({ "x-a": "03" }), "200 field c")
      assert.strictEqual(yield* told({ "x-a": "444" }), "200 field d")
      assert.strictEqual(yield* told({}), "404 ")
    }).pipe(Effect.provide(TestServer.serve(apps)))
  )
})

describe("a failure", () => {
  const failing = <E>(make: (request: HttpServerRequest.HttpServerRequest) => E) =>
    Effect.flatMap(request, (it) => Effect.fail(make(it)))
  const failures = {
    "400 to a request that cannot be decoded": failing(
      (request) => new HttpServerError.RequestError({ request, reason: "Decode" })
    ),
    "400 to a truncated request": failing(
      (request) => new HttpServerError.RequestError({ request, reason: "Transport" })
    ),
    "404 to an unknown route": failing((request) => new HttpServerError.RouteNotFound({ request })),
    "500 to a response that cannot be encoded": failing(
      (request) => new HttpServerError.ResponseError({ request, response: empty(), reason: "Decode" })
    ),
    "400 to a schema error": Schema.decodeUnknown(Schema.Number)("x"),
    "404 to a missing value": Option.none<HttpServerResponse.HttpServerResponse>(),
    "418 that is a response itself": Effect.fail(empty({ status: 418 })),
    "500 of another kind": Effect.fail("no"),
    "500 to a defect": Effect.die("a defect"),
    "503 to an interruption": Effect.interrupt,
    "499 to an interruption in the client's name": Effect.failCause(
      Cause.interrupt(HttpServerError.clientAbortFiberId)
    )
  }
  it.effect.each(Object.entries(failures))("is answered with %s", ([name, app]) =>
    Effect.gen(function* () {
      const response = yield* HttpClient.get("/")
      assert.strictEqual(response.status, Number.parseInt(name))
      assert.strictEqual(yield* response.text, "")
    }).pipe(Effect.provide(Layer.provide(TestServer.serve(app as HttpApp.Default<unknown>), silent)))
  )
})

describe("a client that leaves", () => {
  it.effect("shows as 499 to middleware, which runs to its end", () =>
    Effect.gen(function* () {
      const started = yield* Deferred.make<void>()
      const seen = yield* Deferred.make<number>()
      const app = Effect.zipRight(Deferred.succeed(started, undefined), Effect.never)
      const watch = HttpMiddleware.make((app) =>
        Effect.onExit(app, (exit) =>
          Effect.zipRight(
            Effect.yieldNow(),
            Deferred.succeed(seen, HttpServerError.exitResponse(exit).status)
          )
        )
      )
      yield* HttpServer.serveEffect(app, watch)
      const peer = yield* RawPeer.connect({ host: "server.test", port: 80 })
      yield* peer.send("GET / HTTP/1.1\r\nHost: server.test\r\n\r\n")
      yield* Deferred.await(started)
      yield* peer.reset
      assert.strictEqual(yield* Deferred.await(seen), 499)
    }).pipe(Effect.scoped, Effect.provide(TestServer.layer()))
  )
})

describe("a response", () => {
  const bodies = {
    "a form": [
      HttpServerResponse.formData(
        (() => {
          const form = new FormData()
          form.append("a", "1")
          form.append("b", new Blob(["two"]), "b.txt")
          return form
        })()
      ),
      /^multipart\/form-data; boundary=/,
      /name="a"\r\n\r\n1\r\n[^]*filename="b.txt"[^]*two/
    ],
    "raw text": [HttpServerResponse.raw("raw", { contentType: "text/x" }), /^text\/x$/, /^raw$/],
    "raw bytes": [HttpServerResponse.raw(new Uint8Array([65, 66])), /^$/, /^AB$/],
    "a blob": [HttpServerResponse.raw(new Blob(["blob"], { type: "text/x" })), /^text\/x$/, /^blob$/],
    "a web stream": [HttpServerResponse.raw(new Blob(["a", "b"]).stream()), /^$/, /^ab$/],
    "a web response": [
      HttpServerResponse.fromWeb(new Response("web", { headers: { "content-type": "text/y" } })),
      /^text\/y$/,
      /^web$/
    ],
    "URL parameters": [
      HttpServerResponse.urlParams([["a", "1 2"]]),
      /^application\/x-www-form-urlencoded/,
      /^a=1\+2$/
    ],
    "a stream": [
      HttpServerResponse.stream(Stream.encodeText(Stream.make("a", "", "b"))),
      /octet-stream$/,
      /^ab$/
    ]
  } as const
  it.effect.each(Object.entries(bodies))("may be %s", ([, [response, type, body]]) =>
    Effect.gen(function* () {
      const answer = yield* HttpClient.get("/")
      assert.match(answer.headers["content-type"] ?? "", type)
      assert.match(yield* answer.text, body)
    }).pipe(Effect.provide(TestServer.serve(Effect.succeed(response))))
  )
})
