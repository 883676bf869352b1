// Sends texts whose size in bytes is given in the path.
import { HttpServer, HttpServerRequest, HttpServerResponse } from "@effect/platform"
import * as Effect from "effect/Effect"
import { textOf } from "../growth/bodies.mjs"

export const serving = HttpServer.serve(
  Effect.map(HttpServerRequest.HttpServerRequest, ({ url }) => HttpServerResponse.text(textOf(url)))
)
