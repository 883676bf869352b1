/**
 * Errors for content that could not be decoded, either from its content codings (`NodeDecompression` of
 * `@httpfx/node`) or from JSON. `HttpError` exports all of these errors.
 */
import * as Schema from "effect/Schema"
import { TaggedError } from "./tagged.js"

const fields = {
  /** Number of bytes received, before decoding. */
  received: Schema.Number,
  /** Number of bytes after decoding. */
  decoded: Schema.Number
}

/**
 * The content of a response does not conform to its `Content-Encoding`.
 * - `ERR_HTTPFX_CONTENT_INVALID`: the coding does not allow these bytes
 * - `ERR_HTTPFX_CONTENT_TRUNCATED`: the content ends before the end of the coding
 * - `ERR_HTTPFX_CONTENT_TRAILING`: bytes follow the end of the coding
 *
 * @since 0.1.0
 * @category content
 */
export class InvalidContent extends TaggedError<InvalidContent>("@httpfx/core/InvalidContent")(
  "InvalidContent",
  {
    ...fields,
    /** The error code. */
    code: Schema.Literal(
      "ERR_HTTPFX_CONTENT_INVALID",
      "ERR_HTTPFX_CONTENT_TRUNCATED",
      "ERR_HTTPFX_CONTENT_TRAILING"
    ),
    /** The coding as named in `Content-Encoding`, in lower case. */
    coding: Schema.String,
    /** The message of the decoder, which may be empty. */
    reason: Schema.String
  }
) {
  override get message(): string {
    const { code, coding, decoded, received, reason } = this
    const fault = {
      ERR_HTTPFX_CONTENT_INVALID: "cannot be decoded",
      ERR_HTTPFX_CONTENT_TRUNCATED: "is truncated",
      ERR_HTTPFX_CONTENT_TRAILING: "is followed by other bytes"
    }[code]
    const detail = reason === "" ? "" : `: ${reason}`
    return `the ${coding} content ${fault} (${received} bytes received, ${decoded} decoded)${detail}`
  }
}

/**
 * The decoded content of a response exceeds a limit of the client. The connection is closed.
 *
 * @since 0.1.0
 * @category content
 */
export class DecodedTooLarge extends TaggedError<DecodedTooLarge>("@httpfx/core/DecodedTooLarge")(
  "DecodedTooLarge",
  {
    ...fields,
    /** The option whose limit was exceeded. */
    limit: Schema.Literal("maxSize", "maxRatio"),
    /** The value of that option: bytes, or decoded bytes per received byte. */
    allowed: Schema.Number
  }
) {
  /** Our own error code, because Node has no code for this error. */
  readonly code = "ERR_HTTPFX_DECODED_TOO_LARGE"
  override get message(): string {
    const { allowed, decoded, limit, received } = this
    return `the content has ${decoded} bytes decoded from ${received}, which exceeds ${limit} ${allowed}`
  }
}

/**
 * `Content-Encoding` of a response lists more codings than the client decodes. The response is discarded.
 *
 * @since 0.1.0
 * @category content
 */
export class TooManyCodings extends TaggedError<TooManyCodings>("@httpfx/core/TooManyCodings")(
  "TooManyCodings",
  {
    /** Number of codings of the response. */
    codings: Schema.Number,
    /** Maximum number of codings. */
    limit: Schema.Number
  }
) {
  /** Our own error code, because Node has no code for this error. */
  readonly code = "ERR_HTTPFX_TOO_MANY_CODINGS"
  override get message(): string {
    return `the content has ${this.codings} codings, and at most ${this.limit} are decoded`
  }
}

/**
 * The body of a response is not JSON, although its reader asked for JSON.
 *
 * @since 0.1.0
 * @category content
 */
export class InvalidJson extends TaggedError<InvalidJson>("@httpfx/core/InvalidJson")("InvalidJson", {
  /** The message of the JSON parser, which may contain parts of the body. */
  reason: Schema.String
}) {
  /** Our own error code, because Node has no code for this error. */
  readonly code = "ERR_HTTPFX_INVALID_JSON"
  override get message(): string {
    return `the body is not JSON: ${this.reason}`
  }
}

/**
 * Errors of content that could not be decoded from its content codings.
 *
 * @since 0.1.0
 * @category content
 */
export type ContentError = InvalidContent | DecodedTooLarge | TooManyCodings
