/**
 * Writes a body with the framing that its head announced, and counts the body's bytes (RFC 9112 §6, §7.1).
 *
 * Refuses bytes that do not fit the head, and never truncates or pads a body. Never copies or keeps body
 * bytes. The sink, which is the caller's function for output, gets the bytes unchanged, between strings of
 * framing. The sink and the caller handle backpressure.
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
 * A part of the output, as bytes or as a Latin-1 string. Each UTF-16 unit of the string is sent as one byte.
 *
 * @since 0.1.0
 * @category models
 */
export type Part = string | Uint8Array

// A receiver needs these fields before the content, so they are forbidden in trailers (RFC 9110 §6.5.1).
// These fields control framing, routing, requests, responses, authentication and the content's format.
const notInTrailers = new Set(
  (
    "authorization cache-control connection content-encoding content-length content-range content-type cookie expect " +
    "host keep-alive max-forwards proxy-authenticate proxy-authorization proxy-connection range set-cookie te trailer " +
    "transfer-encoding upgrade www-authenticate"
  ).split(" ")
)

/**
 * Returns whether a trailer section may contain a field with this name (RFC 9110 §6.5.1). The comparison
 * ignores case.
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
 * Validates trailers, given as a flat list of names and values. Returns `undefined` if all trailers are
 * valid.
 *
 * Violations: ERR_HTTP_TRAILER_INVALID, ERR_INVALID_HTTP_TOKEN, ERR_INVALID_CHAR,
 * ERR_HTTP_INVALID_HEADER_VALUE.
 *
 * @since 0.1.0
 * @category validation
 */
export const checkTrailers = (trailers: ReadonlyArray<string>): TrailersViolation | undefined => {
  const text = printTrailers(trailers)
  return typeof text === "string" ? undefined : text
}

/**
 * Validates a field name that the `Trailer` field announces. Returns `undefined` if the name is valid.
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
 * A writer for one body. A refused call sends nothing and leaves the writer unchanged.
 *
 * @since 0.1.0
 * @category encoding
 */
export class BodyWriter {
  /** Number of body bytes written so far, without framing. */
  written = 0
  /** Whether the body has ended, by a call of `end` that was not refused. */
  ended = false

  constructor(readonly framing: Framing) {}

  /**
   * Writes a part of the body. An empty part sends nothing, because an empty chunk would end the body (RFC
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
   * Ends the body. A chunked body ends with the last chunk and the trailers, given as a flat list of names
   * and values. Other bodies end without output. If the end of the connection frames the body, the caller
   * must also close the connection.
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
