// Server-sent events as a stream of single events.
import * as Effect from "effect/Effect"
import { HttpServer, HttpServerResponse } from "effect/http"
import * as Stream from "effect/Stream"
import { event, type } from "../events/app.mjs"

const events = Stream.encodeText(Stream.fromEffectRepeat(Effect.sync(event)))

export const serving = HttpServer.serve(
  Effect.sync(() => HttpServerResponse.stream(events, { contentType: type }))
)
