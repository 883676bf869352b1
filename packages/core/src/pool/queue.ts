/**
 * Chooses the queue that gets a free slot: a released connection, or room for a new one.
 *
 * Two policies: ours, fair between keys, and the order of Node's agent. Each queue is first come, first
 * served. Never owns or changes a queue.
 */
import type { ConnectionLimits } from "./admission.js"

/**
 * A key with queued requests.
 *
 * @since 0.1.0
 * @category queues
 */
export interface WaitingKey {
  /** The key of the queue. */
  readonly key: string
  /** Connections under the key: in use, idle and being established. */
  readonly open: number
  /** Since when its first request has waited, ms. */
  readonly since: number
}

/**
 * The key whose first request gets the slot. `freed`: the key of a released connection, still counted in
 * `open`; a request of another key gets its slot only by closing it. `undefined`: there is room for a new
 * connection.
 *
 * The key with the fewest connections goes first, so that a busy origin does not starve a quiet one. Among
 * equals, a released connection stays with its key while each has one left, because closing and reopening
 * connections in turn would help no request. If they have none, the longest wait goes first, so no request
 * waits forever.
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
 * Queues and sockets of Node's agent: `requests` are queued, `sockets` in use, both by name. An entry of
 * `requests` is never empty.
 *
 * @since 0.1.0
 * @category queues
 */
export interface NodeAgentState {
  readonly requests: Readonly<Record<string, ReadonlyArray<unknown> | undefined>>
  readonly sockets: Readonly<Record<string, ReadonlyArray<unknown> | undefined>>
}

/**
 * The key for whose first request Node's agent connects after a connection under `closed` has closed: the
 * same key if it has queued requests; otherwise the first key that ever queued, but none if that one has
 * sockets.
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
