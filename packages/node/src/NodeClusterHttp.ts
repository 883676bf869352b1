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
import type * as K8sHttpClient from "@effect/cluster/K8sHttpClient"
import * as ShardingConfig from "@effect/cluster/ShardingConfig"
import type { HttpServer } from "@effect/platform/HttpServer"
import type { ServeError } from "@effect/platform/HttpServerError"
import type { Server } from "@httpfx/core"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as entities from "./cluster/entities.js"
import * as NodeHttpClient from "./NodeHttpClient.js"
import * as NodeHttpServer from "./NodeHttpServer.js"
import { layerWebSocketConstructor } from "./NodeSocket.js"

export type {
  /**
   * The layer of a runner: what it provides, how it fails, and what it needs for its storage.
   *
   * @since 0.1.0
   * @category models
   */
  RunnerLayer,
  /**
   * Options of a runner, for every protocol between runners.
   *
   * @since 0.1.0
   * @category models
   */
  RunnerOptions,
  /**
   * The kinds of storage: in this process (`local`), in a database (`sql`), or provided by the program
   * (`byo`).
   *
   * @since 0.1.0
   * @category models
   */
  StorageKind
} from "./cluster/entities.js"

/**
 * Options of a runner (a process of an `@effect/cluster`): whether the runner hosts entities, its protocol,
 * its storage and its server.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options<
  ClientOnly extends boolean,
  Storage extends entities.StorageKind
> extends entities.RunnerOptions<ClientOnly, Storage> {
  /** The protocol between runners. */
  readonly transport: "http" | "websocket"
  /**
   * Options of the server that other runners call. The address of this server comes from `shardingConfig`.
   */
  readonly server?: Omit<NodeHttpServer.Options, "host" | "port" | "path"> | undefined
}

/**
 * Provides the client of the Kubernetes API that `runnerHealth: "k8s"` uses. It trusts the certificate of the
 * pod's service account.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerK8sHttpClient: Layer.Layer<K8sHttpClient.K8sHttpClient> = entities.layerK8sHttpClient

/**
 * Provides the server that other runners call, with these options. The server listens on
 * `runnerListenAddress` of the configuration or, if that is not set, on `runnerAddress`. The layer dies if
 * both are missing.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerHttpServerWith = (
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

/**
 * Provides the same server as {@link layerHttpServerWith}, with default options.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerHttpServer: Layer.Layer<
  HttpServer | Server.Server | NodeHttpServer.Services,
  ServeError,
  ShardingConfig.ShardingConfig
> = Layer.suspend(layerHttpServerWith)

const runnerOf = (
  { clientOnly = false, transport }: Pick<Options<boolean, never>, "clientOnly" | "transport">,
  server: typeof layerHttpServer
) => {
  if (transport === "http") {
    return clientOnly
      ? Layer.provide(HttpRunner.layerHttpClientOnly, NodeHttpClient.layer)
      : Layer.provide(HttpRunner.layerHttp, [server, NodeHttpClient.layer])
  }
  return clientOnly
    ? Layer.provide(HttpRunner.layerWebsocketClientOnly, layerWebSocketConstructor)
    : Layer.provide(HttpRunner.layerWebsocket, [server, layerWebSocketConstructor])
}

const protocolOf = (transport: "http" | "websocket") =>
  transport === "http"
    ? Layer.provide(HttpRunner.layerClientProtocolHttpDefault, NodeHttpClient.layer)
    : Layer.provide(HttpRunner.layerClientProtocolWebsocketDefault, layerWebSocketConstructor)

/**
 * Provides a runner of a cluster: its server, the clients with which it calls other runners, and its storage.
 * A runner that does not respond to a ping, or whose pod is not ready (`runnerHealth`), counts as dead, and
 * its shards move to other runners.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = <
  const ClientOnly extends boolean = false,
  const Storage extends entities.StorageKind = never
>(
  options: Options<ClientOnly, Storage>
): entities.RunnerLayer<ClientOnly, Storage, ServeError> =>
  entities.runnerLayer(
    options,
    runnerOf(options, layerHttpServerWith(options.server)),
    protocolOf(options.transport)
  )
