/**
 * Errors for messages of the peer that were refused. `HttpError` exports all of these errors.
 */
import * as Schema from "effect/Schema"
import { TaggedError } from "./tagged.js"
import type { Refusal } from "../model/refusal.js"
import { exchangeFields, type Where } from "./facts.js"

/**
 * The parser refused the peer's bytes. `flag` is the name of the parser flag with which the bytes would have
 * been accepted.
 *
 * @since 0.1.0
 * @category protocol
 */
export class ParseError extends TaggedError<ParseError>("@httpfx/core/ParseError")("ParseError", {
  /** The error code of Node's parser, such as `HPE_INVALID_METHOD`. */
  code: Schema.String as Schema.Schema<Refusal["code"]>,
  /** The fault, in Node's words. */
  reason: Schema.String,
  /** The status with which a server responds to the request. */
  status: Schema.Number,
  /** Offset of the fault in `rawPacket`. */
  bytesParsed: Schema.Number,
  /** Offset of the fault from the first byte of the connection. */
  offset: Schema.Number,
  /** The chunk that contains the fault. */
  rawPacket: Schema.Uint8ArrayFromSelf,
  flag: Schema.optional(Schema.String as Schema.Schema<NonNullable<Refusal["flag"]>>),
  ...exchangeFields
}) {
  override get message(): string {
    return `Parse Error: ${this.reason}${this.flag === undefined ? "" : ` (the flag ${this.flag} would let it pass)`}`
  }
}

/**
 * A body was larger than its reader permits (`HttpServerRequest.MaxBodySize`).
 *
 * @since 0.1.0
 * @category protocol
 */
export class BodyTooLarge extends TaggedError<BodyTooLarge>("@httpfx/core/BodyTooLarge")("BodyTooLarge", {
  /** The limit, in bytes. */
  limit: Schema.Number
}) {
  /** Our own error code, because Node has no code for this error. */
  readonly code = "ERR_HTTPFX_BODY_TOO_LARGE"
  /** The status with which a server responds to the request. */
  readonly status = 413
  override get message(): string {
    return `body of more than ${this.limit} bytes`
  }
}

/**
 * Other code has read the body of a request, so the server cannot read it. This happens if a callback server
 * passes its requests to an Effect server (`toListeners` of `@httpfx/node/bridge`).
 *
 * @since 0.1.0
 * @category protocol
 */
export class BodyAlreadyRead extends TaggedError<BodyAlreadyRead>("@httpfx/core/BodyAlreadyRead")(
  "BodyAlreadyRead",
  {
    /** The state of the body, and how to correct the program. */
    reason: Schema.String
  }
) {
  /** Our own error code, because Node has no code for this error. */
  readonly code = "ERR_HTTPFX_BODY_ALREADY_READ"
  /** The status with which a server responds to the request. */
  readonly status = 500
  override get message(): string {
    return this.reason
  }
}

/**
 * Creates the error for a refusal by the parser. `where` is given only for clients.
 *
 * @since 0.1.0
 * @category conversions
 */
export const fromRefusal = ({ _tag, ...facts }: Refusal, where?: Where): ParseError =>
  new ParseError({ ...facts, ...where })
