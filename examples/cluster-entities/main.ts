/**
 * One of several processes that share counters: each counter lives in one process at a time, and moves when
 * its process dies.
 *
 *   PORT=4001 DATABASE=/path/to/counters.db npm run example cluster-entities
 *
 * PORT (4001) is for the other processes, DATABASE (counters.db, in the folder of the examples) is their
 * shared file. The last printed line is for users: `GET /counters/NAME` counts, wherever the counter is.
 */
import { ClusterSchema, Entity } from "@effect/cluster"
import { RunnerAddress } from "@effect/cluster/RunnerAddress"
import { HttpRouter, HttpServer, HttpServerResponse } from "@effect/platform"
import { runMain } from "@effect/platform-node-shared/NodeRuntime"
import { Rpc } from "@effect/rpc"
import { NodeHttpServer } from "@httpfx/node"
import * as NodeClusterHttp from "@httpfx/node/NodeClusterHttp"
import { Config, Effect, Layer, Option, Schema } from "effect"
import { Database } from "./database.js"

const Counted = Schema.Struct({ count: Schema.Number, process: Schema.Number })

const Counter = Entity.make("Counter", [
  // Stored in the database until the reply, so that no call is lost when a process dies.
  Rpc.make("Count", { success: Counted }).annotate(ClusterSchema.Persisted, true)
])

const CounterLive = Counter.toLayer(
  Effect.gen(function* () {
    let count = 0
    return { Count: () => Effect.sync(() => ({ count: ++count, process: process.pid })) }
  })
)

const users = HttpRouter.empty.pipe(
  HttpRouter.get(
    "/counters/:name",
    Effect.gen(function* () {
      const { name = "" } = yield* HttpRouter.params
      // Each name is a row and an entity.
      if (!/^[\w.-]{1,40}$/.test(name)) return HttpServerResponse.empty({ status: 404 })
      const client = yield* Counter.client
      return yield* HttpServerResponse.json(yield* client(name).Count())
    })
  ),
  HttpServer.serve(),
  Layer.merge(
    Layer.effectDiscard(
      HttpServer.addressFormattedWith((url) => Effect.logInfo(`Count at ${url}/counters/NAME`))
    )
  ),
  Layer.provide(NodeHttpServer.layer({ host: "127.0.0.1", port: 0 }))
)

const Cluster = Layer.unwrapEffect(
  Effect.map(Config.withDefault(Config.integer("PORT"), 4001), (port) =>
    NodeClusterHttp.layer({
      transport: "http",
      shardingConfig: {
        runnerAddress: Option.some(new RunnerAddress({ host: "127.0.0.1", port })),
        shardsPerGroup: 20,
        // Time until a dead process is noticed. In production the defaults, of minutes, cause less traffic.
        shardLockExpiration: "6 seconds",
        shardLockRefreshInterval: "1 second",
        refreshAssignmentsInterval: "500 millis",
        runnerHealthCheckInterval: "1 second",
        entityMessagePollInterval: "1 second"
      }
    })
  )
)

const main: Layer.Layer<never, unknown> = Layer.merge(CounterLive, users).pipe(
  Layer.provide(Cluster),
  Layer.provide(Database)
)

runMain(Layer.launch(main))
