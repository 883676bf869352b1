// Small responses, with a long download and uploads at the same time.
import { HttpServer, HttpServerRequest, HttpServerResponse } from "@effect/platform"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { hello, makePiece } from "../tail/app.mjs"

const answer = Effect.sync(() => HttpServerResponse.text(hello))
const download = Effect.sync(() => HttpServerResponse.stream(Stream.repeatEffect(Effect.sync(makePiece))))

export const serving = HttpServer.serve(
  Effect.flatMap(HttpServerRequest.HttpServerRequest, (request) => {
    if (request.url === "/download") return download
    if (request.method === "GET") return answer
    return Effect.zipRight(Stream.runDrain(request.stream), answer)
  })
)
