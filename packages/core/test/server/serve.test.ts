// `Serve.httpApi`, which compiles the router, responds like `HttpApiBuilder.serve`.
import * as HttpApi from "@effect/platform/HttpApi"
import * as HttpApiBuilder from "@effect/platform/HttpApiBuilder"
import * as HttpApiEndpoint from "@effect/platform/HttpApiEndpoint"
import * as HttpApiGroup from "@effect/platform/HttpApiGroup"
import * as HttpApiMiddleware from "@effect/platform/HttpApiMiddleware"
import * as HttpMiddleware from "@effect/platform/HttpMiddleware"
import * as HttpRouter from "@effect/platform/HttpRouter"
import * as HttpServer from "@effect/platform/HttpServer"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Schema from "effect/Schema"
import { Server } from "@httpfx/core"
import * as Serve from "@httpfx/core/Serve"
import { MemoryNetwork } from "@httpfx/testing"
import { get, post, talk } from "../support/served.js"

class Missing extends Schema.TaggedError<Missing>()("Missing", { id: Schema.Number }) {}
class Denied extends Schema.TaggedError<Denied>()("Denied", {}) {}
class User extends Context.Tag("User")<User, string>() {}

class Authorization extends HttpApiMiddleware.Tag<Authorization>()("Authorization", {
  failure: Denied,
  provides: User
}) {}

const authorized = Effect.flatMap(HttpServerRequest.HttpServerRequest, ({ headers }) =>
  headers["x-user"] === undefined ? Effect.fail(new Denied()) : Effect.succeed(headers["x-user"])
)

const items = HttpApiGroup.make("items")
  .add(
    HttpApiEndpoint.get("read", "/items/:id")
      .setPath(Schema.Struct({ id: Schema.NumberFromString }))
      .setUrlParams(Schema.Struct({ part: Schema.optional(Schema.String) }))
      .addSuccess(Schema.Struct({ id: Schema.Number, route: Schema.String, url: Schema.String }))
      .addError(Missing, { status: 404 })
  )
  .add(
    HttpApiEndpoint.post("write", "/items")
      .setPayload(Schema.Struct({ name: Schema.NonEmptyString }))
      .addSuccess(Schema.String, { status: 201 })
  )
  .add(HttpApiEndpoint.get("dies", "/dies").addSuccess(Schema.String))
  .prefix("/v1")
const secret = HttpApiGroup.make("secret")
  .add(HttpApiEndpoint.get("who", "/who").addSuccess(Schema.String))
  .middleware(Authorization)

const api = HttpApi.make("api").add(items).add(secret)
const guarded = api.middleware(Authorization)

const handlersOf = (api: HttpApi.HttpApi<"api", typeof items | typeof secret>) =>
  Layer.mergeAll(
    HttpApiBuilder.group(api, "items", (handlers) =>
      handlers
        .handle("read", ({ path: { id }, request: { url } }) =>
          id === 0
            ? Effect.fail(new Missing({ id }))
            : Effect.map(
                Effect.orDie(Effect.serviceOption(HttpRouter.RouteContext).pipe(Effect.flatten)),
                ({ route }) => ({
                  ...{ id, url },
                  route: route.path
                })
              )
        )
        .handle("write", ({ payload }) => Effect.succeed(payload.name))
        .handle("dies", () => Effect.die("a defect"))
    ),
    HttpApiBuilder.group(api, "secret", (handlers) => handlers.handle("who", () => User))
  ).pipe(Layer.provide(Layer.succeed(Authorization, authorized)))

const requests = [
  get("/v1/items/7?part=a", "Connection: close\r\n"),
  get("/v1/items/0", "Connection: close\r\n"),
  get("/v1/items/seven", "Connection: close\r\n"),
  post("/v1/items", '{"name":"a"}', "Content-Type: application/json\r\nConnection: close\r\n"),
  post("/v1/items", '{"name":""}', "Content-Type: application/json\r\nConnection: close\r\n"),
  post("/v1/items", "{", "Content-Type: application/json\r\nConnection: close\r\n"),
  get("/v1/dies", "Connection: close\r\n"),
  get("/who", "Connection: close\r\n"),
  get("/who", "X-User: Ada\r\nConnection: close\r\n"),
  get("/nowhere", "Connection: close\r\n"),
  "HEAD /v1/items/7 HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n",
  "PATCH /v1/items/7 HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n"
]

const responses = (serving: Layer.Layer<never>): Effect.Effect<ReadonlyArray<string>> => {
  const server = Layer.mergeAll(Server.layer({ port: 0, host: "127.0.0.1" }), HttpServer.layerContext)
  const world = serving.pipe(
    Layer.provideMerge(server),
    Layer.provideMerge(MemoryNetwork.layer()),
    Layer.provide(Logger.remove(Logger.defaultLogger))
  )
  const all = Effect.forEach(requests, (request) =>
    Effect.map(talk(request), (response) => response.replace(/date: .*\r\n/i, ""))
  )
  return Effect.orDie(Effect.provide(all, world))
}

const withField = HttpMiddleware.make(Effect.map(HttpServerResponse.setHeader("x-middleware", "yes")))

describe("Serve.httpApi", () => {
  const cases = [
    ["an API", api, false, undefined],
    ["an API with middleware of the builder", api, true, undefined],
    ["an API with middleware of the server", api, false, withField],
    ["an API with middleware of its own", guarded, true, withField]
  ] as const
  for (const [title, each, builder, middleware] of cases) {
    it.effect(`responds as HttpApiBuilder.serve: ${title}`, () =>
      Effect.gen(function* () {
        const layers = Layer.mergeAll(
          HttpApiBuilder.api(each as typeof api).pipe(
            Layer.provide(handlersOf(each as never)),
            Layer.provide(Layer.succeed(Authorization, authorized))
          ),
          builder ? HttpApiBuilder.middleware(withField as never) : Layer.empty
        )
        const serve = (serving: typeof Serve.httpApi) =>
          responses(serving(middleware as never).pipe(Layer.provide(layers as never)) as Layer.Layer<never>)
        const ours = yield* serve(Serve.httpApi)
        assert.deepStrictEqual(ours, yield* serve(HttpApiBuilder.serve))
        assert.deepStrictEqual(
          ours.map((response) => response.slice(9, 12)),
          each === guarded
            ? requests.map((request) => (request.includes("X-User") ? "200" : "500"))
            : ["200", "404", "400", "201", "400", "400", "500", "500", "200", "404", "200", "404"]
        )
      })
    )
  }
})
