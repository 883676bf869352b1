/**
 * Field lines of a head or a trailer section (RFC 9112 §5), down to the empty line. Records where names and values
 * are; the values that decide about framing are handed to framing-fields.ts byte by byte. Never unfolds, decodes or
 * combines fields.
 *
 * The loop's ifs stand in the order in which a well-formed line passes them, so that such a line runs straight
 * through from top to bottom and each of its bytes is looked at once.
 */
import { Allow } from "./flags.js"
import { kindOfValue, readFramingValue, recogniseName, takeOver } from "./framing-fields.js"
import { TOKEN, VALUE } from "./grammar.js"
import { FOLD } from "./head.js"
import { latin1 } from "./latin1.js"
import { Fact, Kind, type Machine } from "./machine.js"
import * as S from "./stage.js"

const CR = 13
const LF = 10
const SP = 32
const TAB = 9
const COLON = 58

/** Reads on from `i`; returns where it stopped: at `n`, refused, or behind the empty line with the next stage. */
export const readFieldLines = (m: Machine, i: number, n: number): number => {
  const chunk = m.chunk
  const marks = m.marks
  if (m.stage === S.FIELDS_START) {
    if (i === n) return i
    if (chunk[i] === SP) {
      i++
      if (!m.allows("spaceBeforeFields")) {
        return m.refuse(i, "HPE_UNEXPECTED_SPACE", "Unexpected space after start line", "spaceBeforeFields")
      }
    }
    m.stage = S.FIELD_START
  }
  for (;;) {
    if (m.stage === S.FIELD_START) {
      if (i === n) return i
      if (TOKEN[chunk[i]!] === 0) {
        i = readNoName(m, i)
        if (m.stage === S.SECTION_LF) continue
        return i
      }
      if (m.limits.maxHeaderCount > 0 && m.markCount >= m.limits.maxHeaderCount * 4) {
        return m.refuse(i, "HPE_HEADER_OVERFLOW", "Too many header fields", undefined, 431)
      }
      m.spanAt = i
      marks[m.markCount] = i + m.base
      m.stage = S.NAME
    }
    if (m.stage === S.NAME) {
      while (i < n && TOKEN[chunk[i]!] !== 0) i++
      if (i === n) {
        // A name so long that it cannot be a framing field's need not be kept for the comparison.
        if (m.partial.length < 20) m.partial += latin1(chunk, m.spanAt, n)
        return i
      }
      const special =
        m.partial === "" ? recogniseName(m, i) : recogniseName(m, i, m.partial + latin1(chunk, m.spanAt, i))
      if (chunk[i] !== COLON) {
        i = readNameFault(m, i)
        if (m.refusal !== undefined) return i
        continue
      }
      m.partial = ""
      if (!m.closeSpan(i, i + 1)) return i + 1
      marks[m.markCount + 1] = i + m.base
      i++
      if (special && afterName(m, i)) return i
      m.stage = S.OWS
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
      while (i < n && VALUE[chunk[i]!] !== 0) i++
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
      const c = chunk[i]!
      m.markCount += 4
      if (c !== SP && c !== TAB) {
        if (m.kind !== Kind.General) takeOver(m)
        m.stage = S.FIELD_START
        continue
      }
      if (!m.allows("obsoleteFold")) {
        return m.refuse(
          i,
          "HPE_INVALID_HEADER_TOKEN",
          "Unexpected whitespace after header value",
          "obsoleteFold"
        )
      }
      m.spanAt = i
      marks[m.markCount] = marks[m.markCount + 1] = FOLD
      marks[m.markCount + 2] = i + m.base
      m.stage = S.VALUE_TEXT
      if (m.kind === Kind.ChunkedSeen) m.kind = Kind.General
      else if (m.kind !== Kind.General) kindOfValue(m, i)
      if (m.refusal !== undefined) return m.refusal.bytesParsed
      continue
    }
    if (m.stage < S.FIELD_START || m.stage > S.FIELDS_LAST) return i
    if (i === n) return i
    i = readUncommon(m, i, n)
    if (m.refusal !== undefined) return i
    if (m.stage > S.FIELDS_LAST) return i
  }
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

/** A line that begins with no name: the empty line's CR or LF, or a fault. */
const readNoName = (m: Machine, i: number): number => {
  const c = m.chunk[i]!
  if (c === CR) {
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
  m.partial = ""
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

/** What the name of a framing field rules out already. True: refused. */
const afterName = (m: Machine, i: number): boolean => {
  if (!m.allows("framingInTrailers") && (m.facts & Fact.Trailers) !== 0) {
    m.refuse(i, "HPE_INVALID_HEADER_TOKEN", "Framing field in trailers", "framingInTrailers")
    return true
  }
  if ((m.allow & Allow.lengthWithTransferEncoding) !== 0) return false
  if (m.kind === Kind.TransferEncoding && (m.facts & Fact.ContentLength) !== 0) {
    const reason = "Transfer-Encoding can't be present with Content-Length"
    m.refuse(i, "HPE_INVALID_TRANSFER_ENCODING", reason, "lengthWithTransferEncoding")
    return true
  }
  if (m.kind === Kind.ContentLength && (m.facts & Fact.TransferEncoding) !== 0) {
    const reason = "Content-Length can't be present with Transfer-Encoding"
    m.refuse(i, "HPE_INVALID_CONTENT_LENGTH", reason, "lengthWithTransferEncoding")
    return true
  }
  return false
}

const readUncommon = (m: Machine, i: number, n: number): number => {
  const chunk = m.chunk
  const c = chunk[i]!
  switch (m.stage) {
    case S.NAME_SPACE: {
      while (i < n && chunk[i] === SP) i++
      if (i === n) return i
      if (chunk[i] === COLON) return endSpacedName(m, i)
      m.kind = Kind.General
      m.stage = S.NAME_PLAIN
      return i
    }
    case S.NAME_PLAIN: {
      while (i < n && TOKEN[chunk[i]!] !== 0) i++
      if (i === n) return i
      if (chunk[i] === COLON) return endSpacedName(m, i)
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

const endSpacedName = (m: Machine, i: number): number => {
  if (!m.closeSpan(i, i + 1)) return i + 1
  m.marks[m.markCount + 1] = i + m.base
  m.stage = S.OWS
  if (m.kind !== Kind.General && afterName(m, i + 1)) return i + 1
  return i + 1
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
