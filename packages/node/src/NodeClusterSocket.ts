/**
 * Runs `@effect/cluster` over TCP, without HTTP. The exports have the same names as the exports of
 * `NodeClusterSocket` in `@effect/platform-node`. `NodeClusterHttp` runs it over HTTP.
 *
 * The index of this package does not export this module. The module needs `@effect/cluster`, `@effect/rpc`
 * and `@effect/sql`, and most programs do not use these packages. Import the module as
 * `@httpfx/node/NodeClusterSocket`.
 *
 * @since 0.1.0
 */
import type * as K8sHttpClient from "@effect/cluster/K8sHttpClient"
import * as SocketRunner from "@effect/cluster/SocketRunner"
import type { SocketServerError } from "@effect/platform/SocketServer"
import * as Shared from "@effect/platform-node-shared/NodeClusterSocket"
import * as Layer from "effect/Layer"
import * as entities from "./cluster/entities.js"
import type * as NodeHttpClient from "./NodeHttpClient.js"

export * from "@effect/platform-node-shared/NodeClusterSocket"

/**
 * Provides a runner of a cluster: its socket server, the sockets over which it calls other runners, and its
 * storage. The options are those of `NodeClusterHttp` that do not concern HTTP.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = <
  const ClientOnly extends boolean = false,
  const Storage extends entities.StorageKind = never
>(
  options: entities.RunnerOptions<ClientOnly, Storage> = {}
): entities.RunnerLayer<ClientOnly, Storage, SocketServerError> =>
  entities.runnerLayer(
    options,
    options.clientOnly === true
      ? Layer.provide(SocketRunner.layerClientOnly, Shared.layerClientProtocol)
      : Layer.provide(SocketRunner.layer, [Shared.layerSocketServer, Shared.layerClientProtocol]),
    Shared.layerClientProtocol
  )

/**
 * Provides the agent of {@link layerK8sHttpClient}, which trusts the certificate of the pod's service
 * account.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerDispatcherK8s: Layer.Layer<NodeHttpClient.Dispatcher> = entities.layerAgentK8s

/**
 * Provides the client of the Kubernetes API that `runnerHealth: "k8s"` uses.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerK8sHttpClient: Layer.Layer<K8sHttpClient.K8sHttpClient> = entities.layerK8sHttpClient
