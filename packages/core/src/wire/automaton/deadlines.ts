/**
 * Time limits of a server for its peer: for a head, for a whole request, for progress, and for any activity.
 * The idle timeout between exchanges is in `connection/server/idleList.ts`.
 *
 * Pure functions: a function gets the current time and returns the expired limit or the time of the next
 * check. They own no connection, set no timer and read no clock. `connection/server` calls `judge`, and the
 * callback API calls `judgeRequest`; the caller decides how to act on the result.
 *
 * @since 0.1.0
 */

/**
 * All times in milliseconds; 0: no limit.
 *
 * @since 0.1.0
 * @category deadlines
 */
export interface DeadlinePolicy {
  /**
   * Time from the first byte of a request to the end of its head; on a new connection also the time from its
   * opening to its first byte. Default: the smaller of 60 000 and `requestTimeout`. Source: Node's
   * `server.headersTimeout`.
   */
  readonly headersTimeout: number
  /**
   * Time from the same start to the end of the request, including its body. Default 300 000. Source: Node's
   * `server.requestTimeout`.
   */
  readonly requestTimeout: number
  /** Maximum time without a byte in either direction. Default 0. Source: Node's `server.timeout`. */
  readonly timeout: number
  /**
   * Time within which a peer must send or read `progressBytes` while the server waits for this progress.
   * Default 120 000. Node has no such limit.
   */
  readonly progressTimeout: number
  /**
   * Number of bytes that count as progress. Default 1024: with the default time, the required rate is 9 bytes
   * per second, a hundredth of the rate of the slowest honest link.
   */
  readonly progressBytes: number
}

/**
 * Progress in one direction that the server waits for.
 *
 * @since 0.1.0
 * @category deadlines
 */
export interface Progress {
  /** Start of the wait for the next `progressBytes`, ms. */
  readonly since: number
  /** Bytes transferred by then. */
  readonly moved: number
}

/**
 * The state of a connection that determines which limit has expired. A driver's connection has these
 * properties.
 *
 * @since 0.1.0
 * @category deadlines
 */
export interface Waiting {
  /**
   * Start of the current request, ms; before the first byte of a connection, the time of its opening. -1:
   * there is no request.
   */
  readonly begun: number
  /** The head is complete, so the server waits for the body. */
  readonly headComplete: boolean
  /** Time of the last byte sent or received, ms. Used only with a `timeout`. */
  readonly lastActivity: number
  /** Progress of the peer's body, while the server reads it. */
  readonly receiving: Progress | undefined
  /** Progress of our output, while it waits for the peer to read. */
  readonly sending: Progress | undefined
  /** Start of our backpressure, during which the server would not notice that the peer leaves. */
  readonly holding: Progress | undefined
}

/**
 * The limit that has expired. `receiving` and `sending` name the direction without progress. `holding` is not
 * the peer's fault: our own backpressure has stopped the peer for `progressTimeout`, so the connection only
 * checks whether the peer is still connected.
 *
 * @since 0.1.0
 * @category deadlines
 */
export type Late = "headersTimeout" | "requestTimeout" | "timeout" | "receiving" | "sending" | "holding"

/**
 * Node's defaults, and ours where Node has none.
 *
 * @since 0.1.0
 * @category deadlines
 */
export const defaultDeadlines: DeadlinePolicy = {
  headersTimeout: 60_000,
  requestTimeout: 300_000,
  timeout: 0,
  progressTimeout: 120_000,
  progressBytes: 1024
}

/**
 * Interval at which a server checks its connections, ms. Node: `connectionsCheckingInterval`.
 *
 * @since 0.1.0
 * @category deadlines
 */
export const defaultCheckingInterval = 30_000

/**
 * Part of a policy; {@link makeDeadlines} adds the defaults.
 *
 * @since 0.1.0
 * @category deadlines
 */
export type GivenDeadlines = { readonly [K in keyof DeadlinePolicy]?: number | undefined }

/**
 * Completes a policy with the defaults.
 *
 * @since 0.1.0
 * @category deadlines
 */
export const makeDeadlines = (given: GivenDeadlines = {}): DeadlinePolicy => {
  const requestTimeout = given.requestTimeout ?? defaultDeadlines.requestTimeout
  const atMost = requestTimeout > 0 ? requestTimeout : Infinity
  return {
    headersTimeout: given.headersTimeout ?? Math.min(defaultDeadlines.headersTimeout, atMost),
    requestTimeout,
    timeout: given.timeout ?? defaultDeadlines.timeout,
    progressTimeout: given.progressTimeout ?? defaultDeadlines.progressTimeout,
    progressBytes: given.progressBytes ?? defaultDeadlines.progressBytes
  }
}

/**
 * Returns `true` if the policy contradicts itself, because a head cannot take longer than its request.
 *
 * @since 0.1.0
 * @category deadlines
 */
export const contradicts = ({
  headersTimeout,
  requestTimeout
}: Pick<DeadlinePolicy, "headersTimeout" | "requestTimeout">): boolean =>
  requestTimeout > 0 && headersTimeout > requestTimeout

/**
 * Returns the current progress: `last`, or a new record once enough bytes have been transferred. `moved`:
 * bytes transferred so far.
 *
 * @since 0.1.0
 * @category deadlines
 */
export const progress = (
  last: Progress | undefined,
  moved: number,
  now: number,
  policy: DeadlinePolicy
): Progress =>
  last === undefined || moved - last.moved >= policy.progressBytes ? { since: now, moved } : last

/**
 * Returns the expired limit of an incoming request, or the time at which the next limit expires, ms
 * (`Infinity`: no limit applies).
 *
 * @since 0.1.0
 * @category deadlines
 */
export const judgeRequest = (
  { begun, headComplete }: Pick<Waiting, "begun" | "headComplete">,
  { headersTimeout, requestTimeout }: Pick<DeadlinePolicy, "headersTimeout" | "requestTimeout">,
  now: number
): "headersTimeout" | "requestTimeout" | number => {
  if (begun < 0) return Infinity
  const headDue = headComplete || headersTimeout <= 0 ? Infinity : begun + headersTimeout
  if (now >= headDue) return "headersTimeout"
  const requestDue = requestTimeout <= 0 ? Infinity : begun + requestTimeout
  if (now >= requestDue) return "requestTimeout"
  return Math.min(headDue, requestDue)
}

/**
 * Returns the expired limit, or the time at which the next limit expires, ms (`Infinity`: no limit applies).
 *
 * @since 0.1.0
 * @category deadlines
 */
export const judge = (waiting: Waiting, policy: DeadlinePolicy, now: number): Late | number => {
  const request = judgeRequest(waiting, policy, now)
  if (typeof request !== "number") return request
  let next = request
  if (policy.timeout > 0) {
    const deadline = waiting.lastActivity + policy.timeout
    if (now >= deadline) return "timeout"
    next = Math.min(next, deadline)
  }
  if (policy.progressTimeout > 0) {
    for (const late of directions) {
      const progress = waiting[late]
      if (progress === undefined) continue
      const deadline = progress.since + policy.progressTimeout
      if (now >= deadline) return late
      next = Math.min(next, deadline)
    }
  }
  return next
}

const directions = ["sending", "receiving", "holding"] as const

/**
 * Returns the time from one check of all connections to the next, ms: `interval`, or less if the shortest
 * limit requires it. The server therefore notices an expired limit at most this much late.
 *
 * @since 0.1.0
 * @category deadlines
 */
export const lookAgainAfter = (policy: DeadlinePolicy, interval: number): number => {
  let shortest = interval
  for (const limit of [
    policy.headersTimeout,
    policy.requestTimeout,
    policy.timeout,
    policy.progressTimeout
  ]) {
    if (limit > 0 && limit < shortest) shortest = limit
  }
  return Math.max(shortest, 1)
}
