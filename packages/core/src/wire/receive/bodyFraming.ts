/**
 * Decides how the bytes after a head are read (RFC 9112 §6.3, in Node's order). The bytes may be a body
 * (framed by chunks, by a length or by the end of the connection), another protocol, or the next message.
 * Also decides whether the connection persists. Never reads bytes and never refuses a message.
 */
import { hasNoContent, isBodiless, switchesProtocols } from "../grammar/bodiless.js"
import { Body } from "./events.js"
import type { RequestHead } from "./head.js"
import { Fact, type Machine } from "./machine.js"

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
 * Returns how a client reads the bytes after the head of a final response (RFC 9112 §6.3, items 1 and 2).
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
 * Returns whether the head of a request announces a body (RFC 9112 §6.3, items 3 to 7). With `otherCodings`,
 * a request whose last transfer coding is not `chunked` also announces a body. The flag `chunkedNotLast`
 * permits such requests.
 *
 * @since 0.1.0
 * @category events
 */
export const announcesBody = (head: RequestHead, otherCodings: boolean): boolean =>
  head.chunked ||
  (head.contentLength !== undefined && head.contentLength > 0) ||
  (otherCodings && head.get("transfer-encoding") !== undefined)

/** Sets `m.upgrade` if the request asks for an upgrade or a tunnel, or if a 101 completes an upgrade. */
export const decideUpgrade = (m: Machine): void => {
  const both = Fact.Upgrade | Fact.ConnectionUpgrade
  m.upgrade = (m.facts & both) === both ? m.request || m.status === 101 : m.method === CONNECT
}

/**
 * Returns how the bytes after the head are read, as a member of `Follows`. Must be called after the driver
 * has replied to the head with a `Body`, because the reply can set `SkipBody`.
 */
export const whatFollows = (m: Machine): number => {
  const facts = m.facts
  const hasBody = (facts & Fact.Chunked) !== 0 || m.remaining > 0
  if (m.upgrade && (m.method === CONNECT || (facts & Fact.SkipBody) !== 0 || !hasBody))
    return Follows.OtherProtocol
  if (!m.request) {
    if (m.status === 101) return Follows.OtherProtocol
    // Responses with these statuses never have a body. A response with another 1xx status may have a body.
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

/**
 * Returns whether the connection persists after the message, by version and connection options only (RFC 9112
 * §9.3), as in Node's parser. Trailers may still change the result.
 */
const persists = (m: Machine): boolean => {
  if ((m.facts & Fact.LastInDoubt) !== 0) return false
  if (m.versionMajor > 0 && m.versionMinor > 0) return (m.facts & Fact.Close) === 0
  return (m.facts & Fact.KeepAlive) !== 0
}

/**
 * Returns whether the connection persists after the message. A body that is framed by the end of the
 * connection prevents persistence.
 */
export const keepsAlive = (m: Machine): boolean => persists(m) && !needsClose(m)

/**
 * Returns whether the connection persists, as a number. 0 means that the connection closes. 2 means that the
 * connection persists. 1 means that the connection closes only if the message has a body, because the end of
 * the connection then frames the body.
 */
export const reuseAfter = (m: Machine): number => (!persists(m) ? 0 : needsClose(m) ? 1 : 2)
