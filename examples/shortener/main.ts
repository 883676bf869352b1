/**
 * A URL shortener: an API with typed errors, SQLite, live clicks over server-sent events and a WebSocket, a
 * rate limit, and health and metrics on a port of their own.
 *
 * `PORT`: where it listens (default 3000); `ADMIN_PORT`: where health and metrics are (default 9464);
 * `DATABASE`: its file (default `shortener.db` in the working directory).
 */
import { FileSystem, HttpServer } from "@effect/platform"
import { runMain } from "@effect/platform-node-shared/NodeRuntime"
import { NodeHttpServer, NodeNetwork } from "@httpfx/node"
import { Config, Effect, Layer } from "effect"
import { Database, Links } from "./links.js"
import { adminLive, ObservedLive, ServiceLive } from "./server.js"

const Server = NodeHttpServer.layerConfig({
  port: Config.withDefault(Config.integer("PORT"), 3000),
  maxBodySize: Config.succeed(FileSystem.KiB(16)),
  maxConnections: Config.succeed(10_000),
  // A message of the longest list of links.
  webSocket: { maxPayload: Config.succeed(8192) }
})

const Admin = Layer.unwrapEffect(
  Effect.map(Config.withDefault(Config.integer("ADMIN_PORT"), 9464), (port) => adminLive({ port }))
)

const main = Layer.mergeAll(ServiceLive, ObservedLive, Admin).pipe(
  HttpServer.withLogAddress,
  Layer.provide([Server, NodeNetwork.layer]),
  Layer.provide(Links.Default),
  Layer.provide(Database)
)

runMain(Layer.launch(main))
