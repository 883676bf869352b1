/**
 * The head of one received message. A head has the facts that the parser found. The list of fields is created
 * when it is first read. A head keeps its text, and does not keep the received chunk, so the chunk's memory
 * can be freed. Only fields.ts folds and interprets fields.
 */

import { isContinue } from "./expectation.js"
import { isBlank, listElements } from "../grammar/lists.js"
import { Fact, type Machine } from "./machine.js"

/**
 * The properties that request heads and response heads share.
 *
 * @since 0.1.0
 * @category heads
 */
export interface Head {
  /** The major HTTP version of the message (RFC 9112 §2.3). */
  readonly versionMajor: number
  /** The minor HTTP version of the message. */
  readonly versionMinor: number
  /**
   * The fields as received, as a flat list of names and values. Bytes 0x80-0xFF are the characters
   * U+0080-U+00FF. The list is created when it is first read.
   */
  readonly rawHeaders: ReadonlyArray<string>
  /** Number of field lines. */
  readonly fieldCount: number
  /**
   * Returns the value of the first field with this lower-case name, without creating the list `rawHeaders`.
   */
  get(lowerName: string): string | undefined
  /**
   * Returns the elements of the list that all fields with this lower-case name form (RFC 9110 §5.6.1). The
   * result is empty if there is no such field.
   */
  elements(lowerName: string): ReadonlyArray<string>
  /** Whether the connection persists after this message, according to the head (RFC 9112 §9.3). */
  readonly keepAlive: boolean
  /**
   * Whether the connection persists if the message has no body, as in a response to HEAD. Differs from
   * `keepAlive` if the head says that the end of the connection frames the body.
   */
  readonly persistent: boolean
  /**
   * Whether the request asks for an upgrade, the response is a 101 that completes an upgrade, or the method
   * is CONNECT (RFC 9110 §7.8, §9.3.6).
   */
  readonly upgrade: boolean
  /** The length of the body in bytes, if the head has `Content-Length`. */
  readonly contentLength: number | undefined
  /** Whether the body is framed by the chunked coding (RFC 9112 §7.1). */
  readonly chunked: boolean
}

/**
 * The head of a request, as reported by a server's parser.
 *
 * @since 0.1.0
 * @category heads
 */
export interface RequestHead extends Head {
  /** The method as received. */
  readonly method: string
  /** The target as received, in any of its four forms (RFC 9112 §3.2). */
  readonly target: string
  /** Whether the request is HTTP/1.1 and has `Expect: 100-continue` (RFC 9110 §10.1.1). */
  readonly expectContinue: boolean
}

/**
 * The head of a final or 1xx response, as reported by a client's parser.
 *
 * @since 0.1.0
 * @category heads
 */
export interface ResponseHead extends Head {
  /** The status code (RFC 9110 §15). */
  readonly status: number
  /** The reason phrase as received, which may be empty. */
  readonly statusMessage: string
}

/**
 * The positions of the fields in the head's text. Each field line has four numbers, which are the start and
 * end of its name and the start and end of its value.
 */
export type Marks = ReadonlyArray<number>

/**
 * The mark that replaces the name's start in a line that continues the previous value (flag `obsoleteFold`).
 */
export const FOLD = -1

/**
 * Returns a value without its trailing whitespace (RFC 9112 §5.1). Leading whitespace is already outside the
 * marks. For a blank value the end can move before the start, and `slice` then returns the empty string.
 */
const valueOf = (text: string, start: number, end: number): string => {
  while (isBlank(text.charCodeAt(end - 1))) end--
  return text.slice(start, end)
}

// Minimum number of marks (six field lines) for which it is faster to allocate the list at its final size.
const MANY = 24

/** Returns the raw list (name, value, name, value, ...) of a field section. */
export const rawFields = (text: string, marks: Marks): Array<string> => {
  const length = marks.length
  if (length >= MANY) return manyFields(text, marks)
  const list: Array<string> = []
  for (let k = 0; k < length; k += 4) {
    const start = marks[k]!
    if (start === FOLD) return manyFields(text, marks)
    list.push(text.slice(start, marks[k + 1]), valueOf(text, marks[k + 2]!, marks[k + 3]!))
  }
  return list
}

const manyFields = (text: string, marks: Marks): Array<string> => {
  const length = marks.length
  const list = new Array<string>(length >> 1)
  let size = 0
  for (let k = 0; k < length; k += 4) {
    const start = marks[k]!
    if (start === FOLD) {
      if (marks[k + 4] !== FOLD) list[size - 1] = foldedValue(text, marks, k - 4)
      continue
    }
    let end = marks[k + 3]!
    while (isBlank(text.charCodeAt(end - 1))) end--
    list[size++] = text.slice(start, marks[k + 1])
    list[size++] = text.slice(marks[k + 2], end)
  }
  if (size < list.length) list.length = size
  return list
}

/**
 * Returns a value that continues over several lines. As in Node, the lines are joined without line breaks,
 * and only the end of the result is trimmed.
 */
const foldedValue = (text: string, marks: Marks, at: number): string => {
  let first = at
  while (marks[first] === FOLD) first -= 4
  let value = text.slice(marks[first + 2], marks[first + 3])
  for (let k = first + 4; marks[k] === FOLD; k += 4) value += text.slice(marks[k + 2], marks[k + 3])
  return valueOf(value, 0, value.length)
}

const none: ReadonlyArray<string> = Object.freeze([])

const sameName = (text: string, start: number, lowerName: string): boolean => {
  for (let i = 0; i < lowerName.length; i++) {
    const code = text.charCodeAt(start + i)
    const lower = code >= 65 && code <= 90 ? code | 32 : code
    if (lower !== lowerName.charCodeAt(i)) return false
  }
  return true
}

/**
 * The head of a request or a response, created by the parser. The class only declares its fields (`declare`),
 * because a field that it defined would be stored twice per head. For a small request, the second stores
 * would take a tenth of the parsing time.
 */
export class ParsedHead implements RequestHead, ResponseHead {
  declare private readonly text: string
  declare private readonly marks: Marks
  declare private raw: ReadonlyArray<string> | undefined
  declare readonly versionMajor: number
  declare readonly versionMinor: number
  /**
   * The result of `reuseAfter`. 0 means that the connection closes. 1 means that it persists only if the
   * message has no body. 2 means that it persists.
   */
  declare private readonly reuse: number
  declare readonly upgrade: boolean
  declare readonly contentLength: number | undefined
  declare readonly chunked: boolean
  declare readonly method: string
  declare readonly target: string
  declare readonly status: number
  declare readonly statusMessage: string

  constructor(text: string, m: Machine, reuse: number) {
    this.text = text
    this.marks = m.takeMarks()
    this.raw = undefined
    this.versionMajor = m.versionMajor
    this.versionMinor = m.versionMinor
    this.reuse = reuse
    this.upgrade = m.upgrade
    this.contentLength = (m.facts & Fact.ContentLength) !== 0 ? m.remaining : undefined
    this.chunked = (m.facts & Fact.Chunked) !== 0
    const line = text.slice(m.lineStart, m.lineEnd)
    this.method = m.method
    this.target = m.request ? line : ""
    this.status = m.status
    this.statusMessage = m.request ? "" : line
  }

  get keepAlive(): boolean {
    return this.reuse === 2
  }

  get persistent(): boolean {
    return this.reuse !== 0
  }

  get rawHeaders(): ReadonlyArray<string> {
    return (this.raw ??= rawFields(this.text, this.marks))
  }

  get fieldCount(): number {
    return this.rawHeaders.length >> 1
  }

  get(lowerName: string): string | undefined {
    const marks = this.marks
    const text = this.text
    for (let k = 0; k < marks.length; k += 4) {
      const start = marks[k]!
      if (start === FOLD || marks[k + 1]! - start !== lowerName.length) continue
      if (!sameName(text, start, lowerName)) continue
      if (marks[k + 4] === FOLD) return foldedValue(text, marks, k)
      return valueOf(text, marks[k + 2]!, marks[k + 3]!)
    }
    return undefined
  }

  elements(lowerName: string): ReadonlyArray<string> {
    if (this.get(lowerName) === undefined) return none
    const { rawHeaders } = this
    const elements: Array<string> = []
    for (let i = 0; i < rawHeaders.length; i += 2) {
      const name = rawHeaders[i]!
      if (name.length === lowerName.length && name.toLowerCase() === lowerName)
        elements.push(...listElements(rawHeaders[i + 1]!))
    }
    return elements
  }

  get expectContinue(): boolean {
    if (this.versionMajor !== 1 || this.versionMinor === 0) return false
    return this.elements("expect").some(isContinue)
  }
}
