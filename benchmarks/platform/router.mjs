// A router with a few routes; one with a parameter answers with JSON.
import { HttpRouter, HttpServer, HttpServerResponse } from "@effect/platform"
import * as Effect from "effect/Effect"

const user = Effect.flatMap(HttpRouter.params, ({ id }) =>
  HttpServerResponse.json({ id: Number(id), name: "Ada Lovelace", tags: ["one", "two"], active: true })
)
const other = HttpServerResponse.text("another")

export const serving = HttpRouter.empty.pipe(
  HttpRouter.get("/", other),
  HttpRouter.get("/users", other),
  HttpRouter.get("/users/:id", user),
  HttpRouter.post("/users", other),
  HttpRouter.get("/assets/*", other),
  HttpServer.serve()
)
