/**
 * The fields that Node's HTTP module adds to a head, and the framing and persistence that follow:
 * `Connection`, `Keep-Alive`, `Content-Length` and `Transfer-Encoding` as in `http.OutgoingMessage`. For
 * drivers of the callback API; the strict encoders are encodeRequest.ts and encodeResponse.ts.
 *
 * Computes with bits and numbers. Never prints the user's fields, never reads a clock, never throws.
 *
 * @since 0.1.0
 */
import { keepAliveLines } from "../automaton/keepAlive.js"
import { Against, nodeAnnounces, nodeCounts, reasonOf } from "../automaton/reuse.js"
import { addedFraming, chunkedLine, lengthLine } from "./framing.js"
import { wordReader } from "../grammar/lists.js"
import { trailersNotChunked, type Violation } from "../../model/violation.js"

/**
 * Fields that determine a head; bits, so that a set of fields is a number.
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
  /** Several `Cookie` values are joined into one line. */
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
 * Returns the bit of a field name, compared without case; 0 for any other name.
 *
 * @since 0.1.0
 * @category encoding
 */
export const nodeField = (name: string): number => {
  if (name.length < shortest || name.length > longest) return 0
  return known.get(name) ?? known.get(name.toLowerCase()) ?? 0
}

/**
 * Returns whether a `Connection` value contains the word `close` anywhere, as Node reads it.
 *
 * @since 0.1.0
 * @category encoding
 */
export const saysClose = wordReader("close")

/**
 * Returns whether a `Transfer-Encoding` (or `TE`) value contains the word `chunked`, as Node reads it.
 *
 * @since 0.1.0
 * @category encoding
 */
export const saysChunked = wordReader("chunked")

/**
 * Properties of a message besides its fields; bits.
 *
 * @since 0.1.0
 * @category models
 */
export const NodeTrait = {
  /** The connection can persist, as far as the driver knows. */
  KeepAlive: 1,
  /** The body is chunked. */
  Chunked: 2,
  /** No further message follows on the connection. */
  Last: 4,
  /** The message can have a body. */
  HasBody: 8,
  /** A body of unknown length may be chunked. */
  MayChunk: 16,
  /** The user removed `Connection`. */
  NoConnection: 32,
  /** The user removed `Content-Length`. */
  NoLength: 64,
  /** The user removed `Transfer-Encoding`. */
  NoCoding: 128,
  /** The message reaches the maximum number of messages of its connection. */
  LimitReached: 256,
  /** A request that an agent has queued. */
  Pooled: 512,
  /** The status is 204 or 304. */
  Bodiless: 1024
} as const

/**
 * Result of the last call. One record serves all heads, because callers read it at once and keep no reference
 * to it.
 */
const decided = { lines: "", traits: 0 }

/**
 * The lines and traits of a head after Node's additions.
 *
 * @since 0.1.0
 * @category models
 */
export interface NodeHead {
  /** Lines to append to the user's lines, with their CRLF. */
  readonly lines: string
  /** The resulting traits. `KeepAlive`, `Chunked` and `Last` may differ from the given traits. */
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
 * Computes the lines that Node adds after the user's fields, and whether the connection persists.
 *
 * `length` is the body's number of bytes if known, else -1. `timeout` (ms) and `max` are announced in
 * `Keep-Alive`; 0: not announced. The next call overwrites the result. Violation: ERR_HTTP_TRAILER_INVALID
 * (`Trailer` without chunks).
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
  // Peers disagree about chunks on a message without a body, so send none and close the connection.
  if (has(traits, NodeTrait.Bodiless) && has(traits, NodeTrait.Chunked)) {
    traits &= ~(NodeTrait.Chunked | NodeTrait.KeepAlive)
  }
  let framingLine = ""
  let untilClose = false
  if (!has(seen, NodeField.ContentLength | NodeField.TransferEncoding)) {
    if (!has(traits, NodeTrait.HasBody)) {
      traits &= ~NodeTrait.Chunked
    } else {
      // Node's policy: if the peer does not support chunks, no length is announced either.
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
