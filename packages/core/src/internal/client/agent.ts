/**
 * An agent as users hold it, and the way from there to the pool that does its work.
 *
 * Users see what an agent tells; only clients reach through. An agent that is not ours has no pool: a defect.
 */
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type * as Stream from "effect/Stream"
import type { CloseReason, AgentEvent, KeyState } from "../../connection/client/events.js"
import type { TlsOptions } from "../../Network.js"
import type { Scheduling } from "../../pool/index.js"
import type { Flags, Limits } from "../../wire/index.js"
import type { ClientPool } from "../../connection/client/pool.js"

/**
 * What an agent can be told. The names are those of Node's `http.Agent` where it has one.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /**
   * Keep connections for the next request. `false`: each request says `Connection: close`. Default `true`.
   */
  readonly keepAlive?: boolean | undefined
  /**
   * Delay of the first TCP keep-alive probe on a connection, with `keepAlive`; a number is milliseconds.
   * Default 1 second.
   */
  readonly keepAliveMsecs?: Duration.DurationInput | undefined
  /** Connections per host and port, idle ones included; further requests wait. Default `Infinity`. */
  readonly maxSockets?: number | undefined
  /** Connections in all. An idle one of another host is closed to make room. Default `Infinity`. */
  readonly maxTotalSockets?: number | undefined
  /** Idle connections that are kept per host and port. Default 256. */
  readonly maxFreeSockets?: number | undefined
  /**
   * Which idle connection serves: `lifo`, the last used; `fifo`, the one unused for longest. Default `lifo`.
   */
  readonly scheduling?: Scheduling | undefined
  /**
   * Silence on a connection after which it is given up: an idle one is closed, and a request under way fails
   * as with `timeouts.connect`, `secure`, `head` and `body` of this length. Default: none.
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
   * The part of `maxAge`, 0 to 1, by which it is shortened at random for each connection, so that those made
   * together do not end together. Default 0.1.
   */
  readonly maxAgeJitter?: number | undefined
  /**
   * For `https:` origins: trusted authorities, a certificate of one's own, and all else of
   * `Network.TlsOptions` (docs/tls.md). Default: what the platform trusts.
   */
  readonly tls?: Omit<TlsOptions, "role"> | undefined
  /**
   * TLS sessions kept, so that a further connection to a server needs a shorter handshake; 0: none. Default
   * 100.
   */
  readonly maxCachedSessions?: number | undefined
  /**
   * What is accepted beyond what RFC 9112 allows: one of `presets` of `wire/`, or flags of one's own. Default
   * `strict`.
   */
  readonly flags?: Flags | undefined
  /** Sizes of heads, chunk extensions and trailers, in bytes. Default: those of `wire/receive/limits`. */
  readonly limits?: Partial<Limits> | undefined
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
   * By `protocol//host:port`, and behind it ` via protocol//host:port` where a proxy tunnels; those without
   * connections and without requests are left out.
   */
  readonly keys: ReadonlyMap<string, KeyState>
  /** How many connections were closed so far, by reason. */
  readonly closed: ReadonlyMap<CloseReason, number>
}

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
   * What happens from the moment the stream is run. While nobody runs it no event is made; a listener that
   * falls more than 16384 events behind loses the oldest; `observe` loses none.
   */
  readonly events: Stream.Stream<AgentEvent>
  /**
   * Calls `f` with each event as it happens, until the scope closes. `f` runs in the middle of the agent's
   * work: it should be quick. What it throws is logged.
   */
  readonly observe: (f: (event: AgentEvent) => void) => Effect.Effect<void, never, Scope.Scope>
}

const pools = new WeakMap<Service, ClientPool>()

export const bind = (agent: Service, pool: ClientPool): void => {
  pools.set(agent, pool)
}

export const poolOf = (agent: Service): ClientPool => {
  const pool = pools.get(agent)
  if (pool === undefined) throw new Error("an agent that was not made by Agent.make")
  return pool
}
