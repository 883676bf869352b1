/**
 * Decides whether a failed request is retried, and after which delay, for users who enable retries.
 *
 * Never retries a request that the server may have processed, unless the request is idempotent. Respects
 * `Retry-After`. A budget limits retries to a small part of all requests, so that they cannot prolong an
 * outage. Pure functions, which never wait and store no budget.
 */

/**
 * Limits of retries. Times are in milliseconds.
 *
 * @since 0.1.0
 * @category retries
 */
export interface RetryLimits {
  /** Maximum number of retries per request. */
  readonly times: number
  /** Maximum delay before the first retry; this maximum doubles with each further retry. */
  readonly base: number
  /** Upper bound of that doubled maximum. */
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
  /**
   * Whether the failure may be temporary: the connection was lost or never established, or the status is one
   * to retry.
   */
  readonly transient: boolean
  /** Whether the server cannot have processed the request, because nothing was sent. */
  readonly unsent: boolean
  /** Whether the request is idempotent. */
  readonly idempotent: boolean
  /** The whole body is still in memory. */
  readonly replayable: boolean
  /** Number of earlier retries. */
  readonly retried: number
  /** Delay requested by the server, ms. */
  readonly retryAfter: number | undefined
}

/**
 * The reason why a request is not retried: the failure is permanent, the request is not idempotent, its body
 * is no longer in memory, it has used all its retries, the server requests too long a delay, or the budget is
 * empty.
 *
 * @since 0.1.0
 * @category retries
 */
export type StopReason =
  "NotTransient" | "NotIdempotent" | "NotReplayable" | "TimesUsed" | "AskedForTooLong" | "BudgetEmpty"

/**
 * The decision: retry after `delay` (ms), or stop for this `reason`.
 *
 * @since 0.1.0
 * @category retries
 */
export type RetryDecision =
  { readonly _tag: "Wait"; readonly delay: number } | { readonly _tag: "Stop"; readonly reason: StopReason }

const stop = (reason: StopReason): RetryDecision => ({ _tag: "Stop", reason })

/**
 * Decides about one failure. `chance` is a random number from 0 to 1, drawn anew for each decision. The delay
 * is random between 0 and its maximum, so that clients that failed together do not retry together. If the
 * server requested a delay, the delay is the requested one plus a small random part.
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
 * Rules of a token bucket: a request adds a fraction of a token, a retry removes one token.
 *
 * @since 0.1.0
 * @category retries
 */
export interface BudgetPolicy {
  /** Retries per request in the long run. */
  readonly ratio: number
  /** Tokens added per second, so that clients with few requests can retry too. */
  readonly perSecond: number
  /** Capacity of the bucket, which is initially full. */
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
  /** Time at which the tokens were counted, ms. */
  readonly at: number
}

/**
 * Returns a full bucket.
 *
 * @since 0.1.0
 * @category retries
 */
export const fullBudget = (policy: BudgetPolicy, now: number): Budget => ({ tokens: policy.burst, at: now })

/**
 * Returns the bucket after adding `tokens` (negative to remove) and the tokens for the time that has passed.
 *
 * @since 0.1.0
 * @category retries
 */
export const spend = (budget: Budget, policy: BudgetPolicy, now: number, tokens: number): Budget => {
  const brought = Math.max(0, (now - budget.at) / 1000) * policy.perSecond
  return { tokens: Math.min(policy.burst, budget.tokens + brought + tokens), at: now }
}
