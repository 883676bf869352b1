/**
 * What errors say of the exchange in which they happened: its phase, its connection, and how much was sent
 * and received.
 */
import * as Schema from "effect/Schema"
import { phases, writtenParts } from "../model/where.js"

export type { Where } from "../model/where.js"

/**
 * Where in the life of a request a connection failed.
 *
 * - `resolve`: the name was being looked up
 * - `connect`: the connection was being made
 * - `secure`: the TLS handshake was under way
 * - `send`: the request was being written, and nothing of an answer had come
 * - `head`: the request was written, and the head of the answer was awaited
 * - `body`: the head had come, the body had not ended
 * - `idle`: no exchange was under way
 *
 * @since 0.1.0
 * @category models
 */
export const Phase = Schema.Literal(...phases)

/**
 * One of the phases above.
 *
 * @since 0.1.0
 * @category models
 */
export type Phase = typeof Phase.Type

/**
 * How much of a request had been handed to the connection: `none` means that the peer cannot have seen any of
 * it.
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
 * One try to connect to one address, and how it ended.
 *
 * @since 0.1.0
 * @category models
 */
export const Attempt = Schema.Struct({
  /** `host:port`, or a path. */
  address: Schema.String,
  /** Why it failed: the system's code. */
  code: Schema.String,
  /** The same in the system's words. */
  reason: Schema.String,
  /** How long it took, ms. */
  millis: Schema.Number
})

/**
 * One try, as a value.
 *
 * @since 0.1.0
 * @category models
 */
export type Attempt = typeof Attempt.Type

/** How far an exchange had come when its connection failed or its limit passed. */
export const progressFields = {
  /** The connection had served an exchange before. */
  reused: Schema.optionalWith(Schema.Boolean, { default: () => false }),
  /** How much of the request had been handed to the connection. */
  written: Schema.optionalWith(Written, { default: () => "none" as const }),
  /** Bytes of the response that had come. */
  received: Schema.optionalWith(Schema.Number, { default: () => 0 })
}

// What every failure of a connection tells.
export const connectionFields = {
  /** The system's message, as Node prints it. */
  reason: Schema.String,
  /** `host:port`, or a path. */
  address: Schema.optional(Schema.String),
  phase: Phase,
  ...progressFields,
  /** Where no connection could be made: every address tried, in the order in which the tries ended. */
  attempts: Schema.optional(Schema.Array(Attempt)),
  cause: Schema.optional(Schema.Defect)
}

// How far an exchange of a client had come, of failures that servers have too.
export const exchangeFields = {
  /** Client: where in the life of the request. */
  phase: Schema.optional(Phase),
  /** Client: `host:port`, or a path. */
  address: Schema.optional(Schema.String),
  /** Client: the connection had served an exchange before. */
  reused: Schema.optional(Schema.Boolean),
  /** Client: how much of the request. */
  written: Schema.optional(Written),
  /** Client: bytes of the answer that had come. */
  received: Schema.optional(Schema.Number)
}
