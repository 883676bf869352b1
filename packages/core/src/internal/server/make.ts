/**
 * Creates a server: checks its options, listens, and creates its `ServerLife` (the owner of all connections),
 * its shutdown and the public service.
 */
import type * as HttpApp from "@effect/platform/HttpApp"
import type { HttpMiddleware } from "@effect/platform/HttpMiddleware"
import * as HttpServer from "@effect/platform/HttpServer"
import type { ServeError } from "@effect/platform/HttpServerError"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { ServerLife } from "../../connection/server/life.js"
import type * as HttpError from "../../errors/index.js"
import type { Address } from "../../model/address.js"
import type * as Shutdown from "../../model/serverState.js"
import { Closing } from "../closing.js"
import type * as Network from "../network.js"
import type { ServerEvent, StateChanged } from "../observe/serverEvent.js"
import { ServerEvents } from "../observe/serverEvents.js"
import { make as makeSettings, type ServerOptions } from "../options/server.js"
import type * as ServerTimeouts from "../options/serverTimeouts.js"
import * as Timers from "../timers.js"
import * as ServerApp from "./app.js"
import { check as checkTls, ServerHandshakes } from "./handshakes.js"
import { serveError } from "../serveError.js"
import { make as makeShutdown } from "./shutdown.js"
import type * as WebSockets from "./webSocketApi.js"

/**
 * The address to listen on, and all of `ServerOptions`.
 *
 * @since 0.1.0
 * @category models
 */
export type Options = Network.ListenOptions & ServerOptions

/**
 * A running server, for control and observation.
 *
 * @since 0.1.0
 * @category models
 */
export interface Service {
  /**
   * This server as platform's `HttpServer`, which `HttpServer.serve` uses. The host of its address has the
   * form of URLs: an IPv6 address is in brackets, and `::` becomes `0.0.0.0`.
   */
  readonly httpServer: HttpServer.HttpServer
  /** The bound address, as reported by the network. */
  readonly address: Address
  /**
   * The scheme that the server speaks, `https` with TLS. Behind a proxy, clients may use the other scheme.
   */
  readonly scheme: "http" | "https"
  /** The timeouts in force, ms. */
  readonly timeouts: ServerTimeouts.Service
  /** The current state: `ready`, `lameDuck`, ... */
  readonly state: Effect.Effect<Shutdown.State>
  /** A stream of the current state and all following states. Ends after `closed`. */
  readonly states: Stream.Stream<Shutdown.State>
  /** Waits until draining begins. */
  readonly awaitDrain: Effect.Effect<void>
  /**
   * Makes readiness checks fail from now on, while the server continues to serve. Does nothing unless the
   * server is `ready`.
   */
  readonly lameDuck: Effect.Effect<void>
  /**
   * Shuts the server down, as closing the layer's scope does. The phases are lame duck, drain and deadline.
   * Completes once the server is closed. Interrupting the wait does not interrupt the shutdown.
   */
  readonly shutdown: Effect.Effect<void>
  /**
   * A stream of the server's events from now on. It ends when the server is closed. A reader that is more
   * than 4096 events behind loses the oldest events. `observe` loses no events.
   */
  readonly events: Stream.Stream<ServerEvent>
  /**
   * Calls `f` with each event when the event occurs, until the scope closes. `f` runs synchronously within
   * the server's work, so it must be short. An exception of `f` is logged.
   */
  readonly observe: (f: (event: ServerEvent) => void) => Effect.Effect<void, never, Scope.Scope>
  /**
   * Does the same as `observe` for `StateChanged` events only. Unlike `observe`, it costs nothing per
   * request.
   */
  readonly observeStates: (f: (event: StateChanged) => void) => Effect.Effect<void, never, Scope.Scope>
  /** Number of open connections. */
  readonly connections: Effect.Effect<number>
  /**
   * Replaces the certificates for new connections. Open connections keep the old certificates. If the network
   * cannot use the new certificates, this effect fails and the server keeps the old certificates. Does
   * nothing on a server without TLS.
   */
  readonly reloadTls: (tls: Network.ServerTls) => Effect.Effect<void, HttpError.TlsFailure>
  /** Closes connections without a request in flight. */
  readonly closeIdleConnections: Effect.Effect<void>
  /**
   * Resets every connection, even connections with requests in flight. Does not reset connections that were
   * handed over.
   */
  readonly closeAllConnections: Effect.Effect<void>
}

// Platform writes the host of an address into URLs as it is: `::` becomes `0.0.0.0`, as in platform-node, and
// other IPv6 addresses get brackets (RFC 3986 §3.2.2).
const shownAddress = (address: Address): Address => {
  if (address._tag !== "TcpAddress" || !address.hostname.includes(":")) return address
  return { ...address, hostname: address.hostname === "::" ? "0.0.0.0" : `[${address.hostname}]` }
}

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

/** The services that a server gets from the Effect context. */
interface Around {
  readonly network: Network.Service
  readonly timeouts: ServerTimeouts.Service
  readonly webSocket: WebSockets.Service | undefined
}

export const make = (
  options: Options,
  { network, timeouts, webSocket }: Around
): Effect.Effect<Service, ServeError, Scope.Scope> =>
  Effect.gen(function* () {
    const settings = yield* Effect.mapError(makeSettings(options, timeouts), serveError)
    const timers = Timers.fromClock(yield* Effect.clock)
    const closing = new Closing(network)
    const happenings = new ServerEvents(timers, settings.trust)
    const life = new ServerLife(timers, settings, closing, happenings)
    const { tls } = options
    let handshakes: ServerHandshakes | undefined
    if (tls !== undefined) {
      yield* Effect.mapError(checkTls(network, tls), serveError)
      handshakes = new ServerHandshakes(network, tls, yield* Effect.runtime<never>(), life, happenings)
      life.handshakes = handshakes
    }
    const listener = yield* Effect.mapError(
      network.listen(options, handshakes?.accept ?? life.accept, happenings.connectionRefused),
      serveError
    )
    const served = ServerApp.serverOf(life, settings, {
      onClientError: options.onClientError,
      handlesExpectations: options.unknownExpectations === "handle",
      webSocket
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
      scheme: tls === undefined ? "http" : "https",
      timeouts,
      state: Effect.sync(() => life.state),
      states: Stream.takeUntil(states.changes, (state) => state === "closed"),
      awaitDrain: served.awaitDrain,
      events: eventsOf(life, happenings),
      observe: (f) => happenings.observers.observe(f),
      observeStates: (f) => happenings.states.observe(f),
      lameDuck: Effect.suspend(() => (life.state === "ready" ? enter("lameDuck") : Effect.void)),
      shutdown,
      connections: Effect.sync(() => life.connectionCount),
      reloadTls: (tls) => handshakes?.use(tls) ?? Effect.void,
      closeIdleConnections: Effect.sync(() => life.closeIdleConnections()),
      closeAllConnections: Effect.sync(() => life.closeAllConnections())
    }
  })
