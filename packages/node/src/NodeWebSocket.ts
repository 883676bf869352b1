/**
 * WebSocket framing for our servers, by the `ws` package, which is loaded when the layer is built.
 *
 * `NodeHttpServer.layer` includes it, with its option `webSocket`; provide `layer` for a server on another
 * network (in memory), and `layerConstructor` for clients there.
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
 * An upgrader. Loads `ws`. Fails with `InvalidOption` for an invalid value.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: Options = {}): Effect.Effect<WebSocketUpgrader.Service, InvalidOption> =>
  load(options, "")

/**
 * An upgrader for a server of `@httpfx/core`. `NodeHttpServer` takes its options as `webSocket`. Fails with
 * `InvalidOption` as {@link make}.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options?: Options): Layer.Layer<WebSocketUpgrader.WebSocketUpgrader, InvalidOption> =>
  Layer.effect(WebSocketUpgrader.WebSocketUpgrader, make(options))

/**
 * `layer`, with its options from the configuration.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerConfig = (
  options: Config.Config.Wrap<Options>
): Layer.Layer<WebSocketUpgrader.WebSocketUpgrader, InvalidOption | ConfigError> =>
  Layer.effect(WebSocketUpgrader.WebSocketUpgrader, Effect.flatMap(Config.unwrap(options), make))

/**
 * The WebSocket constructor for clients on the `Network` in the context, as platform's `Socket.makeWebSocket`
 * needs it. It is the `WebSocket` of `makeHttp` (`@httpfx/node/bridge`), which is loaded here; its timers
 * follow the clock. Closing the scope resets its connections.
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
 * `makeConstructor`, as a layer. `TestServer` of `@httpfx/testing` provides it if it is given `layer`.
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
