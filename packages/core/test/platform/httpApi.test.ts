/**
 * Platform's `HttpApi` on our server, called by its typed client on our client: schemas in both directions,
 * typed errors, security, forms, streams, and documentation pages. On the network in memory.
 */
import * as HttpApi from "@effect/platform/HttpApi"
import * as HttpApiBuilder from "@effect/platform/HttpApiBuilder"
import * as HttpApiClient from "@effect/platform/HttpApiClient"
import * as HttpApiEndpoint from "@effect/platform/HttpApiEndpoint"
import * as HttpApiError from "@effect/platform/HttpApiError"
import * as HttpApiGroup from "@effect/platform/HttpApiGroup"
import * as HttpApiMiddleware from "@effect/platform/HttpApiMiddleware"
import * as HttpApiScalar from "@effect/platform/HttpApiScalar"
import * as HttpApiSchema from "@effect/platform/HttpApiSchema"
import * as HttpApiSecurity from "@effect/platform/HttpApiSecurity"
import * as HttpApiSwagger from "@effect/platform/HttpApiSwagger"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Multipart from "@effect/platform/Multipart"
import * as OpenApi from "@effect/platform/OpenApi"
import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as TestServer from "@httpfx/testing/TestServer"

class Item extends Schema.Class<Item>("Item")({
  id: Schema.Number,
  made: Schema.DateFromString,
  tags: Schema.Array(Schema.String)
}) {}
class NoSuchItem extends Schema.TaggedError<NoSuchItem>()("NoSuchItem", { id: Schema.Number }) {}
class Gone extends HttpApiSchema.EmptyError<Gone>()({ tag: "Gone", status: 410 }) {}
class Who extends Context.Tag("Who")<Who, string>() {}
class Login extends HttpApiMiddleware.Tag<Login>()("Login", {
  failure: HttpApiError.Unauthorized,
  provides: Who,
  security: { bearer: HttpApiSecurity.bearer }
}) {}

const id = HttpApiSchema.param("id", Schema.NumberFromString)
const api = HttpApi.make("items")
  .add(
    HttpApiGroup.make("items")
      .add(
        HttpApiEndpoint.get("find")`/items/${id}`
          .addSuccess(Item)
          .addError(NoSuchItem, { status: 404 })
          .addError(Gone)
      )
      .add(
        HttpApiEndpoint.post("add", "/items")
          .setUrlParams(Schema.Struct({ times: Schema.NumberFromString }))
          .setHeaders(Schema.Struct({ "x-tag": Schema.String }))
          .setPayload(Schema.Struct({ made: Schema.DateFromString }))
          .addSuccess(Schema.Array(Item), { status: 201 })
      )
      .add(
        HttpApiEndpoint.post("upload", "/upload")
          .setPayload(HttpApiSchema.MultipartStream(Schema.Struct({ file: Multipart.SingleFileSchema })))
          .addSuccess(Schema.Struct({ name: Schema.String, length: Schema.Number }))
      )
      .add(HttpApiEndpoint.del("remove")`/items/${id}`.addSuccess(HttpApiSchema.NoContent))
      .add(HttpApiEndpoint.get("text", "/text").addSuccess(HttpApiSchema.Text({ contentType: "text/csv" })))
      .add(HttpApiEndpoint.get("count", "/count").addSuccess(Schema.String))
      .add(HttpApiEndpoint.get("broken", "/broken").addSuccess(Schema.Number))
  )
  .add(
    HttpApiGroup.make("mine")
      .add(HttpApiEndpoint.get("who", "/who").addSuccess(Schema.String))
      .middleware(Login)
  )

const made = new Date("2024-05-06T07:08:09.000Z")

const items = HttpApiBuilder.group(api, "items", (handlers) =>
  handlers
    .handle("find", ({ path: { id } }) =>
      id === 0
        ? Effect.fail(new NoSuchItem({ id }))
        : id < 0
          ? Effect.fail(new Gone())
          : Effect.succeed(new Item({ id, made, tags: [] }))
    )
    .handle("add", ({ headers, payload, urlParams }) =>
      Effect.succeed(
        Array.from(
          { length: urlParams.times },
          (_, id) => new Item({ id, made: payload.made, tags: [headers["x-tag"]] })
        )
      )
    )
    .handle("upload", ({ payload }) =>
      payload.pipe(
        Stream.filter(Multipart.isFile),
        Stream.mapEffect((file) =>
          Effect.map(
            Stream.runFold(file.content, 0, (length, chunk) => length + chunk.length),
            (length) => ({ name: file.name, length })
          )
        ),
        Stream.runHead,
        Effect.flatten,
        Effect.orDie
      )
    )
    .handle("remove", () => Effect.void)
    .handle("text", () => Effect.succeed("a,b"))
    .handleRaw("count", () =>
      HttpServerResponse.stream(Stream.encodeText(Stream.make('"one', ", ", 'two"')), {
        contentType: "application/json"
      })
    )
    .handle("broken", () => Effect.die("a defect"))
)
const mine = HttpApiBuilder.group(api, "mine", (handlers) => handlers.handle("who", () => Who))
const login = Layer.succeed(Login, {
  bearer: (token) =>
    Redacted.value(token) === "ada" ? Effect.succeed("ada") : Effect.fail(new HttpApiError.Unauthorized())
})
const live = HttpApiBuilder.api(api).pipe(Layer.provide([items, mine]), Layer.provide(login))
const world = TestServer.serveApi(live)

describe("HttpApi", () => {
  it.effect("carries path, query, fields, payload and response through their schemas", () =>
    Effect.gen(function* () {
      const client = yield* TestServer.apiClient(api)
      assert.deepStrictEqual(
        yield* client.items.find({ path: { id: 7 } }),
        new Item({ id: 7, made, tags: [] })
      )
      const added = yield* client.items.add({
        urlParams: { times: 2 },
        headers: { "x-tag": "new" },
        payload: { made },
        withResponse: true
      })
      assert.deepStrictEqual(added[0], [
        new Item({ id: 0, made, tags: ["new"] }),
        new Item({ id: 1, made, tags: ["new"] })
      ])
      assert.strictEqual(added[1].status, 201)
      assert.isUndefined(yield* client.items.remove({ path: { id: 1 } }))
      assert.strictEqual(yield* client.items.text(), "a,b")
      assert.strictEqual(yield* client.items.count(), "one, two")
    }).pipe(Effect.provide(world))
  )

  it.effect("errors arrive as the values they were, with their status", () =>
    Effect.gen(function* () {
      const client = yield* TestServer.apiClient(api)
      assert.deepStrictEqual(
        yield* Effect.flip(client.items.find({ path: { id: 0 } })),
        new NoSuchItem({ id: 0 })
      )
      assert.strictEqual((yield* HttpClient.get("/items/0")).status, 404)
      assert.deepStrictEqual(yield* Effect.flip(client.items.find({ path: { id: -1 } })), new Gone())
      const gone = yield* HttpClient.get("/items/-1")
      assert.deepStrictEqual([gone.status, yield* gone.text], [410, ""])
      const defect = yield* Effect.flip(client.items.broken())
      assert.propertyVal(defect, "_tag", "ResponseError")
    }).pipe(Effect.provide(world))
  )

  it.effect("a request that fits no schema is refused with 400 and the position of the fault", () =>
    Effect.gen(function* () {
      const bad = yield* HttpClientRequest.post("/items?times=x").pipe(
        HttpClientRequest.bodyUnsafeJson({}),
        HttpClient.execute
      )
      assert.strictEqual(bad.status, 400)
      assert.containSubset(yield* bad.json, { _tag: "HttpApiDecodeError", issues: [{ path: ["made"] }] })
      const noJson = yield* HttpClientRequest.post("/items?times=1").pipe(
        HttpClientRequest.setHeader("x-tag", "a"),
        HttpClientRequest.bodyText("{", "application/json"),
        HttpClient.execute
      )
      assert.strictEqual(noJson.status, 400)
      assert.strictEqual((yield* HttpClient.get("/nowhere")).status, 404)
    }).pipe(Effect.provide(world))
  )

  it.effect("security: its middleware provides, or refuses with a typed error", () =>
    Effect.gen(function* () {
      const as = (token: string) =>
        HttpApiClient.make(api, {
          transformClient: HttpClient.mapRequest(HttpClientRequest.bearerToken(token))
        })
      assert.strictEqual(yield* (yield* as("ada")).mine.who(), "ada")
      assert.deepStrictEqual(
        yield* Effect.flip((yield* as("eve")).mine.who()),
        new HttpApiError.Unauthorized()
      )
    }).pipe(Effect.provide(world))
  )

  it.effect("a form is streamed to its handler", () =>
    Effect.gen(function* () {
      const client = yield* TestServer.apiClient(api)
      const form = new FormData()
      form.append("file", new Blob(["x".repeat(200_000)]), "a.bin")
      assert.deepStrictEqual(yield* client.items.upload({ payload: form }), {
        name: "a.bin",
        length: 200_000
      })
    }).pipe(Effect.provide(world))
  )

  it.effect("middleware around the whole API", () =>
    Effect.gen(function* () {
      const response = yield* HttpClient.get("/text", { headers: { origin: "http://a.test" } })
      assert.strictEqual(response.headers["access-control-allow-origin"], "*")
    }).pipe(Effect.provide(TestServer.serveApi(Layer.provideMerge(HttpApiBuilder.middlewareCors(), live))))
  )

  it.effect("its pages: OpenAPI's JSON, Swagger, Scalar", () =>
    Effect.gen(function* () {
      const json = yield* HttpClient.get("/api/openapi.json")
      assert.deepStrictEqual(yield* json.json, JSON.parse(JSON.stringify(OpenApi.fromApi(api))))
      assert.match(json.headers["content-type"] ?? "", /^application\/json/)
      for (const [path, name] of [
        ["/docs", "SwaggerUIBundle"],
        ["/reference", "api-reference"]
      ] as const) {
        const page = yield* HttpClient.get(path)
        const text = yield* page.text
        assert.match(page.headers["content-type"] ?? "", /^text\/html/)
        assert.include(text, name)
        assert.include(text, "NoSuchItem")
        assert.strictEqual(page.headers["content-length"], String(new TextEncoder().encode(text).length))
      }
    }).pipe(
      Effect.provide(
        TestServer.serveApi(
          Layer.mergeAll(
            HttpApiBuilder.middlewareOpenApi({ path: "/api/openapi.json" }),
            HttpApiSwagger.layer(),
            HttpApiScalar.layer({ path: "/reference" })
          ).pipe(Layer.provideMerge(live))
        )
      )
    )
  )
})
