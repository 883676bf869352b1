/**
 * Events of a pool, its requests and its connections, and the reasons for closing a connection.
 */
import type { RetireReason } from "../../pool/index.js"
import type { CloseReason } from "../../wire/index.js"

/**
 * Reason why a client closed a connection. A `CloseReason` (`RequestClose`, `ResponseClose`, `PeerEof`,
 * `Refused`, ...) occurs on clients and servers. A `RetireReason` (`KeepAliveOff`, `MaxFreeSockets`,
 * `HintTooShort`, `HintExpired`, `MadeRoom`, ...) occurs only in client pools.
 *
 * @since 0.1.0
 * @category models
 */
export type ClientCloseReason = CloseReason | RetireReason

/**
 * Numbers of connections and queued requests of one key (an origin and the options of its connections).
 *
 * @since 0.1.0
 * @category models
 */
export interface KeyState {
  /** Number of connections that are in use, idle or being established. */
  readonly open: number
  /** Number of idle connections, included in `open`. */
  readonly idle: number
  /** Number of requests that wait for a connection. */
  readonly queued: number
}

/**
 * Duration of each step of a request, in milliseconds with fractions. A skipped step has the duration 0. If a
 * resent request repeats a step, both durations are added.
 *
 * @since 0.1.0
 * @category events
 */
export interface Timings {
  /** Time from the call until a connection is available or an attempt to connect starts. */
  readonly queue: number
  /** Time of the name resolution. */
  readonly resolve: number
  /** Time of connecting, summed over all addresses that were tried. */
  readonly connect: number
  /** Time of the TLS handshake. */
  readonly secure: number
  /** Time from the moment the connection is available until the transport has accepted the whole request. */
  readonly send: number
  /** Time from the end of `send` until the response head. */
  readonly head: number
  /** Time from the response head to the last byte of the body. */
  readonly body: number
  /** Time from the call to the end of the request. */
  readonly total: number
}

/**
 * Fields common to all events of a request.
 *
 * @since 0.1.0
 * @category events
 */
export interface RequestFacts {
  /** Serial number of the request, counted from 1. */
  readonly id: number
  /** Time of the event by the agent's clock, milliseconds since the epoch. */
  readonly at: number
  /** Key of the destination (its origin and connection options), as in the agent's `State.keys`. */
  readonly key: string
  /** The request's method. */
  readonly method: string
  /** The request target. */
  readonly path: string
}

/**
 * Events of one request, in this order. `End` or `Error` is the last event.
 *
 * - `Queued`: the request waits for a connection
 * - `Connecting`: an attempt to connect starts; `Connected`: the new connection is established
 * - `Reused`: the request uses a connection that has served an exchange before
 * - `Sent`: the transport has accepted the whole request
 * - `Resent`: the reused connection closed before a response, so the request starts over on a new connection
 * - `Head`: the response head has arrived
 * - `End`: the response body is complete
 * - `Error`: the request failed, or was interrupted (`error` is then `undefined`)
 *
 * `address` is the server's end of the connection, `host:port` or a path. `status` and `httpVersion` are
 * those of the response. `error` is the error that the caller gets, or, in `Resent`, the error of the first
 * connection. `timings` holds the duration of each step.
 *
 * @since 0.1.0
 * @category events
 */
export type RequestEvent = RequestFacts &
  (
    | { readonly _tag: "Queued" | "Connecting" | "Sent" }
    | {
        readonly _tag: "Connected" | "Reused"
        /** Serial number of the connection, counted from 1. */
        readonly connection: number
        readonly address: string | undefined
      }
    | { readonly _tag: "Resent"; readonly error: unknown }
    | { readonly _tag: "Head"; readonly status: number; readonly httpVersion: string }
    | ({ readonly _tag: "End"; readonly timings: Timings } & BodySizes)
    | ({ readonly _tag: "Error"; readonly error: unknown; readonly timings: Timings } & BodySizes)
  )

/**
 * Sizes of the two bodies of an exchange, in bytes without framing. A compressed body counts in compressed
 * form.
 *
 * @since 0.1.0
 * @category events
 */
export interface BodySizes {
  /** Bytes of the response's body that were received. */
  readonly bodyIn: number
  /** Bytes of the request's body that were given to the transport. */
  readonly bodyOut: number
}

/**
 * Fields common to all events of a connection.
 *
 * @since 0.1.0
 * @category events
 */
export interface ConnectionFacts {
  /** Time of the event by the agent's clock, milliseconds since the epoch. */
  readonly at: number
  /** Key of the destination (its origin and connection options), as in the agent's `State.keys`. */
  readonly key: string
  /** Serial number of the connection, counted from 1. */
  readonly connection: number
  /** The server's end of the connection, as `host:port` or as a path; `undefined` if unknown. */
  readonly address: string | undefined
  /** Number of exchanges that the connection has served. */
  readonly exchanges: number
}

/**
 * Events of one connection.
 *
 * - `Idle`: the exchange is complete, and the connection was released to the pool
 * - `HandedOver`: the connection has left HTTP, and the app owns it
 * - `Closed`: the connection has begun to close, for `reason`; `age` is the time since its creation, ms
 *
 * @since 0.1.0
 * @category events
 */
export type ConnectionEvent = ConnectionFacts &
  (
    | { readonly _tag: "Idle" }
    | { readonly _tag: "HandedOver" }
    | { readonly _tag: "Closed"; readonly age: number; readonly reason: ClientCloseReason }
  )

/**
 * An event of a request or of a connection. `Service.events` of an agent publishes both kinds.
 *
 * @since 0.1.0
 * @category events
 */
export type AgentEvent = RequestEvent | ConnectionEvent
