/**
 * Features of platform's client besides sending: spans, propagation of traces, and reasons of errors. The
 * same programs run with our client and with platform's own client for Node, and their results are compared.
 */
import * as http from "node:http"
import type * as net from "node:net"
import { Headers, HttpBody, HttpClient, HttpClientRequest, HttpClientResponse } from "@effect/platform"
import * as PlatformNode from "@effect/platform-node/NodeHttpClient"
import { assert, describe, it } from "@effect/vitest"
import { Client } from "@httpfx/core"
import { NodeHttpClient } from "@httpfx/node"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as Tracer from "effect/Tracer"

const server = Effect.acquireRelease(
  Effect.async<{ readonly url: string; readonly server: http.Server }>((resume) => {
    const server = http.createServer((request, response) => {
      const url = request.url ?? ""
      if (url.startsWith("/reset")) {
        response.writeHead(200, { "Content-Length": 10 })
        return response.write("12345", () => (request.socket as net.Socket).resetAndDestroy())
      }
      if (url.startsWith("/endless")) {
        response.writeHead(200, { "Content-Type": "text/plain" })
        return response.write("begun")
      }
      if (url.startsWith("/redirect")) return response.writeHead(302, { Location: "/" }).end()
      if (url.startsWith("/form")) {
        response.writeHead(200, { "Content-Type": "application/x-www-form-urlencoded" })
        return response.end("a=1&b=2")
      }
      response.writeHead(200, { "Content-Type": "application/json", "Set-Cookie": "session=1" })
      const propagated = ["b3", "traceparent"].filter((name) => name in request.headers)
      return response.end(JSON.stringify({ method: request.method, propagated }))
    })
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as net.AddressInfo
      resume(Effect.succeed({ url: `http://127.0.0.1:${port}`, server }))
    })
  }),
  ({ server }) =>
    Effect.async<void>((resume) => {
      server.close(() => resume(Effect.void))
      server.closeAllConnections()
    })
)

interface Recorded {
  readonly name: string
  readonly kind: string
  readonly parent: string | undefined
  readonly attributes: Record<string, unknown>
  ended: string
}

/** Creates a tracer that records spans. */
const recording = () => {
  const spans: Array<Recorded> = []
  const tracer = Tracer.make({
    span: (name, parent, context, links, startTime, kind) => {
      const attributes: Record<string, unknown> = {}
      const recorded: Recorded = {
        name,
        kind,
        parent: Option.getOrUndefined(
          Option.map(parent, (span) => (span._tag === "Span" ? span.name : "external"))
        ),
        attributes,
        ended: "no"
      }
      spans.push(recorded)
      return {
        _tag: "Span",
        name,
        kind,
        parent,
        context,
        spanId: "0123456789abcdef",
        traceId: "0123456789abcdef0123456789abcdef",
        sampled: true,
        status: { _tag: "Started", startTime },
        attributes: new Map(),
        links,
        attribute: (key, value) => void (attributes[key] = value),
        event: () => {},
        addLinks: () => {},
        end: (_, exit) => void (recorded.ended = exit._tag)
      }
    },
    context: (f) => f()
  })
  return { spans, tracer }
}

type Program = (url: string) => Effect.Effect<unknown, unknown, HttpClient.HttpClient>

const programs: ReadonlyArray<readonly [string, Program]> = [
  ["a request", (url) => Effect.flatMap(HttpClient.get(`${url}/a?b=c#d`), (response) => response.json)],
  [
    "url parameters and a redacted header",
    (url) =>
      HttpClientRequest.get(`${url}/a`).pipe(
        HttpClientRequest.setUrlParams({ q: "x y", z: ["1", "2"] }),
        HttpClientRequest.setHash("h"),
        HttpClientRequest.bearerToken("secret"),
        HttpClient.execute,
        Effect.flatMap((response) => response.json)
      )
  ],
  [
    "other names to redact",
    (url) =>
      HttpClient.get(url, { headers: { "x-secret": "1", authorization: "2" } }).pipe(
        Effect.locally(Headers.currentRedactedNames, ["x-secret", "content-type"]),
        Effect.as("done")
      )
  ],
  ["within a span", (url) => Effect.withSpan(Effect.asVoid(HttpClient.get(url)), "outer")],
  [
    "with a span name",
    (url) =>
      HttpClient.HttpClient.pipe(
        Effect.map(HttpClient.withSpanNameGenerator((request) => `own ${request.method}`)),
        Effect.flatMap((client) => client.get(url)),
        Effect.asVoid
      )
  ],
  [
    "without propagation",
    (url) =>
      HttpClient.HttpClient.pipe(
        Effect.map(HttpClient.withTracerPropagation(false)),
        Effect.flatMap((client) => client.get(url)),
        Effect.flatMap((response) => response.json)
      )
  ],
  [
    "with the tracer off for this request",
    (url) =>
      HttpClient.HttpClient.pipe(
        Effect.map(HttpClient.withTracerDisabledWhen((request) => request.url.includes("127"))),
        Effect.flatMap((client) => client.get(url)),
        Effect.flatMap((response) => response.json)
      )
  ],
  ["with tracing off", (url) => Effect.withTracerEnabled(Effect.asVoid(HttpClient.get(url)), false)],
  [
    "a streamed body, which sees the span",
    (url) => {
      let seen = "none"
      const body = Stream.fromEffect(
        Effect.map(Effect.option(Effect.currentSpan), (span) => {
          seen = Option.getOrElse(
            Option.map(span, (span) => span.name),
            () => "none"
          )
          return new TextEncoder().encode("abc")
        })
      )
      return Effect.map(HttpClient.post(url, { body: HttpBody.stream(body) }), () => seen)
    }
  ],
  [
    "a redirect followed",
    (url) =>
      HttpClient.HttpClient.pipe(
        Effect.map(HttpClient.followRedirects()),
        Effect.flatMap((client) => client.get(`${url}/redirect`)),
        Effect.map((response) => response.status)
      )
  ],
  [
    "a form in the response",
    (url) => Effect.flatMap(HttpClient.get(`${url}/form`), (response) => response.urlParamsBody)
  ],
  [
    "the bytes",
    (url) =>
      Effect.flatMap(HttpClient.get(`${url}/form`), (response) =>
        Effect.map(response.arrayBuffer, (buffer) => new TextDecoder().decode(buffer))
      )
  ],
  ["cookies", (url) => Effect.map(HttpClient.get(url), (response) => Object.keys(response.cookies.cookies))],
  [
    "a schema",
    (url) =>
      Effect.flatMap(
        HttpClient.get(url),
        HttpClientResponse.schemaBodyJson(Schema.Struct({ method: Schema.Literal("GET") }))
      )
  ],
  [
    "a body that is not JSON",
    (url) => {
      const answer = Effect.flatMap(HttpClient.get(`${url}/form`), (response) => response.json)
      return Effect.map(Effect.flip(answer), (error) => [error._tag, error.reason])
    }
  ],
  [
    "an unexpected status",
    (url) =>
      HttpClient.HttpClient.pipe(
        Effect.map(HttpClient.filterStatus((status) => status === 500)),
        Effect.flatMap((client) => client.get(url)),
        Effect.flip,
        Effect.map((error) => [error._tag, error.reason])
      )
  ],
  [
    "an invalid URL",
    (url) =>
      Effect.map(Effect.flip(HttpClient.get(`nowhere${url.slice(0, 0)}`)), (error) => [
        error._tag,
        error.reason,
        // Compare only whether the cause is an error. Platform's cause is a TypeError that shows the whole
        // URL; ours is an InvalidUrl without user and password.
        error.cause instanceof Error
      ])
  ]
]

describe("NodeHttpClient behaves as platform's own client", () => {
  for (const [name, program] of programs) {
    it.scopedLive(name, () =>
      Effect.gen(function* () {
        const { url } = yield* server
        const observe = (layer: Layer.Layer<HttpClient.HttpClient>) => {
          const { spans, tracer } = recording()
          return program(url).pipe(
            Effect.provide(layer),
            Effect.withTracer(tracer),
            Effect.map((result) => ({
              result,
              spans: spans.map(({ attributes, ...span }) => ({
                ...span,
                // Leave out response fields that depend on time or connection, and attributes of
                // OpenTelemetry's conventions, which platform lacks or sets differently.
                attributes: Object.fromEntries(
                  Object.entries(attributes).filter(
                    ([key]) =>
                      !/response.header.(date|connection|keep-alive)/.test(key) &&
                      !/^(error\.type|http\.request\.resend_count|network\..*|server\..*)$/.test(key)
                  )
                )
              }))
            }))
          )
        }
        const theirs = yield* observe(PlatformNode.layer)
        const ours = yield* observe(NodeHttpClient.layer)
        assert.deepStrictEqual(ours, theirs)
      })
    )
  }
})

const clients: ReadonlyArray<readonly [string, Layer.Layer<HttpClient.HttpClient>]> = [
  ["ours", NodeHttpClient.layer],
  ["platform's", PlatformNode.layer]
]

// The trace headers that a server receives if the client has no tracer and no current span.
describe.each(clients)("Without a tracer, %s client", (_, layer) => {
  const echo = Effect.acquireRelease(
    Effect.async<http.Server>((resume) => {
      const server = http.createServer((request, response) => response.end(JSON.stringify(request.headers)))
      server.listen(0, "127.0.0.1", () => resume(Effect.succeed(server)))
    }),
    (server) => Effect.sync(() => (server.close(), server.closeAllConnections()))
  )
  const told = (
    change: (client: HttpClient.HttpClient) => HttpClient.HttpClient,
    headers: Record<string, string> = {}
  ) =>
    Effect.gen(function* () {
      const { port } = (yield* echo).address() as net.AddressInfo
      const client = change(yield* HttpClient.HttpClient)
      const response = yield* client.get(`http://127.0.0.1:${port}`, { headers })
      const { b3, traceparent } = (yield* response.json) as Record<string, string | undefined>
      return { b3, traceparent }
    })
  const none = { b3: undefined, traceparent: undefined }

  it.scopedLive("starts a trace with each request, replacing the caller's fields", () =>
    Effect.gen(function* () {
      const seen = new Set<string>()
      for (const headers of [{}, {}, { b3: "0", traceparent: "x" }]) {
        const { b3, traceparent } = yield* told((client) => client, headers)
        const [, trace, span] = /^00-([0-9a-f]{32})-([0-9a-f]{16})-01$/.exec(traceparent!)!
        assert.strictEqual(b3, `${trace}-${span}-1`)
        seen.add(trace!).add(span!)
      }
      assert.strictEqual(seen.size, 6)
    }).pipe(Effect.provide(layer))
  )

  it.scopedLive("sends no trace headers if disabled", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* told(HttpClient.withTracerPropagation(false)), none)
      assert.deepStrictEqual(yield* told(HttpClient.withTracerDisabledWhen(() => true)), none)
      assert.deepStrictEqual(
        yield* Effect.withTracerEnabled(
          told((client) => client),
          false
        ),
        none
      )
      const own = { b3: "0", traceparent: "x" }
      assert.deepStrictEqual(yield* told(HttpClient.withTracerPropagation(false), own), own)
    }).pipe(Effect.provide(layer))
  )
})

describe("NodeHttpClient without a tracer", () => {
  const propagated = (url: string) =>
    Effect.map(
      Effect.flatMap(HttpClient.get(url), (response) => response.json),
      (body) => (body as { readonly propagated: ReadonlyArray<string> }).propagated
    )

  it.scopedLive("propagates the current span, and an external trace", () =>
    Effect.gen(function* () {
      const { url } = yield* server
      assert.deepStrictEqual(yield* Effect.withSpan(propagated(url), "outer"), ["b3", "traceparent"])
      const external = Tracer.externalSpan({
        spanId: "0123456789abcdef",
        traceId: "0123456789abcdef0123456789abcdef"
      })
      assert.deepStrictEqual(yield* Effect.withParentSpan(propagated(url), external), ["b3", "traceparent"])
    }).pipe(Effect.provide(NodeHttpClient.layer))
  )
})

describe("NodeHttpClient's responses", () => {
  it.scopedLive("close when their scope closes, traced or not", () =>
    Effect.gen(function* () {
      const { url } = yield* server
      const client = yield* Client.Client
      const scoped = HttpClient.withScope(yield* HttpClient.HttpClient)
      for (const { tracer } of [undefined, recording()].map((it) => ({ tracer: it?.tracer }))) {
        const request = scoped.get(`${url}/endless`)
        const traced = tracer === undefined ? request : Effect.withTracer(request, tracer)
        yield* Effect.scoped(Effect.asVoid(traced))
        assert.strictEqual((yield* client.connections).idle, 0)
        yield* Effect.repeat(Effect.zipRight(Effect.yieldNow(), client.connections), {
          until: ({ open }) => open === 0
        })
      }
    }).pipe(Effect.provide(NodeHttpClient.layer))
  )

  it.scopedLive("can be inspected without consuming their body", () =>
    Effect.gen(function* () {
      const { url } = yield* server
      const endless = yield* HttpClient.get(`${url}/endless`)
      assert.notProperty(endless.toJSON(), "body")
      assert.isTrue(Option.isSome(yield* Stream.runHead(endless.stream)))
      const whole = yield* HttpClient.get(url)
      yield* whole.text
      assert.deepInclude(whole.toJSON(), {
        status: 200,
        body: { method: "GET", propagated: ["b3", "traceparent"] }
      })
    }).pipe(Effect.provide(NodeHttpClient.layer))
  )
})

describe("NodeHttpClient's errors", () => {
  it.scopedLive("report a reset within the body as a transport failure, which retryTransient retries", () =>
    Effect.gen(function* () {
      const { url } = yield* server
      const read = Effect.flatMap(HttpClient.get(`${url}/reset`), (response) => response.text)
      const error = yield* Effect.flip(read)
      assert.deepInclude(error, { _tag: "RequestError", reason: "Transport" })
      assert.propertyVal(error.cause, "_tag", "ConnectionReset")
    }).pipe(Effect.provide(NodeHttpClient.layer))
  )

  it.scopedLive("report an invalid request as reason Encode, with our error as the cause", () =>
    Effect.gen(function* () {
      const { url } = yield* server
      const header = yield* Effect.flip(HttpClient.get(url, { headers: { a: "b\r\nc: d" } }))
      assert.deepInclude(header, { _tag: "RequestError", reason: "Encode" })
      assert.propertyVal(header.cause, "code", "ERR_INVALID_CHAR")
      const body = yield* Effect.flip(HttpClient.post(url, { body: HttpBody.raw(Symbol.iterator) }))
      assert.deepInclude(body, { _tag: "RequestError", reason: "Encode" })
      const stream = yield* Effect.flip(
        HttpClient.post(url, { body: HttpBody.stream(Stream.fail("no more")) })
      )
      assert.deepInclude(stream, { _tag: "RequestError", reason: "Encode", cause: "no more" })
    }).pipe(Effect.provide(NodeHttpClient.layer))
  )

  it.scopedLive("report a URL with an unsupported protocol as reason InvalidUrl", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(HttpClient.get("ftp://127.0.0.1/"))
      assert.deepInclude(error, { _tag: "RequestError", reason: "InvalidUrl" })
      assert.propertyVal(error.cause, "_tag", "InvalidProtocol")
    }).pipe(Effect.provide(NodeHttpClient.layer))
  )
})
