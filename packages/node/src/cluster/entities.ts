/**
 * Storage, health checks and serialization of the runners of `@effect/cluster`, for every protocol between
 * runners.
 */
import * as K8sHttpClient from "@effect/cluster/K8sHttpClient"
import * as MessageStorage from "@effect/cluster/MessageStorage"
import * as RunnerHealth from "@effect/cluster/RunnerHealth"
import * as Runners from "@effect/cluster/Runners"
import * as RunnerStorage from "@effect/cluster/RunnerStorage"
import type { Sharding } from "@effect/cluster/Sharding"
import * as ShardingConfig from "@effect/cluster/ShardingConfig"
import * as SqlMessageStorage from "@effect/cluster/SqlMessageStorage"
import * as SqlRunnerStorage from "@effect/cluster/SqlRunnerStorage"
import * as FileSystem from "@effect/platform/FileSystem"
import * as NodeFileSystem from "@effect/platform-node-shared/NodeFileSystem"
import * as RpcSerialization from "@effect/rpc/RpcSerialization"
import type { SqlClient } from "@effect/sql/SqlClient"
import * as Client from "@httpfx/core/Client"
import type { ConfigError } from "effect/ConfigError"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as NodeHttpClient from "../NodeHttpClient.js"

/** Options of every runner. `NodeClusterHttp` and `NodeClusterSocket` document them. */
export interface RunnerOptions<ClientOnly extends boolean, Storage extends StorageKind> {
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
   * How a runner finds out that another runner is dead: `"ping"` (the default) calls it, `"k8s"` asks the API
   * of Kubernetes whether its pod is ready.
   */
  readonly runnerHealth?: "ping" | "k8s" | undefined
  /**
   * The pods that `runnerHealth: "k8s"` asks for: `namespace` is the pods' namespace, `labelSelector` selects
   * them. Default: all pods.
   */
  readonly runnerHealthK8s?:
    { readonly namespace?: string | undefined; readonly labelSelector?: string | undefined } | undefined
  /**
   * Values that replace those from the environment (`ShardingConfig.layerFromEnv`). `runnerAddress` is the
   * address to which other runners connect.
   */
  readonly shardingConfig?: Partial<ShardingConfig.ShardingConfig["Type"]> | undefined
}

/** The kinds of storage: in this process (`local`), in a database (`sql`), or of the program (`byo`). */
export type StorageKind = "local" | "sql" | "byo"

/** The layer of a runner whose server, if it has one, fails with `E`. */
export type RunnerLayer<ClientOnly extends boolean, Storage extends StorageKind, E> = Layer.Layer<
  Sharding | Runners.Runners | ("byo" extends Storage ? never : MessageStorage.MessageStorage),
  ConfigError | (ClientOnly extends true ? never : E),
  "local" extends Storage
    ? never
    : "byo" extends Storage
      ? MessageStorage.MessageStorage | RunnerStorage.RunnerStorage
      : SqlClient
>

const storages = {
  local: { messages: MessageStorage.layerNoop, runners: RunnerStorage.layerMemory },
  byo: { messages: Layer.empty, runners: Layer.empty },
  sql: { messages: Layer.orDie(SqlMessageStorage.layer), runners: Layer.orDie(SqlRunnerStorage.layer) }
}

const certificate = "/var/run/secrets/kubernetes.io/serviceaccount/ca.crt"

/** An agent that trusts the certificate of the Kubernetes cluster, if the pod has one. */
export const layerAgentK8s: Layer.Layer<NodeHttpClient.HttpAgent> = Layer.unwrapEffect(
  Effect.map(
    Effect.option(Effect.flatMap(FileSystem.FileSystem, (files) => files.readFileString(certificate))),
    (ca) =>
      ca._tag === "None"
        ? Layer.fresh(NodeHttpClient.agentLayer)
        : Layer.orDie(NodeHttpClient.makeAgentLayer({ tls: { ca: ca.value } }))
  )
).pipe(Layer.provide(NodeFileSystem.layer))

/** The client of the Kubernetes API that `runnerHealth: "k8s"` uses. */
export const layerK8sHttpClient: Layer.Layer<K8sHttpClient.K8sHttpClient> = K8sHttpClient.layer.pipe(
  Layer.provide(Layer.fresh(Layer.orDie(Client.layerAgent()))),
  Layer.provide([layerAgentK8s, NodeFileSystem.layer])
)

/** Provides health checks, storage and serialization to a runner. `protocol` is the protocol of its pings. */
export const runnerLayer = <ClientOnly extends boolean, Storage extends StorageKind, E>(
  options: RunnerOptions<ClientOnly, Storage>,
  runner: Layer.Layer<Sharding | Runners.Runners, E, unknown>,
  protocol: Layer.Layer<Runners.RpcClientProtocol, never, RpcSerialization.RpcSerialization>
): RunnerLayer<ClientOnly, Storage, E> => {
  const { clientOnly, runnerHealth, serialization, serializationMaxBufferSize: maxBufferSize } = options
  const { messages, runners } = storages[options.storage ?? "sql"]
  const health =
    clientOnly === true
      ? Layer.empty
      : runnerHealth === "k8s"
        ? Layer.provide(RunnerHealth.layerK8s(options.runnerHealthK8s), layerK8sHttpClient)
        : RunnerHealth.layerPing.pipe(Layer.provide(Runners.layerRpc), Layer.provide(protocol))
  const serialized =
    serialization === "ndjson"
      ? RpcSerialization.layerNdjsonWith({ maxBufferSize })
      : RpcSerialization.layerMsgPackWith({ maxBufferSize })
  // The requirements depend on the options, and TypeScript cannot infer them. Cast to the declared type.
  return (runner as Layer.Layer<Sharding | Runners.Runners>).pipe(
    Layer.provide(health),
    Layer.provideMerge(messages as Layer.Layer<MessageStorage.MessageStorage>),
    Layer.provide(runners),
    Layer.provide(ShardingConfig.layerFromEnv(options.shardingConfig)),
    Layer.provide(serialized)
  ) as never
}
