/**
 * The types of `ServerEvent`.
 */
import type * as ExchangeOutcome from "../server/outcome.js"
import type * as HttpError from "../../errors/index.js"
import type * as Shutdown from "../../model/serverState.js"
import type { Address } from "../../model/address.js"
import type { CloseReason } from "../../wire/index.js"

/**
 * A connection was accepted. No byte has been read from it.
 *
 * @since 0.1.0
 * @category models
 */
export interface ConnectionOpened {
  readonly _tag: "ConnectionOpened"
  /** Time of the event, in milliseconds since the epoch. */
  readonly at: number
  /** Number of the connection on its server, from 1. */
  readonly connection: number
  /** The local address. */
  readonly local: Address | undefined
  /** The client's address. */
  readonly remote: Address | undefined
}

/**
 * A request head was parsed, and its handler starts.
 *
 * @since 0.1.0
 * @category models
 */
export interface RequestReceived {
  readonly _tag: "RequestReceived"
  /** Time of the event, in milliseconds since the epoch. */
  readonly at: number
  /** Number of the connection on its server. */
  readonly connection: number
  /** Number of the exchange on its connection, from 1. */
  readonly exchange: number
  /** The method as received. */
  readonly method: string
  /** The target as received (RFC 9112 §3.2). */
  readonly target: string
}

/**
 * A response head was written to the connection.
 *
 * @since 0.1.0
 * @category models
 */
export interface ResponseBegun {
  readonly _tag: "ResponseBegun"
  /** Time of the event, in milliseconds since the epoch. */
  readonly at: number
  /** Number of the connection on its server. */
  readonly connection: number
  /** Number of the exchange on its connection. */
  readonly exchange: number
  /** The status of the response. The only possible 1xx is 101, which accepts an upgrade. */
  readonly status: number
}

/**
 * An exchange ended. Reported once per exchange, also for refused and dropped requests.
 *
 * @since 0.1.0
 * @category models
 */
export interface ExchangeEnded {
  readonly _tag: "ExchangeEnded"
  /** Time of the event, which is `startedAt` plus `duration` of the outcome. */
  readonly at: number
  /** The outcome, with all facts about the exchange. */
  readonly outcome: ExchangeOutcome.ExchangeOutcome
}

/**
 * A request was malformed, too large, truncated or too slow, or a TLS handshake or a PROXY header
 * failed.
 *
 * @since 0.1.0
 * @category models
 */
export interface ClientError {
  readonly _tag: "ClientError"
  /** Time of the event, in milliseconds since the epoch. */
  readonly at: number
  /** Number of the connection on its server. 0 if the TLS handshake or the PROXY header failed. */
  readonly connection: number
  /** The client's address. */
  readonly remote: Address | undefined
  /** The error. */
  readonly error:
    | HttpError.ParseError
    | HttpError.RequestTimeout
    | HttpError.TlsFailure
    | HttpError.ConnectionReset
    | HttpError.HangUp
    | HttpError.ProxyHeaderRefused
}

/**
 * A connection has closed, and the server has released its resources.
 *
 * @since 0.1.0
 * @category models
 */
export interface ConnectionClosed {
  readonly _tag: "ConnectionClosed"
  /** Time of the event, in milliseconds since the epoch. */
  readonly at: number
  /** Number of the connection on its server. */
  readonly connection: number
  /** The client's address. */
  readonly remote: Address | undefined
  /** The reason of the close. */
  readonly reason: CloseReason
  /** Number of request heads parsed. */
  readonly exchanges: number
  /** Bytes received. */
  readonly bytesIn: number
  /** Bytes sent. */
  readonly bytesOut: number
  /**
   * Milliseconds for which the connection was open. `undefined` if it was opened before observation began.
   */
  readonly duration: number | undefined
}

/**
 * The server entered another state (`Shutdown.State`).
 *
 * @since 0.1.0
 * @category models
 */
export interface StateChanged {
  readonly _tag: "StateChanged"
  /** Number of open connections; with `closed`, of those that the shutdown reset at its deadline. */
  readonly connections: number
  /** Number of requests in flight; with `closed`, of those that the shutdown cut off at its deadline. */
  readonly requests: number
  /** Time of the event, in milliseconds since the epoch. */
  readonly at: number
  /** The new state. */
  readonly state: Shutdown.State
}

/**
 * An event of a server, distinguished by `_tag`.
 *
 * @since 0.1.0
 * @category models
 */
export type ServerEvent =
  | ConnectionOpened
  | RequestReceived
  | ResponseBegun
  | ExchangeEnded
  | ClientError
  | ConnectionClosed
  | StateChanged
