/**
 * How long a client waits for what: from durations as users write them to milliseconds, `undefined` where
 * nothing is limited.
 *
 * Merges what request, client and agent say, the nearest first. Sets no timer.
 */
import * as Duration from "effect/Duration"
import type { Timeouts } from "../options/request.js"
import { unlimited, type Step, type TimeLimits } from "../../connection/client/limits.js"

const names = Object.keys(unlimited) as ReadonlyArray<keyof TimeLimits>

/** The limits of `timeouts` over those beneath. Where nothing is limited: `undefined`. */
export const merge = (
  timeouts: Timeouts | undefined,
  beneath: TimeLimits | undefined
): TimeLimits | undefined => {
  if (timeouts === undefined) return beneath
  const limits: Record<Step | "total", number> = { ...(beneath ?? unlimited) }
  let limited = false
  for (const name of names) {
    const own = timeouts[name]
    if (own !== undefined) limits[name] = Duration.toMillis(own)
    if (limits[name] !== Infinity) limited = true
  }
  return limited ? limits : undefined
}

/** What an agent's `timeout` limits: every silence of a socket, as in Node. */
export const ofAgent = (timeout: number): TimeLimits | undefined =>
  timeout === Infinity
    ? undefined
    : { ...unlimited, connect: timeout, secure: timeout, head: timeout, body: timeout }
