/**
 * Writes a body: framed as its head announced, and counted (RFC 9112 §6, §7.1).
 *
 * Refuses bytes that do not fit the head, never cuts or pads. Never copies or keeps body bytes: they go to
 * the sink unchanged, between strings of framing. Does not handle backpressure: that is between the sink and
 * its caller.
 *
 * @since 0.1.0
 */
import { checkLength, chunkLineEnd, chunkSize, lastChunk } from "./chunks.js"
import type { Framing } from "./framing.js"
import { isFieldValue, isToken } from "../grammar/validate.js"
import {
  bodyNotAllowed,
  invalidChar,
  invalidToken,
  invalidValue,
  trailersNotChunked,
  writeAfterEnd,
  type BodyViolation,
  type TrailersViolation
} from "../../model/violation.js"

/**
 * A part of the output: bytes, or a Latin-1 string (each UTF-16 unit is one byte).
 *
 * @since 0.1.0
 * @category models
 */
export type Part = string | Uint8Array

// RFC 9110 §6.5.1: fields needed before the content (framing, routing, request modifiers, authentication,
// response control, content format) must not come after it.
const notInTrailers = new Set(
  (
    "authorization cache-control connection content-encoding content-length content-range content-type cookie expect " +
    "host keep-alive max-forwards proxy-authenticate proxy-authorization proxy-connection range set-cookie te trailer " +
    "transfer-encoding upgrade www-authenticate"
  ).split(" ")
)

/**
 * Whether a trailer section may contain a field of this name (RFC 9110 §6.5.1), compared without case.
 *
 * @since 0.1.0
 * @category validation
 */
export const isTrailerName = (name: string): boolean => !notInTrailers.has(name.toLowerCase())

const printTrailers = (trailers: ReadonlyArray<string>): string | TrailersViolation => {
  let text = ""
  for (let i = 0; i < trailers.length; i += 2) {
    const name = trailers[i]!
    const value = trailers[i + 1]
    if (!isToken(name)) return invalidToken("Trailer name", name)
    if (!isTrailerName(name)) return { _tag: "Violation", code: "ERR_HTTP_TRAILER_INVALID", name }
    if (value === undefined) return invalidValue(name, value)
    if (!isFieldValue(value)) return invalidChar("trailer content", name)
    text += name + ": " + value + "\r\n"
  }
  return text
}

/**
 * Validates trailers (flat list: name, value, ...); `undefined` if they are valid. Violations:
 * ERR_HTTP_TRAILER_INVALID, ERR_INVALID_HTTP_TOKEN, ERR_INVALID_CHAR, ERR_HTTP_INVALID_HEADER_VALUE.
 *
 * @since 0.1.0
 * @category validation
 */
export const checkTrailers = (trailers: ReadonlyArray<string>): TrailersViolation | undefined => {
  const text = printTrailers(trailers)
  return typeof text === "string" ? undefined : text
}

/**
 * Validates a name for the `Trailer` field; `undefined` if it is valid.
 *
 * @since 0.1.0
 * @category validation
 */
export const checkTrailerName = (name: string): TrailersViolation | undefined =>
  !isToken(name)
    ? invalidToken("Trailer name", name)
    : isTrailerName(name)
      ? undefined
      : { _tag: "Violation", code: "ERR_HTTP_TRAILER_INVALID", name }

/**
 * Writes one body. A refused call sends nothing and changes nothing.
 *
 * @since 0.1.0
 * @category encoding
 */
export class BodyWriter {
  /** Bytes of the body written so far, without framing. */
  written = 0
  /** `end` was called and not refused. */
  ended = false

  constructor(readonly framing: Framing) {}

  /**
   * Writes a part of the body. An empty one sends nothing, because an empty chunk would end the body (RFC
   * 9112 §7.1).
   *
   * Violations: ERR_STREAM_WRITE_AFTER_END, ERR_HTTP_BODY_NOT_ALLOWED, ERR_HTTP_CONTENT_LENGTH_MISMATCH (more
   * bytes than announced).
   */
  write(part: Part, sink: (part: Part) => void): BodyViolation | undefined {
    if (this.ended) return writeAfterEnd
    const size = part.length
    if (size === 0) return undefined
    const { framing } = this
    switch (framing._tag) {
      case "None":
        return bodyNotAllowed
      case "Length": {
        const refused = checkLength(framing.length, this.written + size, false)
        if (refused !== undefined) return refused
        sink(part)
        break
      }
      case "UntilClose":
        sink(part)
        break
      case "Chunked": {
        const line = chunkSize(size) + chunkLineEnd
        if (typeof part === "string") {
          sink(line + part + chunkLineEnd)
        } else {
          sink(line)
          sink(part)
          sink(chunkLineEnd)
        }
        break
      }
    }
    this.written += size
    return undefined
  }

  /**
   * Ends the body: a chunked one with the last chunk and the trailers (flat list: name, value, ...), others
   * without output. A body framed by the end of the connection also needs the caller to close that.
   *
   * Violations: ERR_STREAM_WRITE_AFTER_END (a second end), ERR_HTTP_CONTENT_LENGTH_MISMATCH (fewer bytes than
   * announced), ERR_HTTP_TRAILER_INVALID (trailers on a body that is not chunked, or a field forbidden in
   * trailers), ERR_INVALID_HTTP_TOKEN, ERR_INVALID_CHAR, ERR_HTTP_INVALID_HEADER_VALUE.
   */
  end(trailers: ReadonlyArray<string> | undefined, sink: (part: Part) => void): BodyViolation | undefined {
    if (this.ended) return writeAfterEnd
    const { framing } = this
    if (framing._tag === "Chunked") {
      const text = trailers === undefined ? "" : printTrailers(trailers)
      if (typeof text !== "string") return text
      sink(lastChunk(text))
    } else {
      if (trailers !== undefined && trailers.length > 0) return trailersNotChunked
      if (framing._tag === "Length") {
        const refused = checkLength(framing.length, this.written, true)
        if (refused !== undefined) return refused
      }
    }
    this.ended = true
    return undefined
  }
}
