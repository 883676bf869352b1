/**
 * What follows a head (RFC 9112 §6.3, in Node's order): no body, chunks, so many bytes, everything up to the end of
 * the connection, or no HTTP at all; and whether the connection outlives the message. Also the checks that need the
 * whole head. Decides only; reads no bytes.
 */
import { Allow } from "./flags.js"
import { Fact, type Machine } from "./machine.js"
import { isHostText, wrongForm } from "./target.js"

export const Follows = {
  Nothing: 0,
  OtherProtocol: 1,
  Chunks: 2,
  Length: 3,
  UntilClose: 4,
  Unknown: 5
} as const

const CONNECT = "CONNECT"

/** Sets `upgrade`: asked for, or in a 101 done; or a tunnel asked for. */
export const decideUpgrade = (m: Machine): void => {
  const both = Fact.Upgrade | Fact.ConnectionUpgrade
  m.upgrade = (m.facts & both) === both ? m.request || m.status === 101 : m.method === CONNECT
}

/** What follows the head, now that the driver has been asked. */
export const whatFollows = (m: Machine): number => {
  const facts = m.facts
  const hasBody = (facts & Fact.Chunked) !== 0 || m.remaining > 0
  if (m.upgrade && (m.method === CONNECT || (facts & Fact.SkipBody) !== 0 || !hasBody))
    return Follows.OtherProtocol
  if (!m.request) {
    if (m.status === 101) return Follows.OtherProtocol
    // Of the 1xx only those that are known to have none; another one with a framed body has it read.
    if (m.status === 100 || m.status === 102 || m.status === 103 || m.status === 204 || m.status === 304) {
      return Follows.Nothing
    }
  }
  if ((facts & Fact.SkipBody) !== 0) return Follows.Nothing
  if ((facts & Fact.Chunked) !== 0) return Follows.Chunks
  if ((facts & Fact.TransferEncoding) !== 0) {
    return m.request && !m.allows("chunkedNotLast") ? Follows.Unknown : Follows.UntilClose
  }
  if ((facts & Fact.ContentLength) !== 0) return m.remaining === 0 ? Follows.Nothing : Follows.Length
  return needsClose(m) ? Follows.UntilClose : Follows.Nothing
}

const needsClose = (m: Machine): boolean => {
  if (m.request) return false
  if ((m.status >= 100 && m.status < 200) || m.status === 204 || m.status === 304) return false
  if ((m.facts & Fact.SkipBody) !== 0) return false
  if ((m.facts & Fact.TransferEncoding) !== 0 && (m.facts & Fact.Chunked) === 0) return true
  return (m.facts & (Fact.Chunked | Fact.ContentLength)) === 0
}

/** RFC 9112 §9.3, as Node's parser has it. Trailers may still change it. */
export const keepsAlive = (m: Machine): boolean => {
  if (m.versionMajor > 0 && m.versionMinor > 0) {
    if ((m.facts & Fact.Close) !== 0) return false
  } else if ((m.facts & Fact.KeepAlive) === 0) {
    return false
  }
  return !needsClose(m)
}

// A parser with all these flags has no fault to look for in a whole head.
const CHECKED =
  Allow.targetForms |
  Allow.missingHost |
  Allow.repeatedHost |
  Allow.invalidHost |
  Allow.lengthWithoutBody |
  Allow.transferEncodingInHttp10

/** The faults that only a whole head shows, all of them Node's parser's leniencies. False: refused at `at`. */
export const checkHead = (m: Machine, at: number, text: string): boolean => {
  if ((m.allow & CHECKED) === CHECKED) return true
  if (m.request) {
    if (!m.originForm && (m.allow & Allow.targetForms) === 0) {
      const reason = wrongForm(m.method, text.slice(m.lineStart, m.lineEnd))
      if (reason !== undefined) {
        m.refuse(at, "HPE_INVALID_URL", reason, "targetForms")
        return false
      }
    }
    if (!checkHost(m, at, text)) return false
  } else if (hasNoBody(m.status) && (m.allow & Allow.lengthWithoutBody) === 0) {
    if ((m.facts & Fact.TransferEncoding) !== 0 || m.remaining > 0) {
      m.refuse(
        at,
        "HPE_UNEXPECTED_CONTENT_LENGTH",
        `Content framed in a ${m.status} response`,
        "lengthWithoutBody"
      )
      return false
    }
  }
  if ((m.facts & Fact.TransferEncoding) === 0 || (m.versionMajor === 1 && m.versionMinor === 1)) return true
  if (m.allows("transferEncodingInHttp10")) return true
  const reason = "Transfer-Encoding before HTTP/1.1"
  m.refuse(at, "HPE_INVALID_TRANSFER_ENCODING", reason, "transferEncodingInHttp10")
  return false
}

const hasNoBody = (status: number): boolean => (status >= 100 && status < 200) || status === 204

const checkHost = (m: Machine, at: number, text: string): boolean => {
  if (m.hosts === 1) {
    if (m.hostIsValid || (m.allow & Allow.invalidHost) !== 0) return true
    if (isHostText(text.slice(m.marks[m.hostMark + 2], m.marks[m.hostMark + 3]).trimEnd())) return true
    m.refuse(at, "HPE_INVALID_HEADER_TOKEN", "Invalid Host", "invalidHost")
  } else if (m.hosts === 0) {
    if (m.versionMajor !== 1 || m.versionMinor !== 1 || m.allows("missingHost")) return true
    m.refuse(at, "HPE_INVALID_HEADER_TOKEN", "Missing Host", "missingHost")
  } else {
    if (m.allows("repeatedHost")) return true
    m.refuse(at, "HPE_INVALID_HEADER_TOKEN", "Repeated Host", "repeatedHost")
  }
  return false
}
