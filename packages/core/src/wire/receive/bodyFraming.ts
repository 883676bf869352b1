/**
 * Decides what follows a head (RFC 9112 §6.3, in Node's order): no body, chunks, a number of bytes,
 * everything up to the end of the connection, or another protocol; and whether the connection persists. Never
 * reads bytes, never refuses.
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
