/**
 * Reads the field lines of a head or a trailer section, up to the empty line (RFC 9112 §5). Records the
 * positions of names and values. framingFields.ts reads the values of framing fields byte by byte. Never
 * unfolds, decodes or combines fields.
 *
 * The `if`s of the loop are in the order of the parts of a line. One iteration of the loop therefore reads a
 * typical line. plainLines.ts reads simple lines faster.
 */
import { endEmptyValue, endName, endSection, endValue, flagOfControl } from "./fieldEnds.js"
import { kindOfValue, readFramingValue, recogniseName, recogniseWhole, takeOver } from "./framingFields.js"
import { TOKEN, VALUE } from "../grammar/byteClasses.js"
import { FOLD } from "./head.js"
import { Kind, type Machine } from "./machine.js"
import { readPlainLines } from "./plainLines.js"
import * as S from "./stage.js"

// Local copies are faster, because JavaScript engines read an imported binding at every use but treat a local
// binding as constant.
const token = TOKEN
const value = VALUE

const CR = 13
const LF = 10
const SP = 32
const TAB = 9
const COLON = 58

/**
 * Reads field lines from the index `i` on, up to the end of the chunk (`n`), a refused byte, or the end of
 * the empty line. Returns the index where reading stopped. At the end of the empty line, sets the next stage.
 */
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
      i = readPlainLines(m, i, n)
      if (i === n || m.stage > S.FIELDS_LAST) return i
    }
    if (m.stage === S.NAME) {
      let c = 0
      while (i < n && token[(c = chunk[i]!)] !== 0) i++
      if (i === n) return i
      const special = m.partial === "" ? recogniseName(m, m.spanAt, i) : recogniseWhole(m, i)
      m.partial = ""
      i = c === COLON ? endName(m, i, special) : readNameFault(m, i, c)
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
      if (m.refusal !== undefined) return i
    }
    if (m.stage === S.VALUE_TEXT) {
      let c = 0
      while (i < n && value[(c = chunk[i]!)] !== 0) i++
      if (i === n) return i
      i = endValue(m, i, c)
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
      const c = chunk[i]!
      if (c !== SP && c !== TAB) {
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

/** Continues a value in the next line, which starts with whitespace at `i` (obs-fold, RFC 9112 §5.2). */
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

/**
 * Handles a name that is not directly followed by a colon. For a framing field with a space before the colon,
 * the refusal has a different reason, as in Node's parser.
 */
const readNameFault = (m: Machine, i: number, c: number): number => {
  if (c !== SP || m.kind === Kind.General) {
    return m.refuse(i, "HPE_INVALID_HEADER_TOKEN", "Invalid header token")
  }
  if (m.allows("spaceBeforeColon")) {
    m.stage = S.NAME_SPACE
    return i
  }
  if (!m.closeSpan(i, i + 1)) return i + 1
  return m.refuse(i + 1, "HPE_INVALID_HEADER_TOKEN", "Invalid header field char", "spaceBeforeColon")
}

const readUncommon = (m: Machine, i: number, n: number): number => {
  const chunk = m.chunk
  let c = 0
  switch (m.stage) {
    case S.NAME_SPACE: {
      while (i < n && (c = chunk[i]!) === SP) i++
      if (i === n) return i
      if (c === COLON) return endName(m, i, true)
      m.kind = Kind.General
      m.stage = S.NAME_PLAIN
      return i
    }
    case S.NAME_PLAIN: {
      while (i < n && token[(c = chunk[i]!)] !== 0) i++
      if (i === n) return i
      if (c === COLON) return endName(m, i, false)
      return m.refuse(i, "HPE_INVALID_HEADER_TOKEN", "Invalid header token")
    }
    case S.OWS_CR: {
      c = chunk[i]!
      if (c !== LF && !m.allows("bareCarriageReturn")) {
        return m.refuse(i, "HPE_STRICT", "Expected LF after CR", "bareCarriageReturn")
      }
      m.stage = S.OWS_LINE
      return c === LF ? i + 1 : i
    }
    case S.OWS_LINE: {
      c = chunk[i]!
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
      while (i < n && (c = chunk[i]!) !== CR && c !== LF) {
        if (value[c] !== 1 && !m.allows(flagOfControl(c))) return endValue(m, i, c)
        i++
      }
      if (i === n) return i
      m.marks[m.markCount + 3] = i + m.base
      const at = c === CR ? i + 1 : i
      if (!m.closeSpan(i, at)) return at
      m.stage = S.VALUE_LF
      return at
    }
    default: {
      c = chunk[i]!
      if (c !== LF && !m.allows("bareCarriageReturn")) {
        return m.refuse(i, "HPE_STRICT", "Expected LF after headers", "bareCarriageReturn")
      }
      endSection(m)
      return c === LF ? i + 1 : i
    }
  }
}
