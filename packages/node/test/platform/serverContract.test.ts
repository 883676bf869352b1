/**
 * The guarantees of platform's server to apps, over real sockets with `NodeHttpServer.layerTest`: files,
 * forms, limits, middleware, web handlers. test/parity.test.ts compares the responses of both stacks.
 */
import * as nodeFs from "node:fs/promises"
import * as os from "node:os"
import * as path from "node:path"
import {
  Cookies,
  Etag,
  FileSystem,
  HttpApp,
  HttpBody,
  HttpClient,
  HttpClientRequest,
  HttpMiddleware,
  HttpMultiplex,
  HttpPlatform,
  HttpRouter,
  HttpServer,
  HttpServerRequest,
  HttpServerResponse,
  Multipart,
  Path
} from "@effect/platform"
import { assert, describe, it } from "@effect/vitest"
import { NodeHttpServer } from "@httpfx/node"
import * as Config from "effect/Config"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"

const served = <E, A, E2, R2>(
  app: HttpApp.Default<E, NodeHttpServer.Services | HttpServerRequest.HttpServerRequest | Scope.Scope>,
  test: Effect.Effect<A, E2, R2>
) => Effect.zipRight(HttpServer.serveEffect(app), test).pipe(Effect.provide(NodeHttpServer.layerTest))

const folder = Effect.acquireRelease(
  Effect.promise(() => nodeFs.mkdtemp(path.join(os.tmpdir(), "httpfx-"))),
  (name) => Effect.promise(() => nodeFs.rm(name, { recursive: true }))
)
const file = (name: string, content: string | Uint8Array) =>
  Effect.flatMap(folder, (where) => {
    const full = path.join(where, name)
    return Effect.as(
      Effect.promise(() => nodeFs.writeFile(full, content)),
      full
    )
  })

describe("layers", () => {
  it.scoped("layer provides every service of an app", () =>
    Effect.gen(function* () {
      const { address } = yield* HttpServer.HttpServer
      assert.strictEqual(address._tag, "TcpAddress")
      const files = yield* FileSystem.FileSystem
      const paths = yield* Path.Path
      assert.isTrue(yield* files.exists(paths.resolve("package.json")))
      yield* HttpPlatform.HttpPlatform
      yield* Etag.Generator
    }).pipe(Effect.provide(NodeHttpServer.layer({ host: "127.0.0.1", port: 0 })))
  )

  it.scoped("layerConfig takes options from the configuration", () =>
    Effect.gen(function* () {
      const { address } = yield* HttpServer.HttpServer
      assert.propertyVal(address, "hostname", "127.0.0.1")
    }).pipe(
      Effect.provide(
        NodeHttpServer.layerConfig({ host: Config.string("HOST"), port: Config.integer("PORT") })
      ),
      Effect.withConfigProvider(
        ConfigProvider.fromMap(
          new Map([
            ["HOST", "127.0.0.1"],
            ["PORT", "0"]
          ])
        )
      )
    )
  )

  it.scoped("make starts a server, and fails if the port is in use", () =>
    Effect.gen(function* () {
      const { address } = yield* NodeHttpServer.make({ host: "127.0.0.1", port: 0 })
      assert.isTrue(address._tag === "TcpAddress" && address.port > 0)
      const port = address._tag === "TcpAddress" ? address.port : 0
      const error = yield* Effect.flip(NodeHttpServer.make({ host: "127.0.0.1", port }))
      assert.strictEqual(error._tag, "ServeError")
      assert.propertyVal(error.cause, "code", "EADDRINUSE")
    })
  )
})

describe("files as responses", () => {
  const text = "0123456789"
  const answered = (options?: Parameters<typeof HttpServerResponse.file>[1]) =>
    Effect.gen(function* () {
      const name = yield* file("a.html", text)
      return yield* served(
        Effect.orDie(HttpServerResponse.file(name, options)),
        Effect.gen(function* () {
          const response = yield* HttpClient.get("/")
          return { headers: response.headers, body: yield* response.text, status: response.status }
        })
      )
    })

  it.scoped("have Content-Type, Content-Length, ETag and Last-Modified", () =>
    Effect.gen(function* () {
      const { body, headers, status } = yield* answered()
      assert.strictEqual(status, 200)
      assert.strictEqual(body, text)
      assert.strictEqual(headers["content-type"], "text/html")
      assert.strictEqual(headers["content-length"], "10")
      assert.match(headers["etag"] ?? "", /^W?\/?"a-/)
      assert.match(headers["last-modified"] ?? "", / GMT$/)
    })
  )

  it.scoped("send a range exactly", () =>
    Effect.gen(function* () {
      const { body, headers } = yield* answered({ offset: 2, bytesToRead: 3, status: 206 })
      assert.strictEqual(body, "234")
      assert.strictEqual(headers["content-length"], "3")
      assert.strictEqual((yield* answered({ offset: 8 })).body, "89")
      assert.strictEqual((yield* answered({ offset: 99 })).body, "")
      assert.strictEqual(
        (yield* answered({ headers: { "content-type": "x/y" } })).headers["content-type"],
        "x/y"
      )
    })
  )

  it.scoped("are complete if they are large, and HEAD has the same fields without a body", () =>
    Effect.gen(function* () {
      const bytes = new Uint8Array(1_000_003).map((_, index) => index % 251)
      const name = yield* file("x.bin", bytes)
      yield* served(
        Effect.orDie(HttpServerResponse.file(name)),
        Effect.gen(function* () {
          const whole = new Uint8Array(yield* (yield* HttpClient.get("/")).arrayBuffer)
          assert.strictEqual(Buffer.compare(whole, bytes), 0)
          const { headers } = yield* HttpClient.head("/")
          assert.strictEqual(headers["content-length"], "1000003")
          assert.strictEqual(headers["content-type"], "application/octet-stream")
        })
      )
    })
  )

  it.scoped("a missing file is handled by the app", () =>
    served(
      Effect.catchTag(HttpServerResponse.file("/not/there"), "SystemError", () =>
        HttpServerResponse.empty({ status: 404 })
      ),
      Effect.map(HttpClient.get("/"), ({ status }) => assert.strictEqual(status, 404))
    )
  )

  it.scoped("can be web File objects", () =>
    served(
      HttpServerResponse.fileWeb(new File(["hello"], "a.txt", { lastModified: 0 })),
      Effect.gen(function* () {
        const response = yield* HttpClient.get("/")
        assert.strictEqual(yield* response.text, "hello")
        assert.strictEqual(response.headers["content-type"], "text/plain")
        assert.strictEqual(response.headers["content-length"], "5")
        assert.strictEqual(response.headers["last-modified"], "Thu, 01 Jan 1970 00:00:00 GMT")
        assert.match(response.headers["etag"] ?? "", /"5-0"$/)
      })
    )
  )
})

describe("forms", () => {
  const form = (...parts: ReadonlyArray<readonly [string, string | Blob]>) => {
    const data = new FormData()
    for (const [name, value] of parts) {
      if (typeof value === "string") data.append(name, value)
      else data.append(name, value, "x.txt")
    }
    return HttpClientRequest.post("/").pipe(HttpClientRequest.bodyFormData(data))
  }

  it.scoped(
    "persisted: fields are decoded by a schema, and files are stored until the request completes",
    () =>
      Effect.gen(function* () {
        let kept = ""
        const app = Effect.gen(function* () {
          const schema = Schema.Struct({ name: Schema.String, file: Multipart.FilesSchema })
          const { file, name } = yield* HttpServerRequest.schemaBodyForm(schema)
          kept = file[0]!.path
          const files = yield* FileSystem.FileSystem
          return HttpServerResponse.text(`${name} ${file[0]!.name} ${yield* files.readFileString(kept)}`)
        }).pipe(Effect.scoped)
        yield* served(
          app,
          Effect.gen(function* () {
            const response = yield* HttpClient.execute(form(["name", "ä"], ["file", new Blob(["content"])]))
            assert.strictEqual(yield* response.text, "ä x.txt content")
            const files = yield* FileSystem.FileSystem
            assert.isFalse(yield* files.exists(kept))
          })
        )
      })
  )

  it.scoped("persisted: files with equal names are kept apart, and those of a failed form are removed", () =>
    Effect.gen(function* () {
      const paths: Array<string> = []
      const app = Effect.gen(function* () {
        const files = yield* FileSystem.FileSystem
        const { multipart } = yield* HttpServerRequest.HttpServerRequest
        const noted: FileSystem.FileSystem = {
          ...files,
          sink: (path, options) => {
            paths.push(path)
            return files.sink(path, options)
          }
        }
        const { file } = yield* Effect.provideService(multipart, FileSystem.FileSystem, noted)
        const contents = yield* Effect.forEach(
          file as ReadonlyArray<Multipart.PersistedFile>,
          ({ name, path }) => Effect.map(files.readFileString(path), (content) => `${name} ${content}`)
        )
        return HttpServerResponse.text(contents.join())
      }).pipe(Effect.scoped)
      yield* served(
        app,
        Effect.gen(function* () {
          const files = yield* FileSystem.FileSystem
          const data = new FormData()
          data.append("file", new Blob(["A"]), "тест.txt")
          data.append("file", new Blob(["B"]), "тест.txt")
          const response = yield* HttpClient.execute(
            HttpClientRequest.post("/").pipe(HttpClientRequest.bodyFormData(data))
          )
          assert.strictEqual(yield* response.text, "тест.txt A,тест.txt B")
          const cut = '--x\r\nContent-Disposition: form-data; name="file"; filename="cut"\r\n\r\nhal'
          const failed = yield* HttpClient.post("/", {
            body: HttpBody.text(cut, "multipart/form-data; boundary=x")
          })
          assert.strictEqual(failed.status, 400)
          assert.strictEqual(paths.length, 3)
          for (const path of paths) assert.isFalse(yield* files.exists(path))
        })
      )
    })
  )

  const limits = {
    "too many parts": [Multipart.withMaxParts(Option.some(1)), form(["a", "1"], ["b", "2"])],
    "a field too large": [Multipart.withMaxFieldSize(10), form(["a", "x".repeat(100)])],
    "a file too large": [
      Multipart.withMaxFileSize(Option.some(10)),
      form(["a", new Blob(["x".repeat(100)])])
    ],
    "a body too large": [
      HttpServerRequest.withMaxBodySize(Option.some(FileSystem.Size(10))),
      form(["a", "x".repeat(100)])
    ]
  } as const
  const waysToRead = {
    streamed: Effect.flatMap(HttpServerRequest.HttpServerRequest, ({ multipartStream }) =>
      Stream.runForEach(multipartStream, (part) =>
        part._tag === "File" ? Stream.runDrain(part.content) : Effect.void
      )
    ),
    persisted: Effect.flatMap(HttpServerRequest.HttpServerRequest, ({ multipart }) => multipart)
  }
  for (const [way, read] of Object.entries(waysToRead)) {
    it.scoped.each(Object.entries(limits))(`${way}: %s sends 413`, ([, [limit, request]]) =>
      served(
        limit(Effect.as(read, HttpServerResponse.empty())) as HttpApp.Default<
          Multipart.MultipartError,
          NodeHttpServer.Services | HttpServerRequest.HttpServerRequest | Scope.Scope
        >,
        Effect.map(HttpClient.execute(request), ({ status }) => assert.strictEqual(status, 413))
      )
    )
  }

  it.scoped("a malformed form sends 400", () =>
    served(
      Effect.as(waysToRead.persisted, HttpServerResponse.empty()),
      Effect.gen(function* () {
        const body = HttpBody.text("--x\r\nnonsense", "multipart/form-data; boundary=x")
        const { status } = yield* HttpClient.post("/", { body })
        assert.strictEqual(status, 400)
      })
    )
  )
})

describe("bodies", () => {
  const echo = HttpServerRequest.schemaBodyJson(Schema.Struct({ n: Schema.NumberFromString }))
  const app = HttpRouter.empty.pipe(
    HttpRouter.post(
      "/json",
      Effect.map(echo, ({ n }) => HttpServerResponse.text(`${n + 1}`))
    ),
    HttpRouter.post(
      "/params",
      Effect.map(HttpServerRequest.schemaBodyUrlParams(Schema.Struct({ a: Schema.String })), ({ a }) =>
        HttpServerResponse.text(a)
      )
    ),
    HttpRouter.post(
      "/text",
      HttpServerRequest.HttpServerRequest.pipe(
        Effect.flatMap(({ text }) => text),
        HttpServerRequest.withMaxBodySize(Option.some(FileSystem.Size(10))),
        Effect.map((text) => HttpServerResponse.text(text))
      )
    ),
    HttpRouter.get(
      "/search/:id",
      Effect.gen(function* () {
        const { id } = yield* HttpRouter.schemaPathParams(Schema.Struct({ id: Schema.NumberFromString }))
        const { q } = yield* HttpServerRequest.schemaSearchParams(
          Schema.Struct({ q: Schema.Array(Schema.String) })
        )
        return HttpServerResponse.text(`${id} ${q.join("+")}`)
      })
    ),
    Effect.catchTag("ParseError", () => HttpServerResponse.empty({ status: 422 }))
  )

  it.scoped("are decoded by a schema, and the app handles mismatches", () =>
    served(
      app,
      Effect.gen(function* () {
        const post = (path: string, body: HttpBody.HttpBody) =>
          Effect.flatMap(HttpClient.post(path, { body }), (response) =>
            Effect.map(response.text, (text) => `${response.status} ${text}`)
          )
        assert.strictEqual(yield* post("/json", HttpBody.unsafeJson({ n: "1" })), "200 2")
        assert.strictEqual(yield* post("/json", HttpBody.unsafeJson({ n: 1 })), "422 ")
        assert.strictEqual(yield* post("/json", HttpBody.text("{")), "400 ")
        assert.strictEqual(yield* post("/params", HttpBody.urlParams([["a", "b c"]])), "200 b c")
        assert.strictEqual(yield* post("/text", HttpBody.text("0123456789")), "200 0123456789")
        assert.strictEqual(yield* post("/text", HttpBody.text("0123456789a")), "413 ")
        const found = yield* HttpClient.get("/search/7?q=a&q=b")
        assert.strictEqual(yield* found.text, "7 a+b")
      })
    )
  )
})

describe("an app", () => {
  it.scoped("sets several cookies, pre-response handlers and finalizers", () =>
    Effect.gen(function* () {
      const events: Array<string> = []
      const app = Effect.gen(function* () {
        yield* Effect.addFinalizer(() => Effect.sync(() => events.push("closed")))
        yield* HttpApp.appendPreResponseHandler((_, response) =>
          HttpServerResponse.setHeader(response, "x-late", "yes")
        )
        return HttpServerResponse.empty().pipe(
          HttpServerResponse.unsafeSetCookie("a", "1", { httpOnly: true }),
          HttpServerResponse.unsafeSetCookie("b", "2")
        )
      })
      yield* served(
        app,
        Effect.gen(function* () {
          const { cookies, headers } = yield* HttpClient.get("/")
          assert.strictEqual(headers["x-late"], "yes")
          assert.deepStrictEqual(Cookies.toRecord(cookies), { a: "1", b: "2" })
          assert.deepStrictEqual(events, ["closed"])
        })
      )
    })
  )

  it.scoped("keeps an ejected scope open until its stream ends", () =>
    Effect.gen(function* () {
      const events: Array<string> = []
      const app = Effect.gen(function* () {
        yield* Effect.addFinalizer(() => Effect.sync(() => events.push("closed")))
        const body = Stream.make("a", "b").pipe(
          Stream.tap((piece) => Effect.sync(() => events.push(piece))),
          Stream.encodeText
        )
        return HttpApp.unsafeEjectStreamScope(HttpServerResponse.stream(body))
      })
      yield* served(
        app,
        Effect.gen(function* () {
          assert.strictEqual(yield* (yield* HttpClient.get("/")).text, "ab")
          assert.deepStrictEqual(events, ["a", "b", "closed"])
        })
      )
    })
  )

  it.scoped("works with xForwardedHeaders and cors", () =>
    served(
      Effect.gen(function* () {
        const request = yield* HttpServerRequest.HttpServerRequest
        return HttpServerResponse.unsafeJson({
          host: request.headers["host"],
          from: Option.getOrUndefined(request.remoteAddress)
        })
      }).pipe(
        HttpMiddleware.xForwardedHeaders,
        HttpMiddleware.cors({ allowedOrigins: ["http://a.test"], credentials: true })
      ),
      Effect.gen(function* () {
        const headers = {
          "x-forwarded-host": "b.test",
          "x-forwarded-for": "10.0.0.1",
          origin: "http://a.test"
        }
        const response = yield* HttpClient.get("/", { headers })
        assert.deepStrictEqual(yield* response.json, {
          host: "b.test",
          from: "10.0.0.1"
        })
        assert.strictEqual(response.headers["access-control-allow-origin"], "http://a.test")
        const preflight = yield* HttpClient.options("/", { headers })
        assert.strictEqual(preflight.status, 204)
      })
    )
  )

  it.scoped("of several apps is chosen by path", () =>
    served(
      HttpMultiplex.empty.pipe(
        HttpMultiplex.hostExact("a.test", HttpServerResponse.text("a")),
        HttpMultiplex.headerStartsWith("accept", "x/", HttpServerResponse.text("x"))
      ),
      Effect.gen(function* () {
        const x = yield* HttpClient.get("/", { headers: { accept: "x/y" } })
        assert.strictEqual(yield* x.text, "x")
        assert.strictEqual((yield* HttpClient.get("/")).status, 404)
      })
    )
  )

  it.live("is not interrupted if it is an uninterruptible route", () =>
    Effect.scoped(
      served(
        HttpRouter.empty.pipe(
          HttpRouter.get(
            "/",
            Effect.withFiberRuntime<HttpServerResponse.HttpServerResponse>((fiber) => {
              fiber.unsafeInterruptAsFork(fiber.id())
              return Effect.delay(HttpServerResponse.empty(), 5)
            }),
            { uninterruptible: true }
          )
        ),
        Effect.map(HttpClient.get("/"), ({ status }) => assert.strictEqual(status, 204))
      )
    )
  )
})

describe("web handlers", () => {
  it.scoped("a web handler is an app", () =>
    served(
      HttpApp.fromWebHandler(async (request) => {
        const { pathname } = new URL(request.url)
        return new Response(`${request.method} ${pathname} ${await request.text()}`, {
          status: 201,
          headers: [
            ["set-cookie", "a=1"],
            ["set-cookie", "b=2"]
          ]
        })
      }),
      Effect.gen(function* () {
        const response = yield* HttpClient.post("/x", { body: HttpBody.text("body") })
        assert.strictEqual(response.status, 201)
        assert.strictEqual(yield* response.text, "POST /x body")
        assert.deepStrictEqual(Cookies.toRecord(response.cookies), { a: "1", b: "2" })
      })
    )
  )

  it("an app is a web handler, with the services of NodeHttpServer", async () => {
    const app = Effect.map(HttpPlatform.HttpPlatform, () => HttpServerResponse.text("from an app"))
    const { dispose, handler } = HttpApp.toWebHandlerLayer(app, NodeHttpServer.layerContext)
    const response = await handler(new Request("http://x.test/"))
    assert.strictEqual(await response.text(), "from an app")
    await dispose()
  })
})
