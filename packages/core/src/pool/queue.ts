/**
 * Chooses the queue whose first request gets a free slot. A slot is a released connection, or room for a new
 * connection.
 *
 * There are two policies. Our policy is fair between the keys of the pool, and the other policy is the order
 * of Node's agent. Within a queue, requests are served in the order of their arrival. The functions never own
 * or change a queue.
 */
import type { ConnectionLimits } from "./admission.js"

/**
 * A key of the pool with queued requests.
 *
 * @since 0.1.0
 * @category queues
 */
export interface WaitingKey {
  /** The key of the queue. */
  readonly key: string
  /**
   * Number of connections under the key, including idle connections and connections that are being
   * established.
   */
  readonly open: number
  /** Time at which the first request of the queue began to wait, ms. */
  readonly since: number
}

/**
 * Returns the key whose first request gets the free slot. `freed` is the key of the released connection, or
 * `undefined` if there is room for a new connection. The released connection still counts in `open`. If
 * another key gets the slot, the caller must close the released connection.
 *
 * The key with the fewest connections gets the slot, so that a busy origin does not starve a quiet origin. If
 * several keys tie with at least one connection each, a released connection stays with its own key if
 * possible. To close it and open another connection would gain no time for any request. In all other cases
 * the key whose first request has waited longest gets the slot, so that no request waits forever.
 *
 * @since 0.1.0
 * @category queues
 */
export const nextFair = <W extends WaitingKey>(
  waiting: Iterable<W>,
  freed: string | undefined,
  limits: ConnectionLimits
): W | undefined => {
  let best: W | undefined
  let bestOpen = Infinity
  for (const candidate of waiting) {
    const own = candidate.key === freed
    if (!own && candidate.open >= limits.maxSockets) continue
    const open = own ? candidate.open - 1 : candidate.open
    if (open < bestOpen || (open === bestOpen && goesFirst(candidate, best as W, open, freed))) {
      best = candidate
      bestOpen = open
    }
  }
  return best
}

const goesFirst = (one: WaitingKey, other: WaitingKey, open: number, freed: string | undefined): boolean => {
  if (open > 0 && other.key === freed) return false
  if (open > 0 && one.key === freed) return true
  return one.since < other.since
}

/**
 * The queues and the sockets of Node's agent, by the name of the connection. `requests` has the queued
 * requests, and `sockets` has the sockets in use. No entry of `requests` is an empty list.
 *
 * @since 0.1.0
 * @category queues
 */
export interface NodeAgentState {
  readonly requests: Readonly<Record<string, ReadonlyArray<unknown> | undefined>>
  readonly sockets: Readonly<Record<string, ReadonlyArray<unknown> | undefined>>
}

/**
 * Returns the key that gets a new connection in Node's agent, after a connection under the key `closed` has
 * closed. The result is `closed` if this key has queued requests. Otherwise the result is the first key in
 * `requests`, or `undefined` if that first key has sockets in use.
 *
 * @since 0.1.0
 * @category queues
 */
export const nextAsNode = (state: NodeAgentState, closed: string): string | undefined => {
  const own = state.requests[closed]
  if (own !== undefined && own.length > 0) return closed
  for (const key in state.requests) {
    const sockets = state.sockets[key]
    return sockets !== undefined && sockets.length > 0 ? undefined : key
  }
  return undefined
}
