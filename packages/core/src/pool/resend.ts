/**
 * Whether a request whose connection died may be sent again on a fresh one without asking the caller.
 *
 * A server may close an idle connection at the very moment at which a request is written to it, and the
 * client cannot tell (RFC 9112 §9.3.1). Only then, only once, and only where doing it twice is the same as
 * doing it once: this never repairs a failure that a fresh connection would have had as well.
 */

/**
 * What is known when the connection of a request ends.
 *
 * @since 0.1.0
 * @category resending
 */
export interface LostRequest {
  /** Its method: only idempotent ones are sent again, unless nothing was sent. */
  readonly method: string
  /** The connection had served an exchange before. */
  readonly reused: boolean
  /** Bytes of the answer that had come. */
  readonly received: number
  /** Nothing of the request had been handed to the connection. */
  readonly unsent: boolean
  /** The whole body is still at hand. */
  readonly replayable: boolean
  /** How often the request has been sent again already. */
  readonly resent: number
}

/**
 * Send it `Again`, or `GiveUp`, for the first `reason` that holds: the connection was fresh, an answer had
 * begun, it was sent again before, its body is gone, or doing it twice is not the same as doing it once.
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
 * Methods of which many identical requests have the effect of one (RFC 9110 §9.2.2).
 *
 * @since 0.1.0
 * @category resending
 */
export const isIdempotent = (method: string): boolean => idempotent.has(method)

/**
 * Whether a request could be sent again if its connection died before an answer had begun. One that could not
 * does not go out on a kept connection before a FIN that has already come was read.
 *
 * @since 0.1.0
 * @category resending
 */
export const isResendable = (method: string, replayable: boolean): boolean =>
  replayable && isIdempotent(method)

/**
 * Whether a request whose connection died is sent again on a fresh one (RFC 9112 §9.3.1).
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
