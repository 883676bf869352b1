/**
 * Which failures a request and a response body can end with. Only names: the classes are those of `HttpError`.
 */
import type * as HttpError from "../HttpError.js"
import type { RequestViolation, TrailersViolation } from "../wire/index.js"

/** The peer answered with a step that HTTP/1.1 does not have there. */
export type PeerViolation = HttpError.OutOfOrder | HttpError.UpgradeNotAsked

/** After the head of the response. */
export type BodyError =
  HttpError.ConnectionError | HttpError.ParseError | HttpError.BodyTimedOut | HttpError.RequestTimedOut

/** Before the head of the response. */
export type RequestError =
  | BodyError
  | HttpError.OfViolation<RequestViolation | TrailersViolation>
  | HttpError.InvalidProtocol
  | HttpError.InvalidOption
  | PeerViolation
  | HttpError.NameNotResolved
  | HttpError.InvalidUrl
  | HttpError.TimeoutError
  | HttpError.ProxyRefused
  | HttpError.ProxyAuthenticationRequired
  | HttpError.RedirectError

/** The client has been closed: its layer's scope has ended. */
export const closedCode = "ERR_HTTPFX_CLIENT_CLOSED"
