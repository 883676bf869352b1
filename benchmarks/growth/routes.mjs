// Platform's router on the server of httpfx, with a number of routes given in the URL (`routes.mjs?500`).
// Requests match the last route.
import { HttpRouter, HttpServer, HttpServerResponse } from "@effect/platform"
import * as NodeHttpServer from "@httpfx/node/NodeHttpServer"
import * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"

const answer = HttpServerResponse.text("Hello, World!")

export const start = async () => {
  const count = Number(new URL(import.meta.url).search.slice(1))
  let router = HttpRouter.empty
  for (let n = 1; n < count; n++) router = router.pipe(HttpRouter.get(`/things${n}/:id`, answer))
  const serving = router.pipe(HttpRouter.get("/last/:id", answer), HttpServer.serve())
  const server = NodeHttpServer.layer({ port: 0, host: "127.0.0.1" })
  const runtime = ManagedRuntime.make(Layer.provideMerge(serving, server))
  const { address } = await runtime.runPromise(HttpServer.HttpServer)
  return address.port
}
