/**
 * The chunked coding of a body (RFC 9112 §7.1), and the check of its length against `Content-Length` (§6.2),
 * for both APIs. Never keeps bytes; callers write them to their sinks.
 */
import { lengthMismatch, type ViolationOf } from "../../model/violation.js"

/**
 * Line break after the size of a chunk, and after the data of a chunk.
 *
 * @since 0.1.0
 * @category encoding
 */
export const chunkLineEnd = "\r\n"

/**
 * Returns the size of a chunk as text, without the line break.
 *
 * @since 0.1.0
 * @category encoding
 */
export const chunkSize = (bytes: number): string => bytes.toString(16)

/**
 * Returns the last chunk and the trailers, which are given as lines with their CRLF.
 *
 * @since 0.1.0
 * @category encoding
 */
export const lastChunk = (trailers: string): string => "0\r\n" + trailers + "\r\n"

/**
 * Returns a whole body as one chunk. Each UTF-16 unit of `text` is one byte.
 *
 * @since 0.1.0
 * @category encoding
 */
export const chunkedWhole = (text: string, trailers: string): string =>
  chunkSize(text.length) + chunkLineEnd + text + chunkLineEnd + lastChunk(trailers)

/**
 * Checks `written` bytes against `Content-Length`. More bytes are always a mismatch; fewer bytes are a
 * mismatch if the body ends (`ends`).
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
