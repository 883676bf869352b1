/**
 * How the end of a body is marked (RFC 9112 §6): the one decision that head and body writer share.
 *
 * Only names the four ways; which one a message gets is decided where its head is encoded. Never counts
 * bytes.
 *
 * @since 0.1.0
 */

/**
 * - `None`: no body follows the head
 * - `Length`: `length` bytes follow (RFC 9112 §6.2)
 * - `Chunked`: chunks follow, then trailers (RFC 9112 §7.1)
 * - `UntilClose`: everything up to the end of the connection is body; responses only (RFC 9112 §6.3, item 8)
 *
 * `length` is in bytes.
 *
 * @since 0.1.0
 * @category models
 */
export type Framing =
  | { readonly _tag: "None" }
  | { readonly _tag: "Length"; readonly length: number }
  | { readonly _tag: "Chunked" }
  | { readonly _tag: "UntilClose" }

/** The framings without facts: one value each. */
export const none: Framing = Object.freeze({ _tag: "None" })
export const chunked: Framing = Object.freeze({ _tag: "Chunked" })
export const untilClose: Framing = Object.freeze({ _tag: "UntilClose" })

const empty: Framing = Object.freeze({ _tag: "Length", length: 0 })

/**
 * How a body is framed whose head has neither `Content-Length` nor `Transfer-Encoding`: by a field that is
 * added, or by the end of the connection. `length`: bytes, -1 if not known. Trailers need chunks, which
 * HTTP/1.0 does not have.
 */
export const addedFraming = (
  length: number,
  mayLength: boolean,
  mayChunk: boolean
): "Length" | "Chunked" | "UntilClose" =>
  length >= 0 && mayLength ? "Length" : mayChunk ? "Chunked" : "UntilClose"

/** The line that announces chunks. */
export const chunkedLine = "Transfer-Encoding: chunked\r\n"

/** The line that announces a length. */
export const lengthLine = (length: number): string => "Content-Length: " + length + "\r\n"

/** A body of `length` bytes. */
export const ofLength = (length: number): Framing => (length === 0 ? empty : { _tag: "Length", length })
