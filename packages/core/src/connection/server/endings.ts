/**
 * How a server's connection ends, and what becomes of the exchange in flight.
 *
 * Decides between FIN, which keeps the response, and RST, which tells the client that it was cut.
 */
import type { Loss } from "../../model/loss.js"
import type { Where } from "../../model/where.js"
import type { CloseReason } from "../../wire/index.js"
import type { Exchange } from "./ports.js"
import type { ConnectionState } from "./state.js"

/**
 * The exchange in flight is lost: its body fails, its outcome is reported, its handler ends. `status`: of our
 * response.
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
  const loss = lossAt(connection.where(exchange))
  exchange.loss = loss
  exchange.body?.fail(loss)
  connection.exchangeOver(exchange, loss, status)
  exchange.lost(loss, by)
  connection.drain()
}

/** A response that has begun cannot be completed: the client must see that it was cut. */
export const cut = (connection: ConnectionState, exchange: Exchange): void => {
  if (exchange.aborted || connection.exchange !== exchange) return
  connection.exchange = undefined
  exchange.aborted = true
  dropBody(connection, exchange)
  connection.exchangeOver(exchange, undefined, undefined)
  breakOff(connection, exchange, "Failed")
}

/**
 * The connection ends with what has come of the request's body: whoever still reads it must not wait for the
 * rest.
 */
export const dropBody = (connection: ConnectionState, exchange: Exchange): void =>
  exchange.body?.fail({ _tag: "Reset", reason: "the connection was closed", ...connection.where(exchange) })

/** Ends the connection at once, with its exchange. */
export const kill = (connection: ConnectionState): void => {
  connection.closeReason ??= connection.server.draining ? "Draining" : "Interrupted"
  if (connection.exchange !== undefined) connection.exchange.shutDown = true
  abort(connection, (where) => ({ _tag: "Reset", reason: "the server was closed", ...where }), "server")
  connection.transport.reset()
}

/**
 * Ends behind a response that may be incomplete. Without a length, FIN would end its body as if it were
 * whole.
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
 * FIN after what is buffered, then lingering (`lingerTime` ms; default: the usual time), because the RST that
 * unread bytes cause would destroy the response.
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
