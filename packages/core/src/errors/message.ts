/**
 * Errors for invalid messages that our own side tried to send, with one class per kind of violation.
 * `HttpError` exports all of these errors.
 */
import * as Schema from "effect/Schema"
import { TaggedError } from "./tagged.js"
import { messageOf, type FieldConflict as FieldConflictReason, type Violation } from "../model/violation.js"
import { exchangeFields, type Where } from "./facts.js"

/**
 * The given body is neither bytes nor text, nor a stream of bytes or text.
 *
 * @since 0.1.0
 * @category message
 */
export class UnsupportedBody extends TaggedError<UnsupportedBody>("@httpfx/core/UnsupportedBody")(
  "UnsupportedBody",
  {
    /** Node's message, which names the given value. */
    reason: Schema.String
  }
) {
  /** The error code, the same as Node's. */
  readonly code = "ERR_INVALID_ARG_TYPE"
  override get message(): string {
    return this.reason
  }
}

/**
 * A method, field name or trailer name is not a token (RFC 9110 §5.6.2).
 *
 * @since 0.1.0
 * @category message
 */
export class InvalidToken extends TaggedError<InvalidToken>("@httpfx/core/InvalidToken")("InvalidToken", {
  /** The kind of the invalid name, such as `Header name` or `Method`. */
  what: Schema.String,
  /** The invalid name. */
  value: Schema.String
}) {
  /** The error code, the same as Node's. */
  readonly code = "ERR_INVALID_HTTP_TOKEN"
  override get message(): string {
    return messageOf({ ...this, _tag: "Violation", code: this.code })
  }
}

/**
 * A header field has no value.
 *
 * @since 0.1.0
 * @category message
 */
export class InvalidHeaderValue extends TaggedError<InvalidHeaderValue>("@httpfx/core/InvalidHeaderValue")(
  "InvalidHeaderValue",
  {
    /** The name of the field. */
    name: Schema.String,
    /** The given value. */
    value: Schema.UndefinedOr(Schema.String)
  }
) {
  /** The error code, the same as Node's. */
  readonly code = "ERR_HTTP_INVALID_HEADER_VALUE"
  override get message(): string {
    return messageOf({ ...this, _tag: "Violation", code: this.code })
  }
}

/**
 * A field value or a reason phrase contains a control character, or a character above U+00FF.
 *
 * @since 0.1.0
 * @category message
 */
export class InvalidCharacter extends TaggedError<InvalidCharacter>("@httpfx/core/InvalidCharacter")(
  "InvalidCharacter",
  {
    /** The part of the message that contains the invalid character. */
    what: Schema.Literal("header content", "trailer content", "statusMessage"),
    /** The name of the field, if the invalid character is in a field. */
    name: Schema.optionalWith(Schema.String, { exact: true })
  }
) {
  /** The error code, the same as Node's. */
  readonly code = "ERR_INVALID_CHAR"
  override get message(): string {
    return messageOf({ ...this, _tag: "Violation", code: this.code })
  }
}

/**
 * A status is not an integer from 100 to 999, or does not fit its response. A final response must not have a
 * 1xx status, and an informational response must have one.
 *
 * @since 0.1.0
 * @category message
 */
export class InvalidStatusCode extends TaggedError<InvalidStatusCode>("@httpfx/core/InvalidStatusCode")(
  "InvalidStatusCode",
  {
    /** The given status. */
    status: Schema.Number
  }
) {
  /** The error code, the same as Node's. */
  readonly code = "ERR_HTTP_INVALID_STATUS_CODE"
  override get message(): string {
    return messageOf({ ...this, _tag: "Violation", code: this.code })
  }
}

/**
 * Trailers were given for a body that is not chunked, or contain a forbidden field (RFC 9110 §6.5.1).
 *
 * @since 0.1.0
 * @category message
 */
export class TrailerInvalid extends TaggedError<TrailerInvalid>("@httpfx/core/TrailerInvalid")(
  "TrailerInvalid",
  {
    /** The name of the forbidden field, if there is one. */
    name: Schema.optionalWith(Schema.String, { exact: true })
  }
) {
  /** The error code, the same as Node's. */
  readonly code = "ERR_HTTP_TRAILER_INVALID"
  override get message(): string {
    return messageOf({ ...this, _tag: "Violation", code: this.code })
  }
}

/**
 * The length of a body differs from its `Content-Length`. The connection is closed, so that the peer cannot
 * take a truncated body for a complete one.
 *
 * @since 0.1.0
 * @category message
 */
export class ContentLengthMismatch extends TaggedError<ContentLengthMismatch>(
  "@httpfx/core/ContentLengthMismatch"
)("ContentLengthMismatch", {
  /** Number of bytes that the head announced. */
  declared: Schema.Number,
  /** Number of body bytes that were counted when the mismatch was detected. */
  actual: Schema.Number
}) {
  /** The error code, the same as Node's. */
  readonly code = "ERR_HTTP_CONTENT_LENGTH_MISMATCH"
  override get message(): string {
    return messageOf({ ...this, _tag: "Violation", code: this.code })
  }
}

/**
 * A body was given although the method or the status does not permit a body.
 *
 * @since 0.1.0
 * @category message
 */
export class BodyNotAllowed extends TaggedError<BodyNotAllowed>("@httpfx/core/BodyNotAllowed")(
  "BodyNotAllowed",
  {}
) {
  /** The error code, the same as Node's. */
  readonly code = "ERR_HTTP_BODY_NOT_ALLOWED"
  override get message(): string {
    return messageOf({ ...this, _tag: "Violation", code: this.code })
  }
}

/**
 * Header fields were changed after the head was sent.
 *
 * @since 0.1.0
 * @category message
 */
export class HeadersSent extends TaggedError<HeadersSent>("@httpfx/core/HeadersSent")("HeadersSent", {
  /** The verb of the attempted change, which is set, append, remove, write or render. */
  what: Schema.String
}) {
  /** The error code, the same as Node's. */
  readonly code = "ERR_HTTP_HEADERS_SENT"
  override get message(): string {
    return messageOf({ ...this, _tag: "Violation", code: this.code })
  }
}

/**
 * Body bytes were written after the end of the body.
 *
 * @since 0.1.0
 * @category message
 */
export class WriteAfterEnd extends TaggedError<WriteAfterEnd>("@httpfx/core/WriteAfterEnd")(
  "WriteAfterEnd",
  {}
) {
  /** The error code, the same as Node's. */
  readonly code = "ERR_STREAM_WRITE_AFTER_END"
  override get message(): string {
    return messageOf({ ...this, _tag: "Violation", code: this.code })
  }
}

/**
 * A request target contains a space, a control character, or a character above U+00FF.
 *
 * @since 0.1.0
 * @category message
 */
export class UnescapedCharacters extends TaggedError<UnescapedCharacters>("@httpfx/core/UnescapedCharacters")(
  "UnescapedCharacters",
  {
    /** The part of the message that contains the invalid character. */
    what: Schema.Literal("Request path")
  }
) {
  /** The error code, the same as Node's. */
  readonly code = "ERR_UNESCAPED_CHARACTERS"
  override get message(): string {
    return messageOf({ ...this, _tag: "Violation", code: this.code })
  }
}

/**
 * The scheme of a URL is not supported. `protocol` and `expected` include the colon, as in `http:`.
 *
 * @since 0.1.0
 * @category message
 */
export class InvalidProtocol extends TaggedError<InvalidProtocol>("@httpfx/core/InvalidProtocol")(
  "InvalidProtocol",
  {
    /** The given scheme. */
    protocol: Schema.String,
    /** The supported scheme. */
    expected: Schema.String
  }
) {
  /** The error code, the same as Node's. */
  readonly code = "ERR_INVALID_PROTOCOL"
  override get message(): string {
    return messageOf({ ...this, _tag: "Violation", code: this.code })
  }
}

/**
 * Fields that determine framing or routing contradict each other or the message.
 *
 * @since 0.1.0
 * @category message
 */
export class FieldConflict extends TaggedError<FieldConflict>("@httpfx/core/FieldConflict")("FieldConflict", {
  /** The name of the field. */
  name: Schema.String,
  /** The kind of the conflict, such as `Repeated`, `Malformed` or `BesideTransferEncoding`. */
  reason: Schema.String as unknown as Schema.Schema<FieldConflictReason>
}) {
  /** Our own error code, because Node has no code for this error. */
  readonly code = "ERR_HTTPFX_FIELD_CONFLICT"
  override get message(): string {
    return messageOf({ ...this, _tag: "Violation", code: this.code })
  }
}

/**
 * A link of a 103 (Early Hints) response does not have the form `</styles.css>; rel=preload; as=style` (RFC
 * 8288 §3).
 *
 * @since 0.1.0
 * @category message
 */
export class InvalidLink extends TaggedError<InvalidLink>("@httpfx/core/InvalidLink")("InvalidLink", {
  /** The link as given. */
  value: Schema.String
}) {
  /** The error code, the same as Node's. */
  readonly code = "ERR_INVALID_ARG_VALUE"
  override get message(): string {
    return messageOf({ ...this, what: "hints", _tag: "Violation", code: this.code })
  }
}

/**
 * A step of an exchange, such as a response head, is illegal in the current state of the exchange. `half` is
 * the affected half of the exchange, `state` the state of this half, and `signal` the illegal step
 * (docs/automaton.md).
 *
 * @since 0.1.0
 * @category message
 */
export class OutOfOrder extends TaggedError<OutOfOrder>("@httpfx/core/OutOfOrder")("OutOfOrder", {
  half: Schema.Literal("request", "response"),
  state: Schema.String,
  signal: Schema.String,
  ...exchangeFields
}) {
  /** Our own error code, because Node has no code for this error. */
  readonly code = "ERR_HTTPFX_OUT_OF_ORDER"
  override get message(): string {
    return messageOf({ ...this, _tag: "Violation", code: this.code })
  }
}

/**
 * Protocols were switched after a request that did not ask for a switch (RFC 9110 §7.8).
 *
 * @since 0.1.0
 * @category message
 */
export class UpgradeNotAsked extends TaggedError<UpgradeNotAsked>("@httpfx/core/UpgradeNotAsked")(
  "UpgradeNotAsked",
  exchangeFields
) {
  /** Our own error code, because Node has no code for this error. */
  readonly code = "ERR_HTTPFX_UPGRADE_NOT_ASKED"
  override get message(): string {
    return messageOf({ ...this, _tag: "Violation", code: this.code })
  }
}

/**
 * Errors for invalid messages that our own side tried to send. Either no byte of the message was sent, or the
 * connection was closed.
 *
 * @since 0.1.0
 * @category models
 */
export type MessageError =
  | InvalidToken
  | InvalidHeaderValue
  | InvalidCharacter
  | InvalidStatusCode
  | TrailerInvalid
  | ContentLengthMismatch
  | BodyNotAllowed
  | HeadersSent
  | WriteAfterEnd
  | UnescapedCharacters
  | InvalidProtocol
  | FieldConflict
  | InvalidLink
  | OutOfOrder
  | UpgradeNotAsked
  | UnsupportedBody

/**
 * The error class of a violation, by its `code`.
 *
 * @since 0.1.0
 * @category models
 */
export type OfViolation<V extends Violation> = Extract<MessageError, { readonly code: V["code"] }>

/**
 * Creates the error for a violation by our side, or for an illegal step by the peer. `where` is given only
 * for clients.
 *
 * @since 0.1.0
 * @category conversions
 */
export const fromViolation = <V extends Violation>(violation: V, where?: Where): OfViolation<V> =>
  made(violation, where) as OfViolation<V>

const made = (violation: Violation, where: Where | undefined): OfViolation<Violation> => {
  switch (violation.code) {
    case "ERR_INVALID_HTTP_TOKEN":
      return new InvalidToken(violation)
    case "ERR_HTTP_INVALID_HEADER_VALUE":
      return new InvalidHeaderValue(violation)
    case "ERR_INVALID_CHAR":
      return new InvalidCharacter(violation)
    case "ERR_HTTP_INVALID_STATUS_CODE":
      return new InvalidStatusCode(violation)
    case "ERR_HTTP_TRAILER_INVALID":
      return new TrailerInvalid(violation)
    case "ERR_HTTP_CONTENT_LENGTH_MISMATCH":
      return new ContentLengthMismatch(violation)
    case "ERR_HTTP_BODY_NOT_ALLOWED":
      return new BodyNotAllowed()
    case "ERR_HTTP_HEADERS_SENT":
      return new HeadersSent(violation)
    case "ERR_STREAM_WRITE_AFTER_END":
      return new WriteAfterEnd()
    case "ERR_UNESCAPED_CHARACTERS":
      return new UnescapedCharacters(violation)
    case "ERR_INVALID_PROTOCOL":
      return new InvalidProtocol(violation)
    case "ERR_HTTPFX_FIELD_CONFLICT":
      return new FieldConflict(violation)
    case "ERR_INVALID_ARG_VALUE":
      return new InvalidLink(violation)
    case "ERR_HTTPFX_OUT_OF_ORDER":
      return new OutOfOrder({ ...violation, ...where })
    case "ERR_HTTPFX_UPGRADE_NOT_ASKED":
      return new UpgradeNotAsked({ ...where })
  }
}
