/**
 * Servers on Node's sockets: `@httpfx/core/Server` with `NodeNetwork` beneath it.
 *
 * @since 0.1.0
 */
import type { HttpServer } from "@effect/platform/HttpServer"
import type { ServeError } from "@effect/platform/HttpServerError"
import { Server } from "@httpfx/core"
import type * as Config from "effect/Config"
import type { ConfigError } from "effect/ConfigError"
import * as Layer from "effect/Layer"
import * as NodeNetwork from "./NodeNetwork.js"

/**
 * A server on a port or a Unix path of this machine.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options: Server.Options): Layer.Layer<HttpServer | Server.Server, ServeError> =>
  Layer.provide(Server.layer(options), NodeNetwork.layer)

/**
 * `layer`, with its options from the configuration.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerConfig = (
  options: Config.Config.Wrap<Server.Options>
): Layer.Layer<HttpServer | Server.Server, ServeError | ConfigError> =>
  Layer.provide(Server.layerConfig(options), NodeNetwork.layer)
