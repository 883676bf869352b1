/**
 * Fields that several errors have: the phase of the exchange, its connection, and the amounts sent and
 * received.
 */
import * as Schema from "effect/Schema"
import { phases, writtenParts } from "../model/where.js"

export type { Where } from "../model/where.js"

/**
 * The phase of a request in which its connection failed.
 *
 * - `resolve`: name resolution
 * - `connect`: opening the connection
 * - `secure`: TLS handshake
 * - `send`: sending the request; no byte of a response had arrived
 * - `head`: waiting for the response head, after the request was sent
 * - `body`: receiving the body, after the head had arrived
 * - `idle`: no exchange was in flight
 *
 * @since 0.1.0
 * @category models
 */
export const Phase = Schema.Literal(...phases)

/**
 * A phase.
 *
 * @since 0.1.0
 * @category models
 */
export type Phase = typeof Phase.Type

/**
 * How much of a request was written to the connection. With `none`, the peer cannot have received any byte of
 * the request.
 *
 * @since 0.1.0
 * @category models
 */
export const Written = Schema.Literal(...writtenParts)

/**
 * `none`, `some` or `all`.
 *
 * @since 0.1.0
 * @category models
 */
export type Written = typeof Written.Type

/**
 * One attempt to connect to one address, and its result.
 *
 * @since 0.1.0
 * @category models
 */
export const Attempt = Schema.Struct({
  /** `host:port`, or a path. */
  address: Schema.String,
  /** The system's error code. */
  code: Schema.String,
  /** The system's error message. */
  reason: Schema.String,
  /** Duration, ms. */
  millis: Schema.Number
})

/**
 * An attempt.
 *
 * @since 0.1.0
 * @category models
 */
export type Attempt = typeof Attempt.Type

/** The progress of an exchange when its connection failed or its time limit expired. */
export const progressFields = {
  /** Whether the connection had served an exchange before. */
  reused: Schema.optionalWith(Schema.Boolean, { default: () => false }),
  /** How much of the request was written to the connection. */
  written: Schema.optionalWith(Written, { default: () => "none" as const }),
  /** Bytes of the response received. */
  received: Schema.optionalWith(Schema.Number, { default: () => 0 })
}

// Fields of the errors of failed connections.
export const connectionFields = {
  /** The system's message, as Node prints it. */
  reason: Schema.String,
  /** `host:port`, or a path. */
  address: Schema.optional(Schema.String),
  phase: Phase,
  ...progressFields,
  /**
   * If no connection could be established, the attempts for all addresses that were tried, in the order in
   * which they ended.
   */
  attempts: Schema.optional(Schema.Array(Attempt)),
  cause: Schema.optional(Schema.Defect)
}

// The progress of a client's exchange, for errors that also occur in servers.
export const exchangeFields = {
  /** Client only: the phase of the request. */
  phase: Schema.optional(Phase),
  /** Client only: `host:port`, or a path. */
  address: Schema.optional(Schema.String),
  /** Client only: whether the connection had served an exchange before. */
  reused: Schema.optional(Schema.Boolean),
  /** Client only: how much of the request was written to the connection. */
  written: Schema.optional(Written),
  /** Client only: bytes of the response received. */
  received: Schema.optional(Schema.Number)
}
