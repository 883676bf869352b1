/**
 * The types of `ExchangeOutcome`.
 */
import type * as Cause from "effect/Cause"
import type * as HttpError from "../../errors/index.js"
import type { DropReason, Facts } from "../../model/outcome.js"
import type { RequestBodyError } from "./exchangeApi.js"

/**
 * The whole response was given to the network; whether the client received it is unknown. After an upgrade:
 * the connection closed in order, from either side; `upgraded` has the details.
 *
 * @since 0.1.0
 * @category models
 */
export interface Answered extends Facts {
  readonly _tag: "Answered"
}

/**
 * The client left (FIN or RST) before its response was complete; its handler was interrupted. After an
 * upgrade: the connection was reset, or a WebSocket ended without a close frame or violated its protocol.
 *
 * @since 0.1.0
 * @category models
 */
export interface ClientGone extends Facts {
  readonly _tag: "ClientGone"
  /** The error that readers of the body got. */
  readonly error: RequestBodyError
}

/**
 * The handler failed or died, or the shutdown's deadline interrupted it. The response was 500 (503), or was
 * cut off.
 *
 * @since 0.1.0
 * @category models
 */
export interface ServerFailed extends Facts {
  readonly _tag: "ServerFailed"
  /** `undefined`: the server ended it, the handler did not fail. */
  readonly cause: Cause.Cause<unknown> | undefined
}

/**
 * The client was too slow to send its request or to read its response.
 *
 * @since 0.1.0
 * @category models
 */
export interface TimedOut extends Facts {
  readonly _tag: "TimedOut"
  /** The limit that expired. */
  readonly error: RequestBodyError
}

/**
 * The request is malformed, or not allowed by the server's flags.
 *
 * @since 0.1.0
 * @category models
 */
export interface Refused extends Facts {
  readonly _tag: "Refused"
  /** Position of the fault, and the flag that would allow it. */
  readonly error: HttpError.ParseError
}

/**
 * The server was at a limit and responded 503 without the app.
 *
 * @since 0.1.0
 * @category models
 */
export interface Dropped extends Facts {
  readonly _tag: "Dropped"
  /** The limit that was reached. */
  readonly reason: DropReason
}

/**
 * All ways in which an exchange ends; exactly one applies.
 *
 * @since 0.1.0
 * @category models
 */
export type ExchangeOutcome = Answered | ClientGone | ServerFailed | TimedOut | Refused | Dropped
