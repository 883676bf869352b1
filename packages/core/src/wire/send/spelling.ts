/**
 * Cache of field names in outgoing heads. Names are few and repeat, often with the same value. So a spelling
 * is validated only once, and the last line with this name is printed only once.
 *
 * The number of names is limited. Long values and invalid lines are never kept.
 *
 * @since 0.1.0
 */
import { isToken } from "../grammar/validate.js"

// These limits keep made-up names and long values of a peer from filling memory. A cached name or value of a
// forwarded head may pin the text of that whole head, so at most this many heads are pinned.
const mostNames = 256
const longestName = 64
const longestValue = 128

/**
 * A field name as the user wrote it.
 *
 * @since 0.1.0
 * @category encoding
 */
export class Spelling {
  /** The value in `line`. */
  value: string | number | undefined = undefined
  /** The last line with this name, `name: value` with its CRLF. */
  line = ""

  constructor(
    /** The name is a token. */
    readonly valid: boolean,
    /** The name in lower case; empty if the name is not a token. */
    readonly lower: string,
    /** The meaning of the name, set by the owner of the cache. */
    readonly meaning: number
  ) {}

  /** Caches a line. Its value must be valid. */
  keep(value: string | number, line: string): void {
    if (typeof value === "string" && value.length > longestValue) return
    this.value = value
    this.line = line
  }
}

/**
 * A cache of the spellings that a driver or an encoder has seen.
 *
 * @since 0.1.0
 * @category encoding
 */
export class Spellings {
  private readonly met = new Map<string, Spelling>()

  /** `meaning` is called once for a spelling, with the name in lower case. */
  constructor(private readonly meaning: (lower: string) => number) {}

  /** Returns the spelling of a name. Invalid names, and names beyond the limits, are not cached. */
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
