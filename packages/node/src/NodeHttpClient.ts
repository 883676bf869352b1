/**
 * Clients on Node's sockets: `@httpfx/core/Client` with `NodeNetwork` beneath it.
 *
 * @since 0.1.0
 */
import type { HttpClient } from "@effect/platform/HttpClient"
import { Client } from "@httpfx/core"
import * as Layer from "effect/Layer"
import * as NodeNetwork from "./NodeNetwork.js"

/**
 * A client with the defaults, as `Client` and as platform's `HttpClient.HttpClient`.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer: Layer.Layer<Client.Client | HttpClient> = Layer.provide(Client.layer, NodeNetwork.layer)

/**
 * `layer`, with options.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerWith = (options: Client.Options): Layer.Layer<Client.Client | HttpClient> =>
  Layer.provide(Client.layerWith(options), NodeNetwork.layer)
