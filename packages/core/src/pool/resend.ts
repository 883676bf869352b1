/**
 * Decides whether a request is resent on a new connection after its connection was lost.
 *
 * A server may close an idle connection at the moment at which a client writes a request to it, and the
 * client cannot know whether the server has processed the request (RFC 9112 §9.3.1). A request is resent only
 * in this case, only once, and only if it is idempotent or was not sent at all. Never resends after a failure
 * that could also happen on a new connection.
 */

/**
 * Facts about a request whose connection was lost.
 *
 * @since 0.1.0
 * @category resending
 */
export interface LostRequest {
  /** The method. Only idempotent requests are resent, unless nothing was sent. */
  readonly method: string
  /** Whether the connection had served an exchange before. */
  readonly reused: boolean
  /** Bytes of the response received. */
  readonly received: number
  /** Whether no byte of the request was written to the connection. */
  readonly unsent: boolean
  /** Whether the whole body is still in memory. */
  readonly replayable: boolean
  /** Number of times that the request has been resent. */
  readonly resent: number
}

/**
 * The decision: `Again` to resend the request, or `GiveUp` with the first `reason` that applies. The
 * connection was new, a response had begun, the request was resent before, its body is no longer in memory,
 * or it is not idempotent.
 *
 * @since 0.1.0
 * @category resending
 */
export type Resend =
  | { readonly _tag: "Again" }
  | {
      readonly _tag: "GiveUp"
      readonly reason: "FreshConnection" | "AnswerBegun" | "NotReplayable" | "NotIdempotent" | "SentAgain"
    }

const again = { _tag: "Again" } as const
const giveUp = <R extends string>(reason: R) => ({ _tag: "GiveUp", reason }) as const

const idempotent: ReadonlySet<string> = new Set(["GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE"])

/**
 * Whether several identical requests with this method have the same effect as one request (RFC 9110 §9.2.2).
 *
 * @since 0.1.0
 * @category resending
 */
export const isIdempotent = (method: string): boolean => idempotent.has(method)

/**
 * Whether a request could be resent if its connection were lost before the response. If it could not, the
 * request is sent on an idle connection only after a turn of the event loop in which a pending FIN would have
 * been read.
 *
 * @since 0.1.0
 * @category resending
 */
export const isResendable = (method: string, replayable: boolean): boolean =>
  replayable && isIdempotent(method)

/**
 * Decides whether a request is resent on a new connection (RFC 9112 §9.3.1).
 *
 * @since 0.1.0
 * @category resending
 */
export const resend = (lost: LostRequest): Resend => {
  if (!lost.reused) return giveUp("FreshConnection")
  if (lost.received > 0) return giveUp("AnswerBegun")
  if (lost.resent > 0) return giveUp("SentAgain")
  if (!lost.replayable) return giveUp("NotReplayable")
  return lost.unsent || isIdempotent(lost.method) ? again : giveUp("NotIdempotent")
}
