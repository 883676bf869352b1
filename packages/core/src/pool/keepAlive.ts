/**
 * Which idle connection serves a request, which is kept after an exchange, and which has waited too long.
 *
 * Pure decisions over what is given, each with its reason. Owns no connection, opens and closes none, reads no clock.
 */

/** How a pool treats connections between exchanges. */
export interface KeepAlivePolicy {
  /** Keep connections after an exchange. */
  readonly keepAlive: boolean
  /** Milliseconds that a connection may be idle before it is closed. */
  readonly idleTimeout: number
}

/** What the decisions need to know of an idle connection. */
export interface IdleConnection {
  /** When it became idle, ms. */
  readonly idleSince: number
}

/** Why a connection is not, or no longer, kept. */
export type RetireReason = "KeepAliveOff" | "IdleTimeout"

export type Choice<C> =
  | { readonly _tag: "Reuse"; readonly connection: C }
  | { readonly _tag: "Open"; readonly reason: "NoneIdle" | "AllExpired" }

const noneIdle = { _tag: "Open", reason: "NoneIdle" } as const
const allExpired = { _tag: "Open", reason: "AllExpired" } as const

/** When an idle connection is to be closed, ms. */
export const expiry = (connection: IdleConnection, policy: KeepAlivePolicy): number =>
  connection.idleSince + policy.idleTimeout

/**
 * The connection for the next request. `idle` is in the order in which its members became idle; the one that became
 * idle last is the least likely to be closed by its peer meanwhile, and lets the others run out (Node's `lifo`).
 */
export const choose = <C extends IdleConnection>(
  idle: ReadonlyArray<C> | undefined,
  now: number,
  policy: KeepAlivePolicy
): Choice<C> => {
  const last = idle === undefined ? undefined : idle[idle.length - 1]
  if (last === undefined) return noneIdle
  return now < expiry(last, policy) ? { _tag: "Reuse", connection: last } : allExpired
}

/** What becomes of a connection whose exchange has ended and that could be used again: kept, or why not. */
export const retain = (policy: KeepAlivePolicy): RetireReason | undefined =>
  policy.keepAlive ? undefined : "KeepAliveOff"

/** How many of the connections, from the first on, have been idle for too long. */
export const expired = (
  idle: ReadonlyArray<IdleConnection>,
  now: number,
  policy: KeepAlivePolicy
): number => {
  let count = 0
  for (const connection of idle) {
    if (now < expiry(connection, policy)) break
    count++
  }
  return count
}
