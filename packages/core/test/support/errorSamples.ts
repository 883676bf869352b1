// One error of each class, for the tests of docs/errors.md and of messages.md.
import { HttpError } from "@httpfx/core"

/** Facts of a failed connection. */
export const where = {
  phase: "head",
  address: "127.0.0.1:80",
  reused: true,
  written: "all",
  received: 0
} as const
const facts = { ...where, reason: "read ECONNRESET" }
const refused = { proxy: "p:1", target: "x:443", status: 403, statusMessage: "No", rawHeaders: [] }
const listen = { address: "127.0.0.1:80", reason: "listen failed" }
const violation = HttpError.fromViolation

const limit = { limit: 100, address: "127.0.0.1:80", reused: true, written: "all", received: 0 } as const
const timeouts = [
  ["QueueTimedOut", new HttpError.QueueTimedOut(limit)],
  ["ResolveTimedOut", new HttpError.ResolveTimedOut(limit)],
  ["ConnectTimedOut", new HttpError.ConnectTimedOut(limit)],
  ["SecureTimedOut", new HttpError.SecureTimedOut(limit)],
  ["SendTimedOut", new HttpError.SendTimedOut(limit)],
  ["HeadTimedOut", new HttpError.HeadTimedOut(limit)],
  ["BodyTimedOut", new HttpError.BodyTimedOut(limit)],
  ["AttemptTimedOut", new HttpError.AttemptTimedOut({ ...limit, phase: "body" })],
  ["RequestTimedOut", new HttpError.RequestTimedOut({ ...limit, phase: "head" })]
] as const

const redirect = { status: 302, url: "http://a.test/", visited: ["http://a.test/0"] }

/** One error of each class of `HttpError`. */
export const samples: ReadonlyArray<
  readonly [name: string, error: { readonly code: string; readonly message: string }]
> = [
  ["ConnectionReset", new HttpError.ConnectionReset(facts)],
  ["HangUp", new HttpError.HangUp(facts)],
  ["ConnectionRefused", new HttpError.ConnectionRefused(facts)],
  ["ConnectionTimedOut", new HttpError.ConnectionTimedOut(facts)],
  ["BrokenPipe", new HttpError.BrokenPipe(facts)],
  ["Unreachable", new HttpError.Unreachable({ ...facts, code: "EHOSTUNREACH" })],
  ["TlsFailure", new HttpError.TlsFailure({ ...facts, code: "CERT_HAS_EXPIRED" })],
  ["ConnectionFailed", new HttpError.ConnectionFailed({ ...facts, code: "EIO" })],
  [
    "NameNotResolved",
    new HttpError.NameNotResolved({ code: "ENOTFOUND", host: "x", reason: "getaddrinfo ENOTFOUND x" })
  ],
  ...timeouts,
  ["ProxyRefused", new HttpError.ProxyRefused(refused)],
  ["ProxyAuthenticationRequired", new HttpError.ProxyAuthenticationRequired({ ...refused, status: 407 })],
  [
    "ProxyHeaderRefused",
    new HttpError.ProxyHeaderRefused({ problem: "Malformed", reason: "of no version", received: 1 })
  ],
  ["TooManyRedirects", new HttpError.TooManyRedirects({ ...redirect, limit: 1 })],
  ["RedirectLoop", new HttpError.RedirectLoop({ ...redirect, to: "http://a.test/" })],
  [
    "InvalidRedirect",
    new HttpError.InvalidRedirect({ ...redirect, location: "ftp://a.test/", reason: "protocol" })
  ],
  [
    "BodyNotReplayable",
    new HttpError.BodyNotReplayable({ ...redirect, method: "PUT", to: "http://a.test/1" })
  ],
  [
    "InvalidContent",
    new HttpError.InvalidContent({
      code: "ERR_HTTPFX_CONTENT_INVALID",
      coding: "gzip",
      reason: "incorrect header check",
      received: 9,
      decoded: 0
    })
  ],
  [
    "DecodedTooLarge",
    new HttpError.DecodedTooLarge({ limit: "maxRatio", allowed: 10, received: 9, decoded: 100 })
  ],
  ["TooManyCodings", new HttpError.TooManyCodings({ codings: 9, limit: 3 })],
  ["InvalidJson", new HttpError.InvalidJson({ reason: "Unexpected end of JSON input" })],
  ["InvalidEvent", new HttpError.InvalidEvent({ field: "id", reason: "contains a line end or U+0000" })],
  ["EventTooLarge", new HttpError.EventTooLarge({ option: "maxLineSize", limit: 10 })],
  ["PreconditionFailed", new HttpError.PreconditionFailed({ status: 412, etag: '"a"' })],
  ["NotAnEventStream", new HttpError.NotAnEventStream({ status: 404, contentType: "text/html" })],
  ["AddressInUse", new HttpError.AddressInUse(listen)],
  ["ListenFailed", new HttpError.ListenFailed({ ...listen, code: "EACCES" })],
  [
    "ParseError",
    HttpError.fromRefusal({
      _tag: "Refusal",
      code: "HPE_INVALID_METHOD",
      reason: "Invalid method encountered",
      status: 400,
      bytesParsed: 0,
      offset: 0,
      rawPacket: new Uint8Array([1]),
      flag: undefined
    })
  ],
  ["BodyTooLarge", new HttpError.BodyTooLarge({ limit: 1 })],
  ["BodyAlreadyRead", new HttpError.BodyAlreadyRead({ reason: "other code has read the request body" })],
  ["RequestTimeout", new HttpError.RequestTimeout({ timeout: "headersTimeout", limit: 60_000, received: 3 })],
  ["PeerStalled", new HttpError.PeerStalled({ timeout: "timeout", limit: 1_000, address: "127.0.0.1:80" })],
  [
    "InvalidOption",
    new HttpError.InvalidOption({
      option: "headersTimeout",
      code: "ERR_OUT_OF_RANGE",
      reason: "must be <= requestTimeout (1000 ms)",
      received: "2000"
    })
  ],
  ["InvalidUrl", new HttpError.InvalidUrl({ url: "x" })],
  [
    "UnsupportedBody",
    new HttpError.UnsupportedBody({ reason: "a body must be bytes, a string or a stream, not a number" })
  ],
  [
    "InvalidProtocol",
    violation({ _tag: "Violation", code: "ERR_INVALID_PROTOCOL", protocol: "x:", expected: "http:" })
  ],
  [
    "UnescapedCharacters",
    violation({ _tag: "Violation", code: "ERR_UNESCAPED_CHARACTERS", what: "Request path" })
  ],
  [
    "InvalidToken",
    violation({ _tag: "Violation", code: "ERR_INVALID_HTTP_TOKEN", what: "Method", value: "a b" })
  ],
  [
    "InvalidHeaderValue",
    violation({ _tag: "Violation", code: "ERR_HTTP_INVALID_HEADER_VALUE", name: "a", value: undefined })
  ],
  [
    "InvalidCharacter",
    violation({ _tag: "Violation", code: "ERR_INVALID_CHAR", what: "header content", name: "a" })
  ],
  ["InvalidStatusCode", violation({ _tag: "Violation", code: "ERR_HTTP_INVALID_STATUS_CODE", status: 99 })],
  ["TrailerInvalid", violation({ _tag: "Violation", code: "ERR_HTTP_TRAILER_INVALID", name: "host" })],
  [
    "ContentLengthMismatch",
    violation({ _tag: "Violation", code: "ERR_HTTP_CONTENT_LENGTH_MISMATCH", declared: 3, actual: 4 })
  ],
  ["BodyNotAllowed", violation({ _tag: "Violation", code: "ERR_HTTP_BODY_NOT_ALLOWED" })],
  ["HeadersSent", violation({ _tag: "Violation", code: "ERR_HTTP_HEADERS_SENT", what: "set" })],
  ["WriteAfterEnd", violation({ _tag: "Violation", code: "ERR_STREAM_WRITE_AFTER_END" })],
  [
    "FieldConflict",
    violation({ _tag: "Violation", code: "ERR_HTTPFX_FIELD_CONFLICT", name: "host", reason: "Repeated" })
  ],
  ["InvalidLink", violation({ _tag: "Violation", code: "ERR_INVALID_ARG_VALUE", what: "hints", value: "x" })],
  [
    "OutOfOrder",
    violation({
      _tag: "Violation",
      code: "ERR_HTTPFX_OUT_OF_ORDER",
      half: "response",
      state: "idle",
      signal: "head"
    })
  ],
  [
    "WorkerFailed",
    new HttpError.WorkerFailed({ worker: 2, reason: "ended before it was ready", exitCode: 1 })
  ],
  ["UpgradeNotAsked", violation({ _tag: "Violation", code: "ERR_HTTPFX_UPGRADE_NOT_ASKED" })]
]
