/**
 * Fields that errors share: the phase of the exchange, its connection, and how much was sent and received.
 */
import * as Schema from "effect/Schema"
import { phases, writtenParts } from "../model/where.js"

export type { Where } from "../model/where.js"

/**
 * The phase of a request in which its connection failed.
 *
 * - `resolve`: name resolution
 * - `connect`: connecting
 * - `secure`: TLS handshake
 * - `send`: the request was being sent, and no byte of a response had arrived
 * - `head`: the request was sent, and the response head was awaited
 * - `body`: the head had arrived, the body was incomplete
 * - `idle`: there was no exchange
 *
 * @since 0.1.0
 * @category models
 */
export const Phase = Schema.Literal(...phases)

/**
 * One of these phases.
 *
 * @since 0.1.0
 * @category models
 */
export type Phase = typeof Phase.Type

/**
 * How much of a request was given to the connection. `none`: the peer cannot have received any of it.
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
 * One attempt, as a value.
 *
 * @since 0.1.0
 * @category models
 */
export type Attempt = typeof Attempt.Type

/** The progress of an exchange when its connection failed or its time limit expired. */
export const progressFields = {
  /** The connection had served an exchange before. */
  reused: Schema.optionalWith(Schema.Boolean, { default: () => false }),
  /** How much of the request was given to the connection. */
  written: Schema.optionalWith(Written, { default: () => "none" as const }),
  /** Bytes of the response received. */
  received: Schema.optionalWith(Schema.Number, { default: () => 0 })
}

// Fields of every failed connection.
export const connectionFields = {
  /** The system's message, as Node prints it. */
  reason: Schema.String,
  /** `host:port`, or a path. */
  address: Schema.optional(Schema.String),
  phase: Phase,
  ...progressFields,
  /** If no connection could be established: every address tried, in the order in which the attempts ended. */
  attempts: Schema.optional(Schema.Array(Attempt)),
  cause: Schema.optional(Schema.Defect)
}

// The progress of a client's exchange, for errors that servers have too.
export const exchangeFields = {
  /** Client only: the phase of the request. */
  phase: Schema.optional(Phase),
  /** Client only: `host:port`, or a path. */
  address: Schema.optional(Schema.String),
  /** Client only: the connection had served an exchange before. */
  reused: Schema.optional(Schema.Boolean),
  /** Client only: how much of the request was given to the connection. */
  written: Schema.optional(Written),
  /** Client only: bytes of the response received. */
  received: Schema.optional(Schema.Number)
}
