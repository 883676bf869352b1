/**
 * An unreliable upstream, the proxy's default: refuses every third request with 503, and reports its number
 * of requests.
 */
import { HttpRouter, HttpServer, HttpServerRequest, HttpServerResponse } from "@effect/platform"
import { NodeHttpServer } from "@httpfx/node"
import { Effect, Layer } from "effect"

const app = Effect.sync(() => {
  let asked = 0
  const moody = Effect.suspend(() =>
    ++asked % 3 === 0
      ? Effect.succeed(HttpServerResponse.text("not now\n", { status: 503 }))
      : HttpServerResponse.json({ asked })
  )
  const echo = Effect.map(HttpServerRequest.HttpServerRequest, (request) =>
    HttpServerResponse.stream(request.stream)
  )
  return HttpRouter.empty.pipe(HttpRouter.get("/", moody), HttpRouter.post("/echo", echo))
})

/** The origin of a new server; it ends with the scope. */
export const moodyUpstream = Effect.gen(function* () {
  const context = yield* Layer.build(NodeHttpServer.layer({ port: 0, host: "127.0.0.1" }))
  return yield* Effect.provide(
    Effect.zipRight(HttpServer.serveEffect(yield* app), HttpServer.addressFormattedWith(Effect.succeed)),
    context
  )
})
