/**
 * Violations, which are the reasons why a message of our own side must not be sent. The encoders return a
 * violation as a plain record, and never throw.
 *
 * The Effect API converts a violation to a typed error, and the callback API converts a violation to an
 * `Error` with Node's message. Both APIs use the tables in this file. A fault of the peer is never a
 * violation; the parser reports such a fault as a refusal.
 *
 * @since 0.1.0
 */

/**
 * The reason why a header field that determines framing or routing was refused.
 *
 * - `Repeated`: the field is repeated with a different value
 * - `Malformed`: the value does not match the field's grammar
 * - `BesideTransferEncoding`: the message has both `Content-Length` and `Transfer-Encoding` (RFC 9112 §6.2)
 * - `ChunkedNotLast`: another transfer coding follows `chunked`, or a request's last transfer coding is not
 *   `chunked` (RFC 9112 §6.1)
 * - `NotForVersion`: the message has a transfer coding, and the peer's version is HTTP/1.0 (RFC 9112 §6.1)
 * - `NotForMethod`: the message has a framing field, and its method permits no body (RFC 9110 §9.3.6, §9.3.8)
 *
 * @since 0.1.0
 * @category models
 */
export type FieldConflict =
  "Repeated" | "Malformed" | "BesideTransferEncoding" | "ChunkedNotLast" | "NotForVersion" | "NotForMethod"

/**
 * The properties of each violation, by its code.
 *
 * - `what`: the invalid part, in the words of Node's messages
 * - `name`: the name of the field
 * - `value`: the given value
 * - `status`: the given status code
 * - `declared`, `actual`: numbers of bytes
 * - `protocol`, `expected`: the scheme of the URL, and the scheme that the agent or client supports
 * - `reason`: a {@link FieldConflict}
 * - `half`, `state`, `signal`: the half of the exchange, its current state, and the step that is not legal in
 *   this state
 *
 * @since 0.1.0
 * @category models
 */
export interface ViolationFacts {
  /** A name that is not a token (RFC 9110 §5.6.2), such as an invalid method or field name. */
  readonly ERR_INVALID_HTTP_TOKEN: { readonly what: string; readonly value: string }
  /** A header field without a value. */
  readonly ERR_HTTP_INVALID_HEADER_VALUE: { readonly name: string; readonly value: string | undefined }
  /** A forbidden control character or a character above U+00FF in the part `what`. */
  readonly ERR_INVALID_CHAR: {
    readonly what: "header content" | "trailer content" | "statusMessage"
    readonly name?: string
  }
  /**
   * A status that is not an integer from 100 to 999, a 1xx status for a final response, or a final status for
   * an informational response.
   */
  readonly ERR_HTTP_INVALID_STATUS_CODE: { readonly status: number }
  /**
   * Trailers on a message that is not chunked, or, if `name` is set, a field that is forbidden in a trailer
   * section.
   */
  readonly ERR_HTTP_TRAILER_INVALID: { readonly name?: string }
  /** A number of body bytes (`actual`) that differs from `Content-Length` (`declared`). */
  readonly ERR_HTTP_CONTENT_LENGTH_MISMATCH: { readonly declared: number; readonly actual: number }
  /** Body bytes although the method or the status does not permit a body. */
  readonly ERR_HTTP_BODY_NOT_ALLOWED: {}
  /**
   * A change of header fields after the head was sent. `what` is the verb of the change: set, append, remove,
   * write or render.
   */
  readonly ERR_HTTP_HEADERS_SENT: { readonly what: string }
  /** Body bytes after the end of the body. */
  readonly ERR_STREAM_WRITE_AFTER_END: {}
  /** A request target with a space, a control character, or a character above U+00FF. */
  readonly ERR_UNESCAPED_CHARACTERS: { readonly what: "Request path" }
  /**
   * A scheme that the agent or client does not support. `protocol` and `expected` include the colon, as in
   * `http:`.
   */
  readonly ERR_INVALID_PROTOCOL: { readonly protocol: string; readonly expected: string }
  /**
   * A field for framing or routing that contradicts another field or the message. Node has no code for this
   * violation.
   */
  readonly ERR_HTTPFX_FIELD_CONFLICT: { readonly name: string; readonly reason: FieldConflict }
  /** An invalid value of a `Link` field (RFC 8288 §3). */
  readonly ERR_INVALID_ARG_VALUE: { readonly what: "hints"; readonly value: string }
  /**
   * A step that is not legal in the current state of the connection, by the rules of `wire/automaton`. Node
   * has no code for this violation.
   */
  readonly ERR_HTTPFX_OUT_OF_ORDER: {
    readonly half: "request" | "response"
    readonly state: string
    readonly signal: string
  }
  /**
   * A 101 response to a request that asked for no upgrade (RFC 9110 §7.8). Node has no code for this
   * violation.
   */
  readonly ERR_HTTPFX_UPGRADE_NOT_ASKED: {}
}

/**
 * The codes of violations. `docs/errors.md` lists the error class of each code.
 *
 * @since 0.1.0
 * @category models
 */
export type ViolationCode = keyof ViolationFacts

/**
 * A violation of one `code`, with the properties of that code.
 *
 * @since 0.1.0
 * @category models
 */
export type ViolationOf<Code extends ViolationCode> = {
  readonly _tag: "Violation"
  /** The code of the rule that the message breaks. */
  readonly code: Code
} & ViolationFacts[Code]

/**
 * The reason why a message of our own side must not be sent. `code` is Node's code if Node has one, and
 * otherwise begins with `ERR_HTTPFX_`.
 *
 * @since 0.1.0
 * @category models
 */
export type Violation = { [Code in ViolationCode]: ViolationOf<Code> }[ViolationCode]

/**
 * The violations whose code is one of `Code`.
 *
 * @since 0.1.0
 * @category models
 */
export type ViolationsOf<Code extends ViolationCode> = { [One in Code]: ViolationOf<One> }[Code]

/**
 * The violations that a list of header fields can have.
 *
 * @since 0.1.0
 * @category models
 */
export type FieldsViolation = ViolationsOf<
  | "ERR_INVALID_HTTP_TOKEN"
  | "ERR_HTTP_INVALID_HEADER_VALUE"
  | "ERR_INVALID_CHAR"
  | "ERR_HTTPFX_FIELD_CONFLICT"
>

/**
 * The violations that a trailer section can have.
 *
 * @since 0.1.0
 * @category models
 */
export type TrailersViolation = ViolationsOf<
  "ERR_INVALID_HTTP_TOKEN" | "ERR_HTTP_INVALID_HEADER_VALUE" | "ERR_INVALID_CHAR" | "ERR_HTTP_TRAILER_INVALID"
>

/**
 * The violations that a request head can have.
 *
 * @since 0.1.0
 * @category models
 */
export type RequestViolation =
  | FieldsViolation
  | ViolationsOf<
      | "ERR_UNESCAPED_CHARACTERS"
      | "ERR_HTTP_BODY_NOT_ALLOWED"
      | "ERR_HTTP_CONTENT_LENGTH_MISMATCH"
      | "ERR_HTTP_TRAILER_INVALID"
    >

/**
 * The violations that an outgoing body can have in its length, its end or its trailers.
 *
 * @since 0.1.0
 * @category models
 */
export type BodyViolation =
  | TrailersViolation
  | ViolationsOf<
      "ERR_HTTP_BODY_NOT_ALLOWED" | "ERR_HTTP_CONTENT_LENGTH_MISMATCH" | "ERR_STREAM_WRITE_AFTER_END"
    >

/**
 * The violation for body bytes although the method or the status does not permit a body (RFC 9110 §6.4.1).
 *
 * @since 0.1.0
 * @category violations
 */
export const bodyNotAllowed: ViolationOf<"ERR_HTTP_BODY_NOT_ALLOWED"> = {
  _tag: "Violation",
  code: "ERR_HTTP_BODY_NOT_ALLOWED"
}
/**
 * The violation for trailers on a body that is not chunked.
 *
 * @since 0.1.0
 * @category violations
 */
export const trailersNotChunked: ViolationOf<"ERR_HTTP_TRAILER_INVALID"> = {
  _tag: "Violation",
  code: "ERR_HTTP_TRAILER_INVALID"
}
/**
 * The violation for body bytes, or a second end, after the end of a body.
 *
 * @since 0.1.0
 * @category violations
 */
export const writeAfterEnd: ViolationOf<"ERR_STREAM_WRITE_AFTER_END"> = {
  _tag: "Violation",
  code: "ERR_STREAM_WRITE_AFTER_END"
}
/**
 * The violation for a 101 response to a request that asked for no upgrade.
 *
 * @since 0.1.0
 * @category violations
 */
export const upgradeNotAsked: ViolationOf<"ERR_HTTPFX_UPGRADE_NOT_ASKED"> = {
  _tag: "Violation",
  code: "ERR_HTTPFX_UPGRADE_NOT_ASKED"
}

/**
 * Creates the violation for a change of header fields after the head was sent. `what` is the verb of the
 * change, such as `set`.
 *
 * @since 0.1.0
 * @category violations
 */
export const headersSent = (what: string): ViolationOf<"ERR_HTTP_HEADERS_SENT"> => ({
  _tag: "Violation",
  code: "ERR_HTTP_HEADERS_SENT",
  what
})

export const invalidToken = (what: string, value: string): ViolationOf<"ERR_INVALID_HTTP_TOKEN"> => ({
  _tag: "Violation",
  code: "ERR_INVALID_HTTP_TOKEN",
  what,
  value
})

export const invalidValue = (
  name: string,
  value: string | undefined
): ViolationOf<"ERR_HTTP_INVALID_HEADER_VALUE"> => ({
  _tag: "Violation",
  code: "ERR_HTTP_INVALID_HEADER_VALUE",
  name,
  value
})

export const invalidChar = (
  what: "header content" | "trailer content",
  name: string
): ViolationOf<"ERR_INVALID_CHAR"> => ({
  _tag: "Violation",
  code: "ERR_INVALID_CHAR",
  what,
  name
})

export const invalidStatus = (status: number): ViolationOf<"ERR_HTTP_INVALID_STATUS_CODE"> => ({
  _tag: "Violation",
  code: "ERR_HTTP_INVALID_STATUS_CODE",
  status
})

export const lengthMismatch = (
  declared: number,
  actual: number
): ViolationOf<"ERR_HTTP_CONTENT_LENGTH_MISMATCH"> => ({
  _tag: "Violation",
  code: "ERR_HTTP_CONTENT_LENGTH_MISMATCH",
  declared,
  actual
})

export const fieldConflict = (
  name: string,
  reason: FieldConflict
): ViolationOf<"ERR_HTTPFX_FIELD_CONFLICT"> => ({
  _tag: "Violation",
  code: "ERR_HTTPFX_FIELD_CONFLICT",
  name,
  reason
})

export const outOfOrder = (
  half: "request" | "response",
  state: string,
  signal: string
): ViolationOf<"ERR_HTTPFX_OUT_OF_ORDER"> => ({
  _tag: "Violation",
  code: "ERR_HTTPFX_OUT_OF_ORDER",
  half,
  state,
  signal
})

/**
 * The JavaScript error class of each code. Node's codes have the class that Node uses (Node documentation,
 * "Errors"). Our own codes have the class `Error`.
 *
 * @since 0.1.0
 * @category tables
 */
export const errorClassOf: { readonly [Code in ViolationCode]: "Error" | "TypeError" | "RangeError" } = {
  ERR_INVALID_HTTP_TOKEN: "TypeError",
  ERR_HTTP_INVALID_HEADER_VALUE: "TypeError",
  ERR_INVALID_CHAR: "TypeError",
  ERR_HTTP_INVALID_STATUS_CODE: "RangeError",
  ERR_HTTP_TRAILER_INVALID: "Error",
  ERR_HTTP_CONTENT_LENGTH_MISMATCH: "Error",
  ERR_HTTP_BODY_NOT_ALLOWED: "Error",
  ERR_HTTP_HEADERS_SENT: "Error",
  ERR_STREAM_WRITE_AFTER_END: "Error",
  ERR_UNESCAPED_CHARACTERS: "TypeError",
  ERR_INVALID_PROTOCOL: "TypeError",
  ERR_INVALID_ARG_VALUE: "TypeError",
  ERR_HTTPFX_FIELD_CONFLICT: "Error",
  ERR_HTTPFX_OUT_OF_ORDER: "Error",
  ERR_HTTPFX_UPGRADE_NOT_ASKED: "Error"
}

const conflictText: { readonly [Reason in FieldConflict]: string } = {
  Repeated: "is repeated with different values",
  Malformed: "has a malformed value",
  BesideTransferEncoding: "must not be sent with Transfer-Encoding",
  ChunkedNotLast: 'must have "chunked" once, as the last coding',
  NotForVersion: "must not be sent to an HTTP/1.0 peer",
  NotForMethod: "announces a body that the request method cannot have"
}

/**
 * Returns the message of a violation. For Node's codes the message is that of Node.js 20.
 *
 * @since 0.1.0
 * @category conversions
 */
export const messageOf = (violation: Violation): string => {
  switch (violation.code) {
    case "ERR_INVALID_HTTP_TOKEN":
      return `${violation.what} must be a valid HTTP token ["${violation.value}"]`
    case "ERR_HTTP_INVALID_HEADER_VALUE":
      return `Invalid value "${violation.value}" for header "${violation.name}"`
    case "ERR_INVALID_CHAR":
      return violation.name === undefined
        ? `Invalid character in ${violation.what}`
        : `Invalid character in ${violation.what} ["${violation.name}"]`
    case "ERR_HTTP_INVALID_STATUS_CODE":
      return `Invalid status code: ${violation.status}`
    case "ERR_HTTP_TRAILER_INVALID":
      return violation.name === undefined
        ? "Trailers are invalid with this transfer encoding"
        : `Field "${violation.name}" is not allowed in trailers`
    case "ERR_HTTP_CONTENT_LENGTH_MISMATCH":
      return `Response body's content-length of ${violation.actual} byte(s) does not match the content-length of ${violation.declared} byte(s) set in header`
    case "ERR_HTTP_BODY_NOT_ALLOWED":
      return "Adding content for this request method or response status is not allowed."
    case "ERR_HTTP_HEADERS_SENT":
      return `Cannot ${violation.what} headers after they are sent to the client`
    case "ERR_STREAM_WRITE_AFTER_END":
      return "write after end"
    case "ERR_UNESCAPED_CHARACTERS":
      return `${violation.what} contains unescaped characters`
    case "ERR_INVALID_PROTOCOL":
      return `Protocol "${violation.protocol}" not supported. Expected "${violation.expected}"`
    case "ERR_INVALID_ARG_VALUE":
      return `The argument '${violation.what}' must be an array or string of format "</styles.css>; rel=preload; as=style". Received '${violation.value}'`
    case "ERR_HTTPFX_FIELD_CONFLICT":
      return `Field "${violation.name}" ${conflictText[violation.reason]}`
    case "ERR_HTTPFX_OUT_OF_ORDER":
      return `The ${violation.half} half of the connection does not permit "${violation.signal}" in the state "${violation.state}"`
    case "ERR_HTTPFX_UPGRADE_NOT_ASKED":
      return "A switch of protocols (101, or 2xx to CONNECT) needs a request that asked for it"
  }
}
