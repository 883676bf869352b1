/**
 * Which queue gets a place that became free: a connection whose exchange ended, or room for a new one.
 *
 * Two policies: fair between keys, which is ours, and the order of Node's agent. Within one queue it is
 * always first come, first served. Owns no queue and takes nothing out of one.
 */
import type { ConnectionLimits } from "./admission.js"

/**
 * A key with requests that wait.
 *
 * @since 0.1.0
 * @category queues
 */
export interface WaitingKey {
  /** The key of the queue. */
  readonly key: string
  /** Connections under the key: in use, idle and being made. */
  readonly open: number
  /** Since when its first request has waited, ms. */
  readonly since: number
}

/**
 * The key whose first request gets the place. `freed`: the key of a connection that can be used again, still
 * counted in `open`; another key's request gets its place only by closing it. `undefined`: there is room for
 * a new connection.
 *
 * The fewest connections first, so that a busy origin does not keep a quiet one waiting. Between equals the
 * connection stays with its key while each has one left: closing and making connections in turn would serve
 * nobody. Where they have none, the longest wait goes first, so nobody waits for ever.
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
 * Queues and sockets as Node's agent has them: an entry of `requests` is never empty. `requests` are those
 * that wait, `sockets` those in use, both by name.
 *
 * @since 0.1.0
 * @category queues
 */
export interface NodeAgentState {
  readonly requests: Readonly<Record<string, ReadonlyArray<unknown> | undefined>>
  readonly sockets: Readonly<Record<string, ReadonlyArray<unknown> | undefined>>
}

/**
 * The key for whose first request Node's agent makes a connection when one under `closed` is gone: its own
 * queue, or else the first key that ever queued, unless that one has sockets: then none.
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
