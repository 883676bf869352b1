/**
 * Decides what follows a head (RFC 9112 §6.3, in Node's order): no body, chunks, a number of bytes,
 * everything up to the end of the connection, or another protocol; and whether the connection persists. Also
 * has the checks that need the whole head. Never reads bytes.
 */
import { hasNoContent, isBodiless, switchesProtocols } from "../grammar/bodiless.js"
import { isHost, lacksHost } from "../grammar/host.js"
import { trimBlanks } from "../grammar/lists.js"
import { Body } from "./events.js"
import type { RequestHead } from "./head.js"
import { Fact, type Machine } from "./machine.js"
import { wrongForm } from "./target.js"

export const Follows = {
  Nothing: 0,
  OtherProtocol: 1,
  Chunks: 2,
  Length: 3,
  UntilClose: 4,
  Unknown: 5
} as const

const CONNECT = "CONNECT"

/**
 * How a client reads what follows the head of a final response (RFC 9112 §6.3, items 1 and 2).
 *
 * @since 0.1.0
 * @category events
 */
export const bodyOf = (method: string, status: number): Body =>
  switchesProtocols(method, status)
    ? Body.Stop
    : method === "HEAD" || hasNoContent(status)
      ? Body.Skip
      : Body.Read

/**
 * Whether the head of a request announces a body (RFC 9112 §6.3, items 3 to 7). `otherCodings`: also if
 * `chunked` is not the last coding, which the flag `chunkedNotLast` permits.
 *
 * @since 0.1.0
 * @category events
 */
export const announcesBody = (head: RequestHead, otherCodings: boolean): boolean =>
  head.chunked ||
  (head.contentLength !== undefined && head.contentLength > 0) ||
  (otherCodings && head.get("transfer-encoding") !== undefined)

/** Sets `upgrade`: an upgrade or tunnel was requested, or a 101 completes the upgrade. */
export const decideUpgrade = (m: Machine): void => {
  const both = Fact.Upgrade | Fact.ConnectionUpgrade
  m.upgrade = (m.facts & both) === both ? m.request || m.status === 101 : m.method === CONNECT
}

/** The stage that follows the head, after the driver's reply to it. */
export const whatFollows = (m: Machine): number => {
  const facts = m.facts
  const hasBody = (facts & Fact.Chunked) !== 0 || m.remaining > 0
  if (m.upgrade && (m.method === CONNECT || (facts & Fact.SkipBody) !== 0 || !hasBody))
    return Follows.OtherProtocol
  if (!m.request) {
    if (m.status === 101) return Follows.OtherProtocol
    // Of the 1xx, only those known to have no body; any other 1xx with a framed body is read.
    if (m.status === 100 || m.status === 102 || m.status === 103 || hasNoContent(m.status)) {
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
  if (isBodiless(m.status)) return false
  if ((m.facts & Fact.SkipBody) !== 0) return false
  if ((m.facts & Fact.TransferEncoding) !== 0 && (m.facts & Fact.Chunked) === 0) return true
  return (m.facts & (Fact.Chunked | Fact.ContentLength)) === 0
}

/** RFC 9112 §9.3 as in Node's parser, by version and options alone. Trailers may still change the result. */
const persists = (m: Machine): boolean => {
  if ((m.facts & Fact.LastInDoubt) !== 0) return false
  if (m.versionMajor > 0 && m.versionMinor > 0) return (m.facts & Fact.Close) === 0
  return (m.facts & Fact.KeepAlive) !== 0
}

/** Whether the connection persists, its body's framing included. */
export const keepsAlive = (m: Machine): boolean => persists(m) && !needsClose(m)

/** The same as a number: 0 closes, 1 closes only if the body needs it, 2 persists. */
export const reuseAfter = (m: Machine): number => (!persists(m) ? 0 : needsClose(m) ? 1 : 2)

/** Checks that need the whole head; each one is a leniency of Node's parser. False: refused at `at`. */
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

/** A response without body by its status, with fields that frame one (RFC 9112 §6.3, item 1). */
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
 * Transfer codings came with HTTP/1.1 (RFC 9112 §6.1): an older message is read, and its connection closed.
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
