// The page of compression/page.mjs, without compression.
import { HttpServer, HttpServerResponse } from "@effect/platform"
import * as Effect from "effect/Effect"
import { contentType, page } from "../compression/page.mjs"

export const app = Effect.sync(() => HttpServerResponse.text(page, { contentType }))

export const serving = HttpServer.serve(app)
