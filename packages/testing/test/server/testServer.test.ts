/**
 * `TestServer` serves an app: paths go to the server, absolute URLs go to other origins, and nothing leaks.
 */
import * as HttpApi from "@effect/platform/HttpApi"
import * as HttpApiBuilder from "@effect/platform/HttpApiBuilder"
import * as HttpApiEndpoint from "@effect/platform/HttpApiEndpoint"
import * as HttpApiGroup from "@effect/platform/HttpApiGroup"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as HttpRouter from "@effect/platform/HttpRouter"
import * as HttpServer from "@effect/platform/HttpServer"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { Client } from "@httpfx/core"
import { NodeNetwork } from "@httpfx/node"
import * as MemoryNetwork from "@httpfx/testing/MemoryNetwork"
import * as TestServer from "@httpfx/testing/TestServer"

const router = HttpRouter.empty.pipe(
  HttpRouter.get(
    "/hello",
    Effect.map(HttpServerRequest.HttpServerRequest, ({ headers }) =>
      HttpServerResponse.text(`hello from ${headers["host"]}`)
    )
  ),
  HttpRouter.post(
    "/echo",
    Effect.map(HttpServerRequest.HttpServerRequest, (request) => HttpServerResponse.stream(request.stream))
  )
)

class NoSuchUser extends Schema.TaggedError<NoSuchUser>()("NoSuchUser", { id: Schema.Number }) {}

const api = HttpApi.make("api").add(
  HttpApiGroup.make("users").add(
    HttpApiEndpoint.get("find", "/users/:id")
      .setPath(Schema.Struct({ id: Schema.NumberFromString }))
      .addSuccess(Schema.Struct({ id: Schema.Number, name: Schema.String }))
      .addError(NoSuchUser, { status: 404 })
  )
)

const live = HttpApiBuilder.api(api).pipe(
  Layer.provide(
    HttpApiBuilder.group(api, "users", (handlers) =>
      handlers.handle("find", ({ path: { id } }) =>
        id === 1 ? Effect.succeed({ id, name: "Ada" }) : Effect.fail(new NoSuchUser({ id }))
      )
    )
  )
)

describe("TestServer", () => {
  it.effect("serves an app to platform's client, which accepts paths", () =>
    Effect.gen(function* () {
      const response = yield* HttpClient.get("/hello")
      assert.strictEqual(yield* response.text, "hello from server.test")
      const echo = HttpClientRequest.post("/echo").pipe(HttpClientRequest.bodyText("x".repeat(200_000)))
      assert.lengthOf(yield* (yield* HttpClient.execute(echo)).text, 200_000)
      assert.lengthOf(yield* MemoryNetwork.connections, 1)
      const whole = yield* Client.request({ url: "http://server.test/hello" })
      assert.strictEqual(whole.status, 200)
    }).pipe(Effect.provide(TestServer.serve(router)))
  )

  it.effect("lets the test serve an app, with options of server, client and network", () =>
    Effect.gen(function* () {
      yield* HttpServer.serveEffect(router)
      const response = yield* HttpClient.get("http://other.test:8080/hello")
      assert.strictEqual(yield* response.text, "hello from other.test:8080")
      assert.strictEqual(response.headers["keep-alive"], undefined)
      assert.strictEqual((yield* (yield* HttpClient.HttpClient).get("/nothing")).status, 404)
    }).pipe(
      Effect.scoped,
      Effect.provide(
        TestServer.layer({
          host: "other.test",
          port: 8080,
          client: { keepAlive: false },
          network: { segmentSize: 7 }
        })
      )
    )
  )

  it.effect("serves an HttpApi to its typed client, which receives typed errors", () =>
    Effect.gen(function* () {
      const client = yield* TestServer.apiClient(api)
      assert.deepStrictEqual(yield* client.users.find({ path: { id: 1 } }), { id: 1, name: "Ada" })
      const error = yield* Effect.flip(client.users.find({ path: { id: 2 } }))
      assert.deepStrictEqual(error, new NoSuchUser({ id: 2 }))
    }).pipe(Effect.provide(TestServer.serveApi(live)))
  )

  it.effect("runs over sockets as well", () =>
    Effect.gen(function* () {
      yield* HttpServer.serveEffect(router)
      assert.match(yield* (yield* HttpClient.get("/hello")).text, /^hello from 127\.0\.0\.1:\d+$/)
    }).pipe(
      Effect.scoped,
      Effect.provide(Layer.provide(TestServer.layerOver({ host: "127.0.0.1", port: 0 }), NodeNetwork.layer))
    )
  )
})
