/**
 * Whether a failed request is tried once more, and after how long: for those who ask for it, not by itself.
 *
 * What may have been acted on twice is not repeated, a server's wish is respected, and a budget keeps retries
 * a small part of all requests, so that they cannot keep an outage going. Decisions only: it waits for
 * nothing and holds no budget.
 */

/**
 * Times in milliseconds.
 *
 * @since 0.1.0
 * @category retries
 */
export interface RetryLimits {
  /** How often a request may be tried again. */
  readonly times: number
  /** The longest wait before the first retry; it doubles with each. */
  readonly base: number
  /** The longest wait that is chosen here. */
  readonly cap: number
  /** The longest wait that a server may ask for (`Retry-After`). */
  readonly patience: number
}

/**
 * What is known of a failure.
 *
 * @since 0.1.0
 * @category retries
 */
export interface Failure {
  /** It may pass: the connection was lost or never made, or the status says so. */
  readonly transient: boolean
  /** The server cannot have acted on it. */
  readonly unsent: boolean
  /** Doing it twice is the same as doing it once. */
  readonly idempotent: boolean
  /** The whole body is still at hand. */
  readonly replayable: boolean
  /** How often it has been tried again already. */
  readonly retried: number
  /** How long the server asks to wait, ms. */
  readonly retryAfter: number | undefined
}

/**
 * Why a request is not tried again: the failure will not pass; doing it twice may be something else than
 * doing it once; its body is gone; it was tried often enough; the server asks for more patience than there
 * is; the budget is spent.
 *
 * @since 0.1.0
 * @category retries
 */
export type StopReason =
  "NotTransient" | "NotIdempotent" | "NotReplayable" | "TimesUsed" | "AskedForTooLong" | "BudgetEmpty"

/**
 * Try again after `delay` (ms), or stop, for this `reason`.
 *
 * @since 0.1.0
 * @category retries
 */
export type RetryDecision =
  { readonly _tag: "Wait"; readonly delay: number } | { readonly _tag: "Stop"; readonly reason: StopReason }

const stop = (reason: StopReason): RetryDecision => ({ _tag: "Stop", reason })

/**
 * `chance`: 0 to 1, new for each decision. The wait is anything between nothing and its limit, so that
 * clients that failed together do not come back together; where the server names a time it is that, and a
 * little more at random.
 *
 * @since 0.1.0
 * @category retries
 */
export const retry = (failure: Failure, limits: RetryLimits, chance: number): RetryDecision => {
  if (!failure.transient) return stop("NotTransient")
  if (failure.retried >= limits.times) return stop("TimesUsed")
  if (!failure.replayable) return stop("NotReplayable")
  if (!failure.unsent && !failure.idempotent) return stop("NotIdempotent")
  const { retryAfter } = failure
  if (retryAfter !== undefined) {
    if (retryAfter > limits.patience) return stop("AskedForTooLong")
    return { _tag: "Wait", delay: retryAfter + Math.round(chance * limits.base) }
  }
  const longest = Math.min(limits.cap, limits.base * 2 ** failure.retried)
  return { _tag: "Wait", delay: Math.round(chance * longest) }
}

/**
 * A bucket of tokens: a request puts a part of one in, a retry takes one out.
 *
 * @since 0.1.0
 * @category retries
 */
export interface BudgetPolicy {
  /** Retries per request, in the long run. */
  readonly ratio: number
  /** Retries per second that are free, so that one who asks rarely may retry too. */
  readonly perSecond: number
  /** Tokens that the bucket holds; it begins full. */
  readonly burst: number
}

/**
 * A bucket as it was at one moment.
 *
 * @since 0.1.0
 * @category retries
 */
export interface Budget {
  /** What is in it; a retry needs 1. May be a fraction. */
  readonly tokens: number
  /** When they were counted, ms. */
  readonly at: number
}

/**
 * A bucket that nothing was taken out of.
 *
 * @since 0.1.0
 * @category retries
 */
export const fullBudget = (policy: BudgetPolicy, now: number): Budget => ({ tokens: policy.burst, at: now })

/**
 * The budget after some tokens were put in (or taken out), and with what time has brought.
 *
 * @since 0.1.0
 * @category retries
 */
export const spend = (budget: Budget, policy: BudgetPolicy, now: number, tokens: number): Budget => {
  const brought = Math.max(0, (now - budget.at) / 1000) * policy.perSecond
  return { tokens: Math.min(policy.burst, budget.tokens + brought + tokens), at: now }
}
