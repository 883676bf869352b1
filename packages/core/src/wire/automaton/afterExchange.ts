/**
 * The decision about a connection after an exchange, and the reasons to close a connection.
 *
 * @since 0.1.0
 */

/**
 * The reason why a connection is not reused. If several reasons apply, the first reason that was noted is
 * given. Clients have further reasons (`ClientCloseReason` in `AgentEvent`).
 *
 * Given by clients and servers:
 * - `RequestClose`: the request had `Connection: close` (RFC 9112 §9.6)
 * - `ResponseClose`: the response had `Connection: close`, or its HTTP version has no persistent connections
 * - `UntilClose`: the response body is framed by the end of the connection (RFC 9112 §6.3)
 * - `RequestUnfinished`: the response was complete before the request was complete
 * - `PeerEof`: the peer sent FIN
 * - `Refused`: the parser refused the peer's bytes
 * - `TimedOut`: a head, a request or a response exceeded its time limit
 * - `IdleTimeout`: the connection was idle for too long
 * - `Draining`: the server or the client is shutting down
 * - `Interrupted`: our side aborted the exchange
 * - `Failed`: the transport failed, or a handler failed after its head was sent
 *
 * Given by servers:
 * - `Http10`: the request was HTTP/1.0 without `Connection: keep-alive` (RFC 9112 §9.3)
 * - `MaxRequests`: the connection reached its maximum number of requests
 * - `OwnEof`: our side sent FIN, and no other reason had been noted
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
 * The decision about a connection after an exchange.
 *
 * - `Reuse`: no exchange is in flight, so the next request may begin
 * - `Pending`: an exchange is in flight
 * - `Switched`: the connection has left HTTP (101, or 2xx to CONNECT)
 * - `Close`: the connection must be closed, for this `reason`
 *
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
 * The decision that the next request may begin.
 *
 * @since 0.1.0
 * @category values
 */
export const reuse: AfterExchange = Object.freeze({ _tag: "Reuse" })
/**
 * The decision that the connection stays as it is, because an exchange is in flight.
 *
 * @since 0.1.0
 * @category values
 */
export const pending: AfterExchange = Object.freeze({ _tag: "Pending" })
/**
 * The decision about a connection that has left HTTP.
 *
 * @since 0.1.0
 * @category values
 */
export const switchedOver: AfterExchange = Object.freeze({ _tag: "Switched" })

const closes = new Map<CloseReason, AfterExchange>()

/**
 * Returns the decision `Close` for a reason. Equal reasons get the same object.
 *
 * @since 0.1.0
 * @category values
 */
export const closeFor = (reason: CloseReason): AfterExchange => {
  let close = closes.get(reason)
  if (close === undefined) closes.set(reason, (close = Object.freeze({ _tag: "Close", reason })))
  return close
}
