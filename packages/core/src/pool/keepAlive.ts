/**
 * Decides whether a connection is kept idle after an exchange, until when, and why it is retired.
 *
 * Pure functions, each with its reason. Owns no connection, opens and closes none, reads no clock.
 */

/**
 * How a pool keeps connections between exchanges. Times in milliseconds.
 *
 * @since 0.1.0
 * @category idle
 */
export interface KeepAlivePolicy {
  /** Keep connections after an exchange. */
  readonly keepAlive: boolean
  /** Maximum number of idle connections per key. */
  readonly maxFreeSockets: number
  /** Maximum idle time; `Infinity`: no limit (Node's agent uses 0 for that). */
  readonly idleTimeout: number
  /**
   * How long before the announced idle timeout of the server (`Keep-Alive: timeout=n`) a connection is
   * retired. Node: 1000.
   */
  readonly hintBuffer: number
}

/**
 * Input of the decision to keep a connection.
 *
 * @since 0.1.0
 * @category idle
 */
export interface EndedExchange {
  /** The time, ms. */
  readonly now: number
  /** Idle connections under its key, without this one. */
  readonly free: number
  /** More connections are open than the limits permit, because they were lowered since. */
  readonly crowded: boolean
  /** The idle timeout that the server announced in its last response, ms. */
  readonly hint: number | undefined
  /** When the connection reaches its maximum age (`age.ts`), ms; `Infinity`: never. */
  readonly agesAt: number
}

/**
 * Why a client does not keep a connection, or not any longer.
 *
 * - `KeepAliveOff`: the pool keeps no connections
 * - `MaxFreeSockets`: the maximum number of its key is idle
 * - `OverLimit`: there are more connections than the limits permit
 * - `HintTooShort`: the server closes it before it could safely be reused
 * - `IdleTimeout`: it reached its maximum idle time
 * - `HintExpired`: the server is about to close it
 * - `MaxAge`: it reached its maximum age
 * - `MadeRoom`: a request of another key needed its slot
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
 * `Keep` a connection until that time (ms), or `Close` it at once.
 *
 * `then` is the reason to close it at `until`, `reason` why it is not kept.
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
 * agent obeys `Close` too, but `until` only shortens a timeout that it has: without one it keeps the
 * connection whatever `until` says.
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
 * Whether a connection may serve another request immediately, without being idle in between: unless it is too
 * old. The server's announced idle timeout does not matter here, because no time passes.
 *
 * @since 0.1.0
 * @category idle
 */
export const mayGoOn = (agesAt: number, now: number): boolean => now < agesAt
