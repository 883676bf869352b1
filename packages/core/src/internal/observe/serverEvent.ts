/**
 * The types of `ServerEvent`.
 */
import type * as ExchangeOutcome from "../server/outcome.js"
import type * as HttpError from "../../errors/index.js"
import type * as Shutdown from "../../model/serverState.js"
import type { Address } from "../../model/address.js"
import type { CloseReason } from "../../wire/index.js"

/**
 * A connection was accepted; nothing has been read from it.
 *
 * @since 0.1.0
 * @category models
 */
export interface ConnectionOpened {
  readonly _tag: "ConnectionOpened"
  /** Time of the event. */
  readonly at: number
  /** Number of the connection on its server, from 1. */
  readonly connection: number
  /** The local address. */
  readonly local: Address | undefined
  /** The client's address. */
  readonly remote: Address | undefined
}

/**
 * A request head was parsed; its handler starts.
 *
 * @since 0.1.0
 * @category models
 */
export interface RequestReceived {
  readonly _tag: "RequestReceived"
  /** Time of the event. */
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
 * A response head was given to the network.
 *
 * @since 0.1.0
 * @category models
 */
export interface ResponseBegun {
  readonly _tag: "ResponseBegun"
  /** Time of the event. */
  readonly at: number
  /** Number of the connection on its server. */
  readonly connection: number
  /** Number of the exchange on its connection. */
  readonly exchange: number
  /** The status of the response: never a 1xx except 101, which accepts an upgrade. */
  readonly status: number
}

/**
 * An exchange ended; once per exchange, including refused and dropped requests.
 *
 * @since 0.1.0
 * @category models
 */
export interface ExchangeEnded {
  readonly _tag: "ExchangeEnded"
  /** Time of the event. */
  readonly at: number
  /** The outcome, with all facts about the exchange. */
  readonly outcome: ExchangeOutcome.ExchangeOutcome
}

/**
 * A request that is not acceptable HTTP (malformed, too large, truncated, or late), or a failed TLS
 * handshake.
 *
 * @since 0.1.0
 * @category models
 */
export interface ClientError {
  readonly _tag: "ClientError"
  /** Time of the event. */
  readonly at: number
  /** Number of the connection on its server; 0: its handshake failed. */
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
}

/**
 * A connection closed, and its resources are released.
 *
 * @since 0.1.0
 * @category models
 */
export interface ConnectionClosed {
  readonly _tag: "ConnectionClosed"
  /** Time of the event. */
  readonly at: number
  /** Number of the connection on its server. */
  readonly connection: number
  /** The client's address. */
  readonly remote: Address | undefined
  /** Why it was closed. */
  readonly reason: CloseReason
  /** Number of request heads parsed. */
  readonly exchanges: number
  /** Bytes received. */
  readonly bytesIn: number
  /** Bytes given to the network. */
  readonly bytesOut: number
  /** Milliseconds for which it was open. `undefined`: it was opened before observation began. */
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
  /** Time of the event. */
  readonly at: number
  /** The new state. */
  readonly state: Shutdown.State
}

/**
 * All events of a server, by `_tag`.
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
