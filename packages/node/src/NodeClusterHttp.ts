/**
 * `@effect/cluster` over HTTP on our server and client, under the names of `@effect/platform-node`.
 *
 * Not in the index of this package: it needs `@effect/cluster`, `@effect/rpc` and `@effect/sql`, which most
 * programs do not use. Import `@httpfx/node/NodeClusterHttp`. Only composes layers; does not decide about
 * shards.
 *
 * @since 0.1.0
 */
import * as HttpRunner from "@effect/cluster/HttpRunner"
import * as MessageStorage from "@effect/cluster/MessageStorage"
import * as RunnerHealth from "@effect/cluster/RunnerHealth"
import * as Runners from "@effect/cluster/Runners"
import * as RunnerStorage from "@effect/cluster/RunnerStorage"
import type { Sharding } from "@effect/cluster/Sharding"
import * as ShardingConfig from "@effect/cluster/ShardingConfig"
import * as SqlMessageStorage from "@effect/cluster/SqlMessageStorage"
import * as SqlRunnerStorage from "@effect/cluster/SqlRunnerStorage"
import type { HttpServer } from "@effect/platform/HttpServer"
import type { ServeError } from "@effect/platform/HttpServerError"
import { WebSocketConstructor } from "@effect/platform/Socket"
import * as RpcSerialization from "@effect/rpc/RpcSerialization"
import type { SqlClient } from "@effect/sql/SqlClient"
import type { Server } from "@httpfx/core"
import type { ConfigError } from "effect/ConfigError"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as ws from "ws"
import * as NodeHttpClient from "./NodeHttpClient.js"
import * as NodeHttpServer from "./NodeHttpServer.js"

/**
 * The kind of a runner, its protocol and its storage.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options<ClientOnly extends boolean, Storage extends StorageKind> {
  /** The protocol between runners. */
  readonly transport: "http" | "websocket"
  /** The serialization of calls. Default `"msgpack"`. */
  readonly serialization?: "msgpack" | "ndjson" | undefined
  /** Maximum size of an incomplete call, bytes. Default: that of `RpcSerialization`. */
  readonly serializationMaxBufferSize?: number | "unbounded" | undefined
  /** The runner calls entities and hosts none. Default `false`. */
  readonly clientOnly?: ClientOnly | undefined
  /**
   * Storage of runners, locks and messages. `"sql"` (the default) needs a `SqlClient`, `"byo"` both storages;
   * `"local"` keeps them in this process, which then runs alone.
   */
  readonly storage?: Storage | undefined
  /**
   * Overrides the environment (`ShardingConfig.layerFromEnv`). `runnerAddress` is the address at which others
   * reach this runner.
   */
  readonly shardingConfig?: Partial<ShardingConfig.ShardingConfig["Type"]> | undefined
  /** Options of the server that other runners call. Its address comes from `shardingConfig`. */
  readonly server?: Omit<NodeHttpServer.Options, "host" | "port" | "path"> | undefined
}

/**
 * Storage in this process, in a database, or provided by the program.
 *
 * @since 0.1.0
 * @category models
 */
export type StorageKind = "local" | "sql" | "byo"

// The platform's own `WebSocket` if it has one (from Node.js 22 on).
const webSockets = Layer.sync(WebSocketConstructor, () =>
  "WebSocket" in globalThis
    ? (url, protocols) => new globalThis.WebSocket(url, protocols)
    : (url, protocols) => new ws.WebSocket(url, protocols) as unknown as globalThis.WebSocket
)

/**
 * The server that other runners call: on `runnerListenAddress`, or else `runnerAddress`, of the
 * configuration. Dies if neither is set.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerHttpServer = (
  options: Options<false, never>["server"] = {}
): Layer.Layer<
  HttpServer | Server.Server | NodeHttpServer.Services,
  ServeError,
  ShardingConfig.ShardingConfig
> =>
  Layer.unwrapEffect(
    Effect.map(ShardingConfig.ShardingConfig, ({ runnerAddress, runnerListenAddress }) =>
      Option.match(
        Option.orElse(runnerListenAddress, () => runnerAddress),
        {
          onNone: () =>
            Layer.die(new Error("ShardingConfig has neither runnerListenAddress nor runnerAddress")),
          onSome: ({ host, port }) => NodeHttpServer.layer({ ...options, host, port })
        }
      )
    )
  )

const runnerOf = (
  { clientOnly = false, transport }: Pick<Options<boolean, never>, "clientOnly" | "transport">,
  server: ReturnType<typeof layerHttpServer>
) => {
  if (transport === "http") {
    return clientOnly
      ? Layer.provide(HttpRunner.layerHttpClientOnly, NodeHttpClient.layer)
      : Layer.provide(HttpRunner.layerHttp, [server, NodeHttpClient.layer])
  }
  return clientOnly
    ? Layer.provide(HttpRunner.layerWebsocketClientOnly, webSockets)
    : Layer.provide(HttpRunner.layerWebsocket, [server, webSockets])
}

const storages = {
  local: { messages: MessageStorage.layerNoop, runners: RunnerStorage.layerMemory },
  byo: { messages: Layer.empty, runners: Layer.empty },
  sql: { messages: Layer.orDie(SqlMessageStorage.layer), runners: Layer.orDie(SqlRunnerStorage.layer) }
}

const protocolOf = (transport: "http" | "websocket") =>
  transport === "http"
    ? Layer.provide(HttpRunner.layerClientProtocolHttpDefault, NodeHttpClient.layer)
    : Layer.provide(HttpRunner.layerClientProtocolWebsocketDefault, webSockets)

/**
 * A runner of a cluster: its server, its clients of other runners, and storage. A runner that does not answer
 * a ping counts as dead; its shards then move to others.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = <const ClientOnly extends boolean = false, const Storage extends StorageKind = never>(
  options: Options<ClientOnly, Storage>
): Layer.Layer<
  Sharding | Runners.Runners | ("byo" extends Storage ? never : MessageStorage.MessageStorage),
  ConfigError | (ClientOnly extends true ? never : ServeError),
  "local" extends Storage
    ? never
    : "byo" extends Storage
      ? MessageStorage.MessageStorage | RunnerStorage.RunnerStorage
      : SqlClient
> => {
  const { clientOnly, serialization, serializationMaxBufferSize: maxBufferSize, transport } = options
  const { messages, runners } = storages[options.storage ?? "sql"]
  const health =
    clientOnly === true
      ? Layer.empty
      : RunnerHealth.layerPing.pipe(Layer.provide(Runners.layerRpc), Layer.provide(protocolOf(transport)))
  const serialized =
    serialization === "ndjson"
      ? RpcSerialization.layerNdjsonWith({ maxBufferSize })
      : RpcSerialization.layerMsgPackWith({ maxBufferSize })
  // The requirements depend on the options, as declared by the type above.
  return (runnerOf(options, layerHttpServer(options.server)) as Layer.Layer<Sharding | Runners.Runners>).pipe(
    Layer.provide(health),
    Layer.provideMerge(messages as Layer.Layer<MessageStorage.MessageStorage>),
    Layer.provide(runners),
    Layer.provide(ShardingConfig.layerFromEnv(options.shardingConfig)),
    Layer.provide(serialized)
  ) as never
}
