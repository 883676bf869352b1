// A WebSocket echo by platform's `Socket`.
import { HttpServer, HttpServerRequest, HttpServerResponse } from "@effect/platform"
import * as Effect from "effect/Effect"

export const serving = HttpServer.serve(
  Effect.gen(function* () {
    const socket = yield* HttpServerRequest.upgrade
    const write = yield* socket.writer
    yield* socket.runRaw((message) => write(message))
    return HttpServerResponse.empty()
  }).pipe(Effect.scoped)
)
