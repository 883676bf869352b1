/**
 * The state of a parser between two bytes, and the operations that all parts of the parser share: open and
 * close a span of text, keep an incomplete head across chunks, refuse. Knows no grammar and calls no events.
 *
 * Positions: `i` is an index in the current chunk, and `i + base` is the same position in the text of the
 * current section (a head or a trailer section). `carried` contains the section's bytes from earlier chunks.
 * Long runs of bytes outside all spans (spaces between parts) are not carried, so the limits bound the memory
 * whatever the peer sends.
 */
import type { FlagName, Flags } from "../../model/flags.js"
import { LOOSE_PATH, LOOSE_QUERY, PATH, QUERY, URL_PATH, URL_QUERY } from "../grammar/byteClasses.js"
import { latin1, roomLike } from "./fast/latin1.js"
import type { Limits } from "./limits.js"
import type { Refusal, RefusalCode, RefusalStatus } from "../../model/refusal.js"
import { IDLE, NAME, OWS, OWS_LINE, REFUSED, TARGET, VALUE_LF, VALUE_LINE } from "./stage.js"

/** Facts about the current message, from its fields: bits of {@link Machine.facts}. */
export const Fact = {
  KeepAlive: 1,
  Close: 2,
  ConnectionUpgrade: 4,
  Chunked: 8,
  Upgrade: 16,
  ContentLength: 32,
  /** The driver replied that there is no body. */
  SkipBody: 64,
  /** The fields being read are trailers. */
  Trailers: 128,
  TransferEncoding: 256,
  /** The message is accepted, but other readers may frame it differently, so the connection is not reused. */
  LastInDoubt: 512
} as const

/** The kind of the field being read: {@link Machine.kind}. */
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

// Gaps between spans up to this length are carried with the text, because cutting out a gap costs a copy of
// the text so far.
const KEPT_GAP = 16

// Size of the buffer for split heads, bytes. A machine keeps a buffer of this size after it has needed a
// buffer.
const KEPT_ROOM = 1024

// An unfinished name longer than this is not a known name, so no further bytes of the name are kept.
const KEPT_NAME = 20

// Size of a window, bytes. Starting a conversion costs as much as converting 600 bytes, and pipelined heads
// are shorter, so several heads share one conversion.
const WINDOW = 1024

// The reused list of marks is replaced if a head made it longer than this: 256 field lines.
const KEPT_MARKS = 1024

// Flags of headChecks.ts. If a flag is missing here, its check is skipped whenever all listed flags are set.
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
  /** A position inside the current stage: the part of a target, the letter of a word. */
  part = 0
  word = 0

  chunk: Uint8Array = noBytes
  /** Bytes of the connection before the current chunk. */
  consumed = 0

  private carried: Uint8Array = noBytes
  private carriedLength = 0
  base = 0
  /** Index in the chunk of the section's first byte that has not been copied to `carried`. */
  sectionAt = 0
  /**
   * Number of sections begun in this chunk. From the second section on, several sections may share the text
   * of one window of the chunk.
   */
  private sections = 0
  private window = ""
  private windowAt = 0
  private windowEnd = 0
  /** Index in the chunk of the open span's first byte; -1 without an open span. */
  spanAt = -1
  /** The part of an unfinished name or method from earlier chunks. */
  partial = ""
  /** Bytes of the section's spans (limited by maxHeaderSize). */
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
  /** The target begins with a slash (RFC 9112 §3.2.1). */
  originForm = false
  facts = 0
  kind = 0
  upgrade = false
  /** True if the bytes after the current message are not HTTP. */
  stopping = false
  /** The Content-Length or chunk size, then the number of bytes that are left to read. */
  remaining = 0
  /** Number of digits read of the current number; needed for numbers above 2^53. */
  digits = 0
  exact: bigint | undefined = undefined
  hosts = 0
  hostMark = 0
  /** The Host value has already been validated. */
  hostIsValid = false

  refusal: Refusal | undefined = undefined

  /**
   * Maximum length of the list of marks: four for each of `maxHeaderCount` field lines, in a head and again
   * in its trailers. Compared in plainLines.ts only.
   */
  readonly maxMarks: number
  /** At least one check of a whole head is active under these flags. */
  readonly checksHeads: boolean
  /** Bytes permitted in the path of a target, and in its query after the first question mark. */
  readonly pathBytes: Uint8Array
  readonly queryBytes: Uint8Array

  constructor(
    readonly request: boolean,
    /** All flags; no flag may be missing. */
    readonly flags: Flags,
    readonly limits: Limits
  ) {
    this.pathBytes = flags.targetCharacters ? LOOSE_PATH : flags.urlCharacters ? URL_PATH : PATH
    this.queryBytes = flags.targetCharacters ? LOOSE_QUERY : flags.urlCharacters ? URL_QUERY : QUERY
    this.checksHeads = checkedInHeads.some((flag) => !flags[flag])
    this.limit = limits.maxHeaderSize
    this.maxMarks = limits.maxHeaderCount > 0 ? limits.maxHeaderCount * 4 : Number.MAX_SAFE_INTEGER
  }

  /** Starts a chunk; an open span continues at the first byte of the chunk. */
  begin(chunk: Uint8Array): void {
    this.chunk = chunk
    this.base = this.carriedLength
    this.sectionAt = 0
    this.sections = 0
    this.windowEnd = 0
    this.window = ""
    if (this.spanAt >= 0) this.spanAt = 0
  }

  /** Starts a section (head or trailers) at `i`. */
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

  /** Returns a text that contains the whole section that ends before `i`. */
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
   * Copies bytes of the chunk to `carried`. They are carried as bytes, because a concatenated string would be
   * flattened at its first use.
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

  /** Returns a copy of the marks of the section, because the list itself is reused. */
  takeMarks(): Array<number> {
    const taken = this.marks.slice(0, this.markCount)
    if (this.marks.length > KEPT_MARKS) this.marks = []
    this.markCount = 0
    return taken
  }

  /**
   * Skips insignificant bytes between the end of the last span (`from`) and `i`: cuts them out of the text if
   * there are many.
   */
  skipGap(from: number, i: number): void {
    if (i - from <= KEPT_GAP) return
    this.append(this.sectionAt, from)
    this.sectionAt = i
    this.base = this.carriedLength - i
  }

  /**
   * Counts the open span up to `i` and closes it. Returns `false` if the section exceeds its limit and was
   * refused, at `at`.
   */
  closeSpan(i: number, at: number): boolean {
    this.counted += i - this.spanAt
    this.spanAt = -1
    if (this.counted < this.limit) return true
    this.overflow(at)
    return false
  }

  /**
   * Called when the chunk ends (`n`) inside a head: copies the bytes that are still needed, or refuses if
   * they exceed a limit.
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
    // Keep enough of a name to recognise a framing field.
    if (this.stage === NAME && this.partial.length < KEPT_NAME)
      this.partial += latin1(this.chunk, this.spanAt, n)
  }

  /**
   * Returns the end of the last closed span in the section's text: the end of a value, a name, or the start
   * line.
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

  /** Ends parsing of the connection at `at` of the current chunk, and returns `at`. */
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
