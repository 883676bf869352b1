/**
 * Decides whether a failed request is retried, and after which delay. Retries are off by default.
 *
 * A request that the server may have processed is retried only if the request is idempotent. `Retry-After` is
 * respected. A budget limits retries to a small part of all requests, so that retries cannot prolong an
 * outage. The functions are pure, never wait, and store no budget.
 */

/**
 * The limits of retries. Times are in milliseconds.
 *
 * @since 0.1.0
 * @category retries
 */
export interface RetryLimits {
  /** Maximum number of retries per request. */
  readonly times: number
  /** Maximum delay before the first retry. The maximum doubles with each further retry, up to `cap`. */
  readonly base: number
  /** Maximum delay before any retry, however often `base` has doubled. */
  readonly cap: number
  /**
   * Maximum delay that a server may request with `Retry-After`. If the server requests more, the request is
   * not retried.
   */
  readonly patience: number
}

/**
 * Facts about a failed request.
 *
 * @since 0.1.0
 * @category retries
 */
export interface Failure {
  /**
   * Whether the failure may be temporary. Examples are a lost connection, a failed attempt to connect, and
   * certain statuses of a response.
   */
  readonly transient: boolean
  /** Whether no byte of the request was sent, so that the server cannot have processed it. */
  readonly unsent: boolean
  /** Whether the request is idempotent. */
  readonly idempotent: boolean
  /** Whether the whole request body is still in memory. */
  readonly replayable: boolean
  /** Number of earlier retries of the request. */
  readonly retried: number
  /** Delay that the server requested with `Retry-After`, ms. */
  readonly retryAfter: number | undefined
  /** Time left of the limit of the whole call, ms. `Infinity`: there is no limit. */
  readonly left: number
}

/**
 * The reason why a request is not retried.
 *
 * - `NotTransient`: the failure is permanent
 * - `NotIdempotent`: the request is not idempotent, and the server may have processed it
 * - `NotReplayable`: the request body is no longer in memory
 * - `TimesUsed`: the request has used all its retries
 * - `AskedForTooLong`: the server requested too long a delay
 * - `NoTimeLeft`: the limit of the call (`timeouts.total`) would expire before the retry
 * - `BudgetEmpty`: the budget permits no retry now
 *
 * @since 0.1.0
 * @category retries
 */
export type StopReason =
  | "NotTransient"
  | "NotIdempotent"
  | "NotReplayable"
  | "TimesUsed"
  | "AskedForTooLong"
  | "NoTimeLeft"
  | "BudgetEmpty"

/**
 * The decision about a failed request. `Wait` means a retry after `delay` (ms), and `Stop` means no retry,
 * for this `reason`.
 *
 * @since 0.1.0
 * @category retries
 */
export type RetryDecision =
  { readonly _tag: "Wait"; readonly delay: number } | { readonly _tag: "Stop"; readonly reason: StopReason }

const stop = (reason: StopReason): RetryDecision => ({ _tag: "Stop", reason })

/**
 * Decides whether a failed request is retried. `chance` is a random number from 0 to 1, drawn anew for each
 * decision.
 *
 * The delay is random between 0 and its maximum, so that clients that failed together do not retry together.
 * If the server requested a delay, the request waits for that delay and at most `base` longer.
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
    return wait(failure, retryAfter + Math.round(chance * limits.base))
  }
  const longest = Math.min(limits.cap, limits.base * 2 ** failure.retried)
  return wait(failure, Math.round(chance * longest))
}

const wait = ({ left }: Failure, delay: number): RetryDecision =>
  delay < left ? { _tag: "Wait", delay } : stop("NoTimeLeft")

/**
 * The rules of the token bucket that limits retries. A request adds a fraction of a token, and a retry
 * removes one token.
 *
 * @since 0.1.0
 * @category retries
 */
export interface BudgetPolicy {
  /** Number of tokens that a request adds, and thus the number of retries per request in the long run. */
  readonly ratio: number
  /** Number of tokens added per second. These tokens let clients with few requests retry too. */
  readonly perSecond: number
  /** Maximum number of tokens in the bucket. The bucket is initially full. */
  readonly burst: number
}

/**
 * The state of a token bucket at one moment.
 *
 * @since 0.1.0
 * @category retries
 */
export interface Budget {
  /** Number of tokens in the bucket, possibly a fraction. A retry needs 1 token. */
  readonly tokens: number
  /** Time at which the tokens were counted, ms. */
  readonly at: number
}

/**
 * Returns a full token bucket.
 *
 * @since 0.1.0
 * @category retries
 */
export const fullBudget = (policy: BudgetPolicy, now: number): Budget => ({ tokens: policy.burst, at: now })

/**
 * Returns the bucket after `tokens` and the tokens for the time since `budget.at` were added. A negative
 * `tokens` removes tokens.
 *
 * @since 0.1.0
 * @category retries
 */
export const spend = (budget: Budget, policy: BudgetPolicy, now: number, tokens: number): Budget => {
  const brought = Math.max(0, (now - budget.at) / 1000) * policy.perSecond
  return { tokens: Math.min(policy.burst, budget.tokens + brought + tokens), at: now }
}
