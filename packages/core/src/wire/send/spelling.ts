/**
 * A cache of the field names in outgoing heads. Names are few and repeat, often with the same value. So each
 * spelling of a name is validated once, and the last field line with this spelling is kept for reuse.
 *
 * The number of names is limited. Long values and invalid lines are never kept.
 *
 * @since 0.1.0
 */
import { isToken } from "../grammar/validate.js"

// These limits keep a peer's invented names and long values from filling memory. A cached name of a forwarded
// head may keep the text of the whole head alive, so `mostNames` also limits the number of such heads.
const mostNames = 256
const longestName = 64
const longestValue = 128

/**
 * One spelling of a field name, and the last field line with this name.
 *
 * @since 0.1.0
 * @category encoding
 */
export class Spelling {
  /** The field value in `line`. */
  value: string | number | undefined = undefined
  /** The field line that was printed last with this name: name, colon, value and CRLF. */
  line = ""

  constructor(
    /** Whether the name is a token. */
    readonly valid: boolean,
    /** The name in lower case; empty if the name is not a token. */
    readonly lower: string,
    /**
     * The number that `meaning` of the cache returned for the name, such as a bit for a known field. The
     * number is 0 if the name is not a token.
     */
    readonly meaning: number
  ) {}

  /** Caches a field line. The caller must have validated its value. */
  keep(value: string | number, line: string): void {
    if (typeof value === "string" && value.length > longestValue) return
    this.value = value
    this.line = line
  }
}

/**
 * A cache of the spellings of field names that a driver or an encoder has seen.
 *
 * @since 0.1.0
 * @category encoding
 */
export class Spellings {
  private readonly met = new Map<string, Spelling>()

  /**
   * `meaning` maps a lower-case name to a number, such as a bit for a known field. The cache calls `meaning`
   * once for each new spelling.
   */
  constructor(private readonly meaning: (lower: string) => number) {}

  /**
   * Returns the spelling of a name. Invalid names, and names beyond the limits of the cache, are not cached.
   */
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
