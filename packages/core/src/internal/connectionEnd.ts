/**
 * How a connection of a server ends, and what becomes of the exchange under way.
 *
 * An end keeps what was answered (FIN, then reading on), a reset tells the peer that it was cut. Which of the two is
 * decided here and nowhere else; why is the caller's to know.
 */
import * as ServerError from "@effect/platform/HttpServerError"
import type * as Cause from "effect/Cause"
import * as FiberId from "effect/FiberId"
import * as HttpError from "../HttpError.js"
import { formatAddress } from "../Transport.js"
import type { CloseReason } from "../wire/index.js"
import type { ServerConnection } from "./serverConnection.js"
import type { BodyError, ServerExchange } from "./serverExchange.js"

/** The client is gone, or has spoilt its request: the handler is told and interrupted. `status`: what the client is told. */
export const abort = (
  connection: ServerConnection,
  error: (where: HttpError.Where) => BodyError,
  by: FiberId.FiberId = ServerError.clientAbortFiberId,
  status?: number
): void => {
  const exchange = connection.exchange
  if (exchange === undefined) return
  connection.exchange = undefined
  exchange.aborted = true
  exchange.abortedWith = error({
    phase: "body",
    address: remoteAddress(connection),
    reused: connection.used,
    received: exchange.body?.received ?? 0
  })
  exchange.body?.fail(exchange.abortedWith)
  connection.exchangeOver(exchange, exchange.abortedWith, status)
  exchange.interrupt(by)
  connection.drain()
}

/** An answer that has begun cannot be finished: the peer must see that it was cut. */
export const cut = (
  connection: ServerConnection,
  exchange: ServerExchange,
  failure: Cause.Cause<unknown> | undefined
): void => {
  if (exchange.aborted || connection.exchange !== exchange) return
  exchange.failure ??= failure
  connection.exchange = undefined
  exchange.aborted = true
  connection.exchangeOver(exchange, undefined, undefined)
  breakOff(connection, exchange, "Failed")
}

/** Ends the connection at once, with whatever is under way. */
export const kill = (connection: ServerConnection): void => {
  connection.closeReason ??= connection.server.draining ? "Draining" : "Interrupted"
  if (connection.exchange !== undefined) connection.exchange.shutDown = true
  abort(
    connection,
    (where) => new HttpError.ConnectionReset({ reason: "the server was closed", ...where }),
    FiberId.none
  )
  connection.transport.reset()
}

/** No more of an answer that may have begun. Without a length, FIN would end its body as if it were whole. */
export const breakOff = (
  connection: ServerConnection,
  exchange: ServerExchange | undefined,
  reason: CloseReason
): void => {
  if (exchange?.untilClose === true && !exchange.responseComplete) connection.transport.reset()
  else finish(connection, reason)
}

/**
 * FIN after what is buffered, then reading on for a while (ms, where it is not the usual one): an answer must not be lost to the RST
 * that unread bytes cause.
 */
export const finish = (connection: ServerConnection, reason: CloseReason, lingerTime?: number): void => {
  if (connection.state !== "open") return
  connection.state = "closing"
  connection.closeReason ??= reason
  connection.cancelWatch?.()
  if (connection.isIdle) connection.server.idle.leave(connection)
  connection.transport.end()
  connection.inflow.end()
  connection.lingering.toTheEnd(lingerTime)
}

/** For errors. */
export const remoteAddress = (connection: ServerConnection): string | undefined => {
  const { remote } = connection.transport
  return remote === undefined ? undefined : formatAddress(remote)
}
