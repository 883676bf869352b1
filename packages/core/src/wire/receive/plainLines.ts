/**
 * A fast path for the usual field line. A usual line has a name, a colon, a value without control bytes, and
 * CRLF, all in one chunk. One loop with its state in local variables halves the time to parse a browser's
 * head. For every other line this file sets the stage at which fieldLines.ts continues.
 *
 * Every line starts in this file, so only this file checks the number of field lines.
 */
import { endLines, endName } from "./fieldEnds.js"
import { KNOWN_SIZE, LONGEST_NAME, readPlainOption, recogniseName } from "./framingFields.js"
import { TOKEN } from "../grammar/byteClasses.js"
import { endOfPlainHost } from "../grammar/host.js"
import { Kind, type Machine } from "./machine.js"
import * as S from "./stage.js"

// Local copies halve the parsing time, because JavaScript engines read an imported binding at every use but
// treat a local binding as constant.
const token = TOKEN
const knownSize = KNOWN_SIZE

const CR = 13
const LF = 10
const SP = 32
const TAB = 9
const COLON = 58
const DEL = 127

/**
 * Reads usual field lines. `i` is the start of a line, and `n` is the end of the chunk. The chunk must
 * contain the line, its line break and one more byte. At any other line, the function sets the stage at which
 * fieldLines.ts continues, and returns.
 */
export const readPlainLines = (m: Machine, i: number, n: number): number => {
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
        // `readPlainOption` has read the whole value of `Connection`, so record the line and continue after
        // its line break.
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
      // Go back to the start of the gap, because fieldLines.ts cuts a long gap out of the text.
      if (i < n) i = blankAt
      break
    }
    const valueAt = i
    marks[k + 2] = i + base
    if (size === 4 && m.hosts === 1 && m.hostMark === k) {
      i = endOfPlainHost(chunk, i, n)
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

/**
 * Returns the index of the first byte from `i` on that is not permitted in a value, or the end of the chunk
 * (`n`). Compares the bytes directly, without the table VALUE. The first eight bytes are compared singly, so
 * that short values are not read twice. The other bytes are compared four at a time.
 */
const endOfValue = (chunk: Uint8Array, i: number, n: number): number => {
  const singles = i + 8 < n ? i + 8 : n
  let c: number
  while (i < singles && (((c = chunk[i]!) >= SP && c !== DEL) || c === TAB)) i++
  if (i < singles) return i
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
  while (i < n && (((c = chunk[i]!) >= SP && c !== DEL) || c === TAB)) i++
  return i
}

// Number of counted bytes (name and value) in the longest line that `readPlainOption` reads,
// "Proxy-Connection: keep-alive".
const LONGEST_LINE = 26
