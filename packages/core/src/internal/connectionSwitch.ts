/**
 * A connection of a server leaves HTTP for another protocol, and comes back when that is done with it.
 *
 * Whether a switch is due is the automaton's to say. Nothing that has come is lost, and after the head nothing of HTTP is
 * written.
 */
import type { HttpServerResponse } from "@effect/platform/HttpServerResponse"
import type { Violation } from "../wire/index.js"
import { finish } from "./connectionEnd.js"
import * as Tell from "./connectionEvents.js"
import { HandedOver } from "./handedOver.js"
import type { ServerConnection } from "./serverConnection.js"
import type { ServerExchange } from "./serverExchange.js"
import type { Taken } from "./serverUpgrade.js"

/**
 * Gives the connection away, with what has come of it already. `head` is the last of HTTP that is written; `undefined`: the
 * new owner writes it.
 */
export const handOver = (
  connection: ServerConnection,
  exchange: ServerExchange,
  response: HttpServerResponse,
  head: string | undefined
): Taken | Violation => {
  const refused = connection.automaton.responseHead({
    status: response.status,
    keepAlive: true,
    framingUntilClose: false
  })
  if (refused !== undefined) return refused
  exchange.answer = response
  exchange.responseComplete = true
  connection.exchange = undefined
  connection.state = "switched"
  connection.transport.pause()
  const initial = connection.inflow.takeAll()
  if (head !== undefined) connection.write(head)
  if (exchange.isWatched) Tell.answer(connection, exchange, response.status)
  connection.exchangeOver(exchange, undefined, undefined)
  connection.taken = exchange
  connection.cancelWatch?.()
  connection.handedOver = new HandedOver(connection.transport, () => connection.close(), true)
  return { transport: connection.handedOver, initial }
}

/** The other protocol is done with it. `whole`: what it wrote last is to arrive. */
export const handBack = (connection: ServerConnection, whole: boolean): void => {
  if (connection.state !== "switched") return
  connection.state = "open"
  connection.transport.start(connection)
  connection.handedOver?.revoke()
  if (whole) finish(connection, "OwnEof")
  else connection.transport.reset()
}
