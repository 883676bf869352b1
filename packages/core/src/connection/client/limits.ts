/**
 * Time limits for the steps of a request, in milliseconds.
 */
import type { Step } from "../../model/loss.js"

export type { Step } from "../../model/loss.js"

/** Time limits of each step and of the whole request (`total`), ms. `Infinity` means no limit. */
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
