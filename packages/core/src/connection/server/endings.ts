/**
 * Ends a server connection and the exchange in flight.
 *
 * Chooses between FIN, which preserves the response, and RST, which shows the client that the response is
 * truncated.
 */
import type { Loss } from "../../model/loss.js"
import type { Where } from "../../model/where.js"
import type { CloseReason } from "../../wire/index.js"
import type { Exchange } from "./ports.js"
import type { ConnectionState } from "./state.js"

/**
 * Aborts the exchange in flight. Fails its body, reports its outcome, and ends its handler. `status` is the
 * status of a default response, if the connection sends one.
 */
export const abort = (
  connection: ConnectionState,
  lossAt: (where: Where) => Loss,
  by: "client" | "server" = "client",
  status?: number
): void => {
  const { exchange } = connection
  if (exchange === undefined) return
  connection.exchange = undefined
  exchange.aborted = true
  if (exchange.place === "waiting") connection.server.requests?.leave(exchange)
  const loss = lossAt(connection.where(exchange))
  exchange.loss = loss
  exchange.body?.fail(loss)
  connection.exchangeOver(exchange, loss, status)
  exchange.lost(loss, by)
  connection.drain()
}

/**
 * Aborts a response that cannot be completed. The connection then ends by FIN or RST, so that the client
 * detects the truncation.
 */
export const cut = (connection: ConnectionState, exchange: Exchange): void => {
  if (exchange.aborted || connection.exchange !== exchange) return
  connection.exchange = undefined
  exchange.aborted = true
  dropBody(connection, exchange)
  connection.exchangeOver(exchange, undefined, undefined)
  breakOff(connection, exchange, "Failed")
}

/** Fails the request body because the connection ends. A reader would otherwise wait for the rest. */
export const dropBody = (connection: ConnectionState, exchange: Exchange): void =>
  exchange.body?.fail({ _tag: "Reset", reason: "the connection was closed", ...connection.where(exchange) })

/** Resets the connection and aborts its exchange. */
export const kill = (connection: ConnectionState): void => {
  connection.closeReason ??= connection.server.draining ? "Draining" : "Interrupted"
  if (connection.exchange !== undefined) connection.exchange.shutDown = true
  abort(connection, (where) => ({ _tag: "Reset", reason: "the server was closed", ...where }), "server")
  connection.transport.reset()
}

/**
 * Closes the connection after a response that may be incomplete. If the body has neither a length nor chunks,
 * FIN would mark an incomplete body as complete, so the connection is reset instead.
 */
export const breakOff = (
  connection: ConnectionState,
  exchange: Exchange | undefined,
  reason: CloseReason
): void => {
  if (exchange?.untilClose !== true || exchange.responseComplete) return finish(connection, reason)
  connection.closeReason ??= reason
  connection.transport.reset()
}

/**
 * Sends FIN after buffered output, then reads and discards input for `lingerTime` ms. Without this linger,
 * unread input would make the system send RST, and RST would destroy the response.
 */
export const finish = (connection: ConnectionState, reason: CloseReason, lingerTime?: number): void => {
  if (connection.phase !== "open") return
  connection.phase = "closing"
  connection.closeReason ??= reason
  connection.cancelWatch?.()
  if (connection.isIdle) connection.server.idle.leave(connection)
  connection.transport.end()
  connection.inflow.end()
  connection.lingering.toTheEnd(lingerTime)
}
