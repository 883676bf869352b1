/**
 * A cluster: one server in several processes, replaced one by one without a lost request.
 *
 * This program is its own primary and its own workers; each logs its process id. `GET /` shows which one
 * responds; `kill -HUP` of the primary replaces the workers; a killed worker is replaced; Ctrl-C stops them
 * all. `PORT`: where it listens (default 3000); `WORKERS`: their number (default 2).
 */
import { HttpRouter, HttpServer, HttpServerResponse } from "@effect/platform"
import { runMain } from "@effect/platform-node-shared/NodeRuntime"
import { NodeCluster, NodeHttpServer } from "@httpfx/node"
import { Config, Effect, Layer } from "effect"
import cluster from "node:cluster"

const router = HttpRouter.empty.pipe(
  HttpRouter.get(
    "/",
    Effect.sync(() => HttpServerResponse.text(`process ${process.pid} answers\n`))
  ),
  // A restart waits for this request.
  HttpRouter.get("/slow", Effect.delay(HttpServerResponse.text(`process ${process.pid}\n`), "2 seconds"))
)

const server = HttpServer.serve(router).pipe(
  HttpServer.withLogAddress,
  Layer.provide(NodeHttpServer.layerConfig({ port: Config.withDefault(Config.integer("PORT"), 3000) }))
)

const main = Effect.gen(function* () {
  const workers = yield* Config.withDefault(Config.integer("WORKERS"), 2)
  yield* Effect.logInfo(`${cluster.isPrimary ? "primary" : "worker"}: process ${process.pid}`)
  yield* NodeCluster.run(server, { workers })
})

runMain(main)
