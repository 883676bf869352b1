/**
 * Chooses the queue that gets a free slot. A slot is a released connection, or room for a new connection.
 *
 * There are two policies: ours, which is fair between keys, and the order of Node's agent. Within a queue,
 * requests are served in the order of their arrival. Never owns or changes a queue.
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
  /** Number of connections under the key, including idle ones and those being established. */
  readonly open: number
  /** Time since which the first request of the queue has waited, ms. */
  readonly since: number
}

/**
 * Returns the key whose first request gets the slot. `freed` is the key of the released connection, which is
 * still counted in `open`; for a request of another key this connection must be closed. `freed` is
 * `undefined` if there is room for a new connection.
 *
 * The key with the fewest connections gets the slot, so that a busy origin does not starve a quiet one. If
 * several keys have the fewest, and this number is not 0, a released connection stays with its key, because
 * alternately closing and opening connections would help no request. If the number is 0, the key whose
 * request has waited longest gets the slot, so that no request waits forever.
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
 * Queues and sockets of Node's agent by name: `requests` has queued requests, `sockets` has sockets in use.
 * An entry of `requests` is never an empty list.
 *
 * @since 0.1.0
 * @category queues
 */
export interface NodeAgentState {
  readonly requests: Readonly<Record<string, ReadonlyArray<unknown> | undefined>>
  readonly sockets: Readonly<Record<string, ReadonlyArray<unknown> | undefined>>
}

/**
 * Returns the key for whose first request Node's agent connects after a connection under `closed` has closed.
 * This is the same key if it has queued requests. Otherwise it is the first key in `requests`, unless that
 * key has sockets; then the result is `undefined`.
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
