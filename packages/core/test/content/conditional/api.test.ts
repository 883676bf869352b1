/** `ConditionalRequests.check` in an `HttpApi`. The client gets the error that the API declares. */
import {
  HttpApi,
  HttpApiBuilder,
  HttpApiEndpoint,
  HttpApiGroup,
  HttpClient,
  HttpClientRequest
} from "@effect/platform"
import { assert, it } from "@effect/vitest"
import { ConditionalRequests, HttpError } from "@httpfx/core"
import { TestServer } from "@httpfx/testing"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"

const api = HttpApi.make("api").add(
  HttpApiGroup.make("counter").add(
    HttpApiEndpoint.put("put", "/")
      .addSuccess(Schema.Number)
      .addError(HttpError.PreconditionFailed, { status: 412 })
  )
)
const group = HttpApiBuilder.group(api, "counter", (handlers) =>
  handlers.handle("put", () => Effect.as(ConditionalRequests.check({ etag: '"7"' }), 8))
)
const live = HttpApiBuilder.api(api).pipe(Layer.provide(group))

it.effect("a declared PreconditionFailed is 412, and an error of the typed client", () =>
  Effect.gen(function* () {
    const put = (tag: string) =>
      HttpClient.execute(HttpClientRequest.put("/", { headers: { "if-match": tag } }))
    assert.strictEqual(yield* (yield* put('"7"')).json, 8)
    assert.strictEqual((yield* put('"6"')).status, 412)
    const client = yield* TestServer.apiClient(api).pipe(
      Effect.provideServiceEffect(
        HttpClient.HttpClient,
        Effect.map(
          HttpClient.HttpClient,
          HttpClient.mapRequest(HttpClientRequest.setHeader("if-match", '"6"'))
        )
      )
    )
    const error = yield* Effect.flip(client.counter.put())
    assert.deepInclude(error, { _tag: "PreconditionFailed", status: 412, etag: '"7"' })
  }).pipe(Effect.provide(TestServer.serveApi(live)))
)
