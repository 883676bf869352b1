/**
 * HTTP/1.1 servers: a listening address of a `Network`, an app of platform's, and the exchanges between them.
 *
 * Provides platform's `HttpServer.HttpServer`, so `HttpServer.serve(app)` and everything built on it runs unchanged.
 * The server parses nothing and frames nothing itself: `wire/` does.
 *
 * @since 0.1.0
 */
import type * as HttpApp from "@effect/platform/HttpApp"
import type { HttpMiddleware } from "@effect/platform/HttpMiddleware"
import * as HttpServer from "@effect/platform/HttpServer"
import { ServeError } from "@effect/platform/HttpServerError"
import * as Config from "effect/Config"
import type { ConfigError } from "effect/ConfigError"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FiberId from "effect/FiberId"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import { IdleList } from "./internal/idleList.js"
import * as ServerApp from "./internal/serverApp.js"
import { ServerConnection, type ConnectionServer } from "./internal/serverConnection.js"
import type { ServerExchange } from "./internal/serverExchange.js"
import * as Network from "./Network.js"
import * as Timers from "./Timers.js"
import type { Address, Transport } from "./Transport.js"
import { httpDate, makeLimits, presets, type Flags, type Limits } from "./wire/index.js"

/**
 * What a server can be told besides where to listen.
 *
 * @since 0.1.0
 * @category models
 */
export interface ServerOptions {
  /**
   * What is accepted beyond what RFC 9112 allows: one of `wire/`'s `presets` (`strict`, `node`, `insecure`) or flags of one's own.
   * Default `presets.strict`.
   */
  readonly flags?: Flags | undefined
  /** Sizes of heads, chunk extensions and trailers, in bytes. Default: those of `wire/limits`. */
  readonly limits?: Partial<Limits> | undefined
  /**
   * How long a connection may stay without a request after an answer; it then closes quietly, and is announced in
   * `Keep-Alive`. Zero: no limit. Default 5 seconds (Node's `server.keepAliveTimeout`).
   */
  readonly keepAliveTimeout?: Duration.DurationInput | undefined
  /**
   * How long closing the server waits for answers under way; then their handlers are interrupted and their connections
   * reset; a handler that refuses interruption is waited for as long again. Default 20 seconds.
   */
  readonly gracefulShutdownTimeout?: Duration.DurationInput | undefined
}

/**
 * @since 0.1.0
 * @category models
 */
export type Options = Network.ListenOptions & ServerOptions

class ServerState implements ConnectionServer {
  readonly idle: IdleList
  draining = false
  private app: ServerApp.ServerApp | undefined
  private readonly connections = new Set<ServerConnection>()
  private readonly exchanges = new Set<ServerExchange>()
  private early: Array<Transport> = []
  private whenEmpty: (() => void) | undefined

  constructor(
    readonly timers: Timers.Timers,
    readonly flags: Flags,
    readonly limits: Limits,
    readonly keepAliveTimeout: number
  ) {
    this.idle = new IdleList(timers, keepAliveTimeout)
  }

  date(): string {
    return httpDate(this.timers.now())
  }

  readonly accept = (transport: Transport): void => {
    if (this.draining) transport.reset()
    else if (this.app === undefined) this.early.push(transport)
    else this.open(transport, this.app)
  }

  serve(app: ServerApp.ServerApp): void {
    this.app = app
    const early = this.early
    this.early = []
    for (const transport of early) this.open(transport, app)
  }

  readonly exchangeStarted = (exchange: ServerExchange): void => {
    this.exchanges.add(exchange)
  }

  readonly exchangeEnded = (exchange: ServerExchange): void => {
    this.exchanges.delete(exchange)
    exchange.connection.handlerEnded(exchange)
    this.checkEmpty()
  }

  readonly connectionClosed = (connection: ServerConnection): void => {
    this.connections.delete(connection)
    if (this.connections.size === 0) this.idle.stop()
    this.checkEmpty()
  }

  drain(): void {
    this.draining = true
    for (const transport of this.early) transport.reset()
    this.early = []
    for (const connection of [...this.connections]) connection.shutdown()
  }

  kill(): void {
    for (const connection of [...this.connections]) connection.kill()
    for (const exchange of this.exchanges) exchange.interrupt(FiberId.none)
  }

  /** Neither a connection nor a handler is left. */
  readonly emptied: Effect.Effect<void> = Effect.async((resume) => {
    this.whenEmpty = () => resume(Effect.void)
    this.checkEmpty()
  })

  private open(transport: Transport, app: ServerApp.ServerApp): void {
    const connection = new ServerConnection(transport, this)
    this.connections.add(connection)
    connection.start(app)
  }

  private checkEmpty(): void {
    if (this.whenEmpty === undefined || this.connections.size > 0 || this.exchanges.size > 0) return
    const resume = this.whenEmpty
    this.whenEmpty = undefined
    resume()
  }
}

// Every address of both families is shown as platform-node shows it: a URL made of `::` would need brackets.
const shownAddress = (address: Address): Address =>
  address._tag === "TcpAddress" && address.hostname === "::" ? { ...address, hostname: "0.0.0.0" } : address

/**
 * Listens at once; requests are answered from `serve` on, and connections made before wait until then.
 *
 * When the scope of a `serve` closes, the server stops accepting, lets answers under way end (up to
 * `gracefulShutdownTimeout`) and closes every connection. Errors: `ServeError`, with a `Network.ListenError` as cause.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (
  options: Options
): Effect.Effect<HttpServer.HttpServer, ServeError, Network.Network | Scope.Scope> =>
  Effect.gen(function* () {
    const network = yield* Network.Network
    const state = new ServerState(
      yield* Timers.timers,
      options.flags ?? presets.strict,
      makeLimits(options.limits),
      Duration.toMillis(options.keepAliveTimeout ?? Duration.seconds(5))
    )
    const deadline = Duration.decode(options.gracefulShutdownTimeout ?? Duration.seconds(20))
    const listener = yield* Effect.mapError(
      network.listen(options, state.accept),
      (cause) => new ServeError({ cause })
    )
    const close = Effect.gen(function* () {
      yield* listener.close
      state.drain()
      const emptied = Effect.timeoutOption(Effect.interruptible(state.emptied), deadline)
      if (Option.isNone(yield* emptied)) {
        state.kill()
        // Bounded as well: an uninterruptible handler may not end.
        yield* emptied
      }
      state.idle.stop()
    })
    yield* Effect.addFinalizer(() => close)
    return HttpServer.make({
      address: shownAddress(listener.address),
      serve: (app: HttpApp.Default<unknown>, middleware?: HttpMiddleware) =>
        Effect.gen(function* () {
          state.serve(yield* ServerApp.make(app, middleware, state.timers))
          yield* Effect.addFinalizer(() => close)
        })
    })
  })

/**
 * A layer of `make`.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options: Options): Layer.Layer<HttpServer.HttpServer, ServeError, Network.Network> =>
  Layer.scoped(HttpServer.HttpServer, make(options))

/**
 * `layer`, with its options from the configuration.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerConfig = (
  options: Config.Config.Wrap<Options>
): Layer.Layer<HttpServer.HttpServer, ServeError | ConfigError, Network.Network> =>
  Layer.scoped(
    HttpServer.HttpServer,
    Effect.flatMap(Config.unwrap(options), (options) => make(options as Options))
  )
