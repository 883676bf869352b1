/**
 * The head of one received message: facts the parser has found, and the field list made when someone asks for it.
 * Holds the head's text, never the chunk it came from; never folds or interprets fields (fields.ts does).
 */

/**
 * What a request's and a response's head have in common.
 *
 * @since 0.1.0
 * @category heads
 */
export interface Head {
  readonly versionMajor: number
  readonly versionMinor: number
  /** Field lines as received: name, value, name, value, ... with bytes 0x80-0xFF as U+0080-U+00FF. Made once. */
  readonly rawHeaders: ReadonlyArray<string>
  /** Number of field lines. */
  readonly fieldCount: number
  /** The value of the first field of that name (in lower case), read without making the list. */
  get(lowerName: string): string | undefined
  /** Whether the connection outlives this message, as far as its head tells (RFC 9112 §9.3). */
  readonly keepAlive: boolean
  /** An upgrade asked for (or, in a 101, done), or CONNECT: RFC 9110 §7.8, §9.3.6. */
  readonly upgrade: boolean
  /** The body's length in bytes if Content-Length tells it. */
  readonly contentLength: number | undefined
  /** Whether the body is framed by the chunked coding (RFC 9112 §7.1). */
  readonly chunked: boolean
}

/**
 * @since 0.1.0
 * @category heads
 */
export interface RequestHead extends Head {
  readonly method: string
  /** The target as received, in any of its four forms (RFC 9112 §3.2). */
  readonly target: string
  /** `Expect: 100-continue` on HTTP/1.1 (RFC 9110 §10.1.1). */
  readonly expectContinue: boolean
}

/**
 * @since 0.1.0
 * @category heads
 */
export interface ResponseHead extends Head {
  readonly status: number
  readonly statusMessage: string
}

/** Where the fields are in the text: start and end of name and of value, four numbers a field line. */
export type Marks = ReadonlyArray<number>

/** In place of a name's start: this value continues the one before (flag obsoleteFold). */
export const FOLD = -1

const isBlank = (code: number): boolean => code === 32 || code === 9

/** The raw list of a field section. Whitespace around a value is no part of it (RFC 9112 §5.1). */
export const rawFields = (text: string, marks: Marks): Array<string> => {
  const list: Array<string> = []
  const length = marks.length
  for (let k = 0; k < length; k += 4) {
    const start = marks[k]!
    if (start === FOLD) {
      // Node joins the lines as they are, without the line break, and trims the whole at its end.
      const whole = folded(text, marks, k)
      list[list.length - 1] = whole.text
      k = whole.last
      continue
    }
    let end = marks[k + 3]!
    const valueStart = marks[k + 2]!
    while (end > valueStart && isBlank(text.charCodeAt(end - 1))) end--
    list.push(text.slice(start, marks[k + 1]), text.slice(valueStart, end))
  }
  return list
}

const folded = (text: string, marks: Marks, at: number): { readonly text: string; readonly last: number } => {
  let value = text.slice(marks[at - 2], marks[at - 1])
  let last = at
  for (let k = at; k < marks.length && marks[k] === FOLD; k += 4) {
    value += text.slice(marks[k + 2], marks[k + 3])
    last = k
  }
  let end = value.length
  while (end > 0 && isBlank(value.charCodeAt(end - 1))) end--
  return { text: value.slice(0, end), last }
}

const sameName = (text: string, start: number, lowerName: string): boolean => {
  for (let i = 0; i < lowerName.length; i++) {
    const code = text.charCodeAt(start + i)
    const lower = code >= 65 && code <= 90 ? code | 32 : code
    if (lower !== lowerName.charCodeAt(i)) return false
  }
  return true
}

/** What the two kinds of head have in common. The fields are set by the parser, which is the only one to make heads. */
export class ParsedHead implements Head {
  private raw: ReadonlyArray<string> | undefined = undefined

  constructor(
    private readonly text: string,
    private readonly marks: Marks,
    readonly versionMajor: number,
    readonly versionMinor: number,
    readonly keepAlive: boolean,
    readonly upgrade: boolean,
    readonly contentLength: number | undefined,
    readonly chunked: boolean,
    /** A request's. */
    readonly method: string,
    readonly target: string,
    /** A response's. */
    readonly status: number,
    readonly statusMessage: string
  ) {}

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
      if (marks[k + 4] === FOLD) return folded(text, marks, k + 4).text
      let end = marks[k + 3]!
      const valueStart = marks[k + 2]!
      while (end > valueStart && isBlank(text.charCodeAt(end - 1))) end--
      return text.slice(valueStart, end)
    }
    return undefined
  }

  get expectContinue(): boolean {
    if (this.versionMajor !== 1 || this.versionMinor === 0) return false
    return this.get("expect")?.toLowerCase() === "100-continue"
  }
}
