/**
 * `ConditionalRequests.middleware` for bodies in memory and for streams, and `check` before a change of
 * state.
 */
import {
  HttpClient,
  HttpClientRequest,
  HttpLayerRouter,
  HttpRouter,
  HttpServer,
  HttpServerRequest,
  HttpServerResponse
} from "@effect/platform"
import { assert, describe, it } from "@effect/vitest"
import { ConditionalRequests, type HttpError } from "@httpfx/core"
import { TestServer } from "@httpfx/testing"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"

const etag = '"7"'
const modified = "Thu, 01 Jan 1970 00:00:10 GMT"
const ten = "0123456789"
const stream = Stream.make(new TextEncoder().encode(ten))

const bodies = {
  "/text": HttpServerResponse.text(ten, { headers: { etag } }),
  "/json": HttpServerResponse.unsafeJson(ten, { headers: { etag } }),
  "/dated": HttpServerResponse.text(ten, { headers: { "last-modified": modified } }),
  "/stream": HttpServerResponse.stream(stream, { headers: { etag } }),
  "/empty": HttpServerResponse.empty({ status: 200, headers: { etag } }),
  "/bare": HttpServerResponse.text(ten),
  "/error": HttpServerResponse.text(ten, { status: 500, headers: { etag } })
}
const handler = Effect.map(
  HttpServerRequest.HttpServerRequest,
  ({ url }) => bodies[url as keyof typeof bodies]
)

const rows: ReadonlyArray<
  readonly [keyof typeof bodies, Record<string, string>, status: number, body: string]
> = [
  ["/text", {}, 200, ten],
  ["/text", { "if-none-match": etag }, 304, ""],
  ["/text", { range: "bytes=2-4" }, 206, "234"],
  ["/text", { range: "bytes=10-" }, 416, ""],
  ["/json", { "if-none-match": etag }, 304, ""],
  ["/dated", { "if-modified-since": modified }, 304, ""],
  ["/dated", { range: "bytes=-1" }, 206, "9"],
  ["/stream", { "if-none-match": etag }, 304, ""],
  ["/stream", { "if-match": '"8"' }, 412, ""],
  // A stream cannot be read from the middle, so it is sent whole.
  ["/stream", { range: "bytes=2-4" }, 200, ten],
  ["/empty", { "if-none-match": etag }, 304, ""],
  // The response has no validator, so there is nothing to compare with.
  ["/bare", { "if-none-match": "*" }, 200, ten],
  ["/bare", { "if-match": etag }, 200, ten],
  ["/bare", { range: "bytes=2-4" }, 200, ten],
  ["/error", { "if-none-match": etag }, 500, ten]
]

const app = handler.pipe(ConditionalRequests.middleware())
const ways = {
  "of an app": HttpServer.serve(app),
  "of a server": HttpServer.serve(handler, ConditionalRequests.middleware()),
  "of an HttpLayerRouter": HttpLayerRouter.serve(
    Layer.merge(
      HttpLayerRouter.add("GET", "/*", handler),
      HttpLayerRouter.middleware(ConditionalRequests.middleware(), { global: true })
    )
  ),
  "of a route": HttpServer.serve(
    HttpRouter.empty.pipe(HttpRouter.get("/*", handler), HttpRouter.use(ConditionalRequests.middleware()))
  ),
  twice: HttpServer.serve(app, ConditionalRequests.middleware({ maxRanges: 100 }))
}

describe.each(Object.entries(ways))("middleware %s", (_, serving) => {
  it.effect.each(rows)("%s %j is %d", ([path, headers, status, body]) =>
    Effect.gen(function* () {
      yield* TestClock.setTime(Date.UTC(2026, 0))
      const response = yield* HttpClient.get(path, { headers })
      assert.deepStrictEqual([response.status, yield* response.text], [status, body])
    }).pipe(Effect.provide(Layer.provideMerge(serving as Layer.Layer<never>, TestServer.layer())))
  )
})

describe("middleware", () => {
  const representation = {
    size: 10,
    read: (offset: number, length: number) =>
      Stream.make(new TextEncoder().encode(ten.slice(offset, offset + length)))
  }
  const file = ConditionalRequests.response(representation, { headers: { etag } })

  it.effect.each([
    [{ maxRanges: 0 }, "bytes=0-1", 200],
    [{ maxRanges: 1 }, "bytes=0-1", 206],
    [{ maxRanges: 1 }, "bytes=0-1,0-1", 200]
  ] as const)("%j and %s: %d", ([options, range, status]) =>
    Effect.gen(function* () {
      for (const path of ["/text", "/file"])
        assert.strictEqual((yield* HttpClient.get(path, { headers: { range } })).status, status)
    }).pipe(
      Effect.provide(
        TestServer.serve(
          HttpRouter.empty.pipe(
            HttpRouter.get("/text", handler),
            HttpRouter.get("/file", Effect.succeed(file)),
            HttpRouter.use(ConditionalRequests.middleware(options))
          )
        )
      )
    )
  )

  it.effect.each([[-1], [1.5], ["3"]] as const)(
    "maxRanges: %j is refused with the first request",
    ([maxRanges]) =>
      Effect.gen(function* () {
        assert.strictEqual((yield* HttpClient.get("/text")).status, 500)
        const [failure] = yield* TestServer.failures
        assert.include(String(failure!.cause), "maxRanges")
      }).pipe(
        Effect.provide(
          TestServer.serve(handler.pipe(ConditionalRequests.middleware({ maxRanges: maxRanges as number })))
        )
      )
  )
})

describe("a response of which any range can be read", () => {
  it.effect.each<readonly [string, Record<string, string>, ReadonlyArray<readonly [number, number]>]>([
    ["GET", {}, [[0, 1000]]],
    ["GET", { "if-none-match": etag }, []],
    ["GET", { "if-match": '"8"' }, []],
    ["GET", { range: "bytes=1000-" }, []],
    ["GET", { range: "bytes=2-4" }, [[2, 3]]],
    [
      "GET",
      { range: "bytes=500-,0-1" },
      [
        [500, 500],
        [0, 2]
      ]
    ]
  ])("%s with %j reads %j", ([method, headers, expected]) => {
    const reads: Array<readonly [number, number]> = []
    const made = ConditionalRequests.response(
      {
        size: 1000,
        read: (offset, length) => {
          reads.push([offset, length])
          return Stream.make(new Uint8Array(length))
        }
      },
      { headers: { etag } }
    )
    return Effect.gen(function* () {
      const response = yield* HttpClient.execute(HttpClientRequest.make(method as "GET")("/", { headers }))
      yield* response.arrayBuffer
      assert.deepStrictEqual(reads, expected)
    }).pipe(Effect.provide(TestServer.serve(Effect.succeed(made))))
  })
})

describe("check", () => {
  type State = ConditionalRequests.Validators | undefined
  const known: State = { etag, lastModified: new Date(10_999) }
  const cases: ReadonlyArray<readonly [string, State, Record<string, string>, number]> = [
    ["PUT", known, {}, 200],
    ["PUT", known, { "if-match": etag }, 200],
    ["PUT", known, { "if-match": '"6"' }, 412],
    ["PUT", known, { "if-match": "*" }, 200],
    ["PUT", undefined, { "if-match": "*" }, 412],
    ["PUT", known, { "if-none-match": "*" }, 412],
    ["PUT", undefined, { "if-none-match": "*" }, 200],
    ["PUT", known, { "if-none-match": 'W/"7"' }, 412],
    ["DELETE", known, { "if-unmodified-since": modified }, 200],
    ["DELETE", known, { "if-unmodified-since": "Thu, 01 Jan 1970 00:00:09 GMT" }, 412],
    ["DELETE", undefined, { "if-unmodified-since": modified }, 200],
    ["PUT", known, { "if-modified-since": modified }, 200],
    ["GET", known, { "if-none-match": etag }, 304],
    ["HEAD", known, { "if-modified-since": modified }, 304],
    ["GET", undefined, { "if-none-match": "*" }, 200],
    ["GET", { etag: 'W/"7"' }, { "if-match": 'W/"7"' }, 412]
  ]
  it.effect.each(cases)("%s of %j with %j is %d", ([method, state, headers, expected]) => {
    let changes = 0
    const app = Effect.gen(function* () {
      yield* ConditionalRequests.check(state)
      changes++
      return HttpServerResponse.empty({ status: 200 })
    })
    return Effect.gen(function* () {
      const request = HttpClientRequest.make(method as "PUT")("/", { headers })
      const response = yield* HttpClient.execute(request)
      assert.strictEqual(response.status, expected)
      assert.strictEqual(changes, expected === 200 ? 1 : 0)
      if (expected !== 200) assert.strictEqual(response.headers["etag"], state?.etag)
      // A false precondition does not count as a failure of the handler.
      assert.deepStrictEqual(yield* TestServer.failures, [])
    }).pipe(Effect.provide(TestServer.serve(app)))
  })

  it.effect("fails with PreconditionFailed, which a handler may catch", () =>
    Effect.gen(function* () {
      const response = yield* HttpClient.get("/", { headers: { "if-match": '"6"' } })
      assert.deepStrictEqual(yield* response.json, {
        status: 412,
        etag,
        code: "ERR_HTTPFX_PRECONDITION_FAILED"
      })
    }).pipe(
      Effect.provide(
        TestServer.serve(
          Effect.matchEffect(ConditionalRequests.check(known), {
            onFailure: (error: HttpError.PreconditionFailed) =>
              Effect.orDie(
                HttpServerResponse.json({ status: error.status, etag: error.etag, code: error.code })
              ),
            onSuccess: () => Effect.succeed(HttpServerResponse.empty())
          })
        )
      )
    )
  )
})
