/**
 * Field lines of a head or a trailer section (RFC 9112 §5), down to the empty line. Records where names and values
 * are; the values that decide about framing are handed to framing-fields.ts byte by byte. Never unfolds, decodes or
 * combines fields.
 *
 * The loop's ifs stand in the order in which a line passes them, so that it runs straight through from top to bottom.
 * Plain lines that lie in one chunk are read by a loop of their own (half the time of a browser's head, measured).
 */
import { Allow } from "./flags.js"
import {
  kindOfValue,
  KNOWN_SIZE,
  LONGEST_NAME,
  readFramingValue,
  readPlainOption,
  recogniseName,
  recogniseWhole,
  takeOver
} from "./framing-fields.js"
import { TOKEN, VALUE } from "./grammar.js"
import { FOLD } from "./head.js"
import { Fact, Kind, type Machine } from "./machine.js"
import * as S from "./stage.js"
import { endOfHost } from "./target.js"

// An imported binding is looked up at every use; one of the module's own is a constant (half the time, measured).
const token = TOKEN
const value = VALUE
const knownSize = KNOWN_SIZE

const CR = 13
const LF = 10
const SP = 32
const TAB = 9
const DEL = 127
const COLON = 58

/** Reads on from `i`; returns where it stopped: at `n`, refused, or behind the empty line with the next stage. */
export const readFieldLines = (m: Machine, i: number, n: number): number => {
  const chunk = m.chunk
  const marks = m.marks
  if (m.stage === S.FIELDS_START) {
    if (i === n) return i
    if (chunk[i] === SP) {
      i++
      if ((m.allow & Allow.spaceBeforeFields) === 0) {
        return m.refuse(i, "HPE_UNEXPECTED_SPACE", "Unexpected space after start line", "spaceBeforeFields")
      }
    }
    m.stage = S.FIELD_START
  }
  for (;;) {
    if (m.stage === S.FIELD_START) {
      i = readPlainLines(m, i, n)
      if (i === n || m.stage > S.FIELDS_LAST) return i
    }
    if (m.stage === S.NAME) {
      while (i < n && token[chunk[i]!] !== 0) i++
      if (i === n) return i
      const special = m.partial === "" ? recogniseName(m, m.spanAt, i) : recogniseWhole(m, i)
      m.partial = ""
      i = chunk[i] === COLON ? endName(m, i, special) : readNameFault(m, i)
      if (m.refusal !== undefined) return i
    }
    if (m.stage === S.OWS) {
      const from = i
      let c = 0
      while (i < n && ((c = chunk[i]!) === SP || c === TAB)) i++
      if (i === n) return i
      if (c === CR) {
        m.stage = S.OWS_CR
        i++
      } else if (c === LF) {
        i++
        if (!m.allows("bareLineFeed")) {
          return m.refuse(i, "HPE_INVALID_HEADER_TOKEN", "Invalid header value char", "bareLineFeed")
        }
        m.stage = S.OWS_LINE
      } else {
        m.skipGap(from, i)
        m.spanAt = i
        marks[m.markCount + 2] = i + m.base
        m.stage = S.VALUE_TEXT
        if (m.kind !== Kind.General) {
          kindOfValue(m, i)
          if (m.refusal !== undefined) return m.refusal.bytesParsed
        }
      }
    }
    if (m.stage >= S.FRAMING_FIRST) {
      i = readFramingValue(m, i, n)
      if (m.refusal !== undefined || i === n) return i
    }
    if (m.stage === S.VALUE_TEXT) {
      while (i < n && value[chunk[i]!] !== 0) i++
      if (i === n) return i
      i = endValue(m, i)
      if (m.refusal !== undefined) return i
    }
    if (m.stage === S.VALUE_LF) {
      if (i === n) return i
      if (chunk[i] !== LF) return m.refuse(i, "HPE_LF_EXPECTED", "Missing expected LF after header value")
      i++
      m.stage = S.VALUE_LINE
    }
    if (m.stage === S.VALUE_LINE) {
      if (i === n) return i
      m.markCount += 4
      if (chunk[i] !== SP && chunk[i] !== TAB) {
        if (m.kind !== Kind.General) takeOver(m)
        m.stage = S.FIELD_START
        continue
      }
      foldValue(m, i)
      if (m.refusal !== undefined) return m.refusal.bytesParsed
      continue
    }
    if (i === n) return i
    i = readUncommon(m, i, n)
    if (m.stage > S.FIELDS_LAST) return i
  }
}

/**
 * From the start of a line: the lines of fields that decide nothing, as long as they lie in the chunk with their line
 * break and the byte behind it, with all that changes in local variables. Stops, with the stage set for the loop
 * above, at whatever is not like this.
 */
const readPlainLines = (m: Machine, i: number, n: number): number => {
  const chunk = m.chunk
  const marks = m.marks
  const base = m.base
  const limit = m.limit
  let k = m.markCount
  let counted = m.counted
  let c = 0
  while (i < n) {
    const nameAt = i
    while (i < n && token[(c = chunk[i]!)] !== 0) i++
    const size = i - nameAt
    if (size === 0 || k >= m.maxMarks) {
      m.markCount = k
      m.counted = counted
      return endLines(m, nameAt, n)
    }
    marks[k] = nameAt + base
    if (i === n || c !== COLON) {
      m.stage = S.NAME
      m.spanAt = nameAt
      break
    }
    if (size <= LONGEST_NAME && knownSize[size] !== 0) {
      m.markCount = k
      if (recogniseName(m, nameAt, i)) {
        const end = counted + LONGEST_LINE < limit ? readPlainOption(m, i + 1, n) : -1
        m.counted = counted
        m.spanAt = nameAt
        if (end < 0) return endName(m, i, true)
        // One of the usual values of Connection: nothing is left to look at in this line.
        counted += size + end - i - 2
        m.spanAt = -1
        marks[k + 1] = i + base
        marks[k + 2] = i + 2 + base
        marks[k + 3] = end + base
        k += 4
        i = end + 2
        continue
      }
    }
    counted += size
    if (counted >= limit) return m.overflow(i + 1)
    marks[k + 1] = i + base
    i++
    const blankAt = i
    while (i < n && ((c = chunk[i]!) === SP || c === TAB)) i++
    if (i === n || c === CR || c === LF || i - blankAt > 8) {
      m.kind = Kind.General
      m.stage = S.OWS
      // A long gap is measured once more, to be cut out.
      if (i < n) i = blankAt
      break
    }
    const valueAt = i
    marks[k + 2] = i + base
    if (size === 4 && m.hosts === 1 && m.hostMark === k) {
      i = endOfHost(chunk, i, n)
      m.hostIsValid = i < n && chunk[i] === CR
    }
    i = endOfValue(chunk, i, n)
    c = i < n ? chunk[i]! : 0
    if (c !== CR || i + 2 >= n || chunk[i + 1] !== LF || (c = chunk[i + 2]!) === SP || c === TAB) {
      m.kind = Kind.General
      m.stage = S.VALUE_TEXT
      m.spanAt = valueAt
      break
    }
    counted += i - valueAt
    if (counted >= limit) return m.overflow(i + 1)
    marks[k + 3] = i + base
    k += 4
    i += 2
  }
  m.markCount = k
  m.counted = counted
  return i
}

/** The first byte from `i` on that no value has (VALUE as comparisons, by fours where there are), or `n`. */
const endOfValue = (chunk: Uint8Array, i: number, n: number): number => {
  const fours = n - 4
  while (i <= fours) {
    const a = chunk[i]!
    const b = chunk[i + 1]!
    const c = chunk[i + 2]!
    const d = chunk[i + 3]!
    if (((a - SP) | (b - SP) | (c - SP) | (d - SP)) < 0 || a === DEL || b === DEL || c === DEL || d === DEL)
      break
    i += 4
  }
  let c = 0
  while (i < n && (((c = chunk[i]!) >= SP && c !== DEL) || c === TAB)) i++
  return i
}

// Name and value of the longest line that readPlainOption takes, "Proxy-Connection: keep-alive".
const LONGEST_LINE = 26

/** The colon at `i` ends the name. */
const endName = (m: Machine, i: number, special: boolean): number => {
  if (!m.closeSpan(i, i + 1)) return i + 1
  m.marks[m.markCount + 1] = i + m.base
  m.stage = S.OWS
  if (special) checkName(m, i + 1)
  return i + 1
}

/** The value goes on in the line that begins with a blank at `i` (RFC 9112 §5.2). */
const foldValue = (m: Machine, i: number): void => {
  if (!m.allows("obsoleteFold")) {
    m.refuse(i, "HPE_INVALID_HEADER_TOKEN", "Unexpected whitespace after header value", "obsoleteFold")
    return
  }
  const k = m.markCount
  m.spanAt = i
  m.marks[k] = m.marks[k + 1] = FOLD
  m.marks[k + 2] = i + m.base
  m.stage = S.VALUE_TEXT
  if (m.kind === Kind.ChunkedSeen) m.kind = Kind.General
  else if (m.kind !== Kind.General) kindOfValue(m, i)
}

/** The end of a value: CR, LF or a byte that no value has. */
const endValue = (m: Machine, i: number): number => {
  const c = m.chunk[i]!
  if (c !== CR && c !== LF && m.allows("controlsInValues")) {
    m.stage = S.VALUE_LOOSE
    return i
  }
  m.marks[m.markCount + 3] = i + m.base
  if (!m.closeSpan(i, c === CR ? i + 1 : i)) return m.refusal!.bytesParsed
  if (c === CR) {
    m.stage = S.VALUE_LF
    return i + 1
  }
  if (c !== LF) {
    return m.refuse(i, "HPE_INVALID_HEADER_TOKEN", "Invalid header value char", "controlsInValues")
  }
  if (!m.allows("bareLineFeed")) {
    return m.refuse(i, "HPE_CR_EXPECTED", "Missing expected CR after header value", "bareLineFeed")
  }
  m.stage = S.VALUE_LF
  return i
}

/** A line that begins with no name: the empty line, or a fault. Or with one name too many. */
const endLines = (m: Machine, i: number, n: number): number => {
  const c = m.chunk[i]!
  if (token[c] !== 0) return m.refuse(i, "HPE_HEADER_OVERFLOW", "Too many header fields", undefined, 431)
  if (c === CR) {
    if (i + 1 < n && m.chunk[i + 1] === LF) {
      endSection(m)
      return i + 2
    }
    m.stage = S.SECTION_LF
    return i + 1
  }
  if (c !== LF) return m.refuse(i, "HPE_INVALID_HEADER_TOKEN", "Invalid header token")
  if (!m.allows("bareLineFeed")) {
    return m.refuse(i + 1, "HPE_INVALID_HEADER_TOKEN", "Invalid header field char", "bareLineFeed")
  }
  endSection(m)
  return i + 1
}

/** A name not followed by its colon. Node's parser has a word of its own for framing fields with a space there. */
const readNameFault = (m: Machine, i: number): number => {
  if (m.chunk[i] !== SP || m.kind === Kind.General) {
    return m.refuse(i, "HPE_INVALID_HEADER_TOKEN", "Invalid header token")
  }
  if (m.allows("spaceBeforeColon")) {
    m.stage = S.NAME_SPACE
    return i
  }
  if (!m.closeSpan(i, i + 1)) return i + 1
  return m.refuse(i + 1, "HPE_INVALID_HEADER_TOKEN", "Invalid header field char", "spaceBeforeColon")
}

/** What the name of a framing field rules out already; refuses at `at`. */
const checkName = (m: Machine, at: number): void => {
  if ((m.facts & Fact.Trailers) !== 0 && !m.allows("framingInTrailers")) {
    m.refuse(at, "HPE_INVALID_HEADER_TOKEN", "Framing field in trailers", "framingInTrailers")
  } else if ((m.allow & Allow.lengthWithTransferEncoding) !== 0) {
    return
  } else if (m.kind === Kind.TransferEncoding && (m.facts & Fact.ContentLength) !== 0) {
    const reason = "Transfer-Encoding can't be present with Content-Length"
    m.refuse(at, "HPE_INVALID_TRANSFER_ENCODING", reason, "lengthWithTransferEncoding")
  } else if (m.kind === Kind.ContentLength && (m.facts & Fact.TransferEncoding) !== 0) {
    const reason = "Content-Length can't be present with Transfer-Encoding"
    m.refuse(at, "HPE_INVALID_CONTENT_LENGTH", reason, "lengthWithTransferEncoding")
  }
}

const readUncommon = (m: Machine, i: number, n: number): number => {
  const chunk = m.chunk
  const c = chunk[i]!
  switch (m.stage) {
    case S.NAME_SPACE: {
      while (i < n && chunk[i] === SP) i++
      if (i === n) return i
      if (chunk[i] === COLON) return endName(m, i, m.kind !== Kind.General)
      m.kind = Kind.General
      m.stage = S.NAME_PLAIN
      return i
    }
    case S.NAME_PLAIN: {
      while (i < n && token[chunk[i]!] !== 0) i++
      if (i === n) return i
      if (chunk[i] === COLON) return endName(m, i, m.kind !== Kind.General)
      return m.refuse(i, "HPE_INVALID_HEADER_TOKEN", "Invalid header token")
    }
    case S.OWS_CR: {
      if (c !== LF && !m.allows("bareCarriageReturn")) {
        return m.refuse(i, "HPE_STRICT", "Expected LF after CR", "bareCarriageReturn")
      }
      m.stage = S.OWS_LINE
      return c === LF ? i + 1 : i
    }
    case S.OWS_LINE: {
      if (c === SP || c === TAB) {
        if (!m.allows("obsoleteFold")) {
          return m.refuse(i + 1, "HPE_INVALID_HEADER_TOKEN", "Invalid header value char", "obsoleteFold")
        }
        m.stage = S.OWS
        return i + 1
      }
      return endEmptyValue(m, i)
    }
    case S.VALUE_LOOSE: {
      while (i < n && chunk[i] !== CR && chunk[i] !== LF) i++
      if (i === n) return i
      m.marks[m.markCount + 3] = i + m.base
      const at = chunk[i] === CR ? i + 1 : i
      if (!m.closeSpan(i, at)) return at
      m.stage = S.VALUE_LF
      return at
    }
    default: {
      if (c !== LF && !m.allows("bareCarriageReturn")) {
        return m.refuse(i, "HPE_STRICT", "Expected LF after headers", "bareCarriageReturn")
      }
      endSection(m)
      return c === LF ? i + 1 : i
    }
  }
}

const endEmptyValue = (m: Machine, i: number): number => {
  if (m.kind === Kind.ContentLength) return m.refuse(i, "HPE_INVALID_CONTENT_LENGTH", "Empty Content-Length")
  if (m.kind === Kind.TransferEncoding && !m.allows("otherTransferCodings")) {
    return m.refuse(
      i,
      "HPE_INVALID_TRANSFER_ENCODING",
      "Empty Transfer-Encoding",
      "otherTransferCodings",
      501
    )
  }
  takeOver(m)
  const end = m.marks[m.markCount + 1]!
  m.marks[m.markCount + 2] = end
  m.marks[m.markCount + 3] = end
  m.markCount += 4
  m.stage = S.FIELD_START
  return i
}

const endSection = (m: Machine): void => {
  m.stage = (m.facts & Fact.Trailers) !== 0 ? S.MESSAGE_COMPLETE : S.HEAD_COMPLETE
}
