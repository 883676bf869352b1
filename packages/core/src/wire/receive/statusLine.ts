/**
 * Reads the status line (RFC 9112 §4). Records the version, the status code and the position of the reason
 * phrase, and stops at the first field line. Never interprets a status.
 */
import { VALUE } from "../grammar/byteClasses.js"
import type { Machine } from "./machine.js"
import { protocolByte, protocols } from "./requestLine.js"
import * as S from "./stage.js"
import { checkVersion, versionDigit } from "./version.js"

// A local copy is faster, because JavaScript engines read an imported binding at every use but treat a local
// binding as constant.
const value = VALUE

const CR = 13
const LF = 10

/**
 * Reads a status line from the index `i` on, up to the end of the chunk (`n`), a refused byte, or the start
 * of the first field line. Returns the index where reading stopped.
 */
export const readStatusLine = (m: Machine, i: number, n: number): number => {
  const chunk = m.chunk
  while (i < n && m.stage !== S.FIELDS_START) {
    if (m.stage >= S.STATUS_AFTER_CODE) {
      i = m.stage === S.REASON ? readReason(m, i, n) : readAroundReason(m, i)
      if (m.refusal !== undefined) return i
      continue
    }
    const c = chunk[i]!
    switch (m.stage) {
      case S.STATUS_PROTOCOL:
        if (!protocolByte(m, c)) return m.refuse(i, "HPE_INVALID_CONSTANT", "Expected HTTP/, RTSP/ or ICE/")
        if (m.part === protocols[m.word]!.length) {
          if (m.word !== 0 && !m.allows("otherProtocols")) {
            return m.refuse(i + 1, "HPE_INVALID_CONSTANT", "Not an HTTP response", "otherProtocols")
          }
          m.stage = S.STATUS_SLASH
        }
        i++
        break
      case S.STATUS_SLASH:
        if (c !== 47) return m.refuse(i, "HPE_INVALID_CONSTANT", "Expected HTTP/, RTSP/ or ICE/")
        m.stage = S.STATUS_MAJOR
        i++
        break
      case S.STATUS_MAJOR:
        m.versionMajor = versionDigit(c)
        if (m.versionMajor < 0) return m.refuse(i, "HPE_INVALID_VERSION", "Invalid major version")
        m.stage = S.STATUS_DOT
        i++
        break
      case S.STATUS_DOT:
        if (c !== 46) return m.refuse(i, "HPE_INVALID_VERSION", "Expected dot")
        m.stage = S.STATUS_MINOR
        i++
        break
      case S.STATUS_MINOR:
        m.versionMinor = versionDigit(c)
        if (m.versionMinor < 0) return m.refuse(i, "HPE_INVALID_VERSION", "Invalid minor version")
        if (!checkVersion(m, i + 1)) return i + 1
        m.stage = S.STATUS_SPACE
        i++
        break
      case S.STATUS_SPACE:
        if (c !== 32) return m.refuse(i, "HPE_INVALID_VERSION", "Expected space after version")
        m.status = 0
        m.stage = S.STATUS_DIGIT_1
        i++
        break
      case S.STATUS_DIGIT_1:
      case S.STATUS_DIGIT_2:
      case S.STATUS_DIGIT_3: {
        const digit = versionDigit(c)
        if (digit < 0) return m.refuse(i, "HPE_INVALID_STATUS", "Invalid status code")
        m.status = m.status * 10 + digit
        m.stage++
        i++
        if (m.stage === S.STATUS_AFTER_CODE && m.status < 100 && !m.allows("looseStatusLine")) {
          return m.refuse(i, "HPE_INVALID_STATUS", "Status code below 100", "looseStatusLine")
        }
        break
      }
    }
  }
  return i
}

/** Reads the byte after the status code, or the byte after the CR that ends the line. */
const readAroundReason = (m: Machine, i: number): number => {
  const c = m.chunk[i]!
  if (m.stage === S.STATUS_AFTER_CODE) {
    if (c === 32) {
      m.stage = S.REASON
      m.spanAt = i + 1
      m.lineStart = m.lineEnd = i + 1 + m.base
      return i + 1
    }
    if (c !== CR && c !== LF) return m.refuse(i, "HPE_INVALID_STATUS", "Invalid response status")
    if (c === LF && !m.allows("bareLineFeed")) {
      return m.refuse(i + 1, "HPE_INVALID_STATUS", "Invalid response status", "bareLineFeed")
    }
    if (!m.allows("missingReason")) {
      return m.refuse(i, "HPE_INVALID_STATUS", "Expected space after status code", "missingReason")
    }
    m.lineStart = m.lineEnd = i + m.base
    m.stage = c === CR ? S.STATUS_LF : S.FIELDS_START
    return i + 1
  }
  if (c === LF || (c === CR && m.allows("looseStatusLine"))) {
    m.stage = S.FIELDS_START
    return i + 1
  }
  if (!m.allows("bareCarriageReturn")) {
    const flag = c === CR ? "looseStatusLine" : "bareCarriageReturn"
    return m.refuse(i, "HPE_STRICT", "Expected LF after CR", flag)
  }
  m.stage = S.FIELDS_START
  return i
}

const readReason = (m: Machine, i: number, n: number): number => {
  const chunk = m.chunk
  for (;;) {
    let c = 0
    while (i < n && value[(c = chunk[i]!)] !== 0) i++
    if (i === n) return i
    if (c === CR || c === LF) {
      m.lineEnd = i + m.base
      if (!m.closeSpan(i, i + 1)) return i + 1
      if (c === LF && !m.allows("bareLineFeed")) {
        return m.refuse(i + 1, "HPE_CR_EXPECTED", "Missing expected CR after response line", "bareLineFeed")
      }
      m.stage = c === CR ? S.STATUS_LF : S.FIELDS_START
      return i + 1
    }
    // Node's parser accepts every byte in the reason phrase, so `looseStatusLine` permits every byte too.
    if (!m.allows("looseStatusLine")) {
      return m.refuse(i, "HPE_INVALID_STATUS", "Control byte in reason phrase", "looseStatusLine")
    }
    i++
  }
}
