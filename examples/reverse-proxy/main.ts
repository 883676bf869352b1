/**
 * A reverse proxy with limits and retries.
 *
 * At most 64 connections to the upstream; a request that waits for one longer than a second gets 503. A
 * request without a body is retried if the upstream is away for a moment, within the retry budget. `UPSTREAM`
 * is an origin (`http://127.0.0.1:8080`); by default the proxy starts an unreliable one of its own. `PORT`:
 * where it listens (default 3000). `TRUSTED_PROXIES`: addresses of proxies in front of this one. With
 * `INSPECT=4400` the inspector runs on that port, with pools and wire.
 */
import { HttpServer } from "@effect/platform"
import { runMain } from "@effect/platform-node-shared/NodeRuntime"
import { Agent, Client, Retry, Server } from "@httpfx/core"
import { NodeHttpServer, NodeNetwork } from "@httpfx/node"
import { Inspector } from "@httpfx/testing/tools"
import { Config, Effect, Layer, Option } from "effect"
import { proxy } from "./proxy.js"
import { moodyUpstream } from "./upstream.js"

const makeRetries = Retry.make({
  times: 2,
  onRetry: ({ attempt, delay, method }) =>
    Effect.logInfo("trying again", { attempt, delay: Math.round(delay), method })
})

const ProxyLive = Layer.unwrapScoped(
  Effect.gen(function* () {
    const upstream = yield* Config.string("UPSTREAM").pipe(Effect.orElse(() => moodyUpstream))
    yield* Effect.logInfo("in front of", upstream)
    const client = Retry.client(yield* makeRetries)(yield* Client.Client)
    return HttpServer.serve(proxy(client, upstream))
  })
)

const AgentLive = Agent.layer({ maxSockets: 64 })
const ClientLive = Client.layerAgent({
  timeouts: { queue: "1 second", connect: "2 seconds", head: "30 seconds", body: "30 seconds" }
})

const InspectorLive = Layer.unwrapEffect(
  Effect.map(
    Config.option(Config.integer("INSPECT")),
    Option.match({ onNone: () => Layer.empty, onSome: (port) => Inspector.layer({ port }) })
  )
)

const ServerLive = Layer.merge(
  Server.layerConfig({
    port: Config.withDefault(Config.integer("PORT"), 3000),
    maxConnections: Config.succeed(1000),
    trustedProxies: Config.withDefault(Config.array(Config.string(), "TRUSTED_PROXIES"), [])
  }),
  NodeHttpServer.layerContext
)

const main = Layer.merge(ProxyLive, InspectorLive).pipe(
  HttpServer.withLogAddress,
  Layer.provide(ClientLive),
  Layer.provide([ServerLive, AgentLive]),
  // Between the server and its network, for the inspector's view of the wire.
  Layer.provide(Inspector.layerTap()),
  Layer.provide(NodeNetwork.layer)
)

runMain(Layer.launch(main))
