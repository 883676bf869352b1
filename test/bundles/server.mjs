// A hello server of the Effect API, as a user would bundle it.
import { HttpRouter, HttpServer, HttpServerResponse } from "@effect/platform"
import { NodeHttpServer } from "@httpfx/node"
import { Effect, Layer } from "effect"

const router = HttpRouter.empty.pipe(HttpRouter.get("/", HttpServerResponse.text("hello")))

const main = HttpServer.serve(router).pipe(
  HttpServer.withLogAddress,
  Layer.provide(NodeHttpServer.layer({ port: 0, host: "127.0.0.1" }))
)

Effect.runFork(Layer.launch(main))
