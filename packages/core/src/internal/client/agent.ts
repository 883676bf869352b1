/**
 * The options and the service of `Agent`, and `poolOf`, which finds the pool behind a service.
 *
 * Programs can only observe an agent. Clients get the agent's pool from `poolOf`, which throws for an agent
 * that `Agent.make` did not create.
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
 * The options of an agent. An option that Node's `http.Agent` also has keeps Node's name.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /**
   * Whether connections are kept for later requests. If `false`, every request sends `Connection: close`.
   * Default `true`.
   */
  readonly keepAlive?: boolean | undefined
  /**
   * Delay of the first TCP keep-alive probe on a connection. Used only if `keepAlive` is `true`. A number is
   * milliseconds. Default 1 second.
   */
  readonly keepAliveMsecs?: Duration.DurationInput | undefined
  /**
   * Maximum number of connections per host and port, including idle connections. At this limit, requests wait
   * in a queue. Default `Infinity`.
   */
  readonly maxSockets?: number | undefined
  /**
   * Maximum number of connections in total. At this limit, an idle connection to another host is closed to
   * make room. Default `Infinity`.
   */
  readonly maxTotalSockets?: number | undefined
  /** Maximum number of idle connections kept per host and port. Default 256. */
  readonly maxFreeSockets?: number | undefined
  /**
   * The order in which idle connections are reused. `lifo` takes the most recently used connection, `fifo`
   * takes the least recently used connection. Default `lifo`.
   */
  readonly scheduling?: Scheduling | undefined
  /**
   * Maximum time without activity on a connection. An idle connection closes after this time. Requests are
   * limited as if `timeouts.connect`, `secure`, `head` and `body` had this value. Default: no timeout.
   */
  readonly timeout?: Duration.DurationInput | undefined
  /**
   * Maximum time that a connection stays idle. Default 4 seconds, which is less than the 5 seconds after
   * which Node's server closes an idle connection (`server.keepAliveTimeout`). A shorter time announced by
   * the server (`Keep-Alive: timeout=n`) takes precedence.
   */
  readonly idleTimeout?: Duration.DurationInput | undefined
  /**
   * Margin subtracted from the idle timeout that a server announces (`Keep-Alive: timeout=n`). The agent
   * closes an idle connection that much earlier than the server would. Default 1 second.
   */
  readonly keepAliveTimeoutBuffer?: Duration.DurationInput | undefined
  /**
   * Maximum age of a connection. A connection that reaches this age closes, but completes an exchange in
   * flight first. Default: no maximum.
   */
  readonly maxAge?: Duration.DurationInput | undefined
  /**
   * Maximum fraction, 0 to 1, by which `maxAge` is shortened. The fraction is random per connection, so that
   * connections opened together do not expire together. Default 0.1.
   */
  readonly maxAgeJitter?: number | undefined
  /**
   * TLS options for `https:` origins: trusted authorities, client certificate, and the other members of
   * `Network.TlsOptions` (docs/tls.md). Default: the platform's trusted authorities.
   */
  readonly tls?: Omit<TlsOptions, "role"> | undefined
  /**
   * Maximum number of TLS sessions kept for resumption, which shortens later handshakes. 0 disables
   * resumption. Default 100.
   */
  readonly maxCachedSessions?: number | undefined
  /**
   * Deviations from RFC 9112 that the parser accepts: one of `presets` of `wire/`, or individual flags.
   * Default `strict`.
   */
  readonly flags?: Flags | undefined
  /**
   * Maximum sizes of heads, chunk extensions and trailers in bytes, and maximum numbers of field lines.
   * Default: 16384 bytes each and 2000 lines.
   */
  readonly limits?: Partial<Limits> | undefined
}

/**
 * The connections and queued requests of an agent at one moment.
 *
 * @since 0.1.0
 * @category models
 */
export interface State {
  /** All connections that are not closed, including idle connections. */
  readonly open: number
  /** Open connections without an exchange. */
  readonly idle: number
  /** Connections being established. */
  readonly connecting: number
  /** Requests waiting for a connection. */
  readonly queued: number
  /**
   * The state of each key that has connections or requests. A key is `protocol//host:port`, followed by
   * ` via protocol//host:port` if a proxy tunnel is used.
   */
  readonly keys: ReadonlyMap<string, KeyState>
  /** Number of connections closed so far, by reason. */
  readonly closed: ReadonlyMap<ClientCloseReason, number>
}

/**
 * A running agent. Programs can only observe it, because only clients use its connections.
 *
 * @since 0.1.0
 * @category models
 */
export interface Service {
  /** The current state. */
  readonly state: Effect.Effect<State>
  /**
   * The agent's events from the moment the stream runs. Events are created only while there are listeners. A
   * stream that is more than 16384 events behind loses the oldest events. `observe` loses no events.
   */
  readonly events: Stream.Stream<AgentEvent>
  /**
   * Calls `f` with each event when the event occurs, until the scope closes. `f` runs synchronously within
   * the agent's work, so it must be short. An exception of `f` is logged.
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
