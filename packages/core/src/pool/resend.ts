/**
 * Decides whether a request is resent on a new connection after its connection was lost.
 *
 * A server may close an idle connection at the very moment at which a request is written to it, and the
 * client cannot tell (RFC 9112 §9.3.1). Resends only in that case, only once, and only requests that are
 * idempotent or of which nothing was sent: never repairs a failure that a new connection would have had too.
 */

/**
 * Facts about a request whose connection was lost.
 *
 * @since 0.1.0
 * @category resending
 */
export interface LostRequest {
  /** Its method: only idempotent requests are resent, unless nothing was sent. */
  readonly method: string
  /** The connection had served an exchange before. */
  readonly reused: boolean
  /** Bytes of the response received. */
  readonly received: number
  /** No byte of the request was given to the connection. */
  readonly unsent: boolean
  /** The whole body is still in memory. */
  readonly replayable: boolean
  /** How often the request has been resent. */
  readonly resent: number
}

/**
 * Resend it (`Again`), or `GiveUp` for the first `reason` that applies: the connection was new, a response
 * had begun, it was resent before, its body is gone, or the request is not idempotent.
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
 * Whether several identical requests with this method have the effect of one (RFC 9110 §9.2.2).
 *
 * @since 0.1.0
 * @category resending
 */
export const isIdempotent = (method: string): boolean => idempotent.has(method)

/**
 * Whether a request could be resent if its connection were lost before the response. If not, it is sent on a
 * kept connection only after a pending FIN would have been read.
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
