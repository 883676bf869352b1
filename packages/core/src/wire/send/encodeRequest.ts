/**
 * Encodes request heads (RFC 9112 §3, §6, §9). A head contains the request line, the user's fields, and the
 * fields that HTTP requires in addition.
 *
 * Keeps every field that the user set, and adds missing fields. Never resolves a URL and never writes a body.
 *
 * @since 0.1.0
 */
import { Known, found, ownField, scanFields } from "./encodeFields.js"
import { METHODS } from "./encodeTables.js"
import { addedFraming, chunked, chunkedLine, lengthLine, none, ofLength, type Framing } from "./framing.js"
import type { BodyLength, EncodedHead } from "./encode.js"
import { isBodilessMethod } from "../grammar/bodiless.js"
import { Against, reasonOf } from "../automaton/reuse.js"
import { isContentLength, isRequestTarget, isToken } from "../grammar/validate.js"
import {
  bodyNotAllowed,
  fieldConflict,
  invalidToken,
  lengthMismatch,
  trailersNotChunked,
  type RequestViolation
} from "../../model/violation.js"

/**
 * Input of `encodeRequestHead`.
 *
 * @since 0.1.0
 * @category models
 */
export interface RequestHeadInput {
  /** The method, which must be a token (RFC 9110 §9.1). Its case is kept. */
  readonly method: string
  /**
   * The request target, in origin, absolute, authority or asterisk form (RFC 9112 §3.2). The target is sent
   * unchanged.
   */
  readonly target: string
  /** The user's fields, as a flat list of names and values. Order and case are kept. */
  readonly headers: ReadonlyArray<string>
  /**
   * The value of the `Host` field, which is added first if the user set no `Host`. Default: no `Host` is
   * added.
   */
  readonly host?: string | undefined
  /** The body's number of bytes, `unknown` (the body is sent in chunks) or `none` (there is no body). */
  readonly body: BodyLength
  /**
   * Whether the connection should persist. The encoder announces the choice in `Connection` if the user did
   * not set that field.
   */
  readonly keepAlive: boolean
  /**
   * Whether trailers follow the body. With trailers the body is chunked even if its length is known. Default:
   * false.
   */
  readonly trailers?: boolean | undefined
  /**
   * Whether the encoder adds `Connection` and framing fields if the user did not set them. If `false`, the
   * user must set a framing field to send a body. Default: true.
   */
  readonly defaults?: boolean | undefined
}

const knownMethods = new Set(METHODS)

// Requests with these methods must have no body (RFC 9110 §9.3.6, §9.3.8). A receiver could read the body as
// the next request or as data of the tunnel.
const neverBody = new Set(["TRACE", "CONNECT"])

/**
 * Encodes the head of an HTTP/1.1 request.
 *
 * The first rule that applies determines the framing:
 *
 * 1. TRACE and CONNECT have no body and no framing fields.
 * 2. The user's `Transfer-Encoding` is used. Its last coding must be `chunked` (RFC 9112 §6.1).
 * 3. The user's `Content-Length` is used.
 * 4. Without body bytes and trailers, GET, HEAD, DELETE and OPTIONS get no framing field. For all other
 *    methods `Content-Length: 0` is added.
 * 5. If the length is known and there are no trailers, `Content-Length` is added.
 * 6. In all other cases `Transfer-Encoding: chunked` is added.
 *
 * If `defaults` is `false`, rules 4 to 6 add nothing and refuse a body.
 *
 * Violations: ERR_INVALID_HTTP_TOKEN, ERR_UNESCAPED_CHARACTERS, ERR_INVALID_CHAR,
 * ERR_HTTP_INVALID_HEADER_VALUE, ERR_HTTPFX_FIELD_CONFLICT (also for a length that is not a safe non-negative
 * integer), ERR_HTTP_BODY_NOT_ALLOWED (a body on TRACE or CONNECT), ERR_HTTP_CONTENT_LENGTH_MISMATCH (the
 * user's `Content-Length` differs from the known length), ERR_HTTP_TRAILER_INVALID (`Trailer` or trailers on
 * a body that is not chunked).
 *
 * @since 0.1.0
 * @category encoding
 */
export const encodeRequestHead = (input: RequestHeadInput): EncodedHead | RequestViolation => {
  const { method } = input
  if (!knownMethods.has(method) && !isToken(method)) return invalidToken("Method", method)
  if (!isRequestTarget(input.target)) {
    return { _tag: "Violation", code: "ERR_UNESCAPED_CHARACTERS", what: "Request path" }
  }
  if (typeof input.body === "number" && !isContentLength(input.body)) {
    return fieldConflict("Content-Length", "Malformed")
  }
  const defaults = input.defaults !== false
  const refused = scanFields(input.headers, 0)
  if (refused !== undefined) return refused

  const seen = found.seen
  const body = input.body === "none" ? 0 : input.body
  const trailers = input.trailers === true || (seen & Known.Trailer) !== 0
  let framing: Framing
  let framingLine = ""
  if (neverBody.has(method)) {
    if (body !== 0) return bodyNotAllowed
    if ((seen & Known.TransferEncoding) !== 0) return fieldConflict("Transfer-Encoding", "NotForMethod")
    if ((seen & Known.ContentLength) !== 0) return fieldConflict("Content-Length", "NotForMethod")
    framing = none
  } else if ((seen & Known.TransferEncoding) !== 0) {
    if (!found.chunkedLast) return fieldConflict("Transfer-Encoding", "ChunkedNotLast")
    framing = chunked
  } else if (found.contentLength >= 0) {
    if (body !== "unknown" && body !== found.contentLength) return lengthMismatch(found.contentLength, body)
    framing = ofLength(found.contentLength)
  } else if (body === 0 && !trailers && isBodilessMethod(method)) {
    framing = none
  } else if (!defaults) {
    if (body !== 0) return bodyNotAllowed
    framing = none
  } else {
    const length = body === "unknown" ? -1 : body
    const known = addedFraming(length, !trailers, true) === "Length"
    framing = known ? ofLength(length) : chunked
    framingLine = known ? lengthLine(length) : chunkedLine
  }
  if (trailers && framing !== chunked) return trailersNotChunked

  let text = method + " " + input.target + " HTTP/1.1\r\n"
  if (input.host !== undefined && (seen & Known.Host) === 0) {
    const host = ownField("Host", input.host)
    if (typeof host !== "string") return host
    text += host
  }
  text += found.text
  const close = reasonOf(found.close || !input.keepAlive ? Against.RequestClose : 0)
  if (!defaults) {
    // Without `defaults` only the user's fields are sent.
  } else if (close !== undefined && !found.close) text += "Connection: close\r\n"
  else if (close === undefined && (seen & Known.Connection) === 0) text += "Connection: keep-alive\r\n"
  return {
    _tag: "EncodedHead",
    head: text + framingLine + "\r\n",
    framing,
    close
  }
}
