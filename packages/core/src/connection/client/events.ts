/**
 * Events of a pool, its requests and its connections, and the reasons for closing a connection.
 */
import type { RetireReason } from "../../pool/index.js"
import type { CloseReason } from "../../wire/index.js"

/**
 * Reason why a client closed a connection: one of `CloseReason` in `wire/` (`RequestClose`, `ResponseClose`,
 * `PeerEof`, `Refused`, ...), or one of its pool, which no server gives (`RetireReason`: `KeepAliveOff`,
 * `MaxFreeSockets`, `HintTooShort`, `HintExpired`, `MadeRoom`, ...).
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
  /** In use, idle, and being established. */
  readonly open: number
  /** Open and idle. */
  readonly idle: number
  /** Requests that wait for a connection. */
  readonly queued: number
}

/**
 * Duration of each step of a request, ms with fractions; 0 for a step that was skipped. `queue` starts at the
 * call, `head` when the request has been sent, `body` at the response head. For a resent request, both
 * durations of a repeated step are added.
 *
 * @since 0.1.0
 * @category events
 */
export interface Timings {
  /** From the call until a connection is available, or its attempt starts. */
  readonly queue: number
  /** Name resolution. */
  readonly resolve: number
  /** Connecting, over all addresses tried. */
  readonly connect: number
  /** The TLS handshake. */
  readonly secure: number
  /** Until the transport has taken the whole request. */
  readonly send: number
  /** From then until the response head. */
  readonly head: number
  /** From the head to the last byte of the body. */
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
 * - `Connecting`, `Connected`: a connection is established for it; `Reused`: it got a kept connection
 * - `Sent`: the transport has taken the whole request
 * - `Resent`: its reused connection closed before a response; it starts over on a new connection
 * - `Head`: the response head has arrived
 * - `End`: the response body is complete
 * - `Error`: it failed, or was interrupted (then `error` is `undefined`)
 *
 * `address` is the server's end of the connection, `host:port` or a path; `status` the response status;
 * `error` the error that the caller gets (for `Resent`: that of the first connection); `timings` the duration
 * of each step.
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
  /** Number of exchanges it has served. */
  readonly exchanges: number
}

/**
 * Events of a connection that are not events of a request.
 *
 * - `Idle`: its exchange is complete, and the connection was released to the pool
 * - `HandedOver`: it has left HTTP, and its user owns it
 * - `Closed`: it is closed, for `reason`; `age` is how long it was open, ms
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
 * All events of `Service.events`: those of requests and of connections.
 *
 * @since 0.1.0
 * @category events
 */
export type AgentEvent = RequestEvent | ConnectionEvent
