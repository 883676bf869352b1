/**
 * What happens in a pool and to its requests, as values: events, and why connections close.
 */
import type { RetireReason } from "../../pool/index.js"
import type { CloseReason as WireCloseReason } from "../../wire/index.js"

/**
 * Why a connection was closed: what the protocol says (`RequestClose`, `ResponseClose`, `PeerEof`, `Refused`,
 * ...), or what the pool decides (`KeepAliveOff`, `MaxFreeSockets`, `HintTooShort`, `HintExpired`,
 * `IdleTimeout`, `MaxAge`, `MadeRoom`).
 *
 * @since 0.1.0
 * @category models
 */
export type CloseReason = WireCloseReason | RetireReason

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
 * How long each step of a request took, ms with fractions; 0 for one that it did not have. `queue` begins
 * with the call, `head` when the connection has taken the request, `body` with the head of the response.
 * Where a request was sent again, steps that it had twice are added up.
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
export interface RequestFacts {
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
 * `address` is the server's end of the connection, `host:port` or a path; `status` that of the response;
 * `error` what the client's caller gets (for `Resent`: what ended the first connection); `timings` how long
 * each step took.
 *
 * @since 0.1.0
 * @category events
 */
export type RequestEvent = RequestFacts &
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
export type AgentEvent = RequestEvent | ConnectionEvent
