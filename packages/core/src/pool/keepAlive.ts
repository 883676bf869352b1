/**
 * Decides whether a connection is kept idle after an exchange, and until when. If the connection is not kept,
 * the decision contains the reason.
 *
 * The functions are pure, never open or close a connection, and never read a clock.
 */

/**
 * The rules for keeping idle connections between exchanges. Times are in milliseconds.
 *
 * @since 0.1.0
 * @category idle
 */
export interface KeepAlivePolicy {
  /** Whether connections stay open after an exchange. */
  readonly keepAlive: boolean
  /** Maximum number of idle connections per key. */
  readonly maxFreeSockets: number
  /** Maximum idle time. `Infinity` means no limit (in Node's agent: 0). */
  readonly idleTimeout: number
  /**
   * Safety margin for an idle timeout that the server announced in `Keep-Alive`. The connection is retired
   * this much before the announced timeout expires. Node's agent uses 1000.
   */
  readonly hintBuffer: number
}

/**
 * The facts about a connection that decide whether the connection is kept after its exchange.
 *
 * @since 0.1.0
 * @category idle
 */
export interface EndedExchange {
  /** The current time, ms. */
  readonly now: number
  /** Number of idle connections under the key, without this connection. */
  readonly free: number
  /** Whether a reduction of the limits has left more connections open than the limits permit. */
  readonly crowded: boolean
  /**
   * The idle timeout that the server's last response announced, ms; `undefined` if the response announced no
   * timeout.
   */
  readonly hint: number | undefined
  /**
   * Time at which the connection reaches its maximum age (`agesAt` in `age.ts`), ms. `Infinity` means no
   * maximum age.
   */
  readonly agesAt: number
}

/**
 * The reason why a client does not keep a connection after an exchange, or closes an idle connection.
 *
 * - `KeepAliveOff`: the pool keeps no connections
 * - `MaxFreeSockets`: as many connections of the key as `maxFreeSockets` permits are already idle
 * - `OverLimit`: there are more connections than the limits permit
 * - `HintTooShort`: the server's announced idle timeout is not longer than `hintBuffer`, so no reuse would be
 *   safe
 * - `IdleTimeout`: the connection reached its maximum idle time
 * - `HintExpired`: the server's announced idle timeout is about to expire, and the server then closes the
 *   connection
 * - `MaxAge`: the connection reached its maximum age
 * - `MadeRoom`: a request of another key needed the connection's slot in the pool
 *
 * @since 0.1.0
 * @category idle
 */
export type RetireReason =
  | "KeepAliveOff"
  | "MaxFreeSockets"
  | "OverLimit"
  | "HintTooShort"
  | "IdleTimeout"
  | "HintExpired"
  | "MaxAge"
  | "MadeRoom"

/**
 * The decision about a connection after an exchange. `Keep` means that the connection stays idle until the
 * time `until` (ms). `Close` means that the connection is closed immediately.
 *
 * `then` is the reason for closing the kept connection at `until`. `reason` is the reason for closing the
 * connection immediately.
 *
 * @since 0.1.0
 * @category idle
 */
export type Retention =
  | { readonly _tag: "Keep"; readonly until: number; readonly then: "IdleTimeout" | "HintExpired" | "MaxAge" }
  | { readonly _tag: "Close"; readonly reason: RetireReason }

const close = (reason: RetireReason): Retention => ({ _tag: "Close", reason })
const keepAliveOff = close("KeepAliveOff")
const maxFreeSockets = close("MaxFreeSockets")
const overLimit = close("OverLimit")
const hintTooShort = close("HintTooShort")
const maxAge = close("MaxAge")

/**
 * Decides whether a reusable connection is kept idle after its exchange. Must be called only if no queued
 * request takes the connection.
 *
 * The agent of the callback API obeys `Close`. As in Node, this agent uses `until` only to shorten its own
 * timeout, and ignores `until` if it has no timeout.
 *
 * @since 0.1.0
 * @category idle
 */
export const retain = (ended: EndedExchange, policy: KeepAlivePolicy): Retention => {
  if (!policy.keepAlive) return keepAliveOff
  if (ended.crowded) return overLimit
  if (ended.free >= policy.maxFreeSockets) return maxFreeSockets
  if (ended.now >= ended.agesAt) return maxAge
  let until = ended.now + policy.idleTimeout
  let then: "IdleTimeout" | "HintExpired" | "MaxAge" = "IdleTimeout"
  if (ended.hint !== undefined) {
    if (ended.hint <= policy.hintBuffer) return hintTooShort
    const hinted = ended.now + ended.hint - policy.hintBuffer
    if (hinted < until) {
      until = hinted
      then = "HintExpired"
    }
  }
  if (ended.agesAt < until) {
    until = ended.agesAt
    then = "MaxAge"
  }
  return { _tag: "Keep", until, then }
}

/**
 * Returns whether a connection may serve a queued request directly after an exchange. Only the maximum age of
 * the connection decides. An idle timeout does not matter, because the connection is not idle between the two
 * exchanges.
 *
 * @since 0.1.0
 * @category idle
 */
export const mayGoOn = (agesAt: number, now: number): boolean => now < agesAt
