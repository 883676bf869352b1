/**
 * Servers on Node's sockets: `@httpfx/core/Server` on `NodeNetwork`. The exports have the same names as the
 * exports of `NodeHttpServer` in `@effect/platform-node`. They take options, while `@effect/platform-node`
 * takes a `node:http` server. `NodeWebSocket` does the framing of WebSockets.
 *
 * @since 0.1.0
 */
import * as Etag from "@effect/platform/Etag"
import type { HttpClient } from "@effect/platform/HttpClient"
import type { HttpPlatform } from "@effect/platform/HttpPlatform"
import * as HttpServer from "@effect/platform/HttpServer"
import { ServeError } from "@effect/platform/HttpServerError"
import { HttpError, Server } from "@httpfx/core"
import { WebSocketUpgrader } from "@httpfx/core/WebSocketUpgrader"
import * as Config from "effect/Config"
import type { ConfigError } from "effect/ConfigError"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import { EventEmitter } from "node:events"
import * as NodeContext from "./NodeContext.js"
import * as NodeHttpClient from "./NodeHttpClient.js"
import * as NodeHttpPlatform from "./NodeHttpPlatform.js"
import * as NodeNetwork from "./NodeNetwork.js"
import type * as NodeWebSocket from "./NodeWebSocket.js"
import { load } from "./webSocket/server.js"

/**
 * All options of `Server.Options`, and the options of the server's WebSockets.
 *
 * @since 0.1.0
 * @category models
 */
export type Options = Server.Options & {
  /**
   * Options of WebSockets, such as `maxPayload` and `perMessageDeflate`. `NodeWebSocket.Options` documents
   * the defaults.
   */
  readonly webSocket?: NodeWebSocket.Options | undefined
}

const serveError = (cause: HttpError.InvalidOption): ServeError => {
  // The constructor of platform's `ServeError` accepts a message, which its type does not declare.
  const error = new ServeError({ cause, message: cause.message } as { readonly cause: unknown })
  // Its frames would be those of this file and of Effect.
  return Object.defineProperty(error, "stack", { value: `ServeError: ${cause.message}` })
}

/**
 * Refuses arguments of the shape that `@effect/platform-node` has: a function that makes a server of
 * `node:http`, and then the options.
 */
const refuseShape = (options: unknown, example: string): Effect.Effect<void, ServeError> => {
  const isRecord = typeof options === "object" && options !== null
  if (isRecord && !(options instanceof EventEmitter)) return Effect.void
  const received = isRecord ? "a server" : options === undefined ? "undefined" : `a ${typeof options}`
  const reason = `must be a record, without a server of node:http: write ${example}`
  const cause = new HttpError.InvalidOption({
    option: "options",
    code: "ERR_INVALID_ARG_VALUE",
    reason,
    received
  })
  return Effect.fail(serveError(cause))
}

const platform = ({ webSocket = {} }: Pick<Options, "webSocket">) =>
  Layer.merge(
    NodeNetwork.layer,
    Layer.mapError(Layer.effect(WebSocketUpgrader, load(webSocket, "webSocket.")), serveError)
  )

/**
 * The services that an app can use in addition to the server: files as responses, ETags, and the services of
 * `NodeContext`.
 *
 * @since 0.1.0
 * @category models
 */
export type Services = HttpPlatform | Etag.Generator | NodeContext.NodeContext

/**
 * Makes a server that listens on a port or a Unix path of this machine until the scope closes.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: Options): Effect.Effect<HttpServer.HttpServer, ServeError, Scope.Scope> =>
  Effect.zipRight(
    refuseShape(options, "NodeHttpServer.make({ port: 3000 })"),
    Effect.suspend(() =>
      Effect.map(Effect.provide(Server.make(options), platform(options)), ({ httpServer }) => httpServer)
    )
  )

/**
 * Provides the server alone. `layerContext` provides the other services that an app can use.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerServer = (
  options: Options
): Layer.Layer<HttpServer.HttpServer | Server.Server, ServeError> =>
  Layer.unwrapEffect(
    Effect.map(refuseShape(options, "NodeHttpServer.layer({ port: 3000 })"), () =>
      Layer.provide(Server.layer(options), platform(options))
    )
  )

/**
 * Provides {@link Services}. Its ETags are weak.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerContext: Layer.Layer<Services> = Layer.mergeAll(
  NodeHttpPlatform.layer,
  Etag.layerWeak,
  NodeContext.layer
)

/**
 * Provides the server and all of {@link Services}.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (
  options: Options
): Layer.Layer<HttpServer.HttpServer | Server.Server | Services, ServeError> =>
  Layer.merge(layerServer(options), layerContext)

/**
 * Provides the same as {@link layer}, with options read from the configuration.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerConfig = (
  options: Config.Config.Wrap<Options>
): Layer.Layer<HttpServer.HttpServer | Server.Server | Services, ServeError | ConfigError> =>
  Layer.unwrapEffect(
    Effect.zipRight(
      refuseShape(options, 'NodeHttpServer.layerConfig({ port: Config.integer("PORT") })'),
      Effect.suspend(() => Effect.map(Config.unwrap(options), (options) => layer(options as Options)))
    )
  )

/**
 * Provides a server on a free port of the loopback interface, and an `HttpClient` that resolves paths against
 * the URL of that server. The layer is for tests on real sockets. `TestServer` of `@httpfx/testing` serves
 * the same purpose without a port.
 *
 * @example
 * import { HttpClient, HttpRouter, HttpServer } from "@effect/platform"
 * import { NodeHttpServer } from "@httpfx/node"
 * import { Effect } from "effect"
 *
 * const status = Effect.gen(function* () {
 *   yield* HttpServer.serveEffect(HttpRouter.empty)
 *   return (yield* HttpClient.get("/")).status // 404
 * }).pipe(Effect.provide(NodeHttpServer.layerTest))
 *
 * @since 0.1.0
 * @category layers
 */
export const layerTest: Layer.Layer<
  HttpClient | HttpServer.HttpServer | Server.Server | Services,
  ServeError
> = HttpServer.layerTestClient.pipe(
  Layer.provide(NodeHttpClient.layer),
  // Close idle connections at once, because a grace period would not end while a test clock stands still.
  Layer.provideMerge(layer({ host: "127.0.0.1", port: 0, idleConnectionGrace: 0 }))
)
