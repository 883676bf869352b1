/**
 * Checks a whole head. The checks concern the form of the target, `Host`, and framing fields that the status
 * or the version forbids.
 *
 * Each check can be turned off by a flag, and `checkedInHeads` in machine.ts lists these flags. A check
 * without a flag must precede the test of `checksHeads`, which skips all checks if every listed flag is set.
 */
import { isHost, lacksHost } from "../grammar/host.js"
import { trimBlanks } from "../grammar/lists.js"
import { Fact, type Machine } from "./machine.js"
import { wrongForm } from "./target.js"

/**
 * Checks a head. `text` is the text of the head. Returns `false` if the head was refused, at the position
 * `at`.
 */
export const checkHead = (m: Machine, at: number, text: string): boolean => {
  if (!m.checksHeads) return true
  if (m.request) {
    if (!m.originForm && !m.flags.targetForms) {
      const reason = wrongForm(m.method, text.slice(m.lineStart, m.lineEnd))
      if (reason !== undefined) {
        m.refuse(at, "HPE_INVALID_URL", reason, "targetForms")
        return false
      }
    }
    if (!checkHost(m, at, text)) return false
  } else if (hasNoBody(m.status) && !checkNoBody(m, at)) {
    return false
  }
  if ((m.facts & Fact.TransferEncoding) === 0 || (m.versionMajor === 1 && m.versionMinor === 1)) return true
  return checkOldCoding(m, at)
}

/**
 * Checks a response whose status forbids a body. Such a response must have no field that frames a body (RFC
 * 9112 §6.3, item 1).
 */
const checkNoBody = (m: Machine, at: number): boolean => {
  if ((m.facts & Fact.TransferEncoding) === 0 && m.remaining === 0) return true
  if (m.flags.lengthWithoutBody) return true
  if (m.status === 204 && m.flags.framedNoContent) {
    m.facts |= Fact.LastInDoubt
    return true
  }
  const flag = m.status === 204 ? "framedNoContent" : "lengthWithoutBody"
  m.refuse(at, "HPE_UNEXPECTED_CONTENT_LENGTH", `Content framed in a ${m.status} response`, flag)
  return false
}

/**
 * Checks a message that has a transfer coding and a version below HTTP/1.1. HTTP/1.1 introduced transfer
 * codings (RFC 9112 §6.1). Depending on the flags, the message is accepted, accepted without reuse of its
 * connection, or refused.
 */
const checkOldCoding = (m: Machine, at: number): boolean => {
  if (m.flags.transferEncodingInHttp10) return true
  const response = !m.request && m.versionMajor === 1 && (m.facts & Fact.Chunked) !== 0
  if (response && m.flags.chunkedHttp10Response) {
    m.facts |= Fact.LastInDoubt
    return true
  }
  const flag = response ? "chunkedHttp10Response" : "transferEncodingInHttp10"
  m.refuse(at, "HPE_INVALID_TRANSFER_ENCODING", "Transfer-Encoding before HTTP/1.1", flag)
  return false
}

const hasNoBody = (status: number): boolean => (status >= 100 && status < 200) || status === 204

const checkHost = (m: Machine, at: number, text: string): boolean => {
  if (m.hosts === 1) {
    if (m.hostIsValid || m.flags.invalidHost) return true
    if (isHost(trimBlanks(text.slice(m.marks[m.hostMark + 2], m.marks[m.hostMark + 3])))) return true
    m.refuse(at, "HPE_INVALID_HEADER_TOKEN", "Invalid Host", "invalidHost")
  } else if (m.hosts === 0) {
    if (!lacksHost(m.versionMajor, m.versionMinor, false) || m.allows("missingHost")) return true
    m.refuse(at, "HPE_INVALID_HEADER_TOKEN", "Missing Host", "missingHost")
  } else {
    if (m.allows("repeatedHost")) return true
    m.refuse(at, "HPE_INVALID_HEADER_TOKEN", "Repeated Host", "repeatedHost")
  }
  return false
}
