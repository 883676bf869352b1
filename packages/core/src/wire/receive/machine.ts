/**
 * The state of a parser between two bytes, and the operations that all parts of the parser share. These
 * operations close spans of text, keep an incomplete head across chunks, and refuse the input. A span is a
 * part of the text that counts towards a limit, such as a name or a value. This file knows no grammar and
 * calls no events.
 *
 * The index `i` in the current chunk is the position `i + base` in the text of the current section (a head or
 * a trailer section). `carried` contains the section's bytes from earlier chunks. Long runs of spaces between
 * spans are not carried. So the limits on spans also limit the memory.
 */
import type { FlagName, Flags } from "../../model/flags.js"
import { LOOSE_PATH, LOOSE_QUERY, PATH, QUERY, URL_PATH, URL_QUERY } from "../grammar/byteClasses.js"
import { latin1, roomLike } from "./fast/latin1.js"
import type { Limits } from "./limits.js"
import type { Refusal, RefusalCode, RefusalStatus } from "../../model/refusal.js"
import { IDLE, NAME, OWS, OWS_LINE, REFUSED, TARGET, VALUE_LF, VALUE_LINE } from "./stage.js"

/**
 * Facts about the current message, as bits of {@link Machine.facts}. Most facts come from the message's
 * fields.
 */
export const Fact = {
  KeepAlive: 1,
  Close: 2,
  ConnectionUpgrade: 4,
  Chunked: 8,
  Upgrade: 16,
  ContentLength: 32,
  /** The driver replied to the head that the message has no body. */
  SkipBody: 64,
  /** The fields that are being read are trailers. */
  Trailers: 128,
  TransferEncoding: 256,
  /**
   * The message is accepted, but other parsers may find its end elsewhere. So the connection is not reused.
   */
  LastInDoubt: 512
} as const

/** The kinds of fields. {@link Machine.kind} is the kind of the field that is being read. */
export const Kind = {
  General: 0,
  Connection: 1,
  ContentLength: 2,
  TransferEncoding: 3,
  Upgrade: 4,
  // The following kinds are set while a value is read, and recorded as facts when the value ends.
  KeepAliveSeen: 5,
  CloseSeen: 6,
  UpgradeSeen: 7,
  ChunkedSeen: 8
} as const

// Maximum length of a gap between spans that stays in the text. Cutting out a gap costs a copy of the text so
// far.
const KEPT_GAP = 16

// Size in bytes of the buffer for heads that arrive in several chunks. A machine keeps a buffer of this size
// for later heads.
const KEPT_ROOM = 1024

// Number of bytes to keep of an unfinished name. Every known name is shorter, so more bytes are not needed.
const KEPT_NAME = 20

// Size in bytes of a window, which is a part of the chunk that is converted to text in one call. A call costs
// as much as converting 600 bytes, so several short pipelined heads share one window.
const WINDOW = 1024

// Maximum length (256 field lines) of a list of marks that is kept for the next head.
const KEPT_MARKS = 1024

// The flags that turn off the checks of headChecks.ts. If all listed flags are set, every check is skipped,
// even a check whose flag is missing here.
const checkedInHeads = [
  "targetForms",
  "missingHost",
  "repeatedHost",
  "invalidHost",
  "lengthWithoutBody",
  "transferEncodingInHttp10"
] as const satisfies ReadonlyArray<FlagName>

const noBytes = new Uint8Array(0)

export class Machine {
  stage = IDLE
  /**
   * A position inside the current stage, such as the part of a target or the number of matched letters of a
   * word.
   */
  part = 0
  word = 0

  chunk: Uint8Array = noBytes
  /** Number of bytes of the connection that were consumed before the current chunk. */
  consumed = 0

  private carried: Uint8Array = noBytes
  private carriedLength = 0
  base = 0
  /** Index in the chunk of the first byte of the section that has not been copied to `carried`. */
  sectionAt = 0
  /**
   * Number of sections (heads and trailer sections) that have begun in this chunk. From the second section
   * on, several sections may share the text of one window.
   */
  private sections = 0
  private window = ""
  private windowAt = 0
  private windowEnd = 0
  /** Index in the chunk of the first byte of the open span, or -1 if no span is open. */
  spanAt = -1
  /** The part of an unfinished name or method that arrived in earlier chunks. */
  partial = ""
  /** Number of bytes in the section's spans. The section is refused when this number reaches `limit`. */
  counted = 0
  limit: number
  extensions = 0
  marks: Array<number> = []
  markCount = 0

  method = ""
  versionMajor = 0
  versionMinor = 0
  status = 0
  lineStart = 0
  lineEnd = 0
  /** Whether the target begins with a slash (RFC 9112 §3.2.1). */
  originForm = false
  facts = 0
  kind = 0
  upgrade = false
  /** Whether the bytes after the current message are not HTTP. */
  stopping = false
  /**
   * The value of `Content-Length` or the size of a chunk, and later the number of bytes that are left to
   * read.
   */
  remaining = 0
  /**
   * Number of digits of the current length that were read. Without the flag `longNumbers` this number is
   * limited (numbers.ts).
   */
  digits = 0
  exact: bigint | undefined = undefined
  hosts = 0
  hostMark = 0
  /** Whether the `Host` value has already been validated. */
  hostIsValid = false

  refusal: Refusal | undefined = undefined

  /**
   * Maximum length of the list of marks in one section. Each of `maxHeaderCount` field lines has four marks.
   * Only plainLines.ts checks this maximum.
   */
  readonly maxMarks: number
  /** Whether at least one check of a whole head is active under these flags. */
  readonly checksHeads: boolean
  /** The byte classes for the path of a target (`pathBytes`), and for its query (`queryBytes`). */
  readonly pathBytes: Uint8Array
  readonly queryBytes: Uint8Array

  constructor(
    readonly request: boolean,
    /** The strictness flags. No flag may be missing. */
    readonly flags: Flags,
    readonly limits: Limits
  ) {
    this.pathBytes = flags.targetCharacters ? LOOSE_PATH : flags.urlCharacters ? URL_PATH : PATH
    this.queryBytes = flags.targetCharacters ? LOOSE_QUERY : flags.urlCharacters ? URL_QUERY : QUERY
    this.checksHeads = checkedInHeads.some((flag) => !flags[flag])
    this.limit = limits.maxHeaderSize
    this.maxMarks = limits.maxHeaderCount > 0 ? limits.maxHeaderCount * 4 : Number.MAX_SAFE_INTEGER
  }

  /** Starts a chunk. An open span continues at the first byte of the chunk. */
  begin(chunk: Uint8Array): void {
    this.chunk = chunk
    this.base = this.carriedLength
    this.sectionAt = 0
    this.sections = 0
    this.windowEnd = 0
    this.window = ""
    if (this.spanAt >= 0) this.spanAt = 0
  }

  /** Starts a section, which is a head or a trailer section, at `i`. */
  openSection(i: number, limit: number): void {
    const at = i < this.windowEnd ? this.windowAt : i
    this.carriedLength = 0
    this.base = -at
    this.sectionAt = at
    this.sections++
    this.markCount = 0
    this.counted = 0
    this.limit = limit
  }

  /**
   * Returns a text that contains the whole section, which ends before `i`. The text may also contain bytes
   * before and after the section.
   */
  closeSection(i: number): string {
    if (this.carriedLength > 0) return this.takeCarried(i)
    if (i <= this.windowEnd) return this.window
    const end = Math.min(this.chunk.length, this.sectionAt + WINDOW)
    if (this.sections === 1 || end < i || i === this.chunk.length)
      return latin1(this.chunk, this.sectionAt, i)
    this.window = latin1(this.chunk, this.sectionAt, end)
    this.windowAt = this.sectionAt
    this.windowEnd = end
    return this.window
  }

  /**
   * Copies bytes of the chunk to `carried`. A string instead of bytes would be slower, because JavaScript
   * engines copy a concatenated string again at its first use.
   */
  private append(from: number, to: number): void {
    const size = this.carriedLength + to - from
    if (size > this.carried.length) {
      const room = roomLike(this.chunk, Math.max(KEPT_ROOM, 2 ** Math.ceil(Math.log2(size))))
      room.set(this.carried.subarray(0, this.carriedLength))
      this.carried = room
    }
    this.carried.set(this.chunk.subarray(from, to), this.carriedLength)
    this.carriedLength = size
  }

  private takeCarried(i: number): string {
    this.append(this.sectionAt, i)
    const text = latin1(this.carried, 0, this.carriedLength)
    this.carriedLength = 0
    if (this.carried.length > KEPT_ROOM) this.carried = noBytes
    return text
  }

  /** Returns a copy of the section's marks. The list itself is reused for the next section. */
  takeMarks(): Array<number> {
    const taken = this.marks.slice(0, this.markCount)
    if (this.marks.length > KEPT_MARKS) this.marks = []
    this.markCount = 0
    return taken
  }

  /** Skips the gap between the end of the last span (`from`) and `i`. A long gap is cut out of the text. */
  skipGap(from: number, i: number): void {
    if (i - from <= KEPT_GAP) return
    this.append(this.sectionAt, from)
    this.sectionAt = i
    this.base = this.carriedLength - i
  }

  /**
   * Closes the open span at `i`, and counts its bytes. Returns `false` if the section exceeds its limit; the
   * section is then refused at `at`.
   */
  closeSpan(i: number, at: number): boolean {
    this.counted += i - this.spanAt
    this.spanAt = -1
    if (this.counted < this.limit) return true
    this.overflow(at)
    return false
  }

  /**
   * Called when the chunk ends inside a section, at `n`. Copies the bytes that are still needed, or refuses
   * the section if its spans exceed the limit.
   */
  carry(n: number): void {
    let keep = n
    if (this.spanAt >= 0) {
      this.counted += n - this.spanAt
      if (this.counted >= this.limit) {
        this.overflow(n)
        return
      }
    } else {
      keep = this.lastSpanEnd() - this.base
    }
    if (keep <= this.sectionAt) return
    this.append(this.sectionAt, keep)
    // Keep as many bytes of the name as are needed to recognise a framing field.
    if (this.stage === NAME && this.partial.length < KEPT_NAME)
      this.partial += latin1(this.chunk, this.spanAt, n)
  }

  /**
   * Returns the position in the section's text where the last closed span ends. This span is a value, a name,
   * or a part of the start line.
   */
  private lastSpanEnd(): number {
    const k = this.markCount
    if (this.stage >= OWS && this.stage <= OWS_LINE) return this.marks[k + 1]!
    if (this.stage === VALUE_LF || this.stage === VALUE_LINE) return this.marks[k + 3]!
    return k > 0 ? this.marks[k - 1]! : this.lineEnd
  }

  allows(flag: FlagName): boolean {
    return this.flags[flag]
  }

  overflow(at: number): number {
    const status = this.stage === TARGET ? 414 : 431
    return this.refuse(at, "HPE_HEADER_OVERFLOW", "Header overflow", undefined, status)
  }

  /**
   * Refuses the input at the index `at` of the current chunk, and returns `at`. No more bytes of the
   * connection are parsed.
   */
  refuse(
    at: number,
    code: RefusalCode,
    reason: string,
    flag?: FlagName | undefined,
    status: RefusalStatus = 400
  ): number {
    this.stage = REFUSED
    this.refusal = {
      _tag: "Refusal",
      code,
      reason,
      status,
      bytesParsed: at,
      offset: this.consumed + at,
      rawPacket: this.chunk,
      flag
    }
    return at
  }
}
