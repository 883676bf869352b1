/**
 * Errors for failed connections and failed attempts to connect. `HttpError` exports all of these errors.
 */
import * as Schema from "effect/Schema"
import { TaggedError } from "./tagged.js"
import { formatAddress } from "../model/address.js"
import type { Fault } from "../model/fault.js"
import { connectionFields, type Attempt, type Phase, type Where } from "./facts.js"

const at = (self: {
  readonly reason: string
  readonly address?: string | undefined
  readonly phase: Phase
  readonly attempts?: ReadonlyArray<Attempt> | undefined
}) => {
  const { address, attempts = [], phase, reason } = self
  const others = attempts.slice(0, -1).map((attempt) => `${attempt.address}: ${attempt.code}`)
  const before = others.length === 0 ? "" : `; before it ${others.join(", ")}`
  return `${reason} (${phase}${address === undefined ? "" : `, ${address}`}${before})`
}

/**
 * The peer reset the connection (RST), or the connection closed while data was still expected.
 *
 * @since 0.1.0
 * @category connection
 */
export class ConnectionReset extends TaggedError<ConnectionReset>("@httpfx/core/ConnectionReset")(
  "ConnectionReset",
  connectionFields
) {
  /** The error code, the same as Node's. */
  readonly code = "ECONNRESET"
  override get message(): string {
    return at(this)
  }
}

/**
 * The peer closed the connection (FIN) before the response was complete. Node's messages for this error are
 * "socket hang up" and "aborted".
 *
 * @since 0.1.0
 * @category connection
 */
export class HangUp extends TaggedError<HangUp>("@httpfx/core/HangUp")("HangUp", connectionFields) {
  /** The error code, the same as Node's. */
  readonly code = "ECONNRESET"
  override get message(): string {
    return at(this)
  }
}

/**
 * No process listens at the address.
 *
 * @since 0.1.0
 * @category connection
 */
export class ConnectionRefused extends TaggedError<ConnectionRefused>("@httpfx/core/ConnectionRefused")(
  "ConnectionRefused",
  connectionFields
) {
  /** The error code, the same as Node's. */
  readonly code = "ECONNREFUSED"
  override get message(): string {
    return at(this)
  }
}

/**
 * The system aborted the connection because the peer did not acknowledge its packets in time.
 *
 * @since 0.1.0
 * @category connection
 */
export class ConnectionTimedOut extends TaggedError<ConnectionTimedOut>("@httpfx/core/ConnectionTimedOut")(
  "ConnectionTimedOut",
  connectionFields
) {
  /** The error code, the same as Node's. */
  readonly code = "ETIMEDOUT"
  override get message(): string {
    return at(this)
  }
}

/**
 * Bytes were written to a connection whose peer no longer reads, or after our side had sent FIN.
 *
 * @since 0.1.0
 * @category connection
 */
export class BrokenPipe extends TaggedError<BrokenPipe>("@httpfx/core/BrokenPipe")(
  "BrokenPipe",
  connectionFields
) {
  /** The error code, the same as Node's. */
  readonly code = "EPIPE"
  override get message(): string {
    return at(this)
  }
}

/**
 * There is no route to the address.
 *
 * @since 0.1.0
 * @category connection
 */
export class Unreachable extends TaggedError<Unreachable>("@httpfx/core/Unreachable")("Unreachable", {
  ...connectionFields,
  /** The system's error code. */
  code: Schema.Literal("EHOSTUNREACH", "ENETUNREACH", "EADDRNOTAVAIL")
}) {
  override get message(): string {
    return at(this)
  }
}

/**
 * The name has no address, or the resolver did not respond.
 *
 * @since 0.1.0
 * @category connection
 */
export class NameNotResolved extends TaggedError<NameNotResolved>("@httpfx/core/NameNotResolved")(
  "NameNotResolved",
  {
    /** The resolver's error code. */
    code: Schema.Literal("ENOTFOUND", "EAI_AGAIN", "EAI_FAIL", "ENODATA", "ETIMEOUT"),
    /** The name that was to be resolved. */
    host: Schema.String,
    /** The system's message, as Node prints it. */
    reason: Schema.String,
    /** The system's own error, if there is one. */
    cause: Schema.optional(Schema.Defect)
  }
) {
  /** The phase of the request in which the error occurred. */
  readonly phase = "resolve"
  /** Always `false`, because there was no connection yet. */
  readonly reused = false
  /** Always `none`, because no byte of the request was sent. */
  readonly written = "none"
  /** Always 0, because no byte of a response was received. */
  readonly received = 0
  override get message(): string {
    return this.reason
  }
}

/**
 * The TLS handshake failed, or TLS failed later. `code` is an error code of Node or OpenSSL.
 *
 * @since 0.1.0
 * @category connection
 */
export class TlsFailure extends TaggedError<TlsFailure>("@httpfx/core/TlsFailure")("TlsFailure", {
  ...connectionFields,
  code: Schema.String
}) {
  override get message(): string {
    return at(this)
  }
}

/**
 * The connection failed with an error code for which no other class exists. `code` comes from the system or
 * from httpfx (`ERR_HTTPFX_*`).
 *
 * @since 0.1.0
 * @category connection
 */
export class ConnectionFailed extends TaggedError<ConnectionFailed>("@httpfx/core/ConnectionFailed")(
  "ConnectionFailed",
  { ...connectionFields, code: Schema.String }
) {
  override get message(): string {
    return at(this)
  }
}

/**
 * Errors of a failed connection or of a failed attempt to connect.
 *
 * @since 0.1.0
 * @category models
 */
export type ConnectionError =
  | ConnectionReset
  | HangUp
  | ConnectionRefused
  | ConnectionTimedOut
  | BrokenPipe
  | Unreachable
  | TlsFailure
  | ConnectionFailed

/**
 * Returns a copy of a connection error whose `attempts` list all addresses that were tried.
 *
 * @since 0.1.0
 * @category conversions
 */
export const withAttempts = <E extends Exclude<ConnectionError, HangUp>>(
  error: E,
  attempts: ReadonlyArray<Attempt>
): E => {
  const Class = error.constructor as new (fields: object) => E
  // `cause` is not enumerable, so copy it explicitly.
  return new Class({ ...error, cause: error.cause, attempts: [...attempts] })
}

/**
 * Creates the error for a fault, which is the failure that a transport reports.
 *
 * @since 0.1.0
 * @category conversions
 */
export const fromFault = (fault: Fault, where: Where): Exclude<ConnectionError, HangUp> => {
  const facts = {
    ...where,
    address: where.address ?? (fault.address === undefined ? undefined : formatAddress(fault.address)),
    reason: fault.message,
    cause: fault.cause
  }
  switch (fault.code) {
    case "ECONNRESET":
      return new ConnectionReset(facts)
    case "ECONNREFUSED":
      return new ConnectionRefused(facts)
    case "ETIMEDOUT":
      return new ConnectionTimedOut(facts)
    case "EPIPE":
      return new BrokenPipe(facts)
    case "EHOSTUNREACH":
    case "ENETUNREACH":
    case "EADDRNOTAVAIL":
      return new Unreachable({ ...facts, code: fault.code })
    default:
      return where.phase === "secure" || /^ERR_(TLS|SSL|OSSL)/.test(fault.code)
        ? new TlsFailure({ ...facts, code: fault.code })
        : new ConnectionFailed({ ...facts, code: fault.code })
  }
}
