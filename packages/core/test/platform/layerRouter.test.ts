/**
 * Platform's `HttpLayerRouter` on our server: routes as layers, prefixes, middleware for one route or all
 * routes, and an `HttpApi` beside plain routes. On the network in memory.
 */
import * as HttpApi from "@effect/platform/HttpApi"
import * as HttpApiBuilder from "@effect/platform/HttpApiBuilder"
import * as HttpApiClient from "@effect/platform/HttpApiClient"
import * as HttpApiEndpoint from "@effect/platform/HttpApiEndpoint"
import * as HttpApiGroup from "@effect/platform/HttpApiGroup"
import * as HttpApiScalar from "@effect/platform/HttpApiScalar"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpLayerRouter from "@effect/platform/HttpLayerRouter"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as TestServer from "@httpfx/testing/TestServer"

const text = HttpServerResponse.text
const told = (path: string, options?: Parameters<typeof HttpClient.get>[1]) =>
  Effect.flatMap(HttpClient.get(path, options), (response) =>
    Effect.map(response.text, (body) => `${response.status} ${body}`)
  )

class Who extends Context.Tag("Who")<Who, string>() {}
class Stranger extends Schema.TaggedError<Stranger>()("Stranger", {}) {}

const login = HttpLayerRouter.middleware<{ provides: Who }>()(
  Effect.succeed((app) =>
    Effect.flatMap(HttpServerRequest.HttpServerRequest, ({ headers }) =>
      headers["x-who"] === undefined
        ? Effect.succeed(text("who?", { status: 401 }))
        : Effect.provideService(app, Who, headers["x-who"])
    )
  )
)

const api = HttpApi.make("api").add(
  HttpApiGroup.make("sums")
    .add(
      HttpApiEndpoint.get("add", "/add/:a/:b")
        .setPath(Schema.Struct({ a: Schema.NumberFromString, b: Schema.NumberFromString }))
        .addSuccess(Schema.Number)
        .addError(Stranger, { status: 403 })
    )
    .prefix("/sums")
)
const sums = HttpApiBuilder.group(api, "sums", (handlers) =>
  handlers.handle("add", ({ path: { a, b } }) =>
    a < 0 ? Effect.fail(new Stranger()) : Effect.succeed(a + b)
  )
)

const plain = HttpLayerRouter.use((router) =>
  Effect.gen(function* () {
    yield* router.add("GET", "/plain", text("plain"))
    yield* router.prefixed("/pre").add("GET", "/fixed", (request) => text(request.url))
    yield* router.add(
      "GET",
      "/params/:id",
      Effect.map(HttpLayerRouter.params, ({ id }) => text(String(id)))
    )
    yield* router.add("*", "/any", (request) => text(request.method))
  })
)
const mine = HttpLayerRouter.add(
  "GET",
  "/mine",
  Effect.map(Who, (who) => text(who))
).pipe(Layer.provide(login.layer))

const marked = HttpLayerRouter.middleware(
  (app) => Effect.map(app, HttpServerResponse.setHeader("x-marked", "yes")),
  { global: true }
)

const routes = Layer.mergeAll(
  plain,
  mine,
  marked,
  HttpLayerRouter.addHttpApi(api, { openapiPath: "/openapi.json" }).pipe(Layer.provide(sums)),
  HttpApiScalar.layerHttpLayerRouter({ api, path: "/reference" }),
  HttpLayerRouter.cors({ allowedOrigins: ["http://a.test", "http://b.test"] })
)
const world = HttpLayerRouter.serve(routes, { disableListenLog: true, disableLogger: true }).pipe(
  Layer.provideMerge(TestServer.layer())
)

describe("HttpLayerRouter", () => {
  it.effect("routes, prefixes and parameters", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* told("/plain"), "200 plain")
      assert.strictEqual(yield* told("/pre/fixed"), "200 /fixed")
      assert.strictEqual(yield* told("/params/a%20b"), "200 a b")
      const any = yield* (yield* HttpClient.HttpClient).del("/any")
      assert.strictEqual(yield* any.text, "DELETE")
      assert.strictEqual(yield* told("/nowhere"), "404 ")
    }).pipe(Effect.provide(world))
  )

  it.effect("middleware of a route provides to it, or responds for it", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* told("/mine", { headers: { "x-who": "ada" } }), "200 ada")
      assert.strictEqual(yield* told("/mine"), "401 who?")
    }).pipe(Effect.provide(world))
  )

  it.effect("global middleware sees every response", () =>
    Effect.gen(function* () {
      const response = yield* HttpClient.get("/sums/add/1/2", { headers: { origin: "http://b.test" } })
      assert.strictEqual(response.headers["x-marked"], "yes")
      assert.strictEqual(response.headers["access-control-allow-origin"], "http://b.test")
    }).pipe(Effect.provide(world))
  )

  it.effect("an HttpApi beside plain routes, with its pages", () =>
    Effect.gen(function* () {
      const client = yield* HttpApiClient.make(api)
      assert.strictEqual(yield* client.sums.add({ path: { a: 1, b: 2 } }), 3)
      assert.deepStrictEqual(yield* Effect.flip(client.sums.add({ path: { a: -1, b: 2 } })), new Stranger())
      const spec = (yield* (yield* HttpClient.get("/openapi.json")).json) as { paths: object }
      assert.deepStrictEqual(Object.keys(spec.paths), ["/sums/add/{a}/{b}"])
      assert.include(yield* told("/reference"), "api-reference")
    }).pipe(Effect.provide(world))
  )
})
