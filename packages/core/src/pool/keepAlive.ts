/**
 * Which idle connection serves a request, which is kept after an exchange, and until when.
 *
 * Pure decisions over what is given, each with its reason. Owns no connection, opens and closes none, reads
 * no clock.
 */

/**
 * `lifo`: the connection that became idle last, so that few stay in use; `fifo`: the one that has been idle
 * longest.
 *
 * @since 0.1.0
 * @category idle
 */
export type Scheduling = "lifo" | "fifo"

/**
 * How a pool treats connections between exchanges. Times in milliseconds.
 *
 * @since 0.1.0
 * @category idle
 */
export interface KeepAlivePolicy {
  /** Keep connections after an exchange. */
  readonly keepAlive: boolean
  /** Idle connections that a key may have. */
  readonly maxFreeSockets: number
  /** How long a connection may be idle; `Infinity`: no limit (Node's agent has 0 for that). */
  readonly idleTimeout: number
  /**
   * How long before the end that the server announced (`Keep-Alive: timeout=n`) a connection is given up.
   * Node: 1000.
   */
  readonly hintBuffer: number
}

/**
 * What the decision to keep a connection needs to know.
 *
 * @since 0.1.0
 * @category idle
 */
export interface EndedExchange {
  /** The time, ms. */
  readonly now: number
  /** Idle connections under its key, without this one. */
  readonly free: number
  /** More connections are open than the limits allow: they were lowered meanwhile. */
  readonly crowded: boolean
  /** What the server announced in its last response, ms. */
  readonly hint: number | undefined
  /** When the connection is too old (`age.ts`), ms; `Infinity`: never. */
  readonly agesAt: number
}

/**
 * Why a connection is not, or no longer, kept.
 *
 * - `KeepAliveOff`: the pool keeps none
 * - `MaxFreeSockets`: enough of its key are idle
 * - `OverLimit`: there are more connections than the limits allow
 * - `HintTooShort`: the server closes it sooner than it could safely be used again
 * - `IdleTimeout`: it was idle for as long as it may be
 * - `HintExpired`: the server is about to close it
 * - `MaxAge`: it is as old as it may become
 * - `MadeRoom`: a request of another key needed its place
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
 * What becomes of a connection: `Keep` it until that time (ms), or `Close` it at once.
 *
 * `then` says what ends it at `until`, `reason` why it is not kept.
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
 * What becomes of a connection whose exchange has ended, that could be used again and that nobody waits for.
 * Node's agent obeys `Close` likewise, but shortens only a timeout it has: without one it keeps a connection
 * whatever `until` says.
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
 * Whether a connection may serve one more request at once, without having been idle: not where it is too old.
 * What the server announced does not matter here: no time passes.
 *
 * @since 0.1.0
 * @category idle
 */
export const mayGoOn = (agesAt: number, now: number): boolean => now < agesAt

/**
 * Which idle connection serves: `connection`, at this `index` of the list; or none, with the `reason`: no one
 * is idle, or none of them may be used.
 *
 * @since 0.1.0
 * @category idle
 */
export type Choice<C> =
  | { readonly _tag: "Reuse"; readonly connection: C; readonly index: number }
  | { readonly _tag: "None"; readonly reason: "NoneIdle" | "NoneUsable" }

const noneIdle = { _tag: "None", reason: "NoneIdle" } as const
const noneUsable = { _tag: "None", reason: "NoneUsable" } as const

/**
 * The connection for the next request. `idle` is in the order in which its members became idle; those that
 * are not `usable` (out of time, closed meanwhile) are passed over.
 *
 * @since 0.1.0
 * @category idle
 */
export const choose = <C>(
  idle: ReadonlyArray<C> | undefined,
  scheduling: Scheduling,
  now: number,
  usable: (connection: C, now: number) => boolean
): Choice<C> => {
  if (idle === undefined || idle.length === 0) return noneIdle
  const step = scheduling === "lifo" ? -1 : 1
  for (let index = step < 0 ? idle.length - 1 : 0; index >= 0 && index < idle.length; index += step) {
    const connection = idle[index] as C
    if (usable(connection, now)) return { _tag: "Reuse", connection, index }
  }
  return noneUsable
}
