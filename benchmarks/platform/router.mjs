// A router with fifty routes. The requested route has a parameter, reads JSON and sends JSON.
import { HttpRouter, HttpServer, HttpServerRequest, HttpServerResponse } from "@effect/platform"
import * as Effect from "effect/Effect"

const json = { contentType: "application/json; charset=utf-8" }
const user = Effect.flatMap(
  Effect.all([HttpRouter.params, Effect.flatMap(HttpServerRequest.HttpServerRequest, ({ json }) => json)]),
  ([{ id }, body]) => HttpServerResponse.json({ id: Number(id), ...body, active: true }, json)
)
const other = HttpServerResponse.text("another", { contentType: "text/plain; charset=utf-8" })

let router = HttpRouter.empty
for (let n = 0; n < 16; n++) {
  router = router.pipe(
    HttpRouter.get(`/things${n}`, other),
    HttpRouter.get(`/things${n}/:id`, other),
    HttpRouter.post(`/things${n}/:id/parts/:part`, other)
  )
}

export const serving = router.pipe(
  HttpRouter.get("/assets/*", other),
  HttpRouter.put("/users/:id", user),
  HttpServer.serve()
)
