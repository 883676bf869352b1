/**
 * Decides whether a request is resent on a new connection after its connection was lost (RFC 9112 §9.3.1).
 *
 * A server may close an idle connection while a client writes a request to this connection. The client cannot
 * know whether the server has processed the request. The request is therefore resent at most once, and only
 * if it is idempotent or no byte of it was sent. A request is never resent if the lost connection was new,
 * because a further new connection could fail likewise.
 */

/**
 * Facts about a request whose connection was lost.
 *
 * @since 0.1.0
 * @category resending
 */
export interface LostRequest {
  /** The method of the request. A request that is not idempotent is resent only if `unsent` is `true`. */
  readonly method: string
  /** Whether the connection had served an exchange before. */
  readonly reused: boolean
  /** Number of response bytes received. */
  readonly received: number
  /** Whether no byte of the request was written to the connection. */
  readonly unsent: boolean
  /** Whether the whole request body is still in memory. */
  readonly replayable: boolean
  /** Number of times that the request has already been resent. */
  readonly resent: number
}

/**
 * The decision whether a request is resent. `Again` means that the request is resent. `GiveUp` contains the
 * first reason that applies:
 *
 * - `FreshConnection`: the connection had served no exchange before
 * - `AnswerBegun`: a part of the response was received
 * - `SentAgain`: the request was resent before
 * - `NotReplayable`: the request body is no longer in memory
 * - `NotIdempotent`: the request is not idempotent, and a part of it was sent
 *
 * @since 0.1.0
 * @category resending
 */
export type Resend =
  | { readonly _tag: "Again" }
  | {
      readonly _tag: "GiveUp"
      /** The first of the reasons above that applies. */
      readonly reason: "FreshConnection" | "AnswerBegun" | "NotReplayable" | "NotIdempotent" | "SentAgain"
    }

const again = { _tag: "Again" } as const
const giveUp = <R extends string>(reason: R) => ({ _tag: "GiveUp", reason }) as const

const idempotent: ReadonlySet<string> = new Set(["GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE"])

/**
 * Returns whether the method is idempotent, so that several identical requests have the same effect as one
 * request (RFC 9110 §9.2.2).
 *
 * @since 0.1.0
 * @category resending
 */
export const isIdempotent = (method: string): boolean => idempotent.has(method)

/**
 * Returns whether a request may be resent if its connection is lost before the response. Before a request
 * that must not be resent is sent on an idle connection, the client waits for one turn of the event loop. If
 * the server has already closed the connection, the client reads the FIN in this turn.
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
