/**
 * The demo: a server and a client in one program. `npm start` runs it.
 *
 * It serves the routes of `routes.ts`, lets our own client tour them (`tour.ts`), and then serves until
 * Ctrl-C, which waits for in-flight responses. `PORT`: where it listens (default 3000).
 */
import { HttpServer } from "@effect/platform"
import { runMain } from "@effect/platform-node-shared/NodeRuntime"
import { NodeHttpClient, NodeHttpServer } from "@httpfx/node"
import { Config, Console, Effect, Layer } from "effect"
import { router } from "./routes.js"
import { tour } from "./tour.js"

// 0: any free port.
const port = Config.withDefault(Config.integer("PORT"), 3000)

// The only place that selects the implementation: any layer that provides platform's `HttpServer` would work.
const ServerLive = NodeHttpServer.layerConfig({ port })

// Serves the routes from here on, until the layer's scope closes.
const AppLive = Layer.provideMerge(HttpServer.serve(router), ServerLive)

const program = Effect.gen(function* () {
  const { address } = yield* HttpServer.HttpServer
  const url = address._tag === "TcpAddress" ? `http://localhost:${address.port}` : address.path
  yield* Console.log(`Listening on ${url}\n`)
  yield* tour(url)
  yield* Console.log(`\nOpen ${url} in a browser. Ctrl-C stops it after the in-flight responses.`)
  yield* Effect.onInterrupt(Effect.never, () =>
    Console.log("\nStopping: no new connections; waiting for in-flight responses.")
  )
})

program.pipe(Effect.provide([AppLive, NodeHttpClient.layer]), runMain)
