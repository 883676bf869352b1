/**
 * `TestServer` provides every service that the apps in the guides use: each row compiles without a further
 * layer, and works.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as HttpApi from "@effect/platform/HttpApi"
import * as HttpApiBuilder from "@effect/platform/HttpApiBuilder"
import * as HttpApiEndpoint from "@effect/platform/HttpApiEndpoint"
import * as HttpApiGroup from "@effect/platform/HttpApiGroup"
import * as HttpApiSchema from "@effect/platform/HttpApiSchema"
import type * as HttpApp from "@effect/platform/HttpApp"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as HttpRouter from "@effect/platform/HttpRouter"
import * as HttpServer from "@effect/platform/HttpServer"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Etag from "@effect/platform/Etag"
import * as Multipart from "@effect/platform/Multipart"
import * as Path from "@effect/platform/Path"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import { existsSync } from "node:fs"
import { Client, Server, Shutdown } from "@httpfx/core"
import { NodeHttpServer } from "@httpfx/node"
import * as MemoryTls from "@httpfx/testing/MemoryTls"
import * as TestServer from "@httpfx/testing/TestServer"

const { text } = HttpServerResponse
const get = HttpClientRequest.get("/")
const formOf = (names: ReadonlyArray<string>) => {
  const form = new FormData()
  form.append("name", "Ada")
  for (const name of names) form.append("file", new Blob([`content of ${name}`]), name)
  return form
}
const upload = (...names: ReadonlyArray<string>) =>
  HttpClientRequest.post("/").pipe(HttpClientRequest.bodyFormData(formOf(names)))

const page = new URL("../../package.json", import.meta.url).pathname

type App = HttpApp.Default<unknown, TestServer.Provided | Scope.Scope>
interface Row {
  readonly app: App
  readonly request?: HttpClientRequest.HttpClientRequest
  readonly answer: string | RegExp
}

const requested = <A, E, R>(f: (request: HttpServerRequest.HttpServerRequest) => Effect.Effect<A, E, R>) =>
  Effect.flatMap(HttpServerRequest.HttpServerRequest, f)

const contents = Effect.fnUntraced(function* (form: Multipart.Persisted) {
  const fs = yield* FileSystem.FileSystem
  const files = form["file"] as ReadonlyArray<Multipart.PersistedFile>
  return yield* Effect.forEach(files, ({ path }) => fs.readFileString(path))
})

const rows: Readonly<Record<string, Row>> = {
  "its server, as platform has it": {
    app: Effect.map(HttpServer.HttpServer, ({ address }) => text(address._tag)),
    answer: "TcpAddress"
  },
  "its server's readiness": { app: Effect.flatMap(Server.Server, Server.readiness), answer: "ready" },
  "its server's connections": {
    app: Effect.map(
      Effect.flatMap(Server.Server, ({ connections }) => connections),
      (open) => text(`${open}`)
    ),
    answer: "1"
  },
  "the state of a shutdown": { app: Effect.map(Shutdown.state, text), answer: "ready" },
  "a client": {
    app: Effect.map(Effect.zip(Client.Client, HttpClient.HttpClient), () => text("both")),
    answer: "both"
  },
  "a path, a tag and files": {
    app: Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const { join } = yield* Path.Path
      const folder = yield* fs.makeTempDirectoryScoped()
      yield* fs.writeFileString(join(folder, "a"), "kept")
      const etag = yield* (yield* Etag.Generator).fromFileInfo(yield* fs.stat(join(folder, "a")))
      return text(`${yield* fs.readFileString(join(folder, "a"))} ${etag._tag}`)
    }),
    answer: "kept Weak"
  },
  "a form": {
    app: requested(({ multipart }) =>
      Effect.map(Effect.flatMap(multipart, contents), (all) => text(all.join()))
    ),
    request: upload("a.txt", "b/../ü.txt"),
    answer: "content of a.txt,content of b/../ü.txt"
  },
  "a form by its schema": {
    app: Effect.map(
      HttpServerRequest.schemaBodyForm(Schema.Struct({ name: Schema.String, file: Multipart.FilesSchema })),
      ({ file, name }) => text(`${name} ${file.length}`)
    ),
    request: upload("a.txt", "a.txt"),
    answer: "Ada 2"
  },
  "a file of the disk": { app: HttpServerResponse.file(page), answer: /"name": "@httpfx\/testing"/ },
  "a part of a file": {
    app: HttpServerResponse.file(page, { offset: 4, bytesToRead: 6 }),
    answer: '"name"'
  },
  "a file of the web": {
    app: HttpServerResponse.fileWeb(new File(["in memory"], "a.txt", { lastModified: 0 })),
    answer: "in memory"
  },
  "a router with a file in a folder": {
    app: HttpRouter.empty.pipe(HttpRouter.get("/", HttpServerResponse.file(page))),
    answer: /exports/
  }
}

const worlds = {
  "as it is": Layer.empty,
  "with the files of Node.js": NodeHttpServer.layerContext
}

describe.each(Object.entries(worlds))("TestServer %s", (_, context) => {
  it.effect.each(Object.entries(rows))("serves an app that uses %s", ([, { answer, app, request = get }]) =>
    Effect.gen(function* () {
      const response = yield* HttpClient.execute(request)
      assert.strictEqual(response.status, 200)
      const body = yield* response.text
      if (typeof answer === "string") assert.strictEqual(body, answer)
      else assert.match(body, answer)
    }).pipe(Effect.provide(Layer.provide(TestServer.serve(app), context)))
  )
})

const api = HttpApi.make("api").add(
  HttpApiGroup.make("files").add(
    HttpApiEndpoint.post("put", "/files")
      .setPayload(HttpApiSchema.Multipart(Schema.Struct({ file: Multipart.FilesSchema })))
      .addSuccess(Schema.Array(Schema.String))
  )
)
const live = HttpApiBuilder.api(api).pipe(
  Layer.provide(
    HttpApiBuilder.group(api, "files", (handlers) =>
      handlers.handle("put", ({ payload }) => Effect.orDie(contents(payload as never)))
    )
  )
)

describe("TestServer", () => {
  it.effect("serves an HttpApi that takes files", () =>
    Effect.gen(function* () {
      const client = yield* TestServer.apiClient(api)
      const answer = yield* client.files.put({ payload: formOf(["a.txt", "b.txt"]) })
      assert.deepStrictEqual(answer, ["content of a.txt", "content of b.txt"])
    }).pipe(Effect.provide(TestServer.serveApi(live)))
  )

  it.effect("creates a client of an HttpApi with the options of platform's client", () => {
    const api = HttpApi.make("api").add(
      HttpApiGroup.make("me").add(
        HttpApiEndpoint.get("token", "/token")
          .setHeaders(Schema.Struct({ authorization: Schema.String }))
          .addSuccess(Schema.String)
      )
    )
    const live = HttpApiBuilder.group(api, "me", (handlers) =>
      handlers.handle("token", ({ headers }) => Effect.succeed(headers.authorization))
    )
    return Effect.gen(function* () {
      const headers = { authorization: "of the call" }
      const client = yield* TestServer.apiClient(api)
      assert.strictEqual(yield* client.me.token({ headers }), "of the call")
      const transformClient = HttpClient.mapRequest(HttpClientRequest.bearerToken("of the client"))
      const other = yield* TestServer.apiClient(api, { transformClient })
      assert.strictEqual(yield* other.me.token({ headers }), "Bearer of the client")
    }).pipe(Effect.provide(TestServer.serveApi(Layer.provide(HttpApiBuilder.api(api), live))))
  })

  it.effect("uses a service in the context, and builds its other services on that service", () => {
    const fs = FileSystem.layerNoop({
      ...FileSystem.makeNoop({}),
      readFileString: () => Effect.succeed("mine")
    })
    const app = Effect.map(
      Effect.flatMap(FileSystem.FileSystem, ({ readFileString }) => readFileString("/nowhere")),
      text
    )
    return Effect.gen(function* () {
      assert.strictEqual(yield* (yield* HttpClient.get("/")).text, "mine")
    }).pipe(Effect.provide(Layer.provide(TestServer.serve(app), fs)))
  })

  it.effect("sets Content-Type by the file's extension", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      yield* fs.makeDirectory("/site")
      for (const name of ["a.html", "A.CSS", "a.unknown", "none"])
        yield* fs.writeFileString(`/site/${name}`, "")
      yield* HttpServer.serveEffect(requested(({ url }) => HttpServerResponse.file(`/site${url}`)))
      const typeOf = (name: string) =>
        Effect.map(HttpClient.get(`/${name}`), ({ headers }) => headers["content-type"])
      assert.strictEqual(yield* typeOf("a.html"), "text/html")
      assert.strictEqual(yield* typeOf("A.CSS"), "text/css")
      assert.strictEqual(yield* typeOf("a.unknown"), "application/octet-stream")
      assert.strictEqual(yield* typeOf("none"), "application/octet-stream")
      assert.isFalse(existsSync("/site"))
    }).pipe(Effect.scoped, Effect.provide(TestServer.layer({ onHandlerFailure: "die" })))
  )

  it.effect("leaves nothing of an upload, on the disk or in memory", () => {
    const paths: Array<string> = []
    const app = requested(({ multipart }) =>
      Effect.map(multipart, (form) => {
        for (const { path } of form["file"] as ReadonlyArray<Multipart.PersistedFile>) paths.push(path)
        return text("taken")
      })
    )
    return Effect.gen(function* () {
      yield* Effect.flatMap(HttpClient.execute(upload("a.txt")), (response) => response.text)
      const fs = yield* FileSystem.FileSystem
      assert.lengthOf(paths, 1)
      assert.isFalse(yield* fs.exists(paths[0]!))
      assert.isFalse(existsSync(paths[0]!))
    }).pipe(Effect.provide(TestServer.serve(app)))
  })

  it.effect("serves HTTPS if it has a certificate, also for requests to paths", () => {
    const authority = MemoryTls.authority("Test CA")
    const world = TestServer.serve(
      requested((request) => Effect.succeed(text(Option.getOrElse(request.remoteAddress, () => "?")))),
      {
        server: { tls: authority.certificate({ names: "server.test" }) },
        client: { tls: { ca: authority.ca } }
      }
    )
    return Effect.gen(function* () {
      const response = yield* HttpClient.get("/")
      assert.strictEqual(response.request.url, "https://server.test/")
      assert.strictEqual(response.status, 200)
      assert.strictEqual((yield* Client.request({ url: "https://server.test/" })).tls?.protocol, "TLSv1.3")
    }).pipe(Effect.provide(world))
  })
})
