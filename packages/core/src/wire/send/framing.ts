/**
 * The framing of an outgoing body (RFC 9112 §6), as used by the head encoders and the body writer.
 *
 * This file defines the four kinds of framing. A head encoder chooses the kind, and the body writer counts
 * the bytes.
 *
 * @since 0.1.0
 */

/**
 * The framing of an outgoing body.
 *
 * - `None`: no body follows the head
 * - `Length`: `length` bytes follow (RFC 9112 §6.2)
 * - `Chunked`: chunks follow, then trailers (RFC 9112 §7.1)
 * - `UntilClose`: the end of the connection ends the body; only responses can have this framing (RFC 9112
 *   §6.3, item 8)
 *
 *
 * @since 0.1.0
 * @category models
 */
export type Framing =
  | { readonly _tag: "None" }
  | { readonly _tag: "Length"; readonly length: number }
  | { readonly _tag: "Chunked" }
  | { readonly _tag: "UntilClose" }

/** Constants for the framings that have no properties. */
export const none: Framing = Object.freeze({ _tag: "None" })
export const chunked: Framing = Object.freeze({ _tag: "Chunked" })
export const untilClose: Framing = Object.freeze({ _tag: "UntilClose" })

const empty: Framing = Object.freeze({ _tag: "Length", length: 0 })

/**
 * Chooses the framing of a body if the user set neither `Content-Length` nor `Transfer-Encoding`. `length` is
 * the number of bytes, or -1 if unknown. `mayLength` must be `false` if trailers follow, because trailers
 * need chunks. `mayChunk` must be `false` for HTTP/1.0, which has no chunks.
 */
export const addedFraming = (
  length: number,
  mayLength: boolean,
  mayChunk: boolean
): "Length" | "Chunked" | "UntilClose" =>
  length >= 0 && mayLength ? "Length" : mayChunk ? "Chunked" : "UntilClose"

/** The field line that announces a chunked body. */
export const chunkedLine = "Transfer-Encoding: chunked\r\n"

/** Returns the field line that announces a body of `length` bytes. */
export const lengthLine = (length: number): string => "Content-Length: " + length + "\r\n"

/** Returns the framing of a body of `length` bytes. */
export const ofLength = (length: number): Framing => (length === 0 ? empty : { _tag: "Length", length })
