/**
 * Computes the fields that Node's HTTP module adds to a head, as in `http.OutgoingMessage`. The fields are
 * `Connection`, `Keep-Alive`, `Content-Length` and `Transfer-Encoding`, which determine framing and
 * persistence. Only the callback API uses this file. The encoders of the Effect API are encodeRequest.ts and
 * encodeResponse.ts.
 *
 * Never prints the user's fields, never reads a clock and never throws.
 *
 * @since 0.1.0
 */
import { keepAliveLines } from "../automaton/keepAlive.js"
import { Against, nodeAnnounces, nodeCounts, reasonOf } from "../automaton/reuse.js"
import { addedFraming, chunkedLine, lengthLine } from "./framing.js"
import { wordReader } from "../grammar/lists.js"
import { trailersNotChunked, type Violation } from "../../model/violation.js"

/**
 * The fields of an outgoing head that Node treats specially. Each field is a bit, so a set of fields is a
 * number.
 *
 * @since 0.1.0
 * @category models
 */
export const NodeField = {
  Connection: 1,
  ContentLength: 2,
  TransferEncoding: 4,
  Date: 8,
  Expect: 16,
  Trailer: 32,
  KeepAlive: 64,
  /** The `Cookie` field. Node joins several values into one line. */
  Cookie: 128,
  ContentDisposition: 256
} as const

const known = new Map<string, number>([
  ["connection", NodeField.Connection],
  ["content-length", NodeField.ContentLength],
  ["transfer-encoding", NodeField.TransferEncoding],
  ["date", NodeField.Date],
  ["expect", NodeField.Expect],
  ["trailer", NodeField.Trailer],
  ["keep-alive", NodeField.KeepAlive],
  ["cookie", NodeField.Cookie],
  ["content-disposition", NodeField.ContentDisposition]
])

const shortest = 4
const longest = 19

/**
 * Returns the bit of a field name (`NodeField`), or 0 for any other name. The comparison ignores case.
 *
 * @since 0.1.0
 * @category encoding
 */
export const nodeField = (name: string): number => {
  if (name.length < shortest || name.length > longest) return 0
  return known.get(name) ?? known.get(name.toLowerCase()) ?? 0
}

/**
 * Returns whether a `Connection` value contains the word `close` anywhere, which is Node's rule.
 *
 * @since 0.1.0
 * @category encoding
 */
export const saysClose = wordReader("close")

/**
 * Returns whether a `Transfer-Encoding` (or `TE`) value contains the word `chunked` anywhere, which is Node's
 * rule.
 *
 * @since 0.1.0
 * @category encoding
 */
export const saysChunked = wordReader("chunked")

/**
 * The properties of an outgoing message besides its fields. Each property is a bit.
 *
 * @since 0.1.0
 * @category models
 */
export const NodeTrait = {
  /** The connection may persist, as far as the driver knows. */
  KeepAlive: 1,
  /** The body is chunked. */
  Chunked: 2,
  /** No further message follows on the connection. */
  Last: 4,
  /** The message can have a body. */
  HasBody: 8,
  /** The body may be chunked if its length is unknown. */
  MayChunk: 16,
  /** The user has removed the `Connection` field. */
  NoConnection: 32,
  /** The user has removed the `Content-Length` field. */
  NoLength: 64,
  /** The user has removed the `Transfer-Encoding` field. */
  NoCoding: 128,
  /** With this response, the connection reaches its maximum number of requests. */
  LimitReached: 256,
  /** The message is a request that is sent through an agent. */
  Pooled: 512,
  /** The message is a response with the status 204 or 304. */
  Bodiless: 1024
} as const

/**
 * The result of the last call of `nodeHead`. All calls share this record, which is safe because callers read
 * the result immediately and keep no reference to it.
 */
const decided = { lines: "", traits: 0 }

/**
 * The lines that Node adds to a head, and the resulting traits of the message.
 *
 * @since 0.1.0
 * @category models
 */
export interface NodeHead {
  /** The field lines to append to the user's lines, with their CRLF. */
  readonly lines: string
  /**
   * The resulting traits (bits of `NodeTrait`). `KeepAlive`, `Chunked` and `Last` may differ from the given
   * traits.
   */
  readonly traits: number
}

let linesFor = 0
let linesMax = 0
let linesMade = keepAliveLines(0, 0)
const cachedKeepAliveLines = (timeout: number, max: number): string => {
  if (timeout !== linesFor || max !== linesMax) {
    linesMade = keepAliveLines(timeout, max)
    linesFor = timeout
    linesMax = max
  }
  return linesMade
}

const connectionLines = (against: number, timeout: number, max: number): string =>
  (against & nodeAnnounces) === 0 ? cachedKeepAliveLines(timeout, max) : "Connection: close\r\n"

const has = (set: number, bit: number): boolean => (set & bit) !== 0

/**
 * Computes the field lines that Node adds to a head, and whether the connection persists.
 *
 * `seen` contains the fields that the user set (bits of `NodeField`), and `given` contains the traits of the
 * message (bits of `NodeTrait`).
 *
 * `length` is the body's number of bytes, or -1 if unknown. `Keep-Alive` announces `timeout` (ms) and `max`
 * if these values are not 0. The next call overwrites the result. Violation: ERR_HTTP_TRAILER_INVALID
 * (`Trailer` on a body that is not chunked).
 *
 * @since 0.1.0
 * @category encoding
 */
export const nodeHead = (
  seen: number,
  given: number,
  length: number,
  timeout: number,
  max: number
): NodeHead | Violation => {
  let traits = given
  // Peers disagree about chunks in a 204 or 304 response. So send no chunks, and close the connection.
  if (has(traits, NodeTrait.Bodiless) && has(traits, NodeTrait.Chunked)) {
    traits &= ~(NodeTrait.Chunked | NodeTrait.KeepAlive)
  }
  let framingLine = ""
  let untilClose = false
  if (!has(seen, NodeField.ContentLength | NodeField.TransferEncoding)) {
    if (!has(traits, NodeTrait.HasBody)) {
      traits &= ~NodeTrait.Chunked
    } else {
      // As in Node, add no `Content-Length` if the body must not be chunked.
      const mayChunk = has(traits, NodeTrait.MayChunk)
      const mayLength = mayChunk && !has(seen, NodeField.Trailer) && !has(traits, NodeTrait.NoLength)
      const framing = addedFraming(length, mayLength, mayChunk && !has(traits, NodeTrait.NoCoding))
      if (framing === "Length") framingLine = lengthLine(length)
      else if (framing === "UntilClose") untilClose = true
      else {
        traits |= NodeTrait.Chunked
        framingLine = chunkedLine
      }
    }
  }
  if (has(seen, NodeField.Trailer) && !has(traits, NodeTrait.Chunked)) return trailersNotChunked
  const framed = has(seen, NodeField.ContentLength) || has(traits, NodeTrait.MayChunk | NodeTrait.Pooled)
  const against =
    (untilClose ? Against.UntilClose : 0) |
    (has(traits, NodeTrait.Last) ? Against.ResponseClose : 0) |
    (has(traits, NodeTrait.KeepAlive) ? 0 : Against.RequestClose) |
    (has(traits, NodeTrait.LimitReached) ? Against.MaxRequests : 0) |
    (framed ? 0 : Against.Unframed)
  const removed = has(traits, NodeTrait.NoConnection)
  const added = !removed && !has(seen, NodeField.Connection)
  const counts = removed ? nodeCounts.removed : added ? nodeCounts.added : nodeCounts.own
  const last = reasonOf(against & counts) !== undefined
  const announced = has(seen, NodeField.KeepAlive) ? 0 : timeout
  decided.lines = added ? connectionLines(against, announced, max) + framingLine : framingLine
  decided.traits = last ? traits | NodeTrait.Last : traits & ~NodeTrait.Last
  return decided
}
