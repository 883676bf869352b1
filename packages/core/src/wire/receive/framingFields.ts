/**
 * Reads the fields that determine framing and persistence (RFC 9112 §6, §9). Recognises the names of these
 * fields, and reads their values byte by byte as Node's parser does. The results are facts (`Machine.facts`),
 * from which bodyFraming.ts determines the body's framing.
 */
import { ELEMENT } from "../grammar/byteClasses.js"
import { latin1 } from "./fast/latin1.js"
import { Fact, Kind, type Machine } from "./machine.js"
import { addDecimal } from "./numbers.js"
import * as S from "./stage.js"

const CR = 13
const LF = 10
const SP = 32
const TAB = 9
const COMMA = 44

const kinds: ReadonlyMap<string, number> = new Map([
  ["upgrade", Kind.Upgrade],
  ["connection", Kind.Connection],
  ["content-length", Kind.ContentLength],
  ["proxy-connection", Kind.Connection],
  ["transfer-encoding", Kind.TransferEncoding]
])

/** Length of the longest name of a framing field. */
export const LONGEST_NAME = 17

/**
 * A table of the lengths that the names of framing fields and `host` have. The entry of such a length is 1.
 */
export const KNOWN_SIZE = new Uint8Array(LONGEST_NAME + 1)
for (const name of ["host", ...kinds.keys()]) KNOWN_SIZE[name.length] = 1

/** Returns whether the chunk contains the text `lower` at `from`. The comparison ignores case. */
const matches = (m: Machine, from: number, lower: string): boolean => {
  for (let k = 0; k < lower.length; k++) {
    const c = m.chunk[from + k]!
    if ((c >= 65 && c <= 90 ? c | 32 : c) !== lower.charCodeAt(k)) return false
  }
  return true
}

const set = (m: Machine, kind: number): boolean => {
  m.kind = kind
  return true
}

/**
 * Sets `m.kind` for a field whose name arrived in several chunks and ends before `i`. Returns `true` if the
 * name alone needs a check (`checkName` in fieldEnds.ts).
 */
export const recogniseWhole = (m: Machine, i: number): boolean => {
  m.kind = Kind.General
  const size = m.partial.length + i
  if (size > LONGEST_NAME || KNOWN_SIZE[size] === 0) return false
  const lower = (m.partial + latin1(m.chunk, 0, i)).toLowerCase()
  if (lower === "host") return sawHost(m)
  const kind = kinds.get(lower)
  return kind !== undefined && set(m, kind)
}

/**
 * Sets `m.kind` for a field whose name is in the chunk, from `from` to before `i`. Returns `true` if the name
 * alone needs a check (`checkName` in fieldEnds.ts).
 */
export const recogniseName = (m: Machine, from: number, i: number): boolean => {
  m.kind = Kind.General
  switch (i - from) {
    case 4:
      return matches(m, from, "host") && sawHost(m)
    case 7:
      return matches(m, from, "upgrade") && set(m, Kind.Upgrade)
    case 10:
      return matches(m, from, "connection") && set(m, Kind.Connection)
    case 14:
      return matches(m, from, "content-length") && set(m, Kind.ContentLength)
    case 16:
      return matches(m, from, "proxy-connection") && set(m, Kind.Connection)
    case 17:
      return matches(m, from, "transfer-encoding") && set(m, Kind.TransferEncoding)
    default:
      return false
  }
}

const sawHost = (m: Machine): boolean => {
  if ((m.facts & Fact.Trailers) !== 0) return true
  m.hosts++
  m.hostMark = m.markCount
  return false
}

/**
 * Called when the value of a framing field begins at `i`. Sets the stage that reads the value, or refuses the
 * message.
 */
export const kindOfValue = (m: Machine, i: number): void => {
  switch (m.kind) {
    case Kind.Upgrade:
      m.facts |= Fact.Upgrade
      m.kind = Kind.General
      break
    case Kind.Connection:
      m.stage = S.CONNECTION
      break
    case Kind.ContentLength:
      if ((m.facts & Fact.ContentLength) !== 0) {
        m.refuse(i, "HPE_UNEXPECTED_CONTENT_LENGTH", "Duplicate Content-Length")
        return
      }
      m.stage = S.LENGTH_DIGITS
      m.digits = 0
      m.exact = undefined
      break
    case Kind.TransferEncoding:
      if ((m.facts & Fact.TransferEncoding) !== 0 && notSingle(m, i)) return
      m.facts |= Fact.TransferEncoding
      // Several `Transfer-Encoding` fields form one list (RFC 9110 §5.3). So only the last coding of the last
      // field counts.
      if ((m.facts & Fact.Chunked) !== 0 && m.request && !m.allows("chunkedNotLast")) {
        if (m.closeSpan(i, i + 1)) afterChunked(m, i + 1)
        return
      }
      m.facts &= ~Fact.Chunked
      m.stage = S.CODING
      m.part = 0
      break
  }
}

/**
 * Records a connection option, or the coding `chunked`, as a fact about the message. Called when an element
 * or the value of a framing field has ended.
 */
export const takeOver = (m: Machine): void => {
  switch (m.kind) {
    case Kind.KeepAliveSeen:
      m.facts |= Fact.KeepAlive
      m.kind = Kind.Connection
      break
    case Kind.CloseSeen:
      m.facts |= Fact.Close
      m.kind = Kind.Connection
      break
    case Kind.UpgradeSeen:
      m.facts |= Fact.ConnectionUpgrade
      m.kind = Kind.Connection
      break
    case Kind.ChunkedSeen:
      m.facts |= Fact.Chunked
      break
  }
}

const afterChunked = (m: Machine, at: number): number =>
  m.refuse(at, "HPE_INVALID_TRANSFER_ENCODING", "Invalid `Transfer-Encoding` header value", "chunkedNotLast")

const notSingle = (m: Machine, at: number): boolean => {
  if (m.allows("otherTransferCodings")) return false
  const reason = "Transfer-Encoding other than chunked"
  m.refuse(at, "HPE_INVALID_TRANSFER_ENCODING", reason, "otherTransferCodings", 501)
  return true
}

/**
 * Reads the value of a framing field from the index `i` on. Stops at the value's line break, at a byte that
 * no framing value contains (fieldLines.ts goes on there), or at the end of the chunk (`n`).
 */
export const readFramingValue = (m: Machine, i: number, n: number): number => {
  if (m.stage >= S.CODING) return readCodings(m, i, n)
  if (m.stage >= S.LENGTH_DIGITS) return readLength(m, i, n)
  return readOptions(m, i, n)
}

const options: ReadonlyArray<string> = ["close", "upgrade", "keep-alive"]
const optionKinds: ReadonlyArray<number> = [Kind.CloseSeen, Kind.UpgradeSeen, Kind.KeepAliveSeen]

const OPTION_TAILS = options.map((option) => option.slice(1))

/**
 * Reads a `Connection` value that is exactly ` keep-alive`, ` close` or ` upgrade`. The value, its line break
 * and one more byte must be in this chunk. Records the option and returns the index of the CR. Returns -1 for
 * any other value, which is then read byte by byte.
 */
export const readPlainOption = (m: Machine, i: number, n: number): number => {
  if (m.kind !== Kind.Connection || (m.facts & Fact.Trailers) !== 0) return -1
  const chunk = m.chunk
  // The longest option, the space before it, and three bytes after it have 14 bytes together.
  if (i + 14 > n || chunk[i] !== SP) return -1
  const first = chunk[i + 1]! | 32
  const word = first === 107 ? 2 : first === 99 ? 0 : first === 117 ? 1 : -1
  if (word < 0 || !matches(m, i + 2, OPTION_TAILS[word]!)) return -1
  const end = i + 1 + options[word]!.length
  if (chunk[end] !== CR || chunk[end + 1] !== LF || chunk[end + 2] === SP || chunk[end + 2] === TAB) return -1
  m.kind = optionKinds[word]!
  takeOver(m)
  return end
}

const readOptions = (m: Machine, i: number, n: number): number => {
  const chunk = m.chunk
  for (; i < n; i++) {
    const c = chunk[i]!
    const lower = c >= 65 && c <= 90 ? c | 32 : c
    if (m.stage === S.CONNECTION) {
      if (c === SP || c === TAB) continue
      m.word = lower === 99 ? 0 : lower === 117 ? 1 : lower === 107 ? 2 : -1
      if (m.word >= 0) {
        m.part = 1
        m.stage = S.CONNECTION_WORD
        continue
      }
      m.stage = S.CONNECTION_OTHER
    } else if (m.stage === S.CONNECTION_WORD) {
      const option = options[m.word]!
      if (lower === option.charCodeAt(m.part)) {
        if (++m.part === option.length) {
          m.kind = optionKinds[m.word]!
          m.stage = S.CONNECTION_WORD_END
        }
        continue
      }
      m.stage = S.CONNECTION_OTHER
    } else if (m.stage === S.CONNECTION_WORD_END) {
      if (c === SP || (c === TAB && m.flags.tabsInFraming)) continue
      if (c === COMMA) {
        takeOver(m)
        m.stage = S.CONNECTION
        continue
      }
      if (c === CR || c === LF) {
        m.stage = S.VALUE_TEXT
        return i
      }
      m.kind = Kind.General
      m.stage = S.CONNECTION_OTHER
    }
    if (c === COMMA) {
      m.stage = S.CONNECTION
    } else if (ELEMENT[c] === 0) {
      m.stage = S.VALUE_TEXT
      return i
    }
  }
  return i
}

const readLength = (m: Machine, i: number, n: number): number => {
  const chunk = m.chunk
  if (m.stage === S.LENGTH_DIGITS) {
    for (; i < n; i++) {
      const digit = chunk[i]! - 48
      if (digit < 0 || digit > 9) {
        m.stage = S.LENGTH_SPACES
        break
      }
      const fault = addDecimal(m, digit)
      if (fault !== undefined) {
        if (!m.closeSpan(i + 1, i + 1)) return i + 1
        return m.refuse(i + 1, "HPE_INVALID_CONTENT_LENGTH", "Content-Length overflow", fault.flag, 413)
      }
    }
    if (i === n) return i
  }
  while (i < n && (chunk[i] === SP || (chunk[i] === TAB && m.flags.tabsInFraming))) i++
  if (i === n) return i
  if (chunk[i] === CR || chunk[i] === LF) {
    m.facts |= Fact.ContentLength
    m.stage = S.VALUE_TEXT
    return i
  }
  if (!m.closeSpan(i, i)) return i
  const flag = chunk[i] === TAB ? "tabsInFraming" : undefined
  return m.refuse(i, "HPE_INVALID_CONTENT_LENGTH", "Invalid character in Content-Length", flag)
}

const CHUNKED = "chunked"

const readCodings = (m: Machine, i: number, n: number): number => {
  const chunk = m.chunk
  for (; i < n; i++) {
    const c = chunk[i]!
    if (m.stage === S.CODING) {
      if ((c | 32) === CHUNKED.charCodeAt(m.part)) {
        if (++m.part === CHUNKED.length) m.stage = S.CODING_CHUNKED
        continue
      }
      if (notSingle(m, i)) return i
      m.stage = S.CODING_OTHER
    } else if (m.stage === S.CODING_CHUNKED) {
      if (c === SP) continue
      if (c === CR || c === LF) {
        m.kind = Kind.ChunkedSeen
        m.stage = S.VALUE_TEXT
        return i
      }
      // Node's parser does not recognise `chunked` if a tab follows. The tab therefore needs
      // `otherTransferCodings` in addition to `tabsInFraming`.
      if (notSingle(m, i)) return i
      if (c === TAB && m.flags.tabsInFraming) continue
      if (c === COMMA) {
        if (m.request && !m.allows("chunkedNotLast")) {
          return m.closeSpan(i, i + 1) ? afterChunked(m, i + 1) : i + 1
        }
        // The code below handles the comma, which starts the next coding.
      }
      m.stage = S.CODING_OTHER
    } else if (m.stage === S.CODING_SPACES) {
      if (c === SP || c === TAB) continue
      m.stage = S.CODING
      m.part = 0
      i--
      continue
    }
    if (c === COMMA) {
      m.stage = S.CODING_SPACES
    } else if (ELEMENT[c] === 0) {
      m.kind = Kind.General
      m.stage = S.VALUE_TEXT
      return i
    }
  }
  return i
}
