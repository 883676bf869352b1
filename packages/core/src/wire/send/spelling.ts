/**
 * What is remembered of field names on their way out. Names are few and repeat, and so do whole lines: each
 * spelling is checked once, and its last line printed once.
 *
 * Never remembers more names than its bound, a long value, or a line that may not be sent.
 *
 * @since 0.1.0
 */
import { isToken } from "../grammar/validate.js"

// The bounds keep invented names and long values from filling memory. A name or a value that is passed on may
// be a part of the head that it came in, which it keeps: so many heads at most.
const mostNames = 256
const longestName = 64
const longestValue = 128

/**
 * A field name as somebody wrote it.
 *
 * @since 0.1.0
 * @category encoding
 */
export class Spelling {
  /** The value of `line`. */
  value: string | number | undefined = undefined
  /** The last line, with its CRLF, that had this name: `name: value`. */
  line = ""

  constructor(
    /** It is a token. */
    readonly valid: boolean,
    /** In lower case; empty for what is no token. */
    readonly lower: string,
    /** What it means to whom it was made for. */
    readonly meaning: number
  ) {}

  /** Remembers a line. Its value was checked. */
  keep(value: string | number, line: string): void {
    if (typeof value === "string" && value.length > longestValue) return
    this.value = value
    this.line = line
  }
}

/**
 * The spellings that a driver or an encoder has met.
 *
 * @since 0.1.0
 * @category encoding
 */
export class Spellings {
  private readonly met = new Map<string, Spelling>()

  /** `meaning` is asked once for each spelling, in lower case. */
  constructor(private readonly meaning: (lower: string) => number) {}

  /** That of a name; one that is no token, or beyond the bounds, is made anew each time. */
  of(name: string): Spelling {
    return this.met.get(name) ?? this.meet(name)
  }

  private meet(name: string): Spelling {
    const valid = isToken(name)
    const lower = valid ? name.toLowerCase() : ""
    const spelling = new Spelling(valid, lower, valid ? this.meaning(lower) : 0)
    if (valid && this.met.size < mostNames && name.length <= longestName) this.met.set(name, spelling)
    return spelling
  }
}
