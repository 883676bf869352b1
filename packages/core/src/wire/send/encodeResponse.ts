/**
 * Encodes response heads (RFC 9112 §4, §6, §9). A head contains the status line, the user's fields, and the
 * fields that HTTP requires in addition.
 *
 * Adds fields that the user has not set. The name of every added field must be in `Known` (encodeFields.ts),
 * so that the encoder notices if the user has set the field. Never writes a body and never reads a clock.
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
  /** The minor HTTP version of the request. */
  readonly versionMinor: number
  /** The method of the request. Responses to HEAD and CONNECT have special framing. */
  readonly method: string
  /** The status, which is 101 or in the range 200-999. */
  readonly status: number
  /** The reason phrase. Default: the phrase in `STATUS_CODES`. */
  readonly statusMessage?: string | undefined
  /** The user's fields, as a flat list of names and values. Order and case are kept. */
  readonly headers: ReadonlyArray<string>
  /**
   * The length of the body. For HEAD, `body` is the length of the body that GET would return, or `"none"` if
   * that length is unknown.
   */
  readonly body: BodyLength
  /** Whether the connection may persist, as far as the caller knows. */
  readonly keepAlive: boolean
  /**
   * The idle timeout of the connection, ms, which `Keep-Alive` announces in whole seconds. Default: no
   * announcement.
   */
  readonly keepAliveTimeout?: number | undefined
  /**
   * The number of requests per connection, which `Keep-Alive` announces together with the timeout. Default:
   * no announcement.
   */
  readonly keepAliveMax?: number | undefined
  /** The value of `Date` (see `httpDate`). Callers omit `date` only for 101. Default: no `Date` is added. */
  readonly date?: string | undefined
  /**
   * Whether trailers follow the body. With trailers the body is chunked even if its length is known. Ignored
   * for HTTP/1.0. Default: false.
   */
  readonly trailers?: boolean | undefined
}

const keepAliveLine = keepAliveLines(0, 0)
const announced = (timeout: number | undefined, max: number | undefined): string =>
  keepAliveLines(
    timeout === undefined || timeout < 0 ? 0 : timeout,
    max === undefined || max < 0 ? 0 : Math.floor(max)
  )

// A server adds the same lines to nearly every head within one second, so the last added lines are cached.
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
    // A message with `Upgrade` must also have the connection option `upgrade` (RFC 9110 §7.8).
    return input.status === 101 && !hasConnection ? text + "Connection: Upgrade\r\n" : text
  }
  if (close !== undefined) return hasClose ? text : text + "Connection: close\r\n"
  if (!hasConnection && (seen & Known.KeepAlive) === 0) {
    return text + announced(input.keepAliveTimeout, input.keepAliveMax)
  }
  // An HTTP/1.0 connection persists only if the response announces persistence, as the request did (RFC 9112
  // §9.3).
  return !hasConnection || (input.versionMinor === 0 && !hasKeepAlive) ? text + keepAliveLine : text
}

const addedByUser = Known.Date | Known.Connection | Known.KeepAlive

/**
 * Encodes the head of a final response or 101.
 *
 * The first rule that applies determines the framing:
 *
 * 1. A 101, 204 or 304, a response to HEAD, and a 2xx to CONNECT have no body (RFC 9112 §6.3). Even if the
 *    user set `Content-Length` and `Transfer-Encoding`, these fields are omitted from 101, 204 and 2xx to
 *    CONNECT (RFC 9110 §8.6, RFC 9112 §6.1). A 304 and a response to HEAD may have these fields.
 * 2. The user's `Transfer-Encoding` is used. If its last coding is not `chunked`, the end of the connection
 *    frames the body.
 * 3. The user's `Content-Length` is used.
 * 4. If the length is known and there are no trailers, `Content-Length` is added.
 * 5. For HTTP/1.1, `Transfer-Encoding: chunked` is added.
 * 6. For HTTP/1.0, the end of the connection frames the body.
 *
 * For HTTP/1.0, a user's `Transfer-Encoding: chunked` and `Trailer` are omitted, so rule 2 does not apply.
 * `Date`, `Connection` and `Keep-Alive` are added if the user did not set them. A user's `Connection: close`
 * closes the connection.
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
    // `Content-Length` of a 304 is the length of the selected representation (RFC 9110 §8.6). Only the user
    // knows this length, so the encoder adds no `Content-Length`.
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
 * Encodes an informational response, which is a 1xx other than 101 (RFC 9110 §15.2). Such a response has no
 * body, so `Content-Length` and `Transfer-Encoding` are omitted. The exchange continues after such a
 * response. `encodeResponseHead` encodes a 101.
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
