// The routes of platform/router.mjs, on the router of Effect 4.
import * as Effect from "effect/Effect"
import { HttpRouter, HttpServerRequest, HttpServerResponse } from "effect/http"
import * as Layer from "effect/Layer"

const user = Effect.gen(function* () {
  const { id } = yield* HttpRouter.params
  const request = yield* HttpServerRequest.HttpServerRequest
  const body = yield* request.json
  return yield* HttpServerResponse.json(
    { id: Number(id), ...body, active: true },
    { contentType: "application/json; charset=utf-8" }
  )
})
const other = HttpServerResponse.text("another", { contentType: "text/plain; charset=utf-8" })

const things = Array.from({ length: 16 }, (_, n) => [
  HttpRouter.add("GET", `/things${n}`, other),
  HttpRouter.add("GET", `/things${n}/:id`, other),
  HttpRouter.add("POST", `/things${n}/:id/parts/:part`, other)
]).flat()
const routes = Layer.mergeAll(
  ...things,
  HttpRouter.add("GET", "/assets/*", other),
  HttpRouter.add("PUT", "/users/:id", user)
)

export const serving = HttpRouter.serve(routes, { disableListenLog: true, disableLogger: true })
