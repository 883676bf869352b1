/**
 * Encodes response heads: the status line, the user's fields, and the fields that HTTP requires in addition
 * (RFC 9112 §4, §6, §9).
 *
 * Keeps every field that the user set, and adds missing fields. The name of every added field is in `Known`
 * (encodeFields.ts), so that the encoder detects a field that the user has set. Never writes a body, never
 * reads a clock.
 *
 * @since 0.1.0
 */
import { Known, found, ownField, scanFields } from "./encodeFields.js"
import { statusLine } from "./encodeTables.js"
import { keepAliveLines } from "../automaton/keepAlive.js"
import {
  addedFraming,
  chunked,
  chunkedLine,
  lengthLine,
  none,
  ofLength,
  untilClose,
  type Framing
} from "./framing.js"
import type { CloseReason } from "../automaton/afterExchange.js"
import { Against, reasonOf } from "../automaton/reuse.js"
import type { BodyLength, EncodedHead } from "./encode.js"
import { isInformational, switchesProtocols } from "../grammar/bodiless.js"
import { isContentLength } from "../grammar/validate.js"
import {
  fieldConflict,
  invalidStatus,
  lengthMismatch,
  trailersNotChunked,
  type Violation
} from "../../model/violation.js"

/**
 * Input of `encodeResponseHead`.
 *
 * @since 0.1.0
 * @category models
 */
export interface ResponseHeadInput {
  /** Minor version of the request. */
  readonly versionMinor: number
  /** Method of the request: responses to HEAD and CONNECT are framed differently. */
  readonly method: string
  /** 101, or 200-999. */
  readonly status: number
  /** Reason phrase. Default: from `STATUS_CODES`. */
  readonly statusMessage?: string | undefined
  /** Flat list: name, value, name, value, ... Order and case are kept. */
  readonly headers: ReadonlyArray<string>
  /** For HEAD: the length of the body that GET would return, or `"none"` if unknown. */
  readonly body: BodyLength
  /** The connection can persist, as far as the caller knows. */
  readonly keepAlive: boolean
  /**
   * Idle timeout of the connection, ms; announced in whole seconds in `Keep-Alive`. Default: not announced.
   */
  readonly keepAliveTimeout?: number | undefined
  /** Number of requests per connection; announced with the timeout. Default: not announced. */
  readonly keepAliveMax?: number | undefined
  /**
   * Value of `Date` (see `httpDate`). Callers give it for responses, refusals and 2xx to CONNECT, not for
   * 101. Default: no `Date` is added.
   */
  readonly date?: string | undefined
  /**
   * Trailers will follow: the body is chunked even if its length is known (not for HTTP/1.0). Default: false.
   */
  readonly trailers?: boolean | undefined
}

const keepAliveLine = keepAliveLines(0, 0)
const announced = (timeout: number | undefined, max: number | undefined): string =>
  keepAliveLines(
    timeout === undefined || timeout < 0 ? 0 : timeout,
    max === undefined || max < 0 ? 0 : Math.floor(max)
  )

// Within a second a server adds the same lines to nearly every head, so the last lines are cached.
let addedFor: Pick<ResponseHeadInput, "date" | "keepAliveTimeout" | "keepAliveMax"> = {}
let addedLines = keepAliveLine
const cachedLines = (input: ResponseHeadInput): string | Violation => {
  const { date, keepAliveMax, keepAliveTimeout } = input
  if (
    date !== addedFor.date ||
    keepAliveTimeout !== addedFor.keepAliveTimeout ||
    keepAliveMax !== addedFor.keepAliveMax
  ) {
    const dateLine = date === undefined ? "" : ownField("Date", date)
    if (typeof dateLine !== "string") return dateLine
    addedLines = dateLine + announced(keepAliveTimeout, keepAliveMax)
    addedFor = { date, keepAliveTimeout, keepAliveMax }
  }
  return addedLines
}

const missingLines = (
  input: ResponseHeadInput,
  switching: boolean,
  close: CloseReason | undefined
): string | Violation => {
  const { close: hasClose, keepAlive: hasKeepAlive, seen } = found
  let text = ""
  if (input.date !== undefined && (seen & Known.Date) === 0) {
    const date = ownField("Date", input.date)
    if (typeof date !== "string") return date
    text = date
  }
  const hasConnection = (seen & Known.Connection) !== 0
  if (switching) {
    // `Upgrade` requires the connection option `upgrade` (RFC 9110 §7.8).
    return input.status === 101 && !hasConnection ? text + "Connection: Upgrade\r\n" : text
  }
  if (close !== undefined) return hasClose ? text : text + "Connection: close\r\n"
  if (!hasConnection && (seen & Known.KeepAlive) === 0) {
    return text + announced(input.keepAliveTimeout, input.keepAliveMax)
  }
  // A connection of HTTP/1.0 persists only if the response also announces persistence (RFC 9112 §9.3).
  return !hasConnection || (input.versionMinor === 0 && !hasKeepAlive) ? text + keepAliveLine : text
}

const addedByUser = Known.Date | Known.Connection | Known.KeepAlive

/**
 * Encodes the head of a final response or 101.
 *
 * Framing, in this order:
 * 1. 204, 304, 101, response to HEAD, 2xx to CONNECT: no body (RFC 9112 §6.3). `Content-Length` and
 *    `Transfer-Encoding` are omitted from 101, 204 and 2xx to CONNECT even if the user set them (RFC 9110
 *    §8.6, RFC 9112 §6.1); the others may have them.
 * 2. The user's `Transfer-Encoding`: chunked, or until the connection closes if `chunked` is not in it.
 * 3. The user's `Content-Length`.
 * 4. A known length and no trailers: `Content-Length` is added.
 * 5. HTTP/1.1: `Transfer-Encoding: chunked` is added.
 * 6. HTTP/1.0: until the connection closes. A user's `Transfer-Encoding: chunked` and `Trailer` are omitted.
 *
 * `Date`, `Connection` and `Keep-Alive` are added if the user set none. A user's `Connection: close` closes
 * the connection.
 *
 * Violations: ERR_HTTP_INVALID_STATUS_CODE (also for 1xx other than 101), ERR_INVALID_CHAR,
 * ERR_INVALID_HTTP_TOKEN, ERR_HTTP_INVALID_HEADER_VALUE, ERR_HTTPFX_FIELD_CONFLICT (also for a length that is
 * not a safe non-negative integer), ERR_HTTP_CONTENT_LENGTH_MISMATCH (the user's `Content-Length` differs
 * from the known length), ERR_HTTP_TRAILER_INVALID (`Trailer` or trailers on a body that is not chunked).
 *
 * @since 0.1.0
 * @category encoding
 */
export const encodeResponseHead = (input: ResponseHeadInput): EncodedHead | Violation => {
  const { body, status } = input
  if (status < 200 && status !== 101) return invalidStatus(status)
  if (typeof body === "number" && !isContentLength(body)) return fieldConflict("Content-Length", "Malformed")
  const line = statusLine(status, input.statusMessage)
  if (typeof line !== "string") return line

  const http10 = input.versionMinor === 0
  const switching = switchesProtocols(input.method, status)
  const framingless = switching || status === 204
  const refused = scanFields(
    input.headers,
    (framingless || http10 ? Known.TransferEncoding : 0) |
      (framingless ? Known.ContentLength : 0) |
      (http10 ? Known.Trailer : 0)
  )
  if (refused !== undefined) return refused
  if (http10 && found.otherCoding && !framingless) return fieldConflict("Transfer-Encoding", "NotForVersion")

  const seen = found.seen
  const trailers = !http10 && (input.trailers === true || (seen & Known.Trailer) !== 0)
  let framing: Framing
  let framingLine = ""
  if (framingless || status === 304 || input.method === "HEAD") {
    framing = none
    // `Content-Length` of a 304 is the length of the selected representation, which only the user knows (RFC
    // 9110 §8.6), so none is added.
    if (typeof body === "number" && input.method === "HEAD" && !framingless && status !== 304) {
      if ((seen & (Known.ContentLength | Known.TransferEncoding)) === 0) framingLine = lengthLine(body)
    }
  } else if ((seen & Known.TransferEncoding) !== 0 && !http10) {
    framing = found.chunkedLast ? chunked : untilClose
  } else if (found.contentLength >= 0) {
    const actual = body === "none" ? 0 : body
    if (actual !== "unknown" && actual !== found.contentLength)
      return lengthMismatch(found.contentLength, actual)
    framing = ofLength(found.contentLength)
  } else {
    const length = body === "none" ? 0 : body === "unknown" ? -1 : body
    const added = addedFraming(length, !trailers, !http10)
    framing = added === "Length" ? ofLength(length) : added === "Chunked" ? chunked : untilClose
    framingLine = added === "Length" ? lengthLine(length) : added === "Chunked" ? chunkedLine : ""
  }
  if (trailers && framing !== chunked && framing !== none) return trailersNotChunked

  const close = switching
    ? undefined
    : reasonOf(
        (framing === untilClose ? Against.UntilClose : 0) |
          (found.close || !input.keepAlive ? Against.ResponseClose : 0)
      )
  const added =
    close === undefined && !switching && (seen & addedByUser) === 0
      ? cachedLines(input)
      : missingLines(input, switching, close)
  if (typeof added !== "string") return added
  return { _tag: "EncodedHead", head: line + found.text + added + framingLine + "\r\n", framing, close }
}

/**
 * Encodes an informational response: 100, 102-199 (RFC 9110 §15.2). Such a response has no body, and the
 * exchange continues after it. 101 is encoded by `encodeResponseHead`. `Content-Length` and
 * `Transfer-Encoding` are omitted.
 *
 * Violations: ERR_HTTP_INVALID_STATUS_CODE, ERR_INVALID_HTTP_TOKEN, ERR_INVALID_CHAR,
 * ERR_HTTP_INVALID_HEADER_VALUE, ERR_HTTPFX_FIELD_CONFLICT.
 *
 * @since 0.1.0
 * @category encoding
 */
export const encodeInformational = (status: number, headers: ReadonlyArray<string>): string | Violation => {
  if (!isInformational(status)) return invalidStatus(status)
  const line = statusLine(status, undefined)
  if (typeof line !== "string") return line
  return scanFields(headers, Known.ContentLength | Known.TransferEncoding) ?? line + found.text + "\r\n"
}
