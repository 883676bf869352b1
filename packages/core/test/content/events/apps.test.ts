/** Server-sent events in platform's `HttpApi` and `HttpLayerRouter`. */
import * as HttpApi from "@effect/platform/HttpApi"
import * as HttpApiBuilder from "@effect/platform/HttpApiBuilder"
import * as HttpApiEndpoint from "@effect/platform/HttpApiEndpoint"
import * as HttpApiGroup from "@effect/platform/HttpApiGroup"
import * as HttpApiSchema from "@effect/platform/HttpApiSchema"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as HttpLayerRouter from "@effect/platform/HttpLayerRouter"
import { assert, it } from "@effect/vitest"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import { ServerSentEvents } from "@httpfx/core"
import * as TestServer from "@httpfx/testing/TestServer"

const events = Effect.flatMap(ServerSentEvents.lastEventId, (last) =>
  ServerSentEvents.response(Stream.make({ data: `after ${Option.getOrElse(last, () => "")}` }))
)

const seen = (path: string) =>
  ServerSentEvents.execute(HttpClientRequest.get(path), { lastEventId: "7", reconnect: Schedule.stop }).pipe(
    Stream.map(({ data }) => data),
    Stream.runCollect,
    Effect.map(Chunk.toReadonlyArray)
  )

it.effect("in a router of layers", () =>
  Effect.gen(function* () {
    assert.deepStrictEqual(yield* seen("/events"), ["after 7"])
  }).pipe(
    Effect.provide(
      HttpLayerRouter.serve(HttpLayerRouter.add("GET", "/events", events), {
        disableListenLog: true,
        disableLogger: true
      }).pipe(Layer.provideMerge(TestServer.layer()))
    )
  )
)

const api = HttpApi.make("api").add(
  HttpApiGroup.make("group").add(
    HttpApiEndpoint.get("events", "/events").addSuccess(
      HttpApiSchema.Text({ contentType: "text/event-stream" })
    )
  )
)

it.effect("as an endpoint of an API", () =>
  Effect.gen(function* () {
    assert.deepStrictEqual(yield* seen("/events"), ["after 7"])
  }).pipe(
    Effect.provide(
      TestServer.serveApi(
        Layer.provide(
          HttpApiBuilder.api(api),
          HttpApiBuilder.group(api, "group", (handlers) =>
            handlers.handle("events", () => Effect.orDie(events))
          )
        )
      )
    )
  )
)
