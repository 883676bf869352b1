/**
 * Decides whether a request gets a new connection or waits in the queue, if no idle connection is available.
 *
 * The functions are pure, and decide by counts that the caller keeps. Choosing among idle connections is the
 * task of `choose.ts`.
 */

/**
 * Number of requests that one connection serves at a time. The number is 1, because HTTP/1.1 cannot multiplex
 * requests.
 *
 * @since 0.1.0
 * @category admission
 */
export const capacity = 1

/**
 * Maximum numbers of connections in a pool, including idle connections and connections that are being
 * established. `Infinity` means no limit.
 *
 * @since 0.1.0
 * @category admission
 */
export interface ConnectionLimits {
  /** Maximum number of connections per key of the pool. */
  readonly maxSockets: number
  /** Maximum number of connections under all keys together. */
  readonly maxTotalSockets: number
}

/**
 * Numbers of connections when a request arrives, including idle connections and connections that are being
 * established.
 *
 * @since 0.1.0
 * @category admission
 */
export interface Occupancy {
  /** Number of connections under the key of the request. */
  readonly open: number
  /** Number of connections under all keys. */
  readonly total: number
  /**
   * Number of idle connections of other keys that may be closed to free a slot. The callback API passes 0,
   * because Node's agent closes no connection for this purpose.
   */
  readonly idleElsewhere: number
}

/**
 * The decision about a request for which no idle connection is available.
 *
 * - `Open`: the request gets a new connection
 * - `Replace`: the longest idle connection of all other keys is closed, and the request gets a new connection
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
 * Decides whether a request gets a new connection or waits, if no idle connection is available.
 *
 * @since 0.1.0
 * @category admission
 */
export const admit = (occupancy: Occupancy, limits: ConnectionLimits): Admission => {
  if (occupancy.open * capacity >= limits.maxSockets) return waitForKey
  if (occupancy.total * capacity < limits.maxTotalSockets) return open
  return occupancy.idleElsewhere > 0 ? replace : waitForAny
}
