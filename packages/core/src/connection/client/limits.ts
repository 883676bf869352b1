/**
 * Time limits for the steps of a request, in milliseconds.
 */
import type { Step } from "../../model/loss.js"

export type { Step } from "../../model/loss.js"

/** Milliseconds; `Infinity`: no limit. */
export type TimeLimits = Readonly<Record<Step | "total", number>>

export const unlimited: TimeLimits = {
  queue: Infinity,
  resolve: Infinity,
  connect: Infinity,
  secure: Infinity,
  send: Infinity,
  head: Infinity,
  body: Infinity,
  total: Infinity
}
