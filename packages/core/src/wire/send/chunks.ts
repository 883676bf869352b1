/**
 * Encodes chunks of a body (RFC 9112 §7.1), and checks the length of a body against `Content-Length` (RFC
 * 9112 §6.2). Both APIs use these functions, which return strings and keep no bytes.
 */
import { lengthMismatch, type ViolationOf } from "../../model/violation.js"

/**
 * The line break after the size of a chunk, and after the data of a chunk.
 *
 * @since 0.1.0
 * @category encoding
 */
export const chunkLineEnd = "\r\n"

/**
 * Returns the size of a chunk in hexadecimal digits, without the line break.
 *
 * @since 0.1.0
 * @category encoding
 */
export const chunkSize = (bytes: number): string => bytes.toString(16)

/**
 * Returns the last chunk, followed by the trailers. `trailers` contains field lines with their CRLF.
 *
 * @since 0.1.0
 * @category encoding
 */
export const lastChunk = (trailers: string): string => "0\r\n" + trailers + "\r\n"

/**
 * Returns a whole chunked body, with `text` as its only data chunk. Each UTF-16 unit of `text` is one byte.
 *
 * @since 0.1.0
 * @category encoding
 */
export const chunkedWhole = (text: string, trailers: string): string =>
  chunkSize(text.length) + chunkLineEnd + text + chunkLineEnd + lastChunk(trailers)

/**
 * Compares the number of `written` bytes with `Content-Length` (`declared`). More bytes are always a
 * mismatch. Fewer bytes are a mismatch only if the body `ends`.
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
