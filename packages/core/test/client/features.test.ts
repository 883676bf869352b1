// One layer adds features to both services of a client, `Client` and platform's `HttpClient`.
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import { assert, it } from "@effect/vitest"
import { Client, Retry } from "@httpfx/core"
import * as CookieJar from "@httpfx/core/CookieJar"
import { MemoryNetwork, Origin } from "@httpfx/testing"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { pipe } from "effect/Function"

const world = Client.layerFeatures((client) =>
  Effect.gen(function* () {
    const jar = yield* CookieJar.make()
    yield* jar.set("id=7", "http://a.test/")
    const policy = yield* Retry.make()
    return pipe(client, CookieJar.client(jar), Retry.client(policy), Client.followRedirects())
  })
).pipe(Layer.provide(Client.layer), Layer.provideMerge(MemoryNetwork.layer()))

it.scoped("both services have the features, and an effect switches them off", () =>
  Effect.gen(function* () {
    const origin = yield* Origin.make(
      { host: "a.test" },
      {
        path: "/old",
        reply: HttpServerResponse.empty({ status: 302, headers: { location: "/new" } })
      },
      { path: "/new", reply: HttpServerResponse.text("new") }
    )
    const url = "http://a.test/old"
    const faces = {
      Client: Effect.map(Client.request({ url }), ({ status }) => status),
      HttpClient: Effect.map(HttpClient.get(url), ({ status }) => status)
    }
    for (const ask of Object.values<Effect.Effect<number, unknown, Client.Client | HttpClient.HttpClient>>(
      faces
    )) {
      assert.strictEqual(yield* ask, 200)
      assert.strictEqual(yield* ask.pipe(Client.without("redirects", "cookies")), 302)
    }
    const asked = (yield* origin.calls).map(({ headers, target }) => [target, headers["cookie"]])
    const once = [
      ["/old", "id=7"],
      ["/new", "id=7"],
      ["/old", undefined]
    ]
    assert.deepStrictEqual(asked, [...once, ...once])
  }).pipe(Effect.provide(world))
)

it.effect("a feature that cannot be made fails the layer", () =>
  Effect.gen(function* () {
    const layer = Client.layerFeatures((client) =>
      Effect.map(Retry.make({ times: -1 }), (policy) => Retry.client(policy)(client))
    ).pipe(Layer.provide(Client.layer), Layer.provide(MemoryNetwork.layer()))
    const error = yield* Effect.flip(Effect.scoped(Layer.build(layer)))
    assert.deepInclude(error, { _tag: "InvalidOption", option: "times" })
  })
)
