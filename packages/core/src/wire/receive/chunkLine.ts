/**
 * Reads the chunk line (size and extensions) before a chunk's data, and the line break after the data (RFC
 * 9112 §7.1). Extensions are counted and dropped, and never interpreted.
 */
import { HEX, QDTEXT, TOKEN, VALUE } from "../grammar/byteClasses.js"
import type { Machine } from "./machine.js"
import { addHex } from "./numbers.js"
import * as S from "./stage.js"

// The value in the table HEX for a byte that is not a hexadecimal digit.
const NONE = 255
const CR = 13
const LF = 10
const SP = 32
const TAB = 9
const QUOTE = 34
const SEMICOLON = 59
const EQUALS = 61
const BACKSLASH = 92

/**
 * Reads a chunk line from the index `i` on, up to the end of the input (`n`), a refused byte, or the end of
 * the line. Returns the index where reading stopped.
 */
export const readChunkLine = (m: Machine, i: number, n: number): number => {
  while (i < n && m.stage >= S.CHUNK_FIRST && m.stage <= S.CHUNK_LAST) {
    i =
      m.stage <= S.CHUNK_SIZE_END
        ? readSize(m, i, n)
        : m.stage < S.CHUNK_LF
          ? readExtensions(m, i, n)
          : readEnds(m, i)
    if (m.refusal !== undefined) return i
  }
  return i
}

/**
 * Counts the part of an extension that was read when the input chunk ends inside a chunk line. Refuses the
 * message if the extensions exceed their limit.
 */
export const carryExtension = (m: Machine, n: number): void => {
  if (m.spanAt >= 0) count(m, n, n)
}

const count = (m: Machine, i: number, at: number): boolean => {
  m.extensions += i - m.spanAt
  if (m.extensions <= m.limits.maxChunkExtensionsSize) return true
  m.refuse(at, "HPE_CHUNK_EXTENSIONS_OVERFLOW", "Chunk extensions overflow", undefined, 413)
  return false
}

const closeExtension = (m: Machine, i: number, at: number): boolean => {
  const fits = count(m, i, at)
  m.spanAt = -1
  return fits
}

const invalidSize = "Invalid character in chunk size"

const readSize = (m: Machine, i: number, n: number): number => {
  const chunk = m.chunk
  if (m.stage === S.CHUNK_SIZE_FIRST) {
    if (HEX[chunk[i]!] === NONE) return m.refuse(i, "HPE_INVALID_CHUNK_SIZE", invalidSize)
    m.remaining = 0
    m.digits = 0
    m.exact = undefined
    m.extensions = 0
    m.stage = S.CHUNK_SIZE
  }
  let c: number
  if (m.stage === S.CHUNK_SIZE) {
    for (; i < n && HEX[(c = chunk[i]!)] !== NONE; i++) {
      const fault = addHex(m, HEX[c]!)
      if (fault !== undefined) {
        return m.refuse(i + 1, "HPE_INVALID_CHUNK_SIZE", "Chunk size overflow", fault.flag, 413)
      }
    }
    if (i === n) return i
    m.stage = S.CHUNK_SIZE_END
  }
  c = chunk[i]!
  if (c === CR) m.stage = S.CHUNK_LF
  else if (c === SEMICOLON) m.stage = S.EXTENSION
  else if (c === LF) {
    if (!m.allows("bareLineFeed")) {
      return m.refuse(i + 1, "HPE_CR_EXPECTED", "Missing expected CR after chunk size", "bareLineFeed")
    }
    // If `bareLineFeed` and `bareCarriageReturn` are set, Node's parser reads a second LF as part of the same
    // line break.
    m.stage = m.allows("bareCarriageReturn") ? S.CHUNK_LF : S.CHUNK_HEADER_COMPLETE
  } else if (c === SP || c === TAB) {
    if (!m.allows("spacesAfterChunkSize")) {
      return m.refuse(i + 1, "HPE_INVALID_CHUNK_SIZE", invalidSize, "spacesAfterChunkSize")
    }
  } else return m.refuse(i, "HPE_INVALID_CHUNK_SIZE", invalidSize)
  return i + 1
}

/**
 * Refuses a chunk extension that violates the grammar, although Node's parser accepts the extension. The flag
 * `chunkExtensionSyntax` turns this refusal off. Returns `true` if the extension was refused.
 */
const wrongSyntax = (m: Machine, at: number, reason: string): boolean => {
  if (m.allows("chunkExtensionSyntax")) return false
  m.refuse(at, "HPE_STRICT", reason, "chunkExtensionSyntax")
  return true
}

const readExtensions = (m: Machine, i: number, n: number): number => {
  if (m.stage === S.EXTENSION_NAME) return readExtensionName(m, i, n)
  if (m.stage === S.EXTENSION_VALUE) return readExtensionValue(m, i, n)
  if (m.stage === S.EXTENSION_QUOTED) return readQuoted(m, i, n)
  const c = m.chunk[i]!
  if (m.stage === S.EXTENSION) {
    if (c === SP || c === CR) return m.refuse(i + 1, "HPE_STRICT", "Invalid character in chunk extensions")
    if ((c === SEMICOLON || c === EQUALS || c === LF) && wrongSyntax(m, i, "Chunk extension without a name"))
      return i
    m.spanAt = i
    m.stage = S.EXTENSION_NAME
    return i
  }
  if (m.stage === S.EXTENSION_ESCAPE) {
    if (VALUE[c] === 0) return fault(m, i, "Invalid quoted-pair in chunk extensions quoted value")
    m.stage = S.EXTENSION_QUOTED
    return i + 1
  }
  if (c === SEMICOLON) m.stage = S.EXTENSION
  else if (c === CR) m.stage = S.CHUNK_LF
  else if (c === LF) return lineFeed(m, i, "value")
  else return m.refuse(i, "HPE_STRICT", "Invalid character in chunk extensions quote value")
  return i + 1
}

const readQuoted = (m: Machine, i: number, n: number): number => {
  const chunk = m.chunk
  let c = 0
  while (i < n && QDTEXT[(c = chunk[i]!)] !== 0) i++
  if (i === n) return i
  if (c === BACKSLASH) {
    m.stage = S.EXTENSION_ESCAPE
  } else if (c === QUOTE) {
    if (!closeExtension(m, i + 1, i + 1)) return i + 1
    m.stage = S.EXTENSION_QUOTED_END
  } else {
    return fault(m, i, "Invalid character in chunk extensions quoted value")
  }
  return i + 1
}

const fault = (m: Machine, i: number, reason: string): number =>
  closeExtension(m, i, i + 1) ? m.refuse(i + 1, "HPE_STRICT", reason) : i + 1

const lineFeed = (m: Machine, i: number, part: "name" | "value"): number => {
  if (!m.allows("bareLineFeed")) {
    return m.refuse(i, "HPE_CR_EXPECTED", `Missing expected CR after chunk extension ${part}`, "bareLineFeed")
  }
  m.stage = S.CHUNK_LF
  return i
}

const readExtensionName = (m: Machine, i: number, n: number): number => {
  const chunk = m.chunk
  let c = 0
  while (i < n && TOKEN[(c = chunk[i]!)] !== 0) i++
  if (i === n) return i
  if (c === LF) return closeExtension(m, i, i) ? lineFeed(m, i, "name") : i
  if (c !== EQUALS && c !== SEMICOLON && c !== CR)
    return fault(m, i, "Invalid character in chunk extensions name")
  if (!closeExtension(m, i, i + 1)) return i + 1
  i++
  if (c === EQUALS) {
    m.spanAt = i
    m.part = 0
    m.stage = S.EXTENSION_VALUE
  } else {
    m.stage = c === SEMICOLON ? S.EXTENSION : S.CHUNK_LF
  }
  return i
}

const readExtensionValue = (m: Machine, i: number, n: number): number => {
  const chunk = m.chunk
  const from = i
  let c = 0
  while (i < n && TOKEN[(c = chunk[i]!)] !== 0) i++
  // `part` is 1 after the value has begun, even if the value continues in the next input chunk.
  if (i > from) m.part = 1
  if (i === n) return i
  if (c === QUOTE) {
    if (m.part !== 0 && wrongSyntax(m, i, "Quote inside a chunk extension's token")) return i
    m.stage = S.EXTENSION_QUOTED
    return i + 1
  }
  const ends = c === SEMICOLON || c === CR || c === LF
  if (ends && m.part === 0 && wrongSyntax(m, i, "Chunk extension with an empty value")) return i
  if (c === LF) return closeExtension(m, i, i) ? lineFeed(m, i, "value") : i
  if (!ends) return fault(m, i, "Invalid character in chunk extensions value")
  if (!closeExtension(m, i, i + 1)) return i + 1
  m.stage = c === SEMICOLON ? S.EXTENSION : S.CHUNK_LF
  return i + 1
}

/** Reads the LF that ends the chunk line, or the line break after the chunk's data. */
const readEnds = (m: Machine, i: number): number => {
  const c = m.chunk[i]!
  switch (m.stage) {
    case S.CHUNK_LF:
      if (c !== LF && !m.allows("bareCarriageReturn")) {
        return m.refuse(i, "HPE_STRICT", "Expected LF after chunk size", "bareCarriageReturn")
      }
      m.stage = S.CHUNK_HEADER_COMPLETE
      return c === LF ? i + 1 : i
    case S.CHUNK_END:
      if (c === CR) {
        m.stage = S.CHUNK_END_LF
        return i + 1
      }
      if (c === LF) {
        if (!m.allows("bareLineFeed")) {
          return m.refuse(i + 1, "HPE_CR_EXPECTED", "Missing expected CR after chunk data", "bareLineFeed")
        }
        m.stage = S.CHUNK_SIZE_FIRST
        return i + 1
      }
      break
    default:
      if (c === LF) {
        m.stage = S.CHUNK_SIZE_FIRST
        return i + 1
      }
  }
  if (!m.allows("unterminatedChunks")) {
    return m.refuse(i, "HPE_STRICT", "Expected LF after chunk data", "unterminatedChunks")
  }
  m.stage = S.CHUNK_SIZE_FIRST
  return i
}
