/**
 * The head of one received message: facts the parser has found, and the field list made when someone asks for
 * it. Holds the head's text, never the chunk it came from; never folds or interprets fields (fields.ts does).
 */

import { isContinue } from "./expectation.js"
import { isBlank, listElements } from "../grammar/lists.js"
import { Fact, type Machine } from "./machine.js"

/**
 * What a request's and a response's head have in common.
 *
 * @since 0.1.0
 * @category heads
 */
export interface Head {
  /** The digit before the point of the version (RFC 9112 §2.3). */
  readonly versionMajor: number
  /** The digit behind it. */
  readonly versionMinor: number
  /**
   * Field lines as received: name, value, name, value, ... with bytes 0x80-0xFF as U+0080-U+00FF. Made once.
   */
  readonly rawHeaders: ReadonlyArray<string>
  /** Number of field lines. */
  readonly fieldCount: number
  /** The value of the first field of that name (in lower case), read without making the list. */
  get(lowerName: string): string | undefined
  /** The elements of the list that all fields of that name make (RFC 9110 §5.6.1); of none, none. */
  elements(lowerName: string): ReadonlyArray<string>
  /** Whether the connection outlives this message, as far as its head tells (RFC 9112 §9.3). */
  readonly keepAlive: boolean
  /**
   * The same for a message without a body, such as the answer to HEAD: nothing has to end with the
   * connection.
   */
  readonly persistent: boolean
  /** An upgrade asked for (or, in a 101, done), or CONNECT: RFC 9110 §7.8, §9.3.6. */
  readonly upgrade: boolean
  /** The body's length in bytes if Content-Length tells it. */
  readonly contentLength: number | undefined
  /** Whether the body is framed by the chunked coding (RFC 9112 §7.1). */
  readonly chunked: boolean
}

/**
 * The head of a request, as a server's parser gives it.
 *
 * @since 0.1.0
 * @category heads
 */
export interface RequestHead extends Head {
  /** The method as received. */
  readonly method: string
  /** The target as received, in any of its four forms (RFC 9112 §3.2). */
  readonly target: string
  /** `Expect: 100-continue` on HTTP/1.1 (RFC 9110 §10.1.1). */
  readonly expectContinue: boolean
}

/**
 * The head of a response, final or 1xx, as a client's parser gives it.
 *
 * @since 0.1.0
 * @category heads
 */
export interface ResponseHead extends Head {
  /** The status code (RFC 9110 §15). */
  readonly status: number
  /** The reason phrase as received; may be empty. */
  readonly statusMessage: string
}

/** Where the fields are in the text: start and end of name and of value, four numbers a field line. */
export type Marks = ReadonlyArray<number>

/** In place of a name's start: this value continues the one before (flag obsoleteFold). */
export const FOLD = -1

/**
 * Whitespace around a value is no part of it (RFC 9112 §5.1); that before it has no mark. Where there is
 * nothing else, the end may come to stand before the start, and the text between the two is empty.
 */
const valueOf = (text: string, start: number, end: number): string => {
  while (isBlank(text.charCodeAt(end - 1))) end--
  return text.slice(start, end)
}

// Entries of the marks from which on room for the list is made beforehand: six field lines (measured).
const MANY = 24

/** The raw list of a field section. */
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
 * A value of several lines: Node joins them as they are, without the line breaks, and trims the whole at its
 * end.
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
 * Both kinds of head, made by the parser alone. Its members are declared, not initialised: a class field
 * costs a second store each for every head (a tenth of a small request's time, measured).
 */
export class ParsedHead implements RequestHead, ResponseHead {
  declare private readonly text: string
  declare private readonly marks: Marks
  declare private raw: ReadonlyArray<string> | undefined
  declare readonly versionMajor: number
  declare readonly versionMinor: number
  /** 0: closes; 1: closes where a body goes on to the end of the connection; 2: goes on. */
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
