/**
 * The types of `ExchangeOutcome`.
 */
import type * as Cause from "effect/Cause"
import type * as HttpError from "../../errors/index.js"
import type { DropReason, WireFacts } from "../../model/outcome.js"
import type { RequestBodyError } from "./exchangeApi.js"

/**
 * Facts about every finished exchange.
 *
 * @since 0.1.0
 * @category models
 */
export interface Facts extends WireFacts {
  /**
   * The path pattern of the route that matched (`/users/:id`). `undefined` if no route matched. If the app is
   * not an `HttpRouter`, but for example an `HttpLayerRouter` or a function around a router, the pattern is
   * read from the span. It is then also `undefined` for an exchange without a span
   * (`withTracerDisabledWhen`).
   */
  readonly route: string | undefined
  /** Facts that the handler added with `ExchangeOutcome.annotate`. */
  readonly annotations: Readonly<Record<string, string>>
  /**
   * The client's IP address, as reported by the trusted proxies (`ServerOptions.trustedProxies`), or else the
   * peer's. `undefined` if the address is unknown, or if a trusted proxy sent a request that was refused at
   * its head.
   */
  readonly client: string | undefined
  /**
   * Returns the value of a request field by its lower-case name. Repeated fields are joined by `", "`. Always
   * returns `undefined` if the request was refused at its head.
   */
  readonly field: (name: string) => string | undefined
}

/**
 * The whole response was written to the connection. The server does not know whether the client received it.
 * After an upgrade, this outcome means that either side closed the connection in order. The field `upgraded`
 * then has the details.
 *
 * @since 0.1.0
 * @category models
 */
export interface Answered extends Facts {
  readonly _tag: "Answered"
}

/**
 * The client left (FIN or RST) before the response was complete, and the handler was interrupted. After an
 * upgrade, this outcome means one of three things: the connection was reset, the client ended a WebSocket
 * without a close frame, or the client violated the WebSocket protocol.
 *
 * @since 0.1.0
 * @category models
 */
export interface ClientGone extends Facts {
  readonly _tag: "ClientGone"
  /** The error with which reads of the request body failed. */
  readonly error: RequestBodyError
}

/**
 * The handler failed or died, or the shutdown's deadline interrupted the handler. The response was 500 (503
 * after the shutdown's deadline), or it was truncated.
 *
 * @since 0.1.0
 * @category models
 */
export interface ServerFailed extends Facts {
  readonly _tag: "ServerFailed"
  /** The handler's failure. `undefined` if the handler did not fail and the server ended the exchange. */
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
  /** The error that names the expired limit. */
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
  /** The violation, with its position and the flag that would allow it. */
  readonly error: HttpError.ParseError
}

/**
 * The server had reached a limit and responded 503 without running the app.
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
 * The outcome of an exchange, distinguished by `_tag`.
 *
 * @since 0.1.0
 * @category models
 */
export type ExchangeOutcome = Answered | ClientGone | ServerFailed | TimedOut | Refused | Dropped
