/**
 * Agents: which connections there are, how many, for how long, and who gets the next one.
 *
 * An agent is a scoped service over a `Network`. Clients send their requests over one: `Client.layer` makes its own,
 * `Client.layerAgent` takes the one in the context, and a single request can name another. The end of its scope closes
 * its sockets. Idle sockets do not keep the process alive.
 *
 * What an agent decides is decided in `pool/`, which the callback face shares. `docs/agent.md` tells the whole.
 *
 * @since 0.1.0
 */
import * as Config from "effect/Config"
import type * as ConfigError from "effect/ConfigError"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import type * as Stream from "effect/Stream"
import { bind } from "./internal/agentPool.js"
import { ClientPool } from "./internal/clientPool.js"
import { refuseAgentOptions } from "./internal/clientSettings.js"
import { ofAgent } from "./internal/clientTimeouts.js"
import type { InvalidOption } from "./HttpError.js"
import { Network, type TlsOptions } from "./Network.js"
import type { RetireReason, Scheduling } from "./pool/index.js"
import { backgroundFromClock, fromClock } from "./Timers.js"
import type { CloseReason as WireCloseReason, Flags, Limits } from "./wire/index.js"

/**
 * Why a connection was closed: what the protocol says (`RequestClose`, `ResponseClose`, `PeerEof`, `Refused`, ...), or
 * what the pool decides (`KeepAliveOff`, `MaxFreeSockets`, `HintTooShort`, `HintExpired`, `IdleTimeout`, `MaxAge`,
 * `MadeRoom`).
 *
 * @since 0.1.0
 * @category models
 */
export type CloseReason = WireCloseReason | RetireReason

/**
 * What an agent can be told. The names are those of Node's `http.Agent` where it has one.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** Keep connections for the next request. `false`: each request says `Connection: close`. Default `true`. */
  readonly keepAlive?: boolean | undefined
  /** Delay of the first TCP keep-alive probe on a connection, with `keepAlive`; a number is milliseconds. Default 1 second. */
  readonly keepAliveMsecs?: Duration.DurationInput | undefined
  /** Connections per host and port, idle ones included; further requests wait. Default `Infinity`. */
  readonly maxSockets?: number | undefined
  /** Connections in all. An idle one of another host is closed to make room. Default `Infinity`. */
  readonly maxTotalSockets?: number | undefined
  /** Idle connections that are kept per host and port. Default 256. */
  readonly maxFreeSockets?: number | undefined
  /** Which idle connection serves: `lifo`, the last used; `fifo`, the one unused for longest. Default `lifo`. */
  readonly scheduling?: Scheduling | undefined
  /**
   * Silence on a connection after which it is given up: an idle one is closed, and a request under way fails as with
   * `timeouts.connect`, `secure`, `head` and `body` of this length. Default: none.
   */
  readonly timeout?: Duration.DurationInput | undefined
  /**
   * How long a connection may be idle. Default 4 seconds: less than the 5 after which Node's server closes
   * (`server.keepAliveTimeout`). A server that announces less (`Keep-Alive: timeout=n`) is believed.
   */
  readonly idleTimeout?: Duration.DurationInput | undefined
  /** How long before the end that a server announced its connection is given up. Default 1 second. */
  readonly keepAliveTimeoutBuffer?: Duration.DurationInput | undefined
  /** How old a connection may become; the exchange that is under way then is the last. Default: any age. */
  readonly maxAge?: Duration.DurationInput | undefined
  /**
   * The part of `maxAge`, 0 to 1, by which it is shortened at random for each connection, so that those made together do
   * not end together. Default 0.1.
   */
  readonly maxAgeJitter?: number | undefined
  /**
   * For `https:` origins: trusted authorities, a certificate of one's own, and all else of `Network.TlsOptions` (docs/tls.md).
   * Default: what the platform trusts.
   */
  readonly tls?: Omit<TlsOptions, "role"> | undefined
  /** TLS sessions kept, so that a further connection to a server needs a shorter handshake; 0: none. Default 100. */
  readonly maxCachedSessions?: number | undefined
  /** What is accepted beyond what RFC 9112 allows: one of `presets` of `wire/`, or flags of one's own. Default `strict`. */
  readonly flags?: Flags | undefined
  /** Sizes of heads, chunk extensions and trailers, in bytes. Default: those of `wire/limits`. */
  readonly limits?: Partial<Limits> | undefined
}

/**
 * The connections of one key, and the requests that wait for them.
 *
 * @since 0.1.0
 * @category models
 */
export interface KeyState {
  /** In use, idle and being made. */
  readonly open: number
  /** Open, and in use by nobody. */
  readonly idle: number
  /** Requests that wait for a connection. */
  readonly queued: number
}

/**
 * The connections of an agent, and the requests that wait for them, at one moment.
 *
 * @since 0.1.0
 * @category models
 */
export interface State {
  /** All that are not closed, idle ones included. */
  readonly open: number
  /** Open, and in use by nobody. */
  readonly idle: number
  /** Being made. */
  readonly connecting: number
  /** Requests that wait for a connection. */
  readonly queued: number
  /**
   * By `protocol//host:port`, and behind it ` via protocol//host:port` where a proxy tunnels; those without connections and
   * without requests are left out.
   */
  readonly keys: ReadonlyMap<string, KeyState>
  /** How many connections were closed so far, by reason. */
  readonly closed: ReadonlyMap<CloseReason, number>
}

/**
 * How long each step of a request took, ms with fractions; 0 for one that it did not have. `queue` begins with the call,
 * `head` when the connection has taken the request, `body` with the head of the response. Where a request was sent
 * again, steps that it had twice are added up.
 *
 * @since 0.1.0
 * @category events
 */
export interface Timings {
  /** From the call to the moment at which a connection was there, or was begun. */
  readonly queue: number
  /** The look-up of the name. */
  readonly resolve: number
  /** The making of the connection, all addresses that were tried. */
  readonly connect: number
  /** The TLS handshake. */
  readonly secure: number
  /** Until the connection had taken the whole request. */
  readonly send: number
  /** From then until the head of the response. */
  readonly head: number
  /** From the head to the last byte of the body. */
  readonly body: number
  /** From the call to the end. */
  readonly total: number
}

/**
 * What every event of a request tells.
 *
 * @since 0.1.0
 * @category events
 */
export interface EventFacts {
  /** Number of the request, from 1 on. */
  readonly id: number
  /** Milliseconds since the epoch, by the clock of the agent. */
  readonly at: number
  /** As in `State.keys`. */
  readonly key: string
  /** The request's method. */
  readonly method: string
  /** The request target. */
  readonly path: string
}

/**
 * What happens to a request, in this order; `End` or `Error` is the last.
 *
 * - `Queued`: it waits for a connection
 * - `Connecting`, `Connected`: one is made for it; `Reused`: it got one that had served before
 * - `Sent`: the connection has taken all of it
 * - `Resent`: its reused connection had died before an answer; it starts over on a fresh one
 * - `Head`: the response has begun
 * - `End`: its body has come in full
 * - `Error`: it failed, or (`error` is `undefined`) was interrupted
 *
 * `address` is the server's end of the connection, `host:port` or a path; `status` that of the response; `error` what
 * the client's caller gets (for `Resent`: what ended the first connection); `timings` how long each step took.
 *
 * @since 0.1.0
 * @category events
 */
export type RequestEvent = EventFacts &
  (
    | { readonly _tag: "Queued" | "Connecting" | "Sent" }
    | {
        readonly _tag: "Connected" | "Reused"
        /** Number of the connection, from 1 on. */
        readonly connection: number
        readonly address: string | undefined
      }
    | { readonly _tag: "Resent"; readonly error: unknown }
    | { readonly _tag: "Head"; readonly status: number }
    | { readonly _tag: "End"; readonly timings: Timings }
    | { readonly _tag: "Error"; readonly error: unknown; readonly timings: Timings }
  )

/**
 * What every event of a connection tells.
 *
 * @since 0.1.0
 * @category events
 */
export interface ConnectionFacts {
  /** Milliseconds since the epoch, by the clock of the agent. */
  readonly at: number
  /** As in `State.keys`. */
  readonly key: string
  /** Number of the connection, from 1 on. */
  readonly connection: number
  /** The server's end, `host:port` or a path; `undefined`: it was not known. */
  readonly address: string | undefined
  /** How many exchanges it had served. */
  readonly exchanges: number
}

/**
 * What happens to a connection beside its requests.
 *
 * - `Idle`: its exchange has ended, and it is kept for the next
 * - `HandedOver`: it is another protocol's now, and its user's
 * - `Closed`: it serves no one any more, and why; `age` is how long it was open, ms
 *
 * `reason` says why it was closed, or that it was not kept.
 *
 * @since 0.1.0
 * @category events
 */
export type ConnectionEvent = ConnectionFacts &
  (
    | { readonly _tag: "Idle" }
    | { readonly _tag: "HandedOver" }
    | { readonly _tag: "Closed"; readonly age: number; readonly reason: CloseReason }
  )

/**
 * All that `Service.events` tells: of requests and of connections.
 *
 * @since 0.1.0
 * @category events
 */
export type Event = RequestEvent | ConnectionEvent

/**
 * What there is to know of a running agent. Its connections are used by clients alone.
 *
 * @since 0.1.0
 * @category models
 */
export interface Service {
  /** What there is at this moment. */
  readonly state: Effect.Effect<State>
  /**
   * What happens from the moment the stream is run. While nobody runs it no event is made; a listener that falls more
   * than 16384 events behind loses the oldest; `observe` loses none.
   */
  readonly events: Stream.Stream<Event>
  /**
   * Calls `f` with each event as it happens, until the scope closes. `f` runs in the middle of the agent's work: it should
   * be quick. What it throws is logged.
   */
  readonly observe: (f: (event: Event) => void) => Effect.Effect<void, never, Scope.Scope>
}

/**
 * The agent in the context: what `Client.layerAgent` sends its requests over.
 *
 * @since 0.1.0
 * @category tags
 */
export class Agent extends Context.Tag("@httpfx/core/Agent")<Agent, Service>() {}

const millis = (input: Duration.DurationInput | undefined, otherwise: number): number =>
  input === undefined ? otherwise : Duration.toMillis(input)

/**
 * An agent. Its scope's end fails the requests under way and waits until every connection is closed. Fails with `InvalidOption`
 * where a value is not what its option can be.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: Options = {}): Effect.Effect<Service, InvalidOption, Network | Scope.Scope> =>
  Effect.gen(function* () {
    const refused = refuseAgentOptions(options)
    if (refused !== undefined) return yield* Effect.fail(refused)
    const network = yield* Network
    const runtime = yield* Effect.runtime<never>()
    const clock = yield* Effect.clock
    const timeout = millis(options.timeout, Infinity)
    const pool = new ClientPool(network, backgroundFromClock(clock), fromClock(clock), runtime, {
      policy: {
        keepAlive: options.keepAlive ?? true,
        maxFreeSockets: options.maxFreeSockets ?? 256,
        idleTimeout: Math.min(millis(options.idleTimeout, 4_000), timeout),
        hintBuffer: millis(options.keepAliveTimeoutBuffer, 1_000)
      },
      limits: {
        maxSockets: options.maxSockets ?? Infinity,
        maxTotalSockets: options.maxTotalSockets ?? Infinity
      },
      scheduling: options.scheduling ?? "lifo",
      age: {
        maxAge: millis(options.maxAge, Infinity),
        jitter: options.maxAgeJitter ?? 0.1
      },
      keepAliveMsecs: millis(options.keepAliveMsecs, 1_000),
      tls: options.tls ?? {},
      maxCachedSessions: options.maxCachedSessions ?? 100,
      parser: { flags: options.flags, limits: options.limits },
      timeouts: ofAgent(timeout)
    })
    yield* Effect.addFinalizer(() => pool.close)
    const service: Service = {
      events: pool.events.stream,
      observe: (f) => pool.events.observe(f),
      state: Effect.sync(() => ({
        ...pool.counts,
        queued: pool.queued,
        keys: pool.keys,
        closed: new Map(pool.closings)
      }))
    }
    bind(service, pool)
    return service
  })

/**
 * An agent with options. Fails with `InvalidOption` as {@link make}.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options: Options = {}): Layer.Layer<Agent, InvalidOption, Network> =>
  Layer.scoped(Agent, make(options))

/**
 * An agent whose options come from the configuration. Fails with `InvalidOption` as {@link make}.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerConfig = (
  options: Config.Config.Wrap<Options>
): Layer.Layer<Agent, InvalidOption | ConfigError.ConfigError, Network> =>
  Layer.scoped(Agent, Effect.flatMap(Config.unwrap(options), make))
