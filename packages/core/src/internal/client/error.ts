/**
 * Which failures a request and a response body can end with, and the errors of the records below.
 */
import type * as Cause from "effect/Cause"
import { fromLoss } from "../../errors/fromLoss.js"
import type * as HttpError from "../../HttpError.js"
import type { RequestLoss, ResponseLoss, Thrown } from "../../model/loss.js"
import type { RequestViolation, TrailersViolation } from "../../wire/index.js"

/**
 * Why the body of a response is not whole.
 *
 * - `ConnectionFailed` with `ERR_HTTPFX_BODY_UNREAD`: nobody read for `unreadTimeout`
 * - `ConnectionFailed` with `ERR_HTTPFX_BODY_READ`: the body was read as a stream before
 * - `ConnectionFailed` with `ERR_HTTPFX_UPLOAD_FAILED`: the stream of the request's body failed after the
 *   head had come
 * - `ConnectionFailed` with `ERR_HTTPFX_CLIENT_CLOSED`: the client's scope ended
 * - `ConnectionFailed` with `ABORT_ERR`: a reader went away, or the scope of the response ended
 *
 * @since 0.1.0
 * @category errors
 */
export type BodyError =
  HttpError.ConnectionError | HttpError.ParseError | HttpError.BodyTimedOut | HttpError.RequestTimedOut

/**
 * Why a request has no response.
 *
 * @since 0.1.0
 * @category errors
 */
export type RequestError =
  | BodyError
  | HttpError.OfViolation<RequestViolation | TrailersViolation>
  | HttpError.InvalidProtocol
  | HttpError.InvalidOption
  | HttpError.OutOfOrder
  | HttpError.UpgradeNotAsked
  | HttpError.NameNotResolved
  | HttpError.InvalidUrl
  | HttpError.TimeoutError
  | HttpError.ProxyRefused
  | HttpError.ProxyAuthenticationRequired
  | HttpError.RedirectError

/** The error of a loss. */
export const lossError = (loss: Exclude<RequestLoss, Thrown>): RequestError =>
  loss._tag === "NotConnected" ? (loss.error as RequestError) : fromLoss(loss)

/** The error of a loss within a body. */
export const bodyError = (loss: ResponseLoss): BodyError => fromLoss(loss) as BodyError

/** The failure of a function or a stream of the caller's. */
export const thrown = (loss: Thrown): Cause.Cause<unknown> => loss.cause as Cause.Cause<unknown>
