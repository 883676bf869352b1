// Which responses `NodeCompression` compresses, with which fields, and behind which other middleware.
import {
  HttpApi,
  HttpApiBuilder,
  HttpApiEndpoint,
  HttpApiGroup,
  HttpLayerRouter,
  HttpMiddleware,
  HttpRouter,
  HttpServer,
  HttpServerRequest,
  HttpServerResponse,
  HttpApp
} from "@effect/platform"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { flow } from "effect/Function"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { Readable } from "node:stream"
import * as zlib from "node:zlib"
import { Client, ConditionalRequests, Exchange } from "@httpfx/core"
import * as Serve from "@httpfx/core/Serve"
import { NodeCompression } from "@httpfx/node"
import { TestServer } from "@httpfx/testing"

const text = "tea and more tea, ".repeat(200)
const bytes = new TextEncoder().encode(text)
const plainText = HttpServerResponse.text(text)
const decoders: Readonly<Record<string, (bytes: Uint8Array) => Uint8Array>> = {
  gzip: zlib.gunzipSync,
  br: zlib.brotliDecompressSync,
  zstd: (coded) =>
    (zlib as unknown as { zstdDecompressSync(bytes: Uint8Array): Uint8Array }).zstdDecompressSync(coded)
}
const hasZstd = "createZstdCompress" in zlib

interface Asked {
  readonly method?: string
  readonly headers?: Record<string, string>
}

/** A received response: its fields by name, its bytes, and its decoded content. */
type Got = Readonly<Record<string, unknown>> & { readonly received: Uint8Array; readonly content: string }

const url = "http://server.test/"
const ask = ({ headers, method = "GET" }: Asked = {}): Effect.Effect<
  Got,
  Client.RequestError,
  Client.Client
> =>
  Effect.gen(function* () {
    const response = yield* Client.request({
      url,
      method,
      headers: { "Accept-Encoding": "gzip", ...headers }
    })
    const received = yield* response.bytes
    const coding = response.header("content-encoding")
    const decode = received.length === 0 ? undefined : decoders[coding ?? ""]
    const content = decode === undefined ? received : decode(received)
    return {
      ...response.headers,
      status: response.status,
      received,
      content: Buffer.from(content).toString()
    }
  })

const served =
  (app: HttpApp.Default<unknown, never>, options?: NodeCompression.Options) =>
  <A, E>(test: Effect.Effect<A, E, Client.Client>) =>
    Effect.provide(test, TestServer.serve(NodeCompression.compress(options)(app)))

const headersOf = (headers: Record<string, string>, response = plainText) =>
  HttpServerResponse.setHeaders(response, headers)

describe("a compressed response", () => {
  it.effect("has Content-Length of the coded content, Content-Encoding and Vary", () =>
    Effect.gen(function* () {
      const response = yield* ask()
      assert.deepInclude(response, {
        "content-encoding": "gzip",
        "content-length": String(response.received.length),
        "content-type": "text/plain",
        vary: "Accept-Encoding",
        content: text
      })
      assert.isBelow(response.received.length, 100)
    }).pipe(served(plainText))
  )

  for (const coding of ["gzip", "br", ...(hasZstd ? ["zstd"] : [])]) {
    it.effect(`is coded as ${coding}, from a whole body and from a stream`, () =>
      Effect.gen(function* () {
        for (const method of ["GET", "POST"]) {
          const response = yield* ask({ method, headers: { "Accept-Encoding": coding } })
          assert.deepInclude(response, { "content-encoding": coding, content: text, vary: "Accept-Encoding" })
          assert.strictEqual(response["content-length"] === undefined, method === "POST")
        }
      }).pipe(
        served(
          Effect.map(HttpServerRequest.HttpServerRequest, ({ method }) =>
            method === "GET"
              ? plainText
              : HttpServerResponse.stream(Stream.make(bytes.subarray(0, 1000), bytes.subarray(1000)), {
                  contentType: "text/plain",
                  contentLength: bytes.length
                })
          ),
          {
            gzip: { level: 9, memLevel: 1, windowBits: 9 },
            brotli: { quality: 0, windowBits: 10 },
            zstd: { level: 1 }
          }
        )
      )
    )
  }

  const fields: ReadonlyArray<
    [name: string, given: Record<string, string>, expected: Record<string, unknown>]
  > = [
    ["a strong ETag becomes weak", { etag: '"a"' }, { etag: 'W/"a"' }],
    ["a weak ETag stays", { etag: 'W/"a"' }, { etag: 'W/"a"' }],
    ["ranges of it are not offered", { "accept-ranges": "bytes" }, { "accept-ranges": undefined }],
    ["Vary is extended", { vary: "Origin" }, { vary: "Origin, Accept-Encoding" }],
    ["Vary is not repeated", { vary: "Origin,accept-encoding" }, { vary: "Origin,accept-encoding" }],
    ["Vary: * says all", { vary: "*" }, { vary: "*" }],
    ["an empty Vary", { vary: "" }, { vary: "Accept-Encoding" }],
    [
      "other fields stay",
      { "x-a": "b", "cache-control": "max-age=5" },
      { "x-a": "b", "cache-control": "max-age=5" }
    ]
  ]
  for (const [name, given, expected] of fields) {
    it.effect(name, () =>
      Effect.map(ask(), (response) => {
        assert.strictEqual(response["content-encoding"], "gzip")
        for (const [field, value] of Object.entries(expected)) assert.strictEqual(response[field], value)
      }).pipe(served(headersOf(given)))
    )
  }

  it.effect("keeps status, reason, cookies and type", () =>
    Effect.map(ask(), (response) =>
      assert.deepInclude(response, {
        status: 422,
        "set-cookie": ["a=1", "b=2"],
        "content-type": "application/problem+json",
        "content-encoding": "gzip"
      })
    ).pipe(
      served(
        HttpServerResponse.text(text, { status: 422, contentType: "application/problem+json" }).pipe(
          HttpServerResponse.unsafeSetCookies([
            ["a", "1", undefined],
            ["b", "2", undefined]
          ])
        )
      )
    )
  )

  it.effect("of a failed handler is compressed as well", () =>
    Effect.map(ask(), (response) =>
      assert.deepInclude(response, { status: 500, "content-encoding": "gzip", content: text })
    ).pipe(served(Effect.fail(HttpServerResponse.setStatus(plainText, 500))))
  )

  const raws: ReadonlyArray<[name: string, make: () => unknown]> = [
    ["a text", () => text],
    ["bytes", () => bytes],
    ["a buffer", () => bytes.slice().buffer],
    ["a view", () => new DataView(bytes.slice().buffer)],
    ["a web stream", () => new Blob([text]).stream()],
    ["a blob", () => new Blob([text])],
    ["a Node stream", () => Readable.from([text.slice(0, 10), bytes.subarray(10)])],
    ["a stream of texts", () => Stream.make(text.slice(0, 10), text.slice(10))]
  ]
  for (const [name, make] of raws) {
    it.effect(`from ${name}`, () =>
      Effect.map(ask(), (response) =>
        assert.deepInclude(response, { "content-encoding": "gzip", content: text })
      ).pipe(served(Effect.sync(() => HttpServerResponse.raw(make(), { contentType: "text/plain" }))))
    )
  }

  it.effect("has the trailers of its handler", () =>
    Effect.gen(function* () {
      const response = yield* Client.request({ url, headers: { "Accept-Encoding": "gzip" } })
      assert.strictEqual(zlib.gunzipSync(yield* response.bytes).toString(), text)
      assert.deepStrictEqual(response.rawTrailers, ["X-Sum", "7"])
      assert.isUndefined(response.header("content-length"))
    }).pipe(served(Effect.as(Exchange.addTrailers({ "X-Sum": "7" }), plainText)))
  )

  it.effect("of more than 1 MiB in memory is compressed while it is sent", () =>
    Effect.map(ask(), (response) => {
      assert.isUndefined(response["content-length"])
      assert.strictEqual(response.content, text.repeat(400))
    }).pipe(served(HttpServerResponse.text(text.repeat(400))))
  )

  it.effect("for an HTTP/1.0 client ends with the connection", () =>
    Effect.gen(function* () {
      const { RawPeer } = yield* Effect.promise(() => import("@httpfx/testing"))
      const peer = yield* RawPeer.connect({ host: "server.test", port: 80 })
      yield* peer.send("GET / HTTP/1.0\r\nAccept-Encoding: gzip\r\n\r\n")
      const received = yield* peer.rest
      const at = received.indexOf("\r\n\r\n") + 4
      assert.notMatch(received.slice(0, at), /transfer-encoding|content-length/i)
      assert.match(received.slice(0, at), /content-encoding: gzip/i)
      assert.strictEqual(zlib.gunzipSync(Buffer.from(received.slice(at), "latin1")).toString(), text)
    }).pipe(
      Effect.scoped,
      Effect.provide(
        TestServer.serve(
          NodeCompression.compress()(
            HttpServerResponse.stream(Stream.make(bytes), { contentType: "text/plain" })
          )
        )
      )
    )
  )
})

describe("not compressed, and without Vary:", () => {
  const untouched: ReadonlyArray<
    [name: string, response: HttpServerResponse.HttpServerResponse, asked?: Asked]
  > = [
    ["content below the threshold", HttpServerResponse.text(text.slice(0, 1023))],
    [
      "a stream of known length below the threshold",
      HttpServerResponse.stream(Stream.make(bytes.subarray(0, 9)), {
        contentType: "text/plain",
        contentLength: 9
      })
    ],
    ["a type that is compressed already", HttpServerResponse.text(text, { contentType: "image/png" })],
    ["content without a type", HttpServerResponse.raw(text)],
    ["204", HttpServerResponse.empty()],
    [
      "206 of a type that is compressed already",
      HttpServerResponse.text(text, { status: 206, contentType: "image/png" })
    ],
    [
      "206 with no-transform",
      headersOf({ "cache-control": "no-transform" }, HttpServerResponse.setStatus(plainText, 206))
    ],
    [
      "416 with a range",
      headersOf({ "content-range": "bytes */9999" }, HttpServerResponse.setStatus(plainText, 416))
    ],
    ["no-transform", headersOf({ "cache-control": "public, no-transform" })],
    ["No-Transform", headersOf({ "cache-control": "No-Transform,max-age=1" })],
    ["content with a coding", headersOf({ "content-encoding": "compress" })],
    ["content with a digest", headersOf({ "content-digest": "sha-256=:AA==:" })],
    ["content with a digest of the representation", headersOf({ "repr-digest": "sha-256=:AA==:" })],
    ["an empty body", HttpServerResponse.text("")],
    ["the response to HEAD without content", HttpServerResponse.empty({ status: 200 }), { method: "HEAD" }]
  ]
  for (const [name, response, asked] of untouched) {
    it.effect(name, () =>
      Effect.gen(function* () {
        const own = response.headers
        const { content, vary, ...got } = yield* ask(asked)
        assert.strictEqual(got["content-encoding"], own["content-encoding"])
        assert.isUndefined(vary)
        if (own["content-length"] !== undefined) assert.strictEqual(content.length, +own["content-length"])
      }).pipe(served(response))
    )
  }
})

describe("not compressed, but with Vary, because another client could get it compressed:", () => {
  it.effect("the client accepts no coding that the server offers", () =>
    Effect.map(ask({ headers: { "Accept-Encoding": "deflate" } }), (response) => {
      assert.isUndefined(response["content-encoding"])
      assert.deepInclude(response, {
        content: text,
        vary: "Accept-Encoding",
        etag: '"a"',
        "accept-ranges": "bytes"
      })
    }).pipe(served(headersOf({ etag: '"a"', "accept-ranges": "bytes" })))
  )

  const parts: ReadonlyArray<[name: string, response: HttpServerResponse.HttpServerResponse]> = [
    [
      "206",
      headersOf({ "content-range": "bytes 0-3599/9999" }, HttpServerResponse.setStatus(plainText, 206))
    ],
    ["206 without its range", HttpServerResponse.setStatus(plainText, 206)],
    [
      "206 of several ranges",
      HttpServerResponse.text(text, { status: 206, contentType: "multipart/byteranges; boundary=a" })
    ]
  ]
  for (const [name, response] of parts)
    it.effect(name, () =>
      Effect.map(ask(), (got) => {
        assert.isUndefined(got["content-encoding"])
        assert.deepInclude(got, { status: 206, content: text, vary: "Accept-Encoding" })
      }).pipe(served(response))
    )

  it.effect("content that does not become smaller", () =>
    Effect.map(ask(), (response) => {
      assert.isUndefined(response["content-encoding"])
      assert.deepInclude(response, { vary: "Accept-Encoding", "content-length": "64" })
    }).pipe(
      served(
        HttpServerResponse.uint8Array(
          Uint8Array.from({ length: 64 }, (_, at) => (at * 37) % 256),
          { contentType: "text/plain" }
        ),
        { threshold: 1 }
      )
    )
  )
})

describe("a client that refuses identity", () => {
  const app = Effect.map(HttpServerRequest.HttpServerRequest, ({ url }) =>
    url === "/"
      ? HttpServerResponse.text("short")
      : HttpServerResponse.text(text, { contentType: "image/png" })
  )
  it.effect("gets even short content compressed", () =>
    Effect.map(ask({ headers: { "Accept-Encoding": "gzip, identity;q=0" } }), (response) =>
      assert.deepInclude(response, { "content-encoding": "gzip", content: "short" })
    ).pipe(served(app))
  )
  it.effect("gets the content uncompressed if it accepts no coding that the server offers", () =>
    Effect.map(ask({ headers: { "Accept-Encoding": "*;q=0" } }), (response) => {
      assert.isUndefined(response["content-encoding"])
      assert.deepInclude(response, { status: 200, content: "short", vary: "Accept-Encoding" })
    }).pipe(served(app))
  )
})

describe("HEAD", () => {
  const bodies: Readonly<Record<string, HttpServerResponse.HttpServerResponse>> = {
    "in memory": headersOf({ etag: '"a"' }),
    streamed: HttpServerResponse.stream(Stream.make(bytes), { contentType: "text/plain" }),
    "of more than 1 MiB": HttpServerResponse.text(text.repeat(400)),
    short: HttpServerResponse.text("tea")
  }
  for (const [name, response] of Object.entries(bodies)) {
    it.effect(`has the fields of GET for content ${name}`, () =>
      Effect.gen(function* () {
        const { content, received: _, "transfer-encoding": _t, ...get } = yield* ask()
        const { content: none, received: _r, ...head } = yield* ask({ method: "HEAD" })
        assert.notStrictEqual(content, "")
        assert.strictEqual(none, "")
        // Without content the server sends no framing fields.
        assert.deepStrictEqual({ ...head, date: get["date"] }, get)
      }).pipe(served(response))
    )
  }

  it.effect("has the fields of GET except Content-Length if the handler returns no content", () =>
    Effect.map(ask({ method: "HEAD" }), (response) => {
      assert.isUndefined(response["content-length"])
      assert.deepInclude(response, { "content-encoding": "gzip", vary: "Accept-Encoding", etag: 'W/"a"' })
    }).pipe(
      served(
        HttpServerResponse.empty({
          status: 200,
          headers: { "content-length": "99999", "content-type": "text/plain", etag: '"a"' }
        })
      )
    )
  )
})

describe("304", () => {
  const app = HttpServerResponse.empty({ status: 304, headers: { etag: '"a"' } })
  const cases: ReadonlyArray<[known: string, etag: string]> = [
    ['W/"a"', 'W/"a"'],
    ['"b", W/"a"', 'W/"a"'],
    ['"a"', '"a"'],
    ["*", '"a"']
  ]
  for (const [known, etag] of cases) {
    it.effect(`to If-None-Match: ${known} has ${etag}, and the Vary of the 200`, () =>
      Effect.map(ask({ headers: { "If-None-Match": known } }), (response) => {
        assert.deepInclude(response, { status: 304, etag, vary: "Accept-Encoding" })
      }).pipe(served(app))
    )
  }

  const unvaried: ReadonlyArray<[name: string, response: HttpServerResponse.HttpServerResponse]> = [
    ["no-transform", headersOf({ "cache-control": "no-transform" }, app)],
    ["of a type that is compressed already", headersOf({ "content-type": "image/png" }, app)]
  ]
  for (const [name, response] of unvaried)
    it.effect(`${name}: without Vary`, () =>
      Effect.map(ask({ headers: { "If-None-Match": '"a"' } }), (got) => {
        assert.strictEqual(got["status"], 304)
        assert.isUndefined(got["vary"])
      }).pipe(served(response))
    )

  // Of a response that the server knows whole, its type and length decide.
  const files: ReadonlyArray<[type: string, size: number, vary: string | undefined]> = [
    ["text/plain", 3600, "Accept-Encoding"],
    ["text/plain", 100, undefined],
    ["image/png", 3600, undefined]
  ]
  for (const [contentType, size, vary] of files)
    it.effect(`${contentType} of ${size} bytes: ${vary ?? "without Vary"}`, () =>
      Effect.gen(function* () {
        const known = yield* ask({ headers: { "If-None-Match": '"a"' } })
        const ranged = yield* ask({ headers: { Range: "bytes=0-9" } })
        assert.deepStrictEqual([known["status"], ranged["status"]], [304, 206])
        assert.deepStrictEqual([known["vary"], ranged["vary"]], [vary, vary])
      }).pipe(
        served(
          Effect.succeed(
            ConditionalRequests.response(
              { size, read: (offset, length) => Stream.make(bytes.subarray(offset, offset + length)) },
              { contentType, headers: { etag: '"a"' } }
            )
          )
        )
      )
    )
})

describe("Vary is complete if other middleware sets it:", () => {
  const cors = HttpMiddleware.cors({ allowedOrigins: ["http://a.test", "http://b.test"] })
  const stacks: Readonly<Record<string, HttpApp.Default<never, never>>> = {
    "cors inside": NodeCompression.compress()(cors(Effect.succeed(plainText))),
    "cors outside": cors(NodeCompression.compress()(Effect.succeed(plainText))),
    "cors around a route, compression around the router": NodeCompression.compress()(
      HttpRouter.empty.pipe(HttpRouter.get("/", cors(Effect.succeed(plainText)))) as never
    )
  }
  for (const [name, app] of Object.entries(stacks))
    it.effect(name, () =>
      Effect.map(ask({ headers: { Origin: "http://b.test" } }), (response) => {
        assert.deepInclude(response, {
          "content-encoding": "gzip",
          "access-control-allow-origin": "http://b.test",
          content: text
        })
        const vary = String(response["vary"]).split(/, ?/).sort()
        assert.deepStrictEqual(vary, ["Accept-Encoding", "Origin"])
      }).pipe(Effect.provide(TestServer.serve(app)))
    )

  it.effect("a pre-response handler of the handler that replaces Vary", () =>
    Effect.map(ask(), (response) => {
      assert.deepInclude(response, { "content-encoding": "gzip", vary: "Cookie, Accept-Encoding" })
    }).pipe(
      served(
        Effect.as(
          HttpApp.appendPreResponseHandler((_, response) =>
            Effect.succeed(HttpServerResponse.setHeader(response, "vary", "Cookie"))
          ),
          plainText
        )
      )
    )
  )

  it("on another server, as a web handler", async () => {
    const handler = HttpApp.toWebHandler(NodeCompression.compress()(Effect.succeed(plainText)))
    for (const [accepted, coding] of [
      ["gzip", "gzip"],
      ["identity", null]
    ] as const) {
      const { headers } = await handler(new Request(url, { headers: { "accept-encoding": accepted } }))
      assert.strictEqual(headers.get("content-encoding"), coding)
      assert.strictEqual(headers.get("vary"), "Accept-Encoding")
    }
  })

  it.effect("the response to a failure of the app is compressed too", () =>
    Effect.map(ask(), (response) => assert.strictEqual(response["content-encoding"], "gzip")).pipe(
      served(Effect.fail(plainText))
    )
  )
})

describe("a handler can disable compression", () => {
  it.effect("with disable, also if the middleware is outside of the handler", () =>
    Effect.map(ask(), (response) => {
      assert.isUndefined(response["content-encoding"])
      assert.isUndefined(response["vary"])
    }).pipe(
      served(
        Effect.zipRight(
          NodeCompression.disable,
          Effect.map(HttpServerRequest.HttpServerRequest, () => plainText)
        )
      )
    )
  )
  it.effect("for one request only", () =>
    Effect.gen(function* () {
      const first = yield* ask({ headers: { "x-secret": "1" } })
      const second = yield* ask()
      assert.deepStrictEqual([first["content-encoding"], second["content-encoding"]], [undefined, "gzip"])
    }).pipe(
      served(
        Effect.flatMap(HttpServerRequest.HttpServerRequest, ({ headers }) =>
          headers["x-secret"] === undefined ? plainText : Effect.as(NodeCompression.disable, plainText)
        )
      )
    )
  )
  it.effect("with the filter of the options", () =>
    Effect.map(ask(), (response) => assert.isUndefined(response["content-encoding"])).pipe(
      served(plainText, { filter: (request, response) => request.url !== "/" || response.status !== 200 })
    )
  )
})

describe("the options", () => {
  it.effect("the order of codings decides between equal weights", () =>
    Effect.map(ask({ headers: { "Accept-Encoding": "br, gzip" } }), (response) =>
      assert.strictEqual(response["content-encoding"], "gzip")
    ).pipe(served(plainText, { codings: ["gzip", "br"] }))
  )
  it.effect("compressible decides which types are compressed", () =>
    Effect.map(ask(), (response) => assert.strictEqual(response["content-encoding"], "gzip")).pipe(
      served(HttpServerResponse.text(text, { contentType: "application/x-own" }), {
        compressible: (type) => type === "application/x-own"
      })
    )
  )
  it.effect("maxConcurrent limits the responses that are compressed at the same time", () =>
    Effect.map(ask(), (response) => {
      assert.isUndefined(response["content-encoding"])
      assert.strictEqual(response["vary"], "Accept-Encoding")
    }).pipe(served(plainText, { maxConcurrent: 0 }))
  )

  const invalid: ReadonlyArray<[options: object, option: string, reason?: string]> = [
    [{ threshold: -1 }, "threshold"],
    [{ codings: ["gzip", "deflate"] }, "codings"],
    [{ codings: ["gzip", "gzip"] }, "codings"],
    [{ compressible: "text/*" }, "compressible"],
    [{ filter: true }, "filter"],
    [{ maxConcurrent: NaN }, "maxConcurrent"],
    [{ gzip: { level: 10 } }, "gzip.level"],
    [{ gzip: { quality: 1 } }, "gzip.quality", "is not known"],
    [{ gzip: 9 }, "gzip"],
    [{ brotli: { quality: 12 } }, "brotli.quality"],
    [{ brotli: { windowBits: 25 } }, "brotli.windowBits"],
    [{ zstd: { windowBits: 24 } }, "zstd.windowBits"],
    [{ level: 9 }, "level", "is not known"]
  ]
  for (const [options, option, reason = "must be"] of invalid) {
    it.effect(`${JSON.stringify(options)} is refused`, () =>
      Effect.gen(function* () {
        assert.strictEqual((yield* ask()).status, 500)
        const [failure] = yield* TestServer.failures
        assert.match(String(failure?.cause), new RegExp(`"?${option}"?.*${reason}`, "s"))
      }).pipe(Effect.provide(TestServer.serve(NodeCompression.compress(options)(plainText))))
    )
  }
})

describe("is applied in", () => {
  const compress = NodeCompression.compress()
  const check = Effect.map(ask(), (response) =>
    assert.deepInclude(response, { "content-encoding": "gzip", content: text, vary: "Accept-Encoding" })
  )
  const router = HttpRouter.empty.pipe(HttpRouter.get("/", plainText))
  const api = HttpApi.make("api").add(
    HttpApiGroup.make("teas", { topLevel: true }).add(
      HttpApiEndpoint.get("teas", "/").addSuccess(Schema.String)
    )
  )
  const group = HttpApiBuilder.group(api, "teas", (handlers) =>
    handlers.handle("teas", () => Effect.succeed(text))
  )
  const teas = HttpLayerRouter.add("GET", "/", plainText)

  const stacks: Readonly<Record<string, Layer.Layer<never, unknown, TestServer.Provided>>> = {
    "serve with a middleware": HttpServer.serve(plainText, compress),
    "serve with a middleware beside a logger": HttpServer.serve(
      plainText,
      flow(compress, HttpMiddleware.logger)
    ),
    "serve with a logger around": HttpServer.serve(router, flow(HttpMiddleware.xForwardedHeaders, compress)),
    "a router": HttpServer.serve(HttpRouter.use(router, compress)),
    "a route": HttpServer.serve(HttpRouter.empty.pipe(HttpRouter.get("/", compress(plainText)))),
    "an HttpApi": HttpApiBuilder.serve().pipe(
      Layer.provide(HttpApiBuilder.middleware(compress)),
      Layer.provide(HttpApiBuilder.api(api)),
      Layer.provide(group)
    ),
    "an HttpApi, served with it": HttpApiBuilder.serve(compress).pipe(
      Layer.provide(HttpApiBuilder.api(api)),
      Layer.provide(group)
    ),
    "an HttpApi with compiled routes": Serve.httpApi(compress).pipe(
      Layer.provide(HttpApiBuilder.api(api)),
      Layer.provide(group)
    ),
    "an HttpLayerRouter": HttpLayerRouter.serve(
      Layer.provide(teas, HttpLayerRouter.middleware(compress).layer),
      { disableLogger: true, disableListenLog: true }
    ),
    "an HttpLayerRouter, global": HttpLayerRouter.serve(
      Layer.merge(teas, HttpLayerRouter.middleware(compress, { global: true })),
      { disableLogger: true, disableListenLog: true }
    ),
    "an HttpLayerRouter, served with it": HttpLayerRouter.serve(teas, {
      middleware: compress,
      disableLogger: true,
      disableListenLog: true
    }),
    "two of them": HttpServer.serve(HttpRouter.use(router, compress), compress)
  }
  for (const [name, stack] of Object.entries(stacks)) {
    it.effect(name, () =>
      name.includes("HttpApi")
        ? Effect.map(ask(), (response) =>
            assert.deepInclude(response, { "content-encoding": "gzip", content: JSON.stringify(text) })
          ).pipe(Effect.provide(Layer.provideMerge(stack, TestServer.layer())))
        : Effect.provide(check, Layer.provideMerge(stack, TestServer.layer()))
    )
  }
})
