/**
 * Decides whether a request without an idle connection gets a new one or waits in the queue.
 *
 * Pure functions over counts. Never counts itself; the choice among idle connections is in `keepAlive.ts`.
 */

/**
 * Number of requests that one connection serves at a time: HTTP/1.1 has no streams.
 *
 * @since 0.1.0
 * @category admission
 */
export const capacity = 1

/**
 * Maximum numbers of connections in a pool, including idle ones and those being established. `Infinity`: no
 * limit.
 *
 * @since 0.1.0
 * @category admission
 */
export interface ConnectionLimits {
  /** Per key. */
  readonly maxSockets: number
  /** For all keys together. */
  readonly maxTotalSockets: number
}

/**
 * Number of connections when a request arrives, including idle ones and those being established.
 *
 * @since 0.1.0
 * @category admission
 */
export interface Occupancy {
  /** Under the key of the request. */
  readonly open: number
  /** Under all keys. */
  readonly total: number
  /** Idle connections of other keys that could be closed to free a slot. Node's agent closes none: 0. */
  readonly idleElsewhere: number
}

/**
 * - `Open`: open a connection
 * - `Replace`: close the longest idle connection of another key, and open one
 * - `Wait`: join the queue
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
 * Decides whether a request without an idle connection gets a new one.
 *
 * @since 0.1.0
 * @category admission
 */
export const admit = (occupancy: Occupancy, limits: ConnectionLimits): Admission => {
  if (occupancy.open * capacity >= limits.maxSockets) return waitForKey
  if (occupancy.total * capacity < limits.maxTotalSockets) return open
  return occupancy.idleElsewhere > 0 ? replace : waitForAny
}
