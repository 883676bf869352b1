/**
 * An Express app moving to Effect: it stays unchanged, with new routes beside it.
 *
 * `PORT`: where it listens (default 3000).
 */
import { HttpMiddleware, HttpRouter, HttpServer, HttpServerResponse } from "@effect/platform"
import { runMain } from "@effect/platform-node-shared/NodeRuntime"
import { NodeHttpServer } from "@httpfx/node"
import { fromListener } from "@httpfx/node/bridge"
import { Config, Layer } from "effect"
import { legacy } from "./legacy.js"

const router = HttpRouter.empty.pipe(
  HttpRouter.get("/health", HttpServerResponse.json({ healthy: true })),
  // Everything not moved yet.
  HttpRouter.all("*", fromListener(legacy))
)

const main = HttpServer.serve(router, HttpMiddleware.logger).pipe(
  HttpServer.withLogAddress,
  Layer.provide(NodeHttpServer.layerConfig({ port: Config.withDefault(Config.integer("PORT"), 3000) }))
)

runMain(Layer.launch(main))
