/**
 * File responses support ranges and preconditions in every kind of app: on each router, with middleware, in a
 * web handler, and created in advance. A file response that middleware replaces is not evaluated.
 */
import {
  Cookies,
  FileSystem,
  Headers,
  HttpApi,
  HttpApiBuilder,
  HttpApiEndpoint,
  HttpApiGroup,
  HttpApiSchema,
  HttpApp,
  HttpClient,
  HttpLayerRouter,
  HttpMiddleware,
  type HttpPlatform,
  HttpRouter,
  HttpServer,
  HttpServerRequest,
  HttpServerResponse
} from "@effect/platform"
import { assert, describe, it } from "@effect/vitest"
import { ConditionalRequests } from "@httpfx/core"
import { TestServer } from "@httpfx/testing"
import * as Effect from "effect/Effect"
import * as HashMap from "effect/HashMap"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as TestClock from "effect/TestClock"

const file = Effect.orDie(HttpServerResponse.file("/a.txt"))
const write = Effect.flatMap(FileSystem.FileSystem, (fs) => fs.writeFileString("/a.txt", "0123456789"))

const api = HttpApi.make("api").add(
  HttpApiGroup.make("files").add(
    HttpApiEndpoint.get("file", "/").addSuccess(HttpApiSchema.Text({ contentType: "text/plain" }))
  )
)
const group = HttpApiBuilder.group(api, "files", (handlers) => handlers.handleRaw("file", () => file))

const doors = {
  serve: HttpServer.serve(file),
  "serve, with middleware": HttpServer.serve(file, HttpMiddleware.logger),
  "serve, with middleware that asks for handlers": HttpServer.serve(file, HttpMiddleware.cors()),
  router: HttpServer.serve(HttpRouter.empty.pipe(HttpRouter.get("/", file))),
  "mounted app": HttpServer.serve(HttpRouter.empty.pipe(HttpRouter.mountApp("/", file))),
  "error channel": HttpServer.serve(Effect.flatMap(file, (response) => Effect.fail(response))),
  HttpApi: HttpApiBuilder.serve().pipe(Layer.provide(HttpApiBuilder.api(api)), Layer.provide(group)),
  HttpLayerRouter: HttpLayerRouter.serve(HttpLayerRouter.add("GET", "/", file)),
  "our own middleware": HttpServer.serve(file.pipe(ConditionalRequests.middleware())),
  "made in advance": Layer.unwrapEffect(
    Effect.map(Effect.zipRight(write, file), (made) => HttpServer.serve(made))
  )
}

const get = (headers: Record<string, string>) =>
  Effect.flatMap(HttpClient.get("/", { headers }), (response) =>
    Effect.map(response.text, (body) => ({ status: response.status, headers: response.headers, body }))
  )

const quiet = Logger.remove(Logger.defaultLogger)

describe("HttpServerResponse.file", () => {
  it.effect.each(Object.entries(doors))("supports ranges and preconditions: %s", ([, door]) =>
    Effect.gen(function* () {
      yield* write
      const whole = yield* get({})
      assert.deepStrictEqual([whole.status, whole.body], [200, "0123456789"])
      assert.strictEqual(whole.headers["accept-ranges"], "bytes")
      const part = yield* get({ range: "bytes=2-4" })
      assert.deepStrictEqual([part.status, part.body], [206, "234"])
      const known = yield* get({ "if-none-match": whole.headers["etag"]! })
      assert.deepStrictEqual([known.status, known.body], [304, ""])
      assert.strictEqual((yield* get({ "if-match": '"other"' })).status, 412)
    }).pipe(
      Effect.provide(Layer.provideMerge(door as Layer.Layer<never>, TestServer.layer())),
      Effect.provide(quiet)
    )
  )

  it.effect("supports them in a web handler", () =>
    Effect.gen(function* () {
      yield* write
      const context = yield* Effect.context<HttpPlatform.HttpPlatform>()
      const handler = HttpApp.toWebHandler(Effect.provide(file, context))
      const ask = (headers: Record<string, string>, method = "GET") =>
        Effect.promise(async () => {
          const response = await handler(new Request("http://a.test/", { headers, method }))
          return [response.status, await response.text(), response.headers.get("content-range")]
        })
      assert.deepStrictEqual(yield* ask({ range: "bytes=2-4" }), [206, "234", "bytes 2-4/10"])
      assert.deepStrictEqual(yield* ask({ range: "bytes=10-" }), [416, "", "bytes */10"])
      assert.deepStrictEqual(yield* ask({ "if-none-match": "*" }), [304, "", null])
      assert.deepStrictEqual(yield* ask({ range: "bytes=2-4" }, "HEAD"), [200, "", null])
    }).pipe(Effect.provide(TestServer.layer()))
  )

  it.effect("can be created outside of any request", () =>
    Effect.gen(function* () {
      yield* write
      assert.strictEqual((yield* file).status, 200)
    }).pipe(Effect.provide(TestServer.layer()))
  )

  it.effect("is sent whole if the handler changes the status", () =>
    Effect.gen(function* () {
      yield* write
      yield* HttpServer.serveEffect(Effect.map(file, HttpServerResponse.setStatus(404)))
      const { body, headers, status } = yield* get({ range: "bytes=2-4", "if-none-match": "*" })
      assert.deepStrictEqual([status, body], [404, "0123456789"])
      assert.notProperty(headers, "accept-ranges")
    }).pipe(Effect.scoped, Effect.provide(TestServer.layer()))
  )

  it.effect("the logger's middleware sees the status that was sent", () => {
    const statuses: Array<unknown> = []
    const logger = Logger.replace(
      Logger.defaultLogger,
      Logger.make(({ annotations }) => {
        HashMap.forEach(annotations, (value, name) => {
          if (name === "http.status") statuses.push(value)
        })
      })
    )
    return Effect.gen(function* () {
      yield* write
      yield* get({ range: "bytes=2-4" })
      yield* get({ "if-none-match": "*" })
      assert.deepStrictEqual(statuses, [206, 304])
    }).pipe(
      Effect.provide(
        Layer.provideMerge(doors["serve, with middleware"] as Layer.Layer<never>, TestServer.layer()).pipe(
          Layer.provide(logger)
        )
      )
    )
  })

  const options = {
    contentType: [{ contentType: "a/b" }, { "content-type": "a/b" }],
    "content-type of the headers": [{ headers: { "Content-Type": "a/b" } }, { "content-type": "a/b" }],
    etag: [{ headers: { etag: '"mine"' } }, { etag: '"mine"' }],
    "last-modified": [
      { headers: { "last-modified": "Thu, 01 Jan 1970 00:00:00 GMT" } },
      { "last-modified": "Thu, 01 Jan 1970 00:00:00 GMT" }
    ],
    "other headers": [{ headers: { "x-a": "1" } }, { "x-a": "1", "content-type": "text/plain" }]
  } as const
  it.effect.each(Object.entries(options))("honours %s", ([, [given, expected]]) =>
    Effect.gen(function* () {
      yield* write
      const app = Effect.orDie(HttpServerResponse.file("/a.txt", given))
      yield* HttpServer.serveEffect(app)
      for (const range of [{}, { range: "bytes=2-4" }]) {
        const { headers } = yield* get(range)
        for (const [name, value] of Object.entries(expected)) assert.strictEqual(headers[name], value)
      }
    }).pipe(Effect.scoped, Effect.provide(TestServer.layer()))
  )

  it.effect("a range of a part of a file is relative to this part", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      yield* fs.writeFileString("/a.txt", `ab${"-".repeat(297)}z-------`)
      yield* HttpServer.serveEffect(
        Effect.orDie(HttpServerResponse.file("/a.txt", { offset: 1, bytesToRead: 299 }))
      )
      const { body, headers } = yield* get({ range: "bytes=0-1,298-999" })
      assert.match(headers["content-type"]!, /^multipart\/byteranges/)
      assert.match(body, /bytes 0-1\/299\r\n\r\nb-\r\n[^]*bytes 298-298\/299\r\n\r\nz\r\n/)
    }).pipe(Effect.scoped, Effect.provide(TestServer.layer()))
  )

  const inMemory = (options: FileSystem.StreamOptions) => HttpServerResponse.file("/a.txt", options)
  const ofBlob = (options: FileSystem.StreamOptions) =>
    HttpServerResponse.fileWeb(new File(["0123456789"], "a.txt"), options)
  for (const [name, respond] of Object.entries({ inMemory, ofBlob }))
    it.effect(`a part never exceeds the file: ${name}`, () =>
      Effect.gen(function* () {
        const fs = yield* FileSystem.FileSystem
        yield* fs.writeFileString("/a.txt", "0123456789")
        let options: FileSystem.StreamOptions = {}
        yield* HttpServer.serveEffect(Effect.suspend(() => Effect.orDie(respond(options))))
        for (const [selected, expected] of [
          [{ bytesToRead: 100 }, "0123456789"],
          [{ offset: 8, bytesToRead: 100n }, "89"],
          [{ offset: 10 }, ""],
          [{ offset: 20, bytesToRead: 1 }, ""],
          [{ offset: -5, bytesToRead: 2 }, "01"],
          [{ bytesToRead: -1 }, ""],
          [{ offset: 1.5, bytesToRead: 2.5 }, "12"],
          [{ offset: NaN, bytesToRead: 2 }, "01"],
          [{ offset: Infinity }, ""],
          [{ bytesToRead: Infinity }, "0123456789"]
        ] as const) {
          options = selected as FileSystem.StreamOptions
          const { body, headers, status } = yield* get({})
          assert.deepStrictEqual([status, body], [200, expected])
          assert.strictEqual(headers["content-length"], String(expected.length))
        }
      }).pipe(Effect.scoped, Effect.provide(TestServer.layer()))
    )

  it.effect("Last-Modified is the time of the file's change, and never later than Date", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(Date.UTC(2026, 10, 30))
      yield* write
      const fs = yield* FileSystem.FileSystem
      yield* HttpServer.serveEffect(file)
      for (const [changed, expected] of [
        [Date.UTC(2026, 10, 29), "Sun, 29 Nov 2026 00:00:00 GMT"],
        [Date.UTC(2027, 0), "Mon, 30 Nov 2026 00:00:00 GMT"]
      ] as const) {
        yield* fs.utimes("/a.txt", new Date(changed), new Date(changed))
        assert.strictEqual((yield* get({})).headers["last-modified"], expected)
      }
    }).pipe(Effect.scoped, Effect.provide(TestServer.layer()))
  )

  it.effect("cookies of the options are sent, also with a 206", () =>
    Effect.gen(function* () {
      yield* write
      const cookies = Cookies.unsafeSet(Cookies.empty, "seen", "1")
      yield* HttpServer.serveEffect(Effect.orDie(HttpServerResponse.file("/a.txt", { cookies })))
      for (const headers of [{}, { range: "bytes=2-4" }, { range: "bytes=99-" }, { "if-none-match": "*" }])
        assert.strictEqual((yield* get(headers)).headers["set-cookie"], "seen=1")
    }).pipe(Effect.scoped, Effect.provide(TestServer.layer()))
  )

  it.effect("fileWeb supports ranges of a Blob, and sends a Blob-like object whole", () =>
    Effect.gen(function* () {
      const blob = new File(["0123456789"], "a.txt", { lastModified: 0 })
      const { lastModified, name, size, type } = blob
      const alike = { lastModified, name, size, type, stream: () => blob.stream() }
      const served = (one: unknown) =>
        Effect.zipRight(
          HttpServer.serveEffect(HttpServerResponse.fileWeb(one as File)),
          Effect.map(get({ range: "bytes=2-4" }), ({ body, status }) => [status, body])
        ).pipe(Effect.scoped, Effect.provide(TestServer.layer()))
      assert.deepStrictEqual(yield* served(blob), [206, "234"])
      assert.deepStrictEqual(yield* served(alike), [200, "0123456789"])
    })
  )

  it.effect("fileWeb sends the time that the app gives, also under a clock that is behind", () =>
    Effect.gen(function* () {
      const blob = new File(["a"], "a.txt", { lastModified: Date.UTC(2026, 10, 29) })
      yield* HttpServer.serveEffect(HttpServerResponse.fileWeb(blob))
      assert.strictEqual((yield* get({})).headers["last-modified"], "Sun, 29 Nov 2026 00:00:00 GMT")
    }).pipe(Effect.scoped, Effect.provide(TestServer.layer()))
  )

  it.effect("is sent whole if a middleware removes Range from the request", () =>
    Effect.gen(function* () {
      yield* write
      const withoutRange = HttpMiddleware.make((app) =>
        Effect.updateService(app, HttpServerRequest.HttpServerRequest, (request) =>
          request.modify({ headers: Headers.remove(request.headers, "range") })
        )
      )
      yield* HttpServer.serveEffect(file, withoutRange)
      const { body, status } = yield* get({ range: "bytes=2-4" })
      assert.deepStrictEqual([status, body], [200, "0123456789"])
    }).pipe(Effect.scoped, Effect.provide(TestServer.layer()))
  )

  it.effect("fails for a folder", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      yield* fs.makeDirectory("/folder")
      const error = yield* Effect.flip(HttpServerResponse.file("/folder"))
      assert.deepInclude(error, { _tag: "SystemError", reason: "BadResource", pathOrDescriptor: "/folder" })
    }).pipe(Effect.provide(TestServer.layer()))
  )
})
