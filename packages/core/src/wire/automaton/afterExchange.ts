/**
 * The fate of a connection after an exchange: reuse, close or pending, each with a reason.
 *
 * @since 0.1.0
 */

/**
 * Reason why a connection is not reused. The first reason wins. Clients have further reasons:
 * `ClientCloseReason` in `AgentEvent`.
 *
 * Given by clients and servers:
 * - `RequestClose`: the request had `Connection: close` (RFC 9112 §9.6)
 * - `ResponseClose`: the response had `Connection: close`, or an HTTP version without persistence
 * - `UntilClose`: the response body is framed by the end of the connection (RFC 9112 §6.3)
 * - `RequestUnfinished`: the response is complete, but the request is incomplete
 * - `PeerEof`: the peer sent FIN
 * - `Refused`: the parser refused the bytes
 * - `TimedOut`: a head, a request or a response exceeded its time limit
 * - `IdleTimeout`: the connection was idle for too long
 * - `Draining`: the server or the client is shutting down
 * - `Interrupted`: our side aborted the exchange
 * - `Failed`: the transport failed, or a handler failed after its head was sent
 *
 * Given by servers:
 * - `Http10`: the request was HTTP/1.0 without `Connection: keep-alive` (RFC 9112 §9.3)
 * - `MaxRequests`: the connection reached its maximum number of requests
 * - `OwnEof`: our side sent FIN, without an earlier reason
 *
 * Given by clients:
 * - `SurplusBytes`: the server sent bytes after its response
 * - `MaxAge`: the connection reached its maximum age
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
 * - `Reuse`: no exchange is in flight, so the next request may begin
 * - `Pending`: an exchange is in flight
 * - `Switched`: the connection has left HTTP (101, or 2xx to CONNECT)
 * - `Close`: close the connection, for this reason
 *
 * `reason` is the first reason noted.
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
 * An exchange is in flight.
 *
 * @since 0.1.0
 * @category values
 */
export const pending: AfterExchange = Object.freeze({ _tag: "Pending" })
/**
 * The connection has left HTTP.
 *
 * @since 0.1.0
 * @category values
 */
export const switchedOver: AfterExchange = Object.freeze({ _tag: "Switched" })

const closes = new Map<CloseReason, AfterExchange>()

/**
 * Returns the `Close` of a reason, which is created once per reason.
 *
 * @since 0.1.0
 * @category values
 */
export const closeFor = (reason: CloseReason): AfterExchange => {
  let close = closes.get(reason)
  if (close === undefined) closes.set(reason, (close = Object.freeze({ _tag: "Close", reason })))
  return close
}
