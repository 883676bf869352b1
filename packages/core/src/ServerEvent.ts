/**
 * What happens in a server, as values: for logs, metrics, traces and tests.
 *
 * `Server.events` is their stream, `Server.observe` the exact and immediate way. A server that nobody observes makes none
 * of them. All times are milliseconds since the epoch by the server's clock.
 *
 * @since 0.1.0
 */
import type * as ExchangeOutcome from "./ExchangeOutcome.js"
import type * as HttpError from "./HttpError.js"
import type * as Shutdown from "./Shutdown.js"
import type { Address } from "./Transport.js"
import type { CloseReason } from "./wire/index.js"

/**
 * @since 0.1.0
 * @category models
 */
export interface ConnectionOpened {
  readonly _tag: "ConnectionOpened"
  readonly at: number
  /** Number of the connection on its server, from 1. */
  readonly connection: number
  readonly local: Address | undefined
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
  readonly at: number
  readonly connection: number
  /** Number of the exchange on its connection, from 1. */
  readonly exchange: number
  readonly method: string
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
  readonly at: number
  readonly connection: number
  readonly exchange: number
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
  readonly at: number
  readonly outcome: ExchangeOutcome.ExchangeOutcome
}

/**
 * Bytes that are not HTTP as the server has it (malformed, too large, cut short, or late), or a TLS handshake that failed.
 *
 * @since 0.1.0
 * @category models
 */
export interface ClientError {
  readonly _tag: "ClientError"
  readonly at: number
  /** 0: a handshake failed, and it never became a connection. */
  readonly connection: number
  readonly remote: Address | undefined
  readonly error:
    | HttpError.ParseError
    | HttpError.RequestTimeout
    | HttpError.TlsFailure
    | HttpError.ConnectionReset
    | HttpError.HangUp
}

/**
 * @since 0.1.0
 * @category models
 */
export interface ConnectionClosed {
  readonly _tag: "ConnectionClosed"
  readonly at: number
  readonly connection: number
  readonly remote: Address | undefined
  readonly reason: CloseReason
  /** Requests whose head was read. */
  readonly exchanges: number
  readonly bytesIn: number
  readonly bytesOut: number
  /** Milliseconds it was open. `undefined`: it was opened before anybody observed. */
  readonly duration: number | undefined
}

/**
 * @since 0.1.0
 * @category models
 */
export interface StateChanged {
  readonly _tag: "StateChanged"
  readonly at: number
  readonly state: Shutdown.State
}

/**
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
