/**
 * The types of `ExchangeOutcome`.
 */
import type * as Cause from "effect/Cause"
import type * as HttpError from "../../HttpError.js"
import type { DropReason, Facts } from "../../model/outcome.js"
import type { RequestBodyError } from "./exchangeApi.js"

/**
 * The whole answer was given to the network. Whether the client has read it, nobody on this side knows. Of an
 * upgraded connection: it ended in order, whoever ended it; `upgraded` tells how.
 *
 * @since 0.1.0
 * @category models
 */
export interface Answered extends Facts {
  readonly _tag: "Answered"
}

/**
 * The client left (FIN or RST) before its answer was whole; its handler was interrupted. Of an upgraded
 * connection: it was reset, or a WebSocket ended without a close frame or broke its protocol.
 *
 * @since 0.1.0
 * @category models
 */
export interface ClientGone extends Facts {
  readonly _tag: "ClientGone"
  /** How the connection ended, as a reader of the body is told. */
  readonly error: RequestBodyError
}

/**
 * The handler failed or died, or the shutdown's deadline ended it. It was answered 500 (503), or its answer
 * was cut.
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
 * The client was too slow: to send its request, or to take its answer.
 *
 * @since 0.1.0
 * @category models
 */
export interface TimedOut extends Facts {
  readonly _tag: "TimedOut"
  /** Which limit passed. */
  readonly error: RequestBodyError
}

/**
 * What the client sent is not HTTP as the server has it.
 *
 * @since 0.1.0
 * @category models
 */
export interface Refused extends Facts {
  readonly _tag: "Refused"
  /** Where the fault is, and which flag would let it pass. */
  readonly error: HttpError.ParseError
}

/**
 * The request was answered without a handler, for want of room.
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
 * All the ways in which an exchange ends; exactly one holds.
 *
 * @since 0.1.0
 * @category models
 */
export type ExchangeOutcome = Answered | ClientGone | ServerFailed | TimedOut | Refused | Dropped
