/**
 * What happens in a server, as values: for logs, metrics, traces and tests.
 *
 * `Server.events` is their stream, `Server.observe` the exact and immediate way. A server that nobody
 * observes makes none of them. All times are milliseconds since the epoch by the server's clock.
 *
 * @since 0.1.0
 */
import type * as ExchangeOutcome from "./ExchangeOutcome.js"
import type * as HttpError from "./HttpError.js"
import type * as Shutdown from "./Shutdown.js"
import type { Address } from "./Transport.js"
import type { CloseReason } from "./wire/index.js"

/**
 * A connection was accepted; nothing of it was read yet.
 *
 * @since 0.1.0
 * @category models
 */
export interface ConnectionOpened {
  readonly _tag: "ConnectionOpened"
  /** When it happened. */
  readonly at: number
  /** Number of the connection on its server, from 1. */
  readonly connection: number
  /** Our end. */
  readonly local: Address | undefined
  /** The client's end. */
  readonly remote: Address | undefined
}

/**
 * The head of a request was read; its handler starts.
 *
 * @since 0.1.0
 * @category models
 */
export interface RequestReceived {
  readonly _tag: "RequestReceived"
  /** When it happened. */
  readonly at: number
  /** Number of the connection on its server. */
  readonly connection: number
  /** Number of the exchange on its connection, from 1. */
  readonly exchange: number
  /** The method as it came. */
  readonly method: string
  /** The target as it came (RFC 9112 §3.2). */
  readonly target: string
}

/**
 * The head of an answer was given to the network.
 *
 * @since 0.1.0
 * @category models
 */
export interface ResponseBegun {
  readonly _tag: "ResponseBegun"
  /** When it happened. */
  readonly at: number
  /** Number of the connection on its server. */
  readonly connection: number
  /** Number of the exchange on its connection. */
  readonly exchange: number
  /** The status of the answer: never a 1xx but 101, with which an upgrade is answered. */
  readonly status: number
}

/**
 * Once per exchange. Requests that were refused or dropped are exchanges too.
 *
 * @since 0.1.0
 * @category models
 */
export interface ExchangeEnded {
  readonly _tag: "ExchangeEnded"
  /** When it happened. */
  readonly at: number
  /** How it ended, with all that is known of it. */
  readonly outcome: ExchangeOutcome.ExchangeOutcome
}

/**
 * Bytes that are not HTTP as the server has it (malformed, too large, cut short, or late), or a TLS handshake
 * that failed.
 *
 * @since 0.1.0
 * @category models
 */
export interface ClientError {
  readonly _tag: "ClientError"
  /** When it happened. */
  readonly at: number
  /** 0: a handshake failed, and it never became a connection. */
  readonly connection: number
  /** The client's end. */
  readonly remote: Address | undefined
  /** What was wrong. */
  readonly error:
    | HttpError.ParseError
    | HttpError.RequestTimeout
    | HttpError.TlsFailure
    | HttpError.ConnectionReset
    | HttpError.HangUp
}

/**
 * A connection is over, and nothing of it is held any more.
 *
 * @since 0.1.0
 * @category models
 */
export interface ConnectionClosed {
  readonly _tag: "ConnectionClosed"
  /** When it happened. */
  readonly at: number
  /** Number of the connection on its server. */
  readonly connection: number
  /** The client's end. */
  readonly remote: Address | undefined
  /** Why it was closed. */
  readonly reason: CloseReason
  /** Requests whose head was read. */
  readonly exchanges: number
  /** Bytes received. */
  readonly bytesIn: number
  /** Bytes given to the network. */
  readonly bytesOut: number
  /** Milliseconds it was open. `undefined`: it was opened before anybody observed. */
  readonly duration: number | undefined
}

/**
 * The server entered another state of its life (`Shutdown.State`).
 *
 * @since 0.1.0
 * @category models
 */
export interface StateChanged {
  readonly _tag: "StateChanged"
  /** When it happened. */
  readonly at: number
  /** The state it is in from now on. */
  readonly state: Shutdown.State
}

/**
 * All that a server tells, by `_tag`.
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
