/**
 * Converts a client's timeouts from durations to milliseconds. The result is `undefined` if there are no
 * limits.
 *
 * Merges the timeouts of request, client and agent, in this order of precedence. Sets no timer.
 */
import * as Duration from "effect/Duration"
import type { Timeouts } from "../options/request.js"
import { unlimited, type Span, type Step, type TimeLimits } from "../../connection/client/limits.js"

const names = Object.keys(unlimited) as ReadonlyArray<keyof TimeLimits>

/**
 * Merges two sets of limits. A limit in `timeouts` overrides the same limit in `beneath`. Returns `undefined`
 * if nothing is limited.
 */
export const merge = (
  timeouts: Timeouts | undefined,
  beneath: TimeLimits | undefined
): TimeLimits | undefined => {
  if (timeouts === undefined) return beneath
  const limits: Record<Step | Span, number> = { ...(beneath ?? unlimited) }
  let limited = false
  for (const name of names) {
    const own = timeouts[name]
    if (own !== undefined) limits[name] = Duration.toMillis(own)
    if (limits[name] !== Infinity) limited = true
  }
  return limited ? limits : undefined
}

/**
 * Returns the limits that an agent's `timeout` implies. As in Node, this timeout limits every phase in which
 * a socket can be inactive.
 */
export const ofAgent = (timeout: number): TimeLimits | undefined =>
  timeout === Infinity
    ? undefined
    : { ...unlimited, connect: timeout, secure: timeout, head: timeout, body: timeout }
