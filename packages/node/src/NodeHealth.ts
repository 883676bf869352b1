/**
 * Liveness and readiness checks on a separate port. Serves `Health` of `@httpfx/core` on Node's sockets, for
 * one server or for a cluster.
 *
 * @since 0.1.0
 */
import type { ServeError } from "@effect/platform/HttpServerError"
import type { HttpServerRequest } from "@effect/platform/HttpServerRequest"
import type { Network } from "@httpfx/core"
import * as Health from "@httpfx/core/Health"
import type { InvalidOption } from "@httpfx/core/HttpError"
import type { Server } from "@httpfx/core/Server"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import { NodeCluster } from "./NodeCluster.js"
import * as NodeNetwork from "./NodeNetwork.js"

/**
 * Reports the health of the server in the context, until that server is closed. In a cluster, all workers
 * would share the port, so use `layerCluster` in the primary.
 *
 * @example
 * import { HttpServer, HttpServerResponse } from "@effect/platform"
 * import { NodeHealth, NodeHttpServer } from "@httpfx/node"
 * import { Effect, Layer } from "effect"
 *
 * const database = Effect.void // for instance a query
 *
 * const server = Layer.merge(
 *   HttpServer.serve(HttpServerResponse.text("Hello")),
 *   NodeHealth.layer({ port: 9000, ready: { database } })
 * ).pipe(Layer.provide(NodeHttpServer.layer({ port: 3000 })))
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = <R = never, RF = never>(
  options: Health.Options<R, RF>
): Layer.Layer<
  never,
  ServeError | InvalidOption,
  Server | Exclude<R | Exclude<RF, HttpServerRequest | Scope.Scope>, Network.Network>
> => Layer.provide(Health.layer(options), NodeNetwork.layer)

/**
 * Reports the health of the cluster in the context. The cluster is ready while a worker is ready and the
 * cluster does not stop. Use the layer in the primary, as the option `primary` of `NodeCluster.run` or beside
 * `NodeCluster.layer`.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerCluster = <R = never, RF = never>(
  options: Health.Options<R, RF>
): Layer.Layer<
  never,
  ServeError | InvalidOption,
  NodeCluster | Exclude<R | Exclude<RF, HttpServerRequest | Scope.Scope>, Network.Network>
> => Layer.provide(cluster(options), NodeNetwork.layer)

const cluster = <R, RF>(
  options: Health.Options<R, RF>
): Layer.Layer<
  never,
  ServeError | InvalidOption,
  NodeCluster | Network.Network | R | Exclude<RF, HttpServerRequest | Scope.Scope>
> => Layer.scopedDiscard(Effect.flatMap(NodeCluster, (cluster) => Health.serve(cluster, options)))
