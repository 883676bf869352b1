/**
 * WebSocket framing for our servers by the `ws` package, which is loaded when the layer is built.
 *
 * `NodeHttpServer.layer` provides it already, with its option `webSocket`; provide `layer` for a server on another network (in memory).
 *
 * @since 0.1.0
 */
import type * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { InvalidOption } from "@httpfx/core/HttpError"
import { WebSocketUpgrader } from "@httpfx/core/WebSocketUpgrader"
import type { Options } from "./internal/webSocketOptions.js"
import { load } from "./internal/webSocketServer.js"

export type { Deflate, Options } from "./internal/webSocketOptions.js"

/**
 * An upgrader of one's own options. Loads `ws`. Fails with `InvalidOption` where a value is not what its option can be.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: Options = {}): Effect.Effect<typeof WebSocketUpgrader.Service, InvalidOption> =>
  load(options, "")

/**
 * An upgrader of one's own options, for a server of `@httpfx/core`. `NodeHttpServer` takes them as its option `webSocket`.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerWith = (options: Options): Layer.Layer<WebSocketUpgrader, InvalidOption> =>
  Layer.effect(WebSocketUpgrader, make(options))

/**
 * An upgrader with the defaults.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer: Layer.Layer<WebSocketUpgrader> = Layer.orDie(layerWith({}))
