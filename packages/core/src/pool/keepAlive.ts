/**
 * Decides whether a connection is kept idle after an exchange, until when, and for which reason it is
 * retired.
 *
 * Pure functions whose decisions contain a reason. Never opens or closes a connection and never reads a
 * clock.
 */

/**
 * Rules for keeping connections between exchanges. Times are in milliseconds.
 *
 * @since 0.1.0
 * @category idle
 */
export interface KeepAlivePolicy {
  /** Whether connections are kept after an exchange. */
  readonly keepAlive: boolean
  /** Maximum number of idle connections per key. */
  readonly maxFreeSockets: number
  /** Maximum idle time; `Infinity` for no limit (in Node's agent, 0). */
  readonly idleTimeout: number
  /**
   * Time before the announced idle timeout of the server (`Keep-Alive: timeout=n`) at which a connection is
   * retired. Node's agent uses 1000.
   */
  readonly hintBuffer: number
}

/**
 * Facts for the decision whether a connection is kept.
 *
 * @since 0.1.0
 * @category idle
 */
export interface EndedExchange {
  /** The time, ms. */
  readonly now: number
  /** Number of idle connections under the same key, without this connection. */
  readonly free: number
  /** Whether more connections are open than the limits permit, because the limits were lowered. */
  readonly crowded: boolean
  /**
   * The idle timeout that the server announced in its last response, ms; `undefined` if it announced none.
   */
  readonly hint: number | undefined
  /**
   * Time at which the connection reaches its maximum age (`age.ts`), ms; `Infinity` if it has no maximum age.
   */
  readonly agesAt: number
}

/**
 * The reason why a client does not keep a connection after an exchange, or closes an idle connection.
 *
 * - `KeepAliveOff`: the pool keeps no connections
 * - `MaxFreeSockets`: the maximum number of connections of its key is already idle
 * - `OverLimit`: there are more connections than the limits permit
 * - `HintTooShort`: the announced idle timeout is too short for a safe reuse
 * - `IdleTimeout`: the connection reached its maximum idle time
 * - `HintExpired`: the server is about to close the connection, by its announced idle timeout
 * - `MaxAge`: the connection reached its maximum age
 * - `MadeRoom`: a request of another key needed the slot
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
 * The decision about a connection: `Keep` it idle until the time `until` (ms), or `Close` it immediately.
 *
 * `then` is the reason for closing the connection at `until`; `reason` is the reason for not keeping it.
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
 * Decides whether to keep a reusable connection after its exchange, if no request is queued for it. Node's
 * agent obeys `Close` too, but uses `until` only to shorten its own timeout: an agent without a timeout
 * ignores `until`.
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
 * Whether a connection may immediately serve another request, without being idle in between. It may unless it
 * has reached its maximum age. The server's announced idle timeout is ignored, because no time passes.
 *
 * @since 0.1.0
 * @category idle
 */
export const mayGoOn = (agesAt: number, now: number): boolean => now < agesAt
