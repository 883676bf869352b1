/**
 * The errors of a request and of a response body. Converts loss records (`model/loss.ts`) to these errors.
 */
import type * as Cause from "effect/Cause"
import { fromLoss } from "../../errors/fromLoss.js"
import type * as HttpError from "../../errors/index.js"
import type { RequestLoss, ResponseLoss, Thrown } from "../../model/loss.js"
import type { RequestViolation, TrailersViolation } from "../../wire/index.js"

/**
 * Errors that leave a response body incomplete.
 *
 * - `ConnectionFailed` with `ERR_HTTPFX_BODY_UNREAD`: the body was not read for `unreadTimeout`
 * - `ConnectionFailed` with `ERR_HTTPFX_BODY_READ`: the body has already been read as a stream
 * - `ConnectionFailed` with `ERR_HTTPFX_UPLOAD_FAILED`: the request body's stream failed after the response
 *   head arrived
 * - `ConnectionFailed` with `ERR_HTTPFX_CLIENT_CLOSED`: the client's scope closed
 * - `ConnectionFailed` with `ABORT_ERR`: a reader was interrupted, or the scope of the response closed
 * - `InvalidContent`, `DecodedTooLarge`: only of a client that decodes content codings
 *
 * @since 0.1.0
 * @category errors
 */
export type BodyError =
  | HttpError.ConnectionError
  | HttpError.ParseError
  | HttpError.BodyTimedOut
  | HttpError.AttemptTimedOut
  | HttpError.RequestTimedOut
  | HttpError.InvalidContent
  | HttpError.DecodedTooLarge

/**
 * Errors of a request that got no response.
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
  | HttpError.TooManyCodings

/** Converts the loss of an exchange to the error that the caller gets. */
export const lossError = (loss: Exclude<RequestLoss, Thrown>): RequestError =>
  loss._tag === "NotConnected" ? (loss.error as RequestError) : fromLoss(loss)

/** Converts a loss within a response body to the error that the reader gets. */
export const bodyError = (loss: ResponseLoss): BodyError => fromLoss(loss) as BodyError

/** Returns the failure of a function or stream that the caller passed in. */
export const thrown = (loss: Thrown): Cause.Cause<unknown> => loss.cause as Cause.Cause<unknown>
