/**
 * Time limits for the steps of a request, in milliseconds.
 */
import type { Span, Step } from "../../model/loss.js"

export type { Step } from "../../model/loss.js"

/** A limit that spans several steps: one attempt, or the whole call with all its attempts (`total`). */
export type { Span } from "../../model/loss.js"

/** Time limits of each step, of an attempt and of the whole call, ms. `Infinity` means no limit. */
export type TimeLimits = Readonly<Record<Step | Span, number>>

export const unlimited: TimeLimits = {
  queue: Infinity,
  resolve: Infinity,
  connect: Infinity,
  secure: Infinity,
  send: Infinity,
  head: Infinity,
  body: Infinity,
  attempt: Infinity,
  total: Infinity
}
