/**
 * The chunked coding of a body (RFC 9112 §7.1), and its count against `Content-Length` (§6.2), for both APIs.
 * Never holds bytes; callers write them to their sinks.
 */
import { lengthMismatch, type ViolationOf } from "../../model/violation.js"

/**
 * Ends the line of a chunk's size, and the chunk.
 *
 * @since 0.1.0
 * @category encoding
 */
export const chunkLineEnd = "\r\n"

/**
 * The size of a chunk, without the end of its line.
 *
 * @since 0.1.0
 * @category encoding
 */
export const chunkSize = (bytes: number): string => bytes.toString(16)

/**
 * The last chunk and the trailers: lines, each with its CRLF.
 *
 * @since 0.1.0
 * @category encoding
 */
export const lastChunk = (trailers: string): string => "0\r\n" + trailers + "\r\n"

/**
 * A whole body as one chunk. Each UTF-16 unit of `text` is one byte.
 *
 * @since 0.1.0
 * @category encoding
 */
export const chunkedWhole = (text: string, trailers: string): string =>
  chunkSize(text.length) + chunkLineEnd + text + chunkLineEnd + lastChunk(trailers)

/**
 * Checks `written` bytes against `Content-Length`: never more, and at the end not fewer.
 *
 * @since 0.1.0
 * @category validation
 */
export const checkLength = (
  declared: number,
  written: number,
  ends: boolean
): ViolationOf<"ERR_HTTP_CONTENT_LENGTH_MISMATCH"> | undefined =>
  (ends ? written !== declared : written > declared) ? lengthMismatch(declared, written) : undefined
