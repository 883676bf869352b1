/**
 * Options and service of `Agent`, and the lookup from the service to its pool.
 *
 * Users observe an agent; only clients use its pool. An agent that `Agent.make` did not create has no pool: a
 * defect.
 */
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type * as Stream from "effect/Stream"
import type { ClientCloseReason, AgentEvent, KeyState } from "../../connection/client/events.js"
import type { TlsOptions } from "../network.js"
import type { Scheduling } from "../../pool/index.js"
import type { Flags, Limits } from "../../wire/index.js"
import type { ClientPool } from "../../connection/client/pool.js"

/**
 * The options of an agent. Options that Node's `http.Agent` has keep their names.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /**
   * Keep connections for later requests. `false`: each request sends `Connection: close`. Default `true`.
   */
  readonly keepAlive?: boolean | undefined
  /**
   * Delay of the first TCP keep-alive probe on a connection, with `keepAlive`; a number is milliseconds.
   * Default 1 second.
   */
  readonly keepAliveMsecs?: Duration.DurationInput | undefined
  /** Connections per host and port, including idle ones; further requests queue. Default `Infinity`. */
  readonly maxSockets?: number | undefined
  /** Connections in total. An idle one of another host is closed to make room. Default `Infinity`. */
  readonly maxTotalSockets?: number | undefined
  /** Idle connections kept per host and port. Default 256. */
  readonly maxFreeSockets?: number | undefined
  /**
   * Which idle connection serves next: `lifo`, the most recently used; `fifo`, the least recently used.
   * Default `lifo`.
   */
  readonly scheduling?: Scheduling | undefined
  /**
   * Inactivity timeout of a connection: closes it when idle, and limits a request like `timeouts.connect`,
   * `secure`, `head` and `body` of this length. Default: none.
   */
  readonly timeout?: Duration.DurationInput | undefined
  /**
   * How long a connection may stay idle. Default 4 seconds: less than the 5 after which Node's server closes
   * (`server.keepAliveTimeout`). A shorter time announced by the server (`Keep-Alive: timeout=n`) takes
   * precedence.
   */
  readonly idleTimeout?: Duration.DurationInput | undefined
  /**
   * Margin before the announced timeout of a server at which its idle connection is closed. Default 1 second.
   */
  readonly keepAliveTimeoutBuffer?: Duration.DurationInput | undefined
  /**
   * Maximum age of a connection. An exchange in flight at that age may complete; then the connection closes.
   * Default: none.
   */
  readonly maxAge?: Duration.DurationInput | undefined
  /**
   * Fraction of `maxAge`, 0 to 1, by which it is shortened at random per connection, so that connections
   * opened together do not expire together. Default 0.1.
   */
  readonly maxAgeJitter?: number | undefined
  /**
   * TLS for `https:` origins: trusted authorities, client certificate, and everything else of
   * `Network.TlsOptions` (docs/tls.md). Default: the platform's trusted authorities.
   */
  readonly tls?: Omit<TlsOptions, "role"> | undefined
  /**
   * TLS sessions kept for resumption, which shortens further handshakes; 0: none. Default 100.
   */
  readonly maxCachedSessions?: number | undefined
  /**
   * Deviations from RFC 9112 to accept: one of `presets` of `wire/`, or individual flags. Default `strict`.
   */
  readonly flags?: Flags | undefined
  /**
   * Sizes of heads, chunk extensions and trailers, in bytes, and numbers of field lines. Default: those of
   * `wire/receive/limits`.
   */
  readonly limits?: Partial<Limits> | undefined
}

/**
 * The connections of an agent, and its queued requests, at one moment.
 *
 * @since 0.1.0
 * @category models
 */
export interface State {
  /** All connections that are not closed, including idle ones. */
  readonly open: number
  /** Open and unused. */
  readonly idle: number
  /** Connections being established. */
  readonly connecting: number
  /** Requests waiting for a connection. */
  readonly queued: number
  /**
   * By `protocol//host:port`, followed by ` via protocol//host:port` through a proxy tunnel. Without keys
   * that have neither connections nor requests.
   */
  readonly keys: ReadonlyMap<string, KeyState>
  /** Number of connections closed so far, by reason. */
  readonly closed: ReadonlyMap<ClientCloseReason, number>
}

/**
 * A running agent, for observation. Only clients use its connections.
 *
 * @since 0.1.0
 * @category models
 */
export interface Service {
  /** The current state. */
  readonly state: Effect.Effect<State>
  /**
   * The agent's events from the moment the stream runs. No event is created while nobody listens. A stream
   * more than 16384 events behind loses the oldest ones; `observe` loses none.
   */
  readonly events: Stream.Stream<AgentEvent>
  /**
   * Calls `f` with each event as it happens, until the scope closes. `f` runs synchronously within the
   * agent's work: keep it short. Anything it throws is logged.
   */
  readonly observe: (f: (event: AgentEvent) => void) => Effect.Effect<void, never, Scope.Scope>
}

const pools = new WeakMap<Service, ClientPool>()

export const bind = (agent: Service, pool: ClientPool): void => {
  pools.set(agent, pool)
}

export const poolOf = (agent: Service): ClientPool => {
  const pool = pools.get(agent)
  if (pool === undefined) throw new Error("this agent was not created by Agent.make")
  return pool
}
