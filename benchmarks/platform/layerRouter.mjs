// The routes of router.mjs, as layers of `HttpLayerRouter`.
import { HttpLayerRouter, HttpServerRequest, HttpServerResponse } from "@effect/platform"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"

const json = { contentType: "application/json; charset=utf-8" }
const user = Effect.flatMap(
  Effect.all([
    HttpLayerRouter.params,
    Effect.flatMap(HttpServerRequest.HttpServerRequest, ({ json }) => json)
  ]),
  ([{ id }, body]) => HttpServerResponse.json({ id: Number(id), ...body, active: true }, json)
)
const other = HttpServerResponse.text("another", { contentType: "text/plain; charset=utf-8" })

const things = Array.from({ length: 16 }, (_, n) => [
  HttpLayerRouter.add("GET", `/things${n}`, other),
  HttpLayerRouter.add("GET", `/things${n}/:id`, other),
  HttpLayerRouter.add("POST", `/things${n}/:id/parts/:part`, other)
]).flat()
const routes = Layer.mergeAll(
  ...things,
  HttpLayerRouter.add("GET", "/assets/*", other),
  HttpLayerRouter.add("PUT", "/users/:id", user)
)

export const serving = HttpLayerRouter.serve(routes, { disableListenLog: true, disableLogger: true })
