/**
 * How long a server waits for its peer: for a head, for a whole request, for any movement at all.
 *
 * Decisions over values: `now` goes in, a verdict or the next moment to look comes out. Owns no connection,
 * sets no timer, reads no clock. `connection/server` asks `judge`, the callback API `judgeRequest`; what they
 * do about a verdict is theirs.
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
   * From the first byte of a request to the end of its head; and from the opening of a connection to its
   * first byte. Default: the smaller of 60 000 and `requestTimeout`. Source: Node's `server.headersTimeout`.
   */
  readonly headersTimeout: number
  /**
   * From the same moment to the end of the request, body included. Default 300 000. Source: Node's
   * `server.requestTimeout`.
   */
  readonly requestTimeout: number
  /** Without a byte in either direction, handler or not. Default 0. Source: Node's `server.timeout`. */
  readonly timeout: number
  /**
   * Within so long a peer that is waited for must send, or take, `progressBytes`. Default 120 000. Node has
   * no such limit.
   */
  readonly progressTimeout: number
  /**
   * Default 1024: with the default time 9 bytes a second, of which the slowest honest link has a hundredfold.
   */
  readonly progressBytes: number
}

/**
 * What is still being waited for, in one direction.
 *
 * @since 0.1.0
 * @category deadlines
 */
export interface Progress {
  /** When waiting for the next `progressBytes` began, ms. */
  readonly since: number
  /** Bytes that had moved by then. */
  readonly moved: number
}

/**
 * What of a connection the verdict depends on. A driver's connection has these properties.
 *
 * @since 0.1.0
 * @category deadlines
 */
export interface Waiting {
  /**
   * When the request under way began, ms; before the first byte of a connection: when that was opened. -1:
   * none is.
   */
  readonly begun: number
  /** The head has come: it is the body that is waited for. */
  readonly headComplete: boolean
  /** When the last byte came or went, ms. Only read where there is a `timeout`. */
  readonly lastActivity: number
  /** The peer's body, while we read it. */
  readonly receiving: Progress | undefined
  /** Our output, while it waits for the peer. */
  readonly sending: Progress | undefined
  /** Since when we hold the peer back, and so would not see it leave. */
  readonly holding: Progress | undefined
}

/**
 * Which limit has passed. `receiving` and `sending` say which direction does not move; `holding` is no fault
 * of the peer's: it has been held back for `progressTimeout`, and whether it is still there is to be looked
 * at.
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
 * How often a server checks its connections, ms. Node: `connectionsCheckingInterval`.
 *
 * @since 0.1.0
 * @category deadlines
 */
export const defaultCheckingInterval = 30_000

/**
 * Some of a policy's limits; {@link makeDeadlines} fills in the rest.
 *
 * @since 0.1.0
 * @category deadlines
 */
export type GivenDeadlines = { readonly [K in keyof DeadlinePolicy]?: number | undefined }

/**
 * Fills in what was left out.
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
 * A head cannot take longer than the request that it is part of: a policy that says so is a mistake.
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
 * The progress to hold against `now`: the one given, or the next once enough has moved. `moved`: bytes so
 * far.
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
 * The limit of an arriving request that has passed, or else when the next one does, ms (`Infinity`: none is
 * running).
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
 * The limit that has passed, or else when the next one does, ms (`Infinity`: none is running).
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
 * How long after one look at all connections the next is due, ms: `interval`, or as often as the shortest
 * limit asks for. A limit is thus met at most so much late.
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
