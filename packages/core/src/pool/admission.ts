/**
 * Whether a request that found no idle connection may have one made, or waits in its queue.
 *
 * Pure decisions over counts. Never counts itself, and never looks at which connection is idle: that is
 * `keepAlive.ts`.
 */

/**
 * Requests that one connection serves at a time: HTTP/1.1 has no streams.
 *
 * @since 0.1.0
 * @category admission
 */
export const capacity = 1

/**
 * Connections that a pool may have; idle ones and those being made count. `Infinity`: no limit.
 *
 * @since 0.1.0
 * @category admission
 */
export interface ConnectionLimits {
  /** Per key. */
  readonly maxSockets: number
  /** Of all keys together. */
  readonly maxTotalSockets: number
}

/**
 * What is there when a request comes. Connections being made count, idle ones too.
 *
 * @since 0.1.0
 * @category admission
 */
export interface Occupancy {
  /** Under the key of the request. */
  readonly open: number
  /** Under all keys. */
  readonly total: number
  /** Idle ones of other keys that could be closed to make room. Node's agent closes none: 0. */
  readonly idleElsewhere: number
}

/**
 * - `Open`: make a connection
 * - `Replace`: close an idle connection of another key, the oldest, and make one
 * - `Wait`: join the queue
 *
 * `reason` is the limit that was met.
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
 * Whether a request that found no idle connection may have one made.
 *
 * @since 0.1.0
 * @category admission
 */
export const admit = (occupancy: Occupancy, limits: ConnectionLimits): Admission => {
  if (occupancy.open * capacity >= limits.maxSockets) return waitForKey
  if (occupancy.total * capacity < limits.maxTotalSockets) return open
  return occupancy.idleElsewhere > 0 ? replace : waitForAny
}
