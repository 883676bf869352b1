/**
 * The content of a response with several ranges: `multipart/byteranges` (RFC 9110 §14.6). The parts are
 * streamed one by one, and the total length is known before the first byte.
 */
import * as Stream from "effect/Stream"
import type { ByteRange } from "./ranges.js"

export interface MultipartRanges {
  readonly contentType: string
  readonly contentLength: number
  readonly stream: Stream.Stream<Uint8Array, unknown>
}

export const contentRange = ({ length, offset }: ByteRange, size: number): string =>
  `bytes ${offset}-${offset + length - 1}/${size}`

const encoder = new TextEncoder()

/**
 * Joins the ranges into one body. `read` returns the bytes of one range, and is called when the body reaches
 * this range.
 */
export const multipartRanges = (
  ranges: ReadonlyArray<ByteRange>,
  size: number,
  contentType: string | undefined,
  boundary: string,
  read: (range: ByteRange) => Stream.Stream<Uint8Array, unknown>
): MultipartRanges => {
  const type = contentType === undefined ? "" : `Content-Type: ${contentType}\r\n`
  const parts = ranges.map((range, index) => ({
    range,
    head: encoder.encode(
      `${index === 0 ? "" : "\r\n"}--${boundary}\r\n${type}Content-Range: ${contentRange(range, size)}\r\n\r\n`
    )
  }))
  const end = encoder.encode(`\r\n--${boundary}--\r\n`)
  return {
    contentType: `multipart/byteranges; boundary=${boundary}`,
    contentLength: parts.reduce((sum, { head, range }) => sum + head.length + range.length, end.length),
    stream: Stream.fromIterable(parts).pipe(
      Stream.flatMap(({ head, range }) => Stream.concat(Stream.make(head), read(range))),
      Stream.concat(Stream.make(end))
    )
  }
}
