/**
 * Fields common to several errors, such as the phase of the exchange, its connection, and the amounts sent
 * and received.
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
 * The type of a `Phase` value, such as `connect`.
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
 * The type of a `Written` value, which is `none`, `some` or `all`.
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
  /** The address, as `host:port` or as a path. */
  address: Schema.String,
  /** The system's error code. */
  code: Schema.String,
  /** The system's error message. */
  reason: Schema.String,
  /** Duration of the attempt, ms. */
  millis: Schema.Number
})

/**
 * The type of an `Attempt` value.
 *
 * @since 0.1.0
 * @category models
 */
export type Attempt = typeof Attempt.Type

/**
 * Fields for the progress of an exchange at the time when its connection failed or its time limit expired.
 */
export const progressFields = {
  /** Whether the connection had served an exchange before. */
  reused: Schema.optionalWith(Schema.Boolean, { default: () => false }),
  /** How much of the request was written to the connection. */
  written: Schema.optionalWith(Written, { default: () => "none" as const }),
  /** Number of response bytes received. */
  received: Schema.optionalWith(Schema.Number, { default: () => 0 })
}

// Fields common to all errors of failed connections.
export const connectionFields = {
  /** The system's message, as Node prints it. */
  reason: Schema.String,
  /** The address, as `host:port` or as a path. */
  address: Schema.optional(Schema.String),
  phase: Phase,
  ...progressFields,
  /**
   * The attempts for all addresses that were tried, in the order in which they ended. Set only if no
   * connection could be established.
   */
  attempts: Schema.optional(Schema.Array(Attempt)),
  cause: Schema.optional(Schema.Defect)
}

// Fields that only clients set, in errors that occur in clients and servers.
export const exchangeFields = {
  /** The phase of the request (client only). */
  phase: Schema.optional(Phase),
  /** The address of the server, as `host:port` or as a path (client only). */
  address: Schema.optional(Schema.String),
  /** Whether the connection had served an exchange before (client only). */
  reused: Schema.optional(Schema.Boolean),
  /** How much of the request was written to the connection (client only). */
  written: Schema.optional(Written),
  /** Number of response bytes received (client only). */
  received: Schema.optional(Schema.Number)
}
