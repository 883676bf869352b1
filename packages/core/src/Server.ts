/**
 * HTTP/1.1 servers: serve a platform app on a listening address of a `Network`.
 *
 * Provides platform's `HttpServer.HttpServer`, so that `HttpServer.serve(app)` and everything built on it
 * runs unchanged. Parsing and framing are left to `wire/`.
 *
 * @since 0.1.0
 */
import type * as HttpApp from "@effect/platform/HttpApp"
import type { HttpMiddleware } from "@effect/platform/HttpMiddleware"
import * as HttpServer from "@effect/platform/HttpServer"
import { ServeError } from "@effect/platform/HttpServerError"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Config from "effect/Config"
import type { ConfigError } from "effect/ConfigError"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type * as HttpError from "./HttpError.js"
import { ServerLife } from "./connection/server/life.js"
import { Closing } from "./internal/closing.js"
import { ServerEvents } from "./internal/observe/serverEvents.js"
import * as ServerApp from "./internal/server/app.js"
import { make as makeSettings, type ServerOptions } from "./internal/options/server.js"
import { make as makeShutdown } from "./internal/server/shutdown.js"
import { check as checkTls, ServerHandshakes } from "./internal/server/handshakes.js"
import * as Network from "./Network.js"
import type { ServerEvent } from "./ServerEvent.js"
import type * as Shutdown from "./Shutdown.js"
import * as ServerTimeouts from "./ServerTimeouts.js"
import * as Timers from "./Timers.js"
import type { Address } from "./Transport.js"
import { WebSocketUpgrader } from "./WebSocketUpgrader.js"

export type { ServerOptions } from "./internal/options/server.js"

/**
 * The address to listen on, and all of `ServerOptions`.
 *
 * @since 0.1.0
 * @category models
 */
export type Options = Network.ListenOptions & ServerOptions

// Wildcard addresses are shown as in platform-node: a URL with `::` would need brackets.
const shownAddress = (address: Address): Address =>
  address._tag === "TcpAddress" && address.hostname === "::" ? { ...address, hostname: "0.0.0.0" } : address

/**
 * A running server, for control and observation.
 *
 * @since 0.1.0
 * @category models
 */
export interface Service {
  /** Platform's `HttpServer` of this server, as `HttpServer.serve` uses it. */
  readonly httpServer: HttpServer.HttpServer
  /** The bound address, as reported by the network. */
  readonly address: Address
  /** The timeouts in force, ms. */
  readonly timeouts: ServerTimeouts.Service
  /** The current state: `ready`, `lameDuck`, ... */
  readonly state: Effect.Effect<Shutdown.State>
  /** The current state and all following ones. Ends after `closed`. */
  readonly states: Stream.Stream<Shutdown.State>
  /** Waits until draining begins. */
  readonly awaitDrain: Effect.Effect<void>
  /**
   * Fails readiness checks from now on, while serving as before. Does nothing unless the server is `ready`.
   */
  readonly lameDuck: Effect.Effect<void>
  /**
   * Does the same as closing the layer's scope: lame duck, drain, deadline. Completes once the server is
   * closed. Interrupting the wait does not interrupt the shutdown.
   */
  readonly shutdown: Effect.Effect<void>
  /**
   * The server's events from now on, until it is closed. A reader more than 4096 events behind loses the
   * oldest ones; `observe` loses none.
   */
  readonly events: Stream.Stream<ServerEvent>
  /**
   * Calls `f` with each event as it happens, until the scope closes. `f` runs synchronously within the
   * server's work: keep it short. Anything it throws is logged.
   */
  readonly observe: (f: (event: ServerEvent) => void) => Effect.Effect<void, never, Scope.Scope>
  /** Number of open connections. */
  readonly connections: Effect.Effect<number>
  /**
   * Replaces the certificates for new connections; open ones keep theirs. If the network cannot use them,
   * this fails and the old ones stay. A server without TLS stays without.
   */
  readonly reloadTls: (tls: Network.ServerTls) => Effect.Effect<void, HttpError.TlsFailure>
  /** Closes connections without a request in flight. */
  readonly closeIdleConnections: Effect.Effect<void>
  /** Resets every connection, even with requests in flight, except those that were handed over. */
  readonly closeAllConnections: Effect.Effect<void>
}

/**
 * The server that handles the current request, with its state and connections. Server layers provide it
 * beside platform's `HttpServer`.
 *
 * @since 0.1.0
 * @category tags
 */
export class Server extends Context.Tag("@httpfx/core/Server")<Server, Service>() {}

/**
 * A readiness check for load balancers: 200 while the server is ready, otherwise 503; the body is the state's
 * name.
 *
 * On a port of its own, pass it the `Service` of the server to check.
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

const eventsOf = (life: ServerLife, { observers }: ServerEvents): Stream.Stream<ServerEvent> =>
  Stream.asyncPush<ServerEvent>(
    (emit) =>
      life.state === "closed"
        ? Effect.sync(() => emit.end())
        : observers.observe((event) => {
            emit.single(event)
            if (event._tag === "StateChanged" && event.state === "closed") emit.end()
          }),
    { bufferSize: 4096, strategy: "sliding" }
  )

/**
 * Listens immediately. Connections made before `serve` is called wait until then.
 *
 * When the scope of a `serve` closes, the server shuts down (docs/shutdown.md): it stops accepting, waits for
 * in-flight responses, and leaves no connection and no handler. Errors: `ServeError`, with a
 * `Network.ListenError` or an `InvalidOption` as cause.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: Options): Effect.Effect<Service, ServeError, Network.Network | Scope.Scope> =>
  Effect.gen(function* () {
    const network = yield* Network.Network
    const failed = (cause: unknown) => new ServeError({ cause })
    const timeouts = yield* ServerTimeouts.ServerTimeouts
    const settings = yield* Effect.mapError(makeSettings(options, timeouts), failed)
    const timers = yield* Timers.timers
    const closing = new Closing(network)
    const happenings = new ServerEvents(timers)
    const life = new ServerLife(timers, settings, closing, happenings)
    const { tls } = options
    let handshakes: ServerHandshakes | undefined
    if (tls !== undefined) {
      yield* Effect.mapError(checkTls(network, tls), failed)
      handshakes = new ServerHandshakes(network, tls, yield* Effect.runtime<never>(), life, happenings)
      life.handshakes = handshakes
    }
    const listener = yield* Effect.mapError(
      network.listen(options, handshakes?.accept ?? life.accept),
      failed
    )
    const served = ServerApp.serverOf(life, settings, {
      onClientError: options.onClientError,
      handlesExpectations: options.unknownExpectations === "handle",
      webSocket: Option.getOrUndefined(yield* Effect.serviceOption(WebSocketUpgrader))
    })
    const { enter, run: shutdown, states } = yield* makeShutdown(life, closing, listener, options)
    yield* Effect.addFinalizer(() => shutdown)
    const httpServer = HttpServer.make({
      address: shownAddress(listener.address),
      serve: (app: HttpApp.Default<unknown>, middleware?: HttpMiddleware) =>
        Effect.gen(function* () {
          life.serve(yield* ServerApp.make(app, middleware, served))
          if (life.state === "starting") yield* enter("ready")
          yield* Effect.addFinalizer(() => shutdown)
        })
    })
    return {
      httpServer,
      address: listener.address,
      timeouts,
      state: Effect.sync(() => life.state),
      states: Stream.takeUntil(states.changes, (state) => state === "closed"),
      awaitDrain: served.awaitDrain,
      events: eventsOf(life, happenings),
      observe: (f) => happenings.observers.observe(f),
      lameDuck: Effect.suspend(() => (life.state === "ready" ? enter("lameDuck") : Effect.void)),
      shutdown,
      connections: Effect.sync(() => life.connectionCount),
      reloadTls: (tls) => handshakes?.use(tls) ?? Effect.void,
      closeIdleConnections: Effect.sync(() => life.closeIdleConnections()),
      closeAllConnections: Effect.sync(() => life.closeAllConnections())
    }
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
 * `layer` with options from the configuration.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerConfig = (
  options: Config.Config.Wrap<Options>
): Layer.Layer<HttpServer.HttpServer | Server, ServeError | ConfigError, Network.Network> =>
  Layer.scopedContext(Effect.flatMap(Config.unwrap(options), (options) => context(options as Options)))
