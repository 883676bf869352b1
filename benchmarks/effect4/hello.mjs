// The program of hello/app.mjs on Effect 4.
import * as Effect from "effect/Effect"
import { HttpServer, HttpServerResponse } from "effect/http"

export const serving = HttpServer.serve(Effect.sync(() => HttpServerResponse.text("Hello, World!")))
