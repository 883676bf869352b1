/**
 * Decides whether a failed request is retried, and after what delay, for users who enable retries.
 *
 * Never retries what the server may have executed unless it is idempotent, respects `Retry-After`, and keeps
 * retries a small part of all requests by a budget, so that they cannot prolong an outage. Pure functions:
 * never waits, and holds no budget.
 */

/**
 * Limits of retries. Times in milliseconds.
 *
 * @since 0.1.0
 * @category retries
 */
export interface RetryLimits {
  /** Maximum number of retries per request. */
  readonly times: number
  /** Maximum delay before the first retry; it doubles with each retry. */
  readonly base: number
  /** Maximum delay of the backoff. */
  readonly cap: number
  /** Maximum delay that a server may request (`Retry-After`). */
  readonly patience: number
}

/**
 * Facts about a failure.
 *
 * @since 0.1.0
 * @category retries
 */
export interface Failure {
  /** It may be temporary: the connection was lost or never established, or the status says so. */
  readonly transient: boolean
  /** The server cannot have acted on the request. */
  readonly unsent: boolean
  /** The request is idempotent. */
  readonly idempotent: boolean
  /** The whole body is still in memory. */
  readonly replayable: boolean
  /** Number of earlier retries. */
  readonly retried: number
  /** Delay requested by the server, ms. */
  readonly retryAfter: number | undefined
}

/**
 * Why a request is not retried: the failure is permanent; the request is not idempotent; its body is gone; it
 * has used its retries; the server requests too long a delay; the budget is empty.
 *
 * @since 0.1.0
 * @category retries
 */
export type StopReason =
  "NotTransient" | "NotIdempotent" | "NotReplayable" | "TimesUsed" | "AskedForTooLong" | "BudgetEmpty"

/**
 * Retry after `delay` (ms), or stop for this `reason`.
 *
 * @since 0.1.0
 * @category retries
 */
export type RetryDecision =
  { readonly _tag: "Wait"; readonly delay: number } | { readonly _tag: "Stop"; readonly reason: StopReason }

const stop = (reason: StopReason): RetryDecision => ({ _tag: "Stop", reason })

/**
 * Decides about one failure. `chance`: random, 0 to 1, new for each decision. The delay is random between 0
 * and its limit, so that clients that failed together do not retry together; if the server requested a delay,
 * that one plus a small random part.
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
 * Token bucket: a request adds a fraction of a token, a retry takes one.
 *
 * @since 0.1.0
 * @category retries
 */
export interface BudgetPolicy {
  /** Retries per request in the long run. */
  readonly ratio: number
  /** Tokens added per second, so that clients with few requests can retry too. */
  readonly perSecond: number
  /** Capacity of the bucket, which is full at first. */
  readonly burst: number
}

/**
 * State of a token bucket at one moment.
 *
 * @since 0.1.0
 * @category retries
 */
export interface Budget {
  /** Number of tokens, possibly a fraction; a retry needs 1. */
  readonly tokens: number
  /** When they were counted, ms. */
  readonly at: number
}

/**
 * A full bucket.
 *
 * @since 0.1.0
 * @category retries
 */
export const fullBudget = (policy: BudgetPolicy, now: number): Budget => ({ tokens: policy.burst, at: now })

/**
 * The bucket after tokens were added or taken (negative), with those that time has added.
 *
 * @since 0.1.0
 * @category retries
 */
export const spend = (budget: Budget, policy: BudgetPolicy, now: number, tokens: number): Budget => {
  const brought = Math.max(0, (now - budget.at) / 1000) * policy.perSecond
  return { tokens: Math.min(policy.burst, budget.tokens + brought + tokens), at: now }
}
