/**
 * Decides whether a request for which there is no idle connection gets a new connection or waits in the
 * queue.
 *
 * Pure functions of counts that the caller keeps. Never chooses among idle connections (`choose.ts` does).
 */

/**
 * Number of requests that one connection serves at a time. It is 1, because HTTP/1.1 has no streams.
 *
 * @since 0.1.0
 * @category admission
 */
export const capacity = 1

/**
 * Maximum numbers of connections in a pool, including idle ones and those being established. `Infinity` means
 * no limit.
 *
 * @since 0.1.0
 * @category admission
 */
export interface ConnectionLimits {
  /** Maximum per key. */
  readonly maxSockets: number
  /** Maximum for all keys together. */
  readonly maxTotalSockets: number
}

/**
 * Number of connections when a request arrives, including idle ones and those being established.
 *
 * @since 0.1.0
 * @category admission
 */
export interface Occupancy {
  /** Connections under the key of the request. */
  readonly open: number
  /** Connections under all keys. */
  readonly total: number
  /**
   * Idle connections of other keys that may be closed to free a slot. 0 for Node's agent, which does not
   * close them.
   */
  readonly idleElsewhere: number
}

/**
 * - `Open`: the request gets a new connection
 * - `Replace`: the longest idle connection of another key is closed, and the request gets a new connection
 * - `Wait`: the request joins the queue
 *
 * `reason` is the limit that was reached.
 *
 * @since 0.1.0
 * @category admission
 */
export type Admission =
  | { readonly _tag: "Open" }
  | { readonly _tag: "Replace"; readonly reason: "MaxTotalSockets" }
  | { readonly _tag: "Wait"; readonly reason: "MaxSockets" | "MaxTotalSockets" }

const open: Admission = { _tag: "Open" }
const replace: Admission = { _tag: "Replace", reason: "MaxTotalSockets" }
const waitForKey: Admission = { _tag: "Wait", reason: "MaxSockets" }
const waitForAny: Admission = { _tag: "Wait", reason: "MaxTotalSockets" }

/**
 * Decides whether a request for which there is no idle connection gets a new one.
 *
 * @since 0.1.0
 * @category admission
 */
export const admit = (occupancy: Occupancy, limits: ConnectionLimits): Admission => {
  if (occupancy.open * capacity >= limits.maxSockets) return waitForKey
  if (occupancy.total * capacity < limits.maxTotalSockets) return open
  return occupancy.idleElsewhere > 0 ? replace : waitForAny
}
