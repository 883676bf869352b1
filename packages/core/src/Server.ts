/**
 * HTTP/1.1 servers, which serve a platform app on a listening address of a `Network`.
 *
 * This module provides platform's `HttpServer.HttpServer`, so `HttpServer.serve(app)` and code built on
 * `serve` run unchanged. `wire/` parses and frames all messages.
 *
 * @since 0.1.0
 */
import type * as HttpApp from "@effect/platform/HttpApp"
import * as HttpServer from "@effect/platform/HttpServer"
import type { ServeError } from "@effect/platform/HttpServerError"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Config from "effect/Config"
import type { ConfigError } from "effect/ConfigError"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import { make as makeServer, type Options, type Service } from "./internal/server/make.js"
import * as Network from "./Network.js"
import * as ServerTimeouts from "./ServerTimeouts.js"
import { WebSocketUpgrader } from "./WebSocketUpgrader.js"

export type { Options, Service } from "./internal/server/make.js"
export type { ServerOptions } from "./internal/options/server.js"
export type { TrustedProxies } from "./internal/options/trustedProxies.js"
export type { ForwardedField } from "./model/client.js"

/**
 * The server in the context, with its state and connections. Server layers provide both this service and
 * platform's `HttpServer`.
 *
 * @since 0.1.0
 * @category tags
 */
export class Server extends Context.Tag("@httpfx/core/Server")<Server, Service>() {}

/**
 * Returns an app that answers the readiness checks of load balancers. The status is 200 while `server` is
 * ready, otherwise 503. The response body is the name of the server's state.
 *
 * To run the app on a separate port, serve it with a second server, and pass the first server as `server`.
 *
 * @since 0.1.0
 * @category apps
 */
export const readiness = (server: Service): HttpApp.Default =>
  Effect.map(server.state, (state) =>
    HttpServerResponse.text(state, {
      status: state === "ready" ? 200 : 503,
      headers: { "cache-control": "no-store" }
    })
  )

/**
 * Creates a server that listens immediately. Connections that are accepted before the call of `serve` wait
 * for this call.
 *
 * When the scope of a `serve` closes, the server shuts down (docs/shutdown.md). A shutdown stops accepting,
 * waits for in-flight responses, and leaves no connection and no handler. Fails with a `ServeError` whose
 * cause is a `Network.ListenError` or an `InvalidOption`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: Options): Effect.Effect<Service, ServeError, Network.Network | Scope.Scope> =>
  Effect.gen(function* () {
    return yield* makeServer(options, {
      network: yield* Network.Network,
      timeouts: yield* ServerTimeouts.ServerTimeouts,
      webSocket: Option.getOrUndefined(yield* Effect.serviceOption(WebSocketUpgrader))
    })
  })

const context = (options: Options) =>
  Effect.map(make(options), (server) =>
    Context.make(Server, server).pipe(Context.add(HttpServer.HttpServer, server.httpServer))
  )

/**
 * Provides a server, as platform's `HttpServer` and as `Server`.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (
  options: Options
): Layer.Layer<HttpServer.HttpServer | Server, ServeError, Network.Network> =>
  Layer.scopedContext(context(options))

/**
 * Provides what {@link layer} provides, with options from the configuration.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerConfig = (
  options: Config.Config.Wrap<Options>
): Layer.Layer<HttpServer.HttpServer | Server, ServeError | ConfigError, Network.Network> =>
  Layer.scopedContext(Effect.flatMap(Config.unwrap(options), (options) => context(options as Options)))

/**
 * The URL of the server in the context, `https:` with TLS. IPv6 addresses are in brackets; a server on all
 * addresses has `0.0.0.0`. For a Unix socket it is `unix://` and the path.
 *
 * Platform's `HttpServer.addressFormattedWith` and `HttpServer.withLogAddress` always say `http:`.
 *
 * @since 0.1.0
 * @category accessors
 */
export const url: Effect.Effect<string, never, Server> = Effect.map(Server, ({ httpServer, scheme }) => {
  const { address } = httpServer
  return address._tag === "UnixAddress"
    ? `unix://${address.path}`
    : `${scheme}://${address.hostname}:${address.port}`
})

/**
 * Logs `Listening on` and the {@link url} of the server when the layer is built, as platform's
 * `HttpServer.withLogAddress` does, which says `http:` under TLS too.
 *
 * @example
 * import { HttpServer, HttpServerResponse } from "@effect/platform"
 * import { Server } from "@httpfx/core"
 *
 * const main = HttpServer.serve(HttpServerResponse.text("hello")).pipe(Server.withLogAddress)
 *
 * @since 0.1.0
 * @category layers
 */
export const withLogAddress = <A, E, R>(
  layer: Layer.Layer<A, E, R>
): Layer.Layer<A, E, R | Exclude<Server, A>> =>
  Layer.effectDiscard(Effect.flatMap(url, (text) => Effect.log(`Listening on ${text}`))).pipe(
    Layer.provideMerge(layer)
  )
