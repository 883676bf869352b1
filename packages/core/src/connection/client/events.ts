/**
 * Events of a pool, its requests and its connections, and the reasons for closing a connection.
 */
import type { RetireReason } from "../../pool/index.js"
import type { CloseReason } from "../../wire/index.js"

/**
 * Reason why a client closed a connection: a `CloseReason` of `wire/`, which servers share (`RequestClose`,
 * `ResponseClose`, `PeerEof`, `Refused`, ...), or a `RetireReason`, which only the pool of a client uses
 * (`KeepAliveOff`, `MaxFreeSockets`, `HintTooShort`, `HintExpired`, `MadeRoom`, ...).
 *
 * @since 0.1.0
 * @category models
 */
export type ClientCloseReason = CloseReason | RetireReason

/**
 * Counts of connections and queued requests under one key.
 *
 * @since 0.1.0
 * @category models
 */
export interface KeyState {
  /** Connections in use, idle, and being established. */
  readonly open: number
  /** Idle connections. `open` includes them. */
  readonly idle: number
  /** Requests that wait for a connection. */
  readonly queued: number
}

/**
 * Duration of each step of a request, ms with fractions; 0 for a step that was skipped. `queue` starts at the
 * call, `head` when the request has been sent, `body` at the response head. If a resent request repeats a
 * step, the durations of both runs are added.
 *
 * @since 0.1.0
 * @category events
 */
export interface Timings {
  /** From the call until a connection is available, or its attempt starts. */
  readonly queue: number
  /** Name resolution. */
  readonly resolve: number
  /** Connecting, summed over all addresses tried. */
  readonly connect: number
  /** The TLS handshake. */
  readonly secure: number
  /** From the established connection until the transport has accepted the whole request. */
  readonly send: number
  /** From the end of `send` until the response head. */
  readonly head: number
  /** From the response head to the last byte of the body. */
  readonly body: number
  /** From the call to the end. */
  readonly total: number
}

/**
 * Fields common to all events of a request.
 *
 * @since 0.1.0
 * @category events
 */
export interface RequestFacts {
  /** Number of the request, from 1. */
  readonly id: number
  /** Milliseconds since the epoch, by the agent's clock. */
  readonly at: number
  /** As in `State.keys`. */
  readonly key: string
  /** The request's method. */
  readonly method: string
  /** The request target. */
  readonly path: string
}

/**
 * Events of a request, in this order; `End` or `Error` is the last.
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
 * `address` is the server's end of the connection, `host:port` or a path; `status` is the response status;
 * `error` is the error that the caller gets (for `Resent`: the error of the first connection); `timings` is
 * the duration of each step.
 *
 * @since 0.1.0
 * @category events
 */
export type RequestEvent = RequestFacts &
  (
    | { readonly _tag: "Queued" | "Connecting" | "Sent" }
    | {
        readonly _tag: "Connected" | "Reused"
        /** Number of the connection, from 1. */
        readonly connection: number
        readonly address: string | undefined
      }
    | { readonly _tag: "Resent"; readonly error: unknown }
    | { readonly _tag: "Head"; readonly status: number }
    | { readonly _tag: "End"; readonly timings: Timings }
    | { readonly _tag: "Error"; readonly error: unknown; readonly timings: Timings }
  )

/**
 * Fields common to all events of a connection.
 *
 * @since 0.1.0
 * @category events
 */
export interface ConnectionFacts {
  /** Milliseconds since the epoch, by the agent's clock. */
  readonly at: number
  /** As in `State.keys`. */
  readonly key: string
  /** Number of the connection, from 1. */
  readonly connection: number
  /** The server's end, `host:port` or a path; `undefined` if unknown. */
  readonly address: string | undefined
  /** Number of exchanges that the connection has served. */
  readonly exchanges: number
}

/**
 * Events of a connection that are not events of a request.
 *
 * - `Idle`: the exchange is complete, and the connection was released to the pool
 * - `HandedOver`: the connection has left HTTP, and the app owns it
 * - `Closed`: the connection is closed, for `reason`; `age` is how long the connection was open, ms
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
 * All events of `Service.events`: the events of requests and the events of connections.
 *
 * @since 0.1.0
 * @category events
 */
export type AgentEvent = RequestEvent | ConnectionEvent
