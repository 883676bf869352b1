/**
 * `@effect/cluster` over HTTP on our server and client, under the name that users of `@effect/platform-node`
 * know.
 *
 * Not in the index of this package: it needs `@effect/cluster`, `@effect/rpc` and `@effect/sql`, which most
 * programs do not. Import `@httpfx/node/NodeClusterHttp`. Decides nothing about shards; it only puts layers
 * together.
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
 * What kind of runner, how it calls others, where its storage is.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options<ClientOnly extends boolean, Storage extends StorageKind> {
  /** How runners call each other. */
  readonly transport: "http" | "websocket"
  /** How calls are written. Default `"msgpack"`. */
  readonly serialization?: "msgpack" | "ndjson" | undefined
  /** Bytes of a call that may wait for its end. Default: that of `RpcSerialization`. */
  readonly serializationMaxBufferSize?: number | "unbounded" | undefined
  /** Calls entities and has none. Default `false`. */
  readonly clientOnly?: ClientOnly | undefined
  /**
   * Where runners, locks and messages are kept. `"sql"` (the default) asks for a `SqlClient`, `"byo"` for
   * both storages; `"local"` keeps them in this process, which is then alone.
   */
  readonly storage?: Storage | undefined
  /**
   * Over what is in the environment (`ShardingConfig.layerFromEnv`). `runnerAddress` is where the others
   * reach this runner.
   */
  readonly shardingConfig?: Partial<ShardingConfig.ShardingConfig["Type"]> | undefined
  /** Of the server that the other runners call. Where it listens comes from `shardingConfig`. */
  readonly server?: Omit<NodeHttpServer.Options, "host" | "port" | "path"> | undefined
}

/**
 * In this process alone, in a database, or brought by the program.
 *
 * @since 0.1.0
 * @category models
 */
export type StorageKind = "local" | "sql" | "byo"

// Of the platform, where it has one: Node.js from 22 on.
const webSockets = Layer.sync(WebSocketConstructor, () =>
  "WebSocket" in globalThis
    ? (url, protocols) => new globalThis.WebSocket(url, protocols)
    : (url, protocols) => new ws.WebSocket(url, protocols) as unknown as globalThis.WebSocket
)

/**
 * The server that other runners call: on `runnerListenAddress`, or else `runnerAddress`, of the
 * configuration. It dies where there is neither.
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
 * A runner of a cluster: its server, its clients of the other runners, and storage. A runner is taken for
 * dead when it does not answer to a ping; its shards then go to others.
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
  // What is asked for depends on the options; the type above says how.
  return (runnerOf(options, layerHttpServer(options.server)) as Layer.Layer<Sharding | Runners.Runners>).pipe(
    Layer.provide(health),
    Layer.provideMerge(messages as Layer.Layer<MessageStorage.MessageStorage>),
    Layer.provide(runners),
    Layer.provide(ShardingConfig.layerFromEnv(options.shardingConfig)),
    Layer.provide(serialized)
  ) as never
}
