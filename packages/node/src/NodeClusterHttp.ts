/**
 * Runs `@effect/cluster` over HTTP with our server and client. The exports have the same names as the exports
 * of `NodeClusterHttp` in `@effect/platform-node`.
 *
 * The index of this package does not export this module. The module needs `@effect/cluster`, `@effect/rpc`
 * and `@effect/sql`, and most programs do not use these packages. Import the module as
 * `@httpfx/node/NodeClusterHttp`. The module only composes layers; `@effect/cluster` assigns the shards.
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
 * Options of a runner (a process of an `@effect/cluster`): whether the runner hosts entities, its protocol,
 * its storage and its server.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options<ClientOnly extends boolean, Storage extends StorageKind> {
  /** The protocol between runners. */
  readonly transport: "http" | "websocket"
  /** The serialization of remote calls. Default `"msgpack"`. */
  readonly serialization?: "msgpack" | "ndjson" | undefined
  /**
   * Maximum number of bytes buffered for an incomplete remote call. Default: the default of
   * `RpcSerialization`.
   */
  readonly serializationMaxBufferSize?: number | "unbounded" | undefined
  /** Whether the runner only calls entities and does not host any. Default `false`. */
  readonly clientOnly?: ClientOnly | undefined
  /**
   * Storage of runners, locks and messages. `"sql"` (the default) needs a `SqlClient`. `"byo"` needs a
   * `MessageStorage` and a `RunnerStorage` from the program. `"local"` keeps all data in this process, so the
   * cluster consists of this runner alone.
   */
  readonly storage?: Storage | undefined
  /**
   * Values that replace those from the environment (`ShardingConfig.layerFromEnv`). `runnerAddress` is the
   * address to which other runners connect.
   */
  readonly shardingConfig?: Partial<ShardingConfig.ShardingConfig["Type"]> | undefined
  /**
   * Options of the server that other runners call. The address of this server comes from `shardingConfig`.
   */
  readonly server?: Omit<NodeHttpServer.Options, "host" | "port" | "path"> | undefined
}

/**
 * The kinds of storage: in this process (`local`), in a database (`sql`), or provided by the program (`byo`).
 *
 * @since 0.1.0
 * @category models
 */
export type StorageKind = "local" | "sql" | "byo"

// Uses the global `WebSocket` where Node.js has it (from version 22 on), otherwise the `WebSocket` of `ws`.
const webSockets = Layer.sync(WebSocketConstructor, () =>
  "WebSocket" in globalThis
    ? (url, protocols) => new globalThis.WebSocket(url, protocols)
    : (url, protocols) => new ws.WebSocket(url, protocols) as unknown as globalThis.WebSocket
)

/**
 * Provides the server that other runners call. The server listens on `runnerListenAddress` of the
 * configuration or, if that is not set, on `runnerAddress`. The layer dies if both are missing.
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
 * Provides a runner of a cluster: its server, the clients with which it calls other runners, and its storage.
 * A runner that does not respond to a ping counts as dead, and its shards move to other runners.
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
  // The requirements depend on the options, and TypeScript cannot infer them. Cast to the declared type.
  return (runnerOf(options, layerHttpServer(options.server)) as Layer.Layer<Sharding | Runners.Runners>).pipe(
    Layer.provide(health),
    Layer.provideMerge(messages as Layer.Layer<MessageStorage.MessageStorage>),
    Layer.provide(runners),
    Layer.provide(ShardingConfig.layerFromEnv(options.shardingConfig)),
    Layer.provide(serialized)
  ) as never
}
