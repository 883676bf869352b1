/**
 * What becomes of a connection after an exchange: a value with a reason, never a boolean.
 *
 * @since 0.1.0
 */

/**
 * Why a connection is not used again. The first reason wins.
 *
 * - `RequestClose`: the request had `Connection: close` (RFC 9112 §9.6)
 * - `Http10`: the request was HTTP/1.0 and did not ask to keep the connection (RFC 9112 §9.3)
 * - `ResponseClose`: the response had `Connection: close`, or an HTTP version without persistence
 * - `UntilClose`: the end of the connection is the end of the response's body (RFC 9112 §6.3)
 * - `RequestUnfinished`: the response is complete, the request is not
 * - `PeerEof`: the peer ended its direction
 * - `OwnEof`: our side ended its direction, and gave no other reason before
 * - `Refused`: bytes that are not HTTP as the strictness has it
 * - `SurplusBytes`: bytes of a response that no request asked for
 * - `TimedOut`: a head or a request did not come in time
 * - `IdleTimeout`: nothing happened between two exchanges for too long
 * - `MaxRequests`: the connection has served as many requests as it may
 * - `MaxAge`: the connection is as old as it may become
 * - `Draining`: the server or the client is shutting down
 * - `Interrupted`: our side gave the exchange up
 * - `Failed`: the transport failed, or a handler did after its head was sent
 *
 * @since 0.1.0
 * @category models
 */
export type CloseReason =
  | "RequestClose"
  | "Http10"
  | "ResponseClose"
  | "UntilClose"
  | "RequestUnfinished"
  | "PeerEof"
  | "OwnEof"
  | "Refused"
  | "SurplusBytes"
  | "TimedOut"
  | "IdleTimeout"
  | "MaxRequests"
  | "MaxAge"
  | "Draining"
  | "Interrupted"
  | "Failed"

/**
 * - `Reuse`: nothing is under way, the next request may begin
 * - `Pending`: an exchange is under way
 * - `Switched`: the bytes are another protocol's now (101, or 2xx for CONNECT)
 * - `Close`: close the connection, for this reason
 *
 * `reason` is the first that there was.
 *
 * @since 0.1.0
 * @category models
 */
export type AfterExchange =
  | { readonly _tag: "Reuse" }
  | { readonly _tag: "Pending" }
  | { readonly _tag: "Switched" }
  | { readonly _tag: "Close"; readonly reason: CloseReason }

/**
 * The next request may begin.
 *
 * @since 0.1.0
 * @category values
 */
export const reuse: AfterExchange = Object.freeze({ _tag: "Reuse" })
/**
 * An exchange is under way.
 *
 * @since 0.1.0
 * @category values
 */
export const pending: AfterExchange = Object.freeze({ _tag: "Pending" })
/**
 * The bytes are another protocol's now.
 *
 * @since 0.1.0
 * @category values
 */
export const switchedOver: AfterExchange = Object.freeze({ _tag: "Switched" })

const closes = new Map<CloseReason, AfterExchange>()

/**
 * One value per reason, made when it is first needed.
 *
 * @since 0.1.0
 * @category values
 */
export const closeFor = (reason: CloseReason): AfterExchange => {
  let close = closes.get(reason)
  if (close === undefined) closes.set(reason, (close = Object.freeze({ _tag: "Close", reason })))
  return close
}
