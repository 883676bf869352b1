/**
 * Every failure a caller of httpfx can meet, one tagged, schema-backed class per kind.
 *
 * Facts are fields, the message is computed, the code is a literal: Node's where Node has one. The table of all of them
 * is `docs/errors.md`, held against this file by a test. Nothing here decides anything: the engine's refusals
 * (`wire/`) and the network's faults (`Transport`) become classes here, and only here.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { withoutUserinfo } from "./model/urlSecrets.js"
import { formatAddress, type Fault } from "./Transport.js"
import {
  messageOf,
  type FieldConflict as FieldConflictReason,
  type Refusal,
  type Violation
} from "./wire/index.js"

export * from "./errors/redirects.js"
export * from "./internal/serverErrors.js"

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
export const Phase = Schema.Literal("resolve", "connect", "secure", "send", "head", "body", "idle")

/**
 * One of the phases above.
 *
 * @since 0.1.0
 * @category models
 */
export type Phase = typeof Phase.Type

/**
 * How much of a request had been handed to the connection: `none` means that the peer cannot have seen any of it.
 *
 * @since 0.1.0
 * @category models
 */
export const Written = Schema.Literal("none", "some", "all")

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

// What every failure of a connection tells.
const connectionFields = {
  /** The system's message, as Node prints it. */
  reason: Schema.String,
  /** `host:port`, or a path. */
  address: Schema.optional(Schema.String),
  phase: Phase,
  /** The connection had served an exchange before. */
  reused: Schema.optionalWith(Schema.Boolean, { default: () => false }),
  written: Schema.optionalWith(Written, { default: () => "none" as const }),
  /** Bytes of the answer that had come. */
  received: Schema.optionalWith(Schema.Number, { default: () => 0 }),
  /** Where no connection could be made: every address tried, in the order in which the tries ended. */
  attempts: Schema.optional(Schema.Array(Attempt)),
  cause: Schema.optional(Schema.Defect)
}

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
 * The peer reset the connection (RST), or it was cut while bytes were due.
 *
 * @since 0.1.0
 * @category connection
 */
export class ConnectionReset extends Schema.TaggedError<ConnectionReset>("@httpfx/core/ConnectionReset")(
  "ConnectionReset",
  connectionFields
) {
  /** As in Node. */
  readonly code = "ECONNRESET"
  override get message(): string {
    return at(this)
  }
}

/**
 * The peer closed the connection (FIN) before its answer was whole. Node: "socket hang up", "aborted".
 *
 * @since 0.1.0
 * @category connection
 */
export class HangUp extends Schema.TaggedError<HangUp>("@httpfx/core/HangUp")("HangUp", connectionFields) {
  /** As in Node. */
  readonly code = "ECONNRESET"
  override get message(): string {
    return at(this)
  }
}

/**
 * Nobody listens at the address.
 *
 * @since 0.1.0
 * @category connection
 */
export class ConnectionRefused extends Schema.TaggedError<ConnectionRefused>(
  "@httpfx/core/ConnectionRefused"
)("ConnectionRefused", connectionFields) {
  /** As in Node. */
  readonly code = "ECONNREFUSED"
  override get message(): string {
    return at(this)
  }
}

/**
 * The peer did not answer on the level of the connection in time.
 *
 * @since 0.1.0
 * @category connection
 */
export class ConnectionTimedOut extends Schema.TaggedError<ConnectionTimedOut>(
  "@httpfx/core/ConnectionTimedOut"
)("ConnectionTimedOut", connectionFields) {
  /** As in Node. */
  readonly code = "ETIMEDOUT"
  override get message(): string {
    return at(this)
  }
}

/**
 * The peer had closed its reading side when bytes were written to it.
 *
 * @since 0.1.0
 * @category connection
 */
export class BrokenPipe extends Schema.TaggedError<BrokenPipe>("@httpfx/core/BrokenPipe")(
  "BrokenPipe",
  connectionFields
) {
  /** As in Node. */
  readonly code = "EPIPE"
  override get message(): string {
    return at(this)
  }
}

/**
 * No route to the address.
 *
 * @since 0.1.0
 * @category connection
 */
export class Unreachable extends Schema.TaggedError<Unreachable>("@httpfx/core/Unreachable")("Unreachable", {
  ...connectionFields,
  /** The system's code. */
  code: Schema.Literal("EHOSTUNREACH", "ENETUNREACH", "EADDRNOTAVAIL")
}) {
  override get message(): string {
    return at(this)
  }
}

/**
 * The name has no address, or the resolver did not answer.
 *
 * @since 0.1.0
 * @category connection
 */
export class NameNotResolved extends Schema.TaggedError<NameNotResolved>("@httpfx/core/NameNotResolved")(
  "NameNotResolved",
  {
    /** The resolver's code. */
    code: Schema.Literal("ENOTFOUND", "EAI_AGAIN", "EAI_FAIL", "ENODATA", "ETIMEOUT"),
    /** The name that was asked for. */
    host: Schema.String,
    /** The system's message, as Node prints it. */
    reason: Schema.String,
    /** The system's own error, where there is one. */
    cause: Schema.optional(Schema.Defect)
  }
) {
  /** Where in the life of a request it happens. */
  readonly phase = "resolve"
  /** The connection had served no exchange: it was not there yet. */
  readonly reused = false
  /** Nothing of the request was sent. */
  readonly written = "none"
  /** Nothing of an answer had come. */
  readonly received = 0
  override get message(): string {
    return this.reason
  }
}

/**
 * The TLS handshake failed, or TLS failed later. `code` is Node's or OpenSSL's.
 *
 * @since 0.1.0
 * @category connection
 */
export class TlsFailure extends Schema.TaggedError<TlsFailure>("@httpfx/core/TlsFailure")("TlsFailure", {
  ...connectionFields,
  code: Schema.String
}) {
  override get message(): string {
    return at(this)
  }
}

/**
 * The connection failed in a way that has no class of its own. `code` is the system's.
 *
 * @since 0.1.0
 * @category connection
 */
export class ConnectionFailed extends Schema.TaggedError<ConnectionFailed>("@httpfx/core/ConnectionFailed")(
  "ConnectionFailed",
  { ...connectionFields, code: Schema.String }
) {
  override get message(): string {
    return at(this)
  }
}

// How far an exchange of a client had come, of failures that servers have too.
const exchangeFields = {
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

// What a proxy's answer to CONNECT tells.
const proxyFields = {
  /** `host:port` of the proxy. */
  proxy: Schema.String,
  /** `host:port` that the tunnel was to lead to. */
  target: Schema.String,
  status: Schema.Number,
  statusMessage: Schema.String,
  /** Flat: name, value, name, value, ... as received. */
  rawHeaders: Schema.Array(Schema.String)
}

/**
 * A proxy did not open the tunnel it was asked for (`CONNECT`): its answer was not a success. Nothing of the request has
 * been sent.
 *
 * @since 0.1.0
 * @category connection
 */
export class ProxyRefused extends Schema.TaggedError<ProxyRefused>("@httpfx/core/ProxyRefused")(
  "ProxyRefused",
  proxyFields
) {
  /** Ours: Node has none for it. */
  readonly code = "ERR_HTTPFX_PROXY_REFUSED"
  /** Where in the life of a request it happens. */
  readonly phase = "connect"
  /** The connection had served no exchange: it was not there yet. */
  readonly reused = false
  /** Nothing of the request was sent. */
  readonly written = "none"
  /** Nothing of an answer had come. */
  readonly received = 0
  override get message(): string {
    return `the proxy ${this.proxy} refused a tunnel to ${this.target}: ${this.status} ${this.statusMessage}`
  }
}

/**
 * A proxy wants credentials, or others (407), before it opens a tunnel. `rawHeaders` has its `Proxy-Authenticate`. A
 * 407 to a request that a proxy forwards is a response like any other.
 *
 * @since 0.1.0
 * @category connection
 */
export class ProxyAuthenticationRequired extends Schema.TaggedError<ProxyAuthenticationRequired>(
  "@httpfx/core/ProxyAuthenticationRequired"
)("ProxyAuthenticationRequired", proxyFields) {
  /** Ours: Node has none for it. */
  readonly code = "ERR_HTTPFX_PROXY_AUTHENTICATION"
  /** Where in the life of a request it happens. */
  readonly phase = "connect"
  /** The connection had served no exchange: it was not there yet. */
  readonly reused = false
  /** Nothing of the request was sent. */
  readonly written = "none"
  /** Nothing of an answer had come. */
  readonly received = 0
  override get message(): string {
    return `the proxy ${this.proxy} wants credentials for a tunnel to ${this.target}`
  }
}

/**
 * The port or path is taken.
 *
 * @since 0.1.0
 * @category listening
 */
export class AddressInUse extends Schema.TaggedError<AddressInUse>("@httpfx/core/AddressInUse")(
  "AddressInUse",
  {
    /** Where listening was to be: `host:port`, or a path. */
    address: Schema.String,
    /** The system's message, as Node prints it. */
    reason: Schema.String,
    /** The system's own error, where there is one. */
    cause: Schema.optional(Schema.Defect)
  }
) {
  /** As in Node. */
  readonly code = "EADDRINUSE"
  override get message(): string {
    return this.reason
  }
}

/**
 * Listening failed for another reason than a taken address: `EACCES`, `EADDRNOTAVAIL`, `EINVAL`, ...
 *
 * @since 0.1.0
 * @category listening
 */
export class ListenFailed extends Schema.TaggedError<ListenFailed>("@httpfx/core/ListenFailed")(
  "ListenFailed",
  {
    /** The system's code. */
    code: Schema.String,
    /** Where listening was to be: `host:port`, or a path. */
    address: Schema.String,
    /** The system's message, as Node prints it. */
    reason: Schema.String,
    /** The system's own error, where there is one. */
    cause: Schema.optional(Schema.Defect)
  }
) {
  override get message(): string {
    return this.reason
  }
}

/**
 * The peer's bytes are not HTTP/1.1 as the chosen strictness has it. `flag` names the leniency that would have let
 * them pass.
 *
 * @since 0.1.0
 * @category protocol
 */
export class ParseError extends Schema.TaggedError<ParseError>("@httpfx/core/ParseError")("ParseError", {
  /** That of Node's parser: `HPE_INVALID_METHOD`, ... */
  code: Schema.String as Schema.Schema<Refusal["code"]>,
  /** What was wrong, in Node's words. */
  reason: Schema.String,
  /** Status that a server answers with. */
  status: Schema.Number,
  /** Offset of the fault in `rawPacket`. */
  bytesParsed: Schema.Number,
  /** Offset of the fault from the first byte of the connection. */
  offset: Schema.Number,
  /** The chunk in which the fault was found. */
  rawPacket: Schema.Uint8ArrayFromSelf,
  flag: Schema.optional(Schema.String as Schema.Schema<NonNullable<Refusal["flag"]>>),
  ...exchangeFields
}) {
  override get message(): string {
    return `Parse Error: ${this.reason}${this.flag === undefined ? "" : ` (the flag ${this.flag} would let it pass)`}`
  }
}

/**
 * A body was longer than what the reader allowed (`HttpServerRequest.MaxBodySize`).
 *
 * @since 0.1.0
 * @category protocol
 */
export class BodyTooLarge extends Schema.TaggedError<BodyTooLarge>("@httpfx/core/BodyTooLarge")(
  "BodyTooLarge",
  {
    /** Bytes. */
    limit: Schema.Number
  }
) {
  /** Ours: Node has none for it. */
  readonly code = "ERR_HTTPFX_BODY_TOO_LARGE"
  /** Status that a server answers with. */
  readonly status = 413
  override get message(): string {
    return `body of more than ${this.limit} bytes`
  }
}

/**
 * A value given as a body is neither bytes, text nor a stream of them.
 *
 * @since 0.1.0
 * @category message
 */
export class UnsupportedBody extends Schema.TaggedError<UnsupportedBody>("@httpfx/core/UnsupportedBody")(
  "UnsupportedBody",
  {
    /** What was given, in Node's words. */
    reason: Schema.String
  }
) {
  /** As in Node. */
  readonly code = "ERR_INVALID_ARG_TYPE"
  override get message(): string {
    return this.reason
  }
}

/**
 * A URL that cannot be requested: not a URL, or one without a host.
 *
 * @since 0.1.0
 * @category message
 */
export class InvalidUrl extends Schema.TaggedError<InvalidUrl>("@httpfx/core/InvalidUrl")("InvalidUrl", {
  /** The URL as given, without user and password. */
  url: Schema.String
}) {
  /** As in Node. */
  readonly code = "ERR_INVALID_URL"
  override get message(): string {
    return "Invalid URL"
  }
}

/**
 * The error of a text that is no URL. User and password are left out, as far as they can be told.
 *
 * @since 0.1.0
 * @category constructors
 */
export const invalidUrl = (text: string): InvalidUrl => new InvalidUrl({ url: withoutUserinfo(text) })

/**
 * A method, field name or trailer name is not a token (RFC 9110 §5.6.2).
 *
 * @since 0.1.0
 * @category message
 */
export class InvalidToken extends Schema.TaggedError<InvalidToken>("@httpfx/core/InvalidToken")(
  "InvalidToken",
  {
    /** What the name is of: `Header name`, `Method`, ... */
    what: Schema.String,
    /** What is none. */
    value: Schema.String
  }
) {
  /** As in Node. */
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
export class InvalidHeaderValue extends Schema.TaggedError<InvalidHeaderValue>(
  "@httpfx/core/InvalidHeaderValue"
)("InvalidHeaderValue", {
  /** The field. */
  name: Schema.String,
  /** What was given. */
  value: Schema.UndefinedOr(Schema.String)
}) {
  /** As in Node. */
  readonly code = "ERR_HTTP_INVALID_HEADER_VALUE"
  override get message(): string {
    return messageOf({ ...this, _tag: "Violation", code: this.code })
  }
}

/**
 * A field value or a reason phrase has a control character, or one above U+00FF.
 *
 * @since 0.1.0
 * @category message
 */
export class InvalidCharacter extends Schema.TaggedError<InvalidCharacter>("@httpfx/core/InvalidCharacter")(
  "InvalidCharacter",
  {
    /** Where it is. */
    what: Schema.Literal("header content", "trailer content", "statusMessage"),
    /** The field. */
    name: Schema.optionalWith(Schema.String, { exact: true })
  }
) {
  /** As in Node. */
  readonly code = "ERR_INVALID_CHAR"
  override get message(): string {
    return messageOf({ ...this, _tag: "Violation", code: this.code })
  }
}

/**
 * A status is no integer of 100-999, or a 1xx where a final one is due (or the other way round).
 *
 * @since 0.1.0
 * @category message
 */
export class InvalidStatusCode extends Schema.TaggedError<InvalidStatusCode>(
  "@httpfx/core/InvalidStatusCode"
)("InvalidStatusCode", {
  /** What was given. */
  status: Schema.Number
}) {
  /** As in Node. */
  readonly code = "ERR_HTTP_INVALID_STATUS_CODE"
  override get message(): string {
    return messageOf({ ...this, _tag: "Violation", code: this.code })
  }
}

/**
 * Trailers for a body that is not chunked, or a field that may not be one (RFC 9110 §6.5.1).
 *
 * @since 0.1.0
 * @category message
 */
export class TrailerInvalid extends Schema.TaggedError<TrailerInvalid>("@httpfx/core/TrailerInvalid")(
  "TrailerInvalid",
  {
    /** The field. */
    name: Schema.optionalWith(Schema.String, { exact: true })
  }
) {
  /** As in Node. */
  readonly code = "ERR_HTTP_TRAILER_INVALID"
  override get message(): string {
    return messageOf({ ...this, _tag: "Violation", code: this.code })
  }
}

/**
 * A body had another length than its `Content-Length` said. The connection is closed: the peer cannot mistake a short
 * body for a whole one.
 *
 * @since 0.1.0
 * @category message
 */
export class ContentLengthMismatch extends Schema.TaggedError<ContentLengthMismatch>(
  "@httpfx/core/ContentLengthMismatch"
)("ContentLengthMismatch", {
  /** Bytes announced in the head. */
  declared: Schema.Number,
  /** Bytes the body had, as far as it was read. */
  actual: Schema.Number
}) {
  /** As in Node. */
  readonly code = "ERR_HTTP_CONTENT_LENGTH_MISMATCH"
  override get message(): string {
    return messageOf({ ...this, _tag: "Violation", code: this.code })
  }
}

/**
 * Body bytes where the method or the status allows none.
 *
 * @since 0.1.0
 * @category message
 */
export class BodyNotAllowed extends Schema.TaggedError<BodyNotAllowed>("@httpfx/core/BodyNotAllowed")(
  "BodyNotAllowed",
  {}
) {
  /** As in Node. */
  readonly code = "ERR_HTTP_BODY_NOT_ALLOWED"
  override get message(): string {
    return messageOf({ ...this, _tag: "Violation", code: this.code })
  }
}

/**
 * Header fields changed after the head was sent.
 *
 * @since 0.1.0
 * @category message
 */
export class HeadersSent extends Schema.TaggedError<HeadersSent>("@httpfx/core/HeadersSent")("HeadersSent", {
  /** The verb: set, append, remove, write, render. */
  what: Schema.String
}) {
  /** As in Node. */
  readonly code = "ERR_HTTP_HEADERS_SENT"
  override get message(): string {
    return messageOf({ ...this, _tag: "Violation", code: this.code })
  }
}

/**
 * Body bytes after the end of the body.
 *
 * @since 0.1.0
 * @category message
 */
export class WriteAfterEnd extends Schema.TaggedError<WriteAfterEnd>("@httpfx/core/WriteAfterEnd")(
  "WriteAfterEnd",
  {}
) {
  /** As in Node. */
  readonly code = "ERR_STREAM_WRITE_AFTER_END"
  override get message(): string {
    return messageOf({ ...this, _tag: "Violation", code: this.code })
  }
}

/**
 * A request target has a space, a control character, or a character above U+00FF.
 *
 * @since 0.1.0
 * @category message
 */
export class UnescapedCharacters extends Schema.TaggedError<UnescapedCharacters>(
  "@httpfx/core/UnescapedCharacters"
)("UnescapedCharacters", {
  /** Where it is. */
  what: Schema.Literal("Request path")
}) {
  /** As in Node. */
  readonly code = "ERR_UNESCAPED_CHARACTERS"
  override get message(): string {
    return messageOf({ ...this, _tag: "Violation", code: this.code })
  }
}

/**
 * A scheme that is not spoken here; both with the colon, as in `http:`.
 *
 * @since 0.1.0
 * @category message
 */
export class InvalidProtocol extends Schema.TaggedError<InvalidProtocol>("@httpfx/core/InvalidProtocol")(
  "InvalidProtocol",
  {
    /** What was given. */
    protocol: Schema.String,
    /** What is spoken. */
    expected: Schema.String
  }
) {
  /** As in Node. */
  readonly code = "ERR_INVALID_PROTOCOL"
  override get message(): string {
    return messageOf({ ...this, _tag: "Violation", code: this.code })
  }
}

/**
 * Fields that decide about framing or routing contradict each other or the message.
 *
 * @since 0.1.0
 * @category message
 */
export class FieldConflict extends Schema.TaggedError<FieldConflict>("@httpfx/core/FieldConflict")(
  "FieldConflict",
  {
    /** The field. */
    name: Schema.String,
    /** What is wrong with it: `Repeated`, `Malformed`, `BesideTransferEncoding`, ... */
    reason: Schema.String as unknown as Schema.Schema<FieldConflictReason>
  }
) {
  /** Ours: Node has none for it. */
  readonly code = "ERR_HTTPFX_FIELD_CONFLICT"
  override get message(): string {
    return messageOf({ ...this, _tag: "Violation", code: this.code })
  }
}

/**
 * A link of early hints is not of the form `</styles.css>; rel=preload; as=style` (RFC 8288 §3).
 *
 * @since 0.1.0
 * @category message
 */
export class InvalidLink extends Schema.TaggedError<InvalidLink>("@httpfx/core/InvalidLink")("InvalidLink", {
  /** The link as given. */
  value: Schema.String
}) {
  /** As in Node. */
  readonly code = "ERR_INVALID_ARG_VALUE"
  override get message(): string {
    return messageOf({ ...this, what: "hints", _tag: "Violation", code: this.code })
  }
}

/**
 * A step that the connection does not have in its state. `half` is the part of the exchange, `state` the one it is in,
 * `signal` what was tried (docs/automaton.md).
 *
 * @since 0.1.0
 * @category message
 */
export class OutOfOrder extends Schema.TaggedError<OutOfOrder>("@httpfx/core/OutOfOrder")("OutOfOrder", {
  half: Schema.Literal("request", "response"),
  state: Schema.String,
  signal: Schema.String,
  ...exchangeFields
}) {
  /** Ours: Node has none for it. */
  readonly code = "ERR_HTTPFX_OUT_OF_ORDER"
  override get message(): string {
    return messageOf({ ...this, _tag: "Violation", code: this.code })
  }
}

/**
 * 101 for a request that asked for no upgrade (RFC 9110 §7.8).
 *
 * @since 0.1.0
 * @category message
 */
export class UpgradeNotAsked extends Schema.TaggedError<UpgradeNotAsked>("@httpfx/core/UpgradeNotAsked")(
  "UpgradeNotAsked",
  exchangeFields
) {
  /** Ours: Node has none for it. */
  readonly code = "ERR_HTTPFX_UPGRADE_NOT_ASKED"
  override get message(): string {
    return messageOf({ ...this, _tag: "Violation", code: this.code })
  }
}

export * from "./internal/timedOut.js"

/**
 * What our own side can do wrong in a message; nothing of it has been sent, or the connection is cut.
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
 * What can end an established connection, or the making of one.
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
 * Where and how far an exchange had come when its connection failed: the facts of a `ConnectionError`, and of a client's `ParseError`.
 *
 * @since 0.1.0
 * @category models
 */
export interface Where {
  /** Where in the life of a request it happened. */
  readonly phase: Phase
  /** The peer, `host:port` or a path. */
  readonly address?: string | undefined
  /** The connection had served an exchange before. Default `false`. */
  readonly reused?: boolean
  /** How much of the request had been handed to the connection. Default `none`. */
  readonly written?: Written
  /** Bytes of the answer that had come. Default 0. */
  readonly received?: number
}

/**
 * The same error of a connection that could not be made, with all that was tried.
 *
 * @since 0.1.0
 * @category conversions
 */
export const withAttempts = <E extends Exclude<ConnectionError, HangUp>>(
  error: E,
  attempts: ReadonlyArray<Attempt>
): E => {
  const Class = error.constructor as new (fields: object) => E
  // A `cause` is no enumerable property.
  return new Class({ ...error, cause: error.cause, attempts: [...attempts] })
}

/**
 * The class of a network's fault.
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

/**
 * The class of what the parser refused; `where`: in which exchange of a client.
 *
 * @since 0.1.0
 * @category conversions
 */
export const fromRefusal = ({ _tag, ...facts }: Refusal, where?: Where): ParseError =>
  new ParseError({ ...facts, ...where })

/**
 * The class of a violation, by its `code`.
 *
 * @since 0.1.0
 * @category models
 */
export type OfViolation<V extends Violation> = Extract<MessageError, { readonly code: V["code"] }>

/**
 * The class of what our own side must not send, or the peer must not; `where`: in which exchange of a client.
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
