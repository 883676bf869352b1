/**
 * WebSocket framing for our servers. The `ws` package, which is loaded when the layer is built, does the
 * framing.
 *
 * `NodeHttpServer.layer` includes the framing and takes its options as `webSocket`. For a server on another
 * network, such as one in memory, provide `layer`. For clients on such a network, provide `layerConstructor`.
 *
 * @since 0.1.0
 */
import * as PlatformSocket from "@effect/platform/Socket"
import * as Config from "effect/Config"
import type { ConfigError } from "effect/ConfigError"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import type { InvalidOption } from "@httpfx/core/HttpError"
import type { Network } from "@httpfx/core/Network"
import * as WebSocketUpgrader from "@httpfx/core/WebSocketUpgrader"
import { constructorOnNetwork } from "./webSocket/client.js"
import type { Options } from "./webSocket/options.js"
import { load } from "./webSocket/server.js"

export type { Deflate, Options } from "./webSocket/options.js"

/**
 * Loads `ws` and makes the upgrader, which turns connections of a server into WebSockets. Fails with
 * `InvalidOption` for an invalid value.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: Options = {}): Effect.Effect<WebSocketUpgrader.Service, InvalidOption> =>
  load(options, "")

/**
 * Provides the upgrader, which turns connections of a server of `@httpfx/core` into WebSockets.
 * `NodeHttpServer` has an option `webSocket` for these options. Fails with `InvalidOption`, as {@link make}
 * does.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options?: Options): Layer.Layer<WebSocketUpgrader.WebSocketUpgrader, InvalidOption> =>
  Layer.effect(WebSocketUpgrader.WebSocketUpgrader, make(options))

/**
 * Provides the same upgrader as {@link layer}, with options read from the configuration.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerConfig = (
  options: Config.Config.Wrap<Options>
): Layer.Layer<WebSocketUpgrader.WebSocketUpgrader, InvalidOption | ConfigError> =>
  Layer.effect(WebSocketUpgrader.WebSocketUpgrader, Effect.flatMap(Config.unwrap(options), make))

/**
 * Makes the WebSocket constructor that platform's `Socket.makeWebSocket` needs, for clients on the `Network`
 * in the context. The constructor is the `WebSocket` class of `makeHttp`, so this effect loads
 * `@httpfx/node/bridge`. Timeouts follow the current `Clock`. Closing the scope resets the connections that
 * were made with the constructor.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeConstructor: Effect.Effect<
  Context.Tag.Service<typeof PlatformSocket.WebSocketConstructor>,
  never,
  Network | Scope.Scope
> = constructorOnNetwork

/**
 * Provides the constructor of {@link makeConstructor}. `TestServer` of `@httpfx/testing` also provides this
 * constructor, if {@link layer} is passed to `TestServer`.
 *
 * @example
 * import { Socket } from "@effect/platform"
 * import { NodeNetwork, NodeWebSocket } from "@httpfx/node"
 * import { Effect, Layer } from "effect"
 *
 * const prices = Effect.gen(function* () {
 *   const socket = yield* Socket.makeWebSocket("wss://prices.example/")
 *   yield* socket.runRaw((message) => Effect.log(message))
 * }).pipe(Effect.provide(Layer.provide(NodeWebSocket.layerConstructor, NodeNetwork.layer)))
 *
 * @since 0.1.0
 * @category layers
 */
export const layerConstructor: Layer.Layer<PlatformSocket.WebSocketConstructor, never, Network> =
  Layer.scoped(PlatformSocket.WebSocketConstructor, makeConstructor)
