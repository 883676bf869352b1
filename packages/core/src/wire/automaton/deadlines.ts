/**
 * The time limits of a server for its peer. The limits apply to a request head, to a whole request, to
 * progress, and to inactivity. The idle timeout between exchanges is in `connection/server/idleList.ts`.
 *
 * The functions are pure. Each function gets the current time, and returns the expired limit or the time of
 * the next check. No function owns a connection, sets a timer or reads a clock. `connection/server` calls
 * `judge`, and the callback API calls `judgeRequest`. The caller acts on the result.
 *
 * @since 0.1.0
 */

/**
 * The time limits of a server for its peer. All times are in milliseconds, and 0 means no limit.
 *
 * @since 0.1.0
 * @category deadlines
 */
export interface DeadlinePolicy {
  /**
   * Maximum time from the first byte of a request to the end of its head. On a new connection the time starts
   * when the connection opens. Default: the smaller of 60 000 and `requestTimeout`. Source: Node's
   * `server.headersTimeout`.
   */
  readonly headersTimeout: number
  /**
   * Maximum time from the first byte of a request to the end of its body. On a new connection the time starts
   * when the connection opens. Default 300 000. Source: Node's `server.requestTimeout`.
   */
  readonly requestTimeout: number
  /** Maximum time without a byte in either direction. Default 0. Source: Node's `server.timeout`. */
  readonly timeout: number
  /**
   * Maximum time in which the peer must send or read `progressBytes`, while the server waits for the peer.
   * Default 120 000. Node has no such limit.
   */
  readonly progressTimeout: number
  /**
   * Number of bytes that count as progress. Default 1024. With the default `progressTimeout`, the peer must
   * transfer 9 bytes per second. Even a very slow link is a hundred times faster.
   */
  readonly progressBytes: number
}

/**
 * The progress of the peer in one direction, while the server waits for the peer.
 *
 * @since 0.1.0
 * @category deadlines
 */
export interface Progress {
  /** Time at which the server began to wait for the next `progressBytes`, ms. */
  readonly since: number
  /** Number of bytes that had been transferred at the time `since`. */
  readonly moved: number
}

/**
 * The state of a connection, from which `judge` finds the expired limit.
 *
 * @since 0.1.0
 * @category deadlines
 */
export interface Waiting {
  /**
   * Time at which the current request began, ms. Before the first byte of a connection, `begun` is the time
   * at which the connection opened. -1 means that there is no request.
   */
  readonly begun: number
  /** Whether the request head is complete, so that the server waits for the body. */
  readonly headComplete: boolean
  /** Time at which the last byte was sent or received, ms. Used only if the policy has a `timeout`. */
  readonly lastActivity: number
  /** The progress of the request body; `undefined` while the server does not read the body. */
  readonly receiving: Progress | undefined
  /** The progress of our output; `undefined` while no output waits for the peer to read. */
  readonly sending: Progress | undefined
  /**
   * The start of our backpressure on the peer; `undefined` without backpressure. While reading is paused, the
   * server cannot notice that the peer has left.
   */
  readonly holding: Progress | undefined
}

/**
 * The limit that has expired. `receiving` and `sending` are expiries of `progressTimeout`, named by the
 * direction without progress.
 *
 * `holding` means that our own backpressure has stopped the peer for `progressTimeout`. The peer is not at
 * fault, so the connection only checks whether the peer is still connected.
 *
 * @since 0.1.0
 * @category deadlines
 */
export type Late = "headersTimeout" | "requestTimeout" | "timeout" | "receiving" | "sending" | "holding"

/**
 * The default limits. A limit that Node also has gets Node's default.
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
 * The default interval at which a server checks its connections for expired limits, ms. Source: Node's
 * `connectionsCheckingInterval`.
 *
 * @since 0.1.0
 * @category deadlines
 */
export const defaultCheckingInterval = 30_000

/**
 * A policy in which limits may be missing. {@link makeDeadlines} adds the defaults.
 *
 * @since 0.1.0
 * @category deadlines
 */
export type GivenDeadlines = { readonly [K in keyof DeadlinePolicy]?: number | undefined }

/**
 * Returns the policy with a default for each missing limit.
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
 * Returns whether the limits contradict each other. `headersTimeout` must not exceed `requestTimeout`,
 * because a request includes its head.
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
 * Returns the current progress. The result is `last` if fewer than `progressBytes` bytes have been
 * transferred since `last.since`. Otherwise the result is a new record that starts at `now`. `moved` is the
 * number of bytes transferred so far.
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
 * Returns the expired limit of an incoming request. If no limit has expired, returns the time at which the
 * next limit expires, in ms; `Infinity` if no limit applies.
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
 * Returns the expired limit of a connection. If no limit has expired, returns the time at which the next
 * limit expires, in ms; `Infinity` if no limit applies.
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
 * Returns the time from one check of all connections to the next, ms. The result is `interval` or the
 * shortest limit, whichever is less. The server notices an expired limit at most this time after its expiry.
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
