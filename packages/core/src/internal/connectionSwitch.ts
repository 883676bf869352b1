/**
 * A connection of a server leaves HTTP for another protocol, and comes back when that is done with it.
 *
 * Whether a switch is due is the automaton's to say. Nothing that has come is lost, and after the head nothing of HTTP is
 * written.
 */
import type { HttpServerResponse } from "@effect/platform/HttpServerResponse"
import * as HttpError from "../HttpError.js"
import { abandon, type Fault } from "../Transport.js"
import type { Closing } from "../WebSocketUpgrader.js"
import type { Violation } from "../wire/index.js"
import { finish, remoteAddress } from "./connectionEnd.js"
import * as Tell from "./connectionEvents.js"
import { HandedOver, type Watcher } from "../connection/transfer/handedOver.js"
import type { ServerConnection } from "./serverConnection.js"
import type { ServerExchange } from "./serverExchange.js"
import type { Taken } from "./serverUpgrade.js"
import type { UpgradeState } from "./upgradeState.js"

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
  const { head: request } = exchange
  exchange.answer = response
  exchange.responseComplete = true
  connection.exchange = undefined
  connection.state = "switched"
  connection.transport.pause()
  const initial = connection.inflow.takeAll()
  const upgrade: UpgradeState = (exchange.upgrade = {
    protocol: request.method === "CONNECT" ? "connect" : (request.get("upgrade") ?? "").toLowerCase(),
    received: initial.length,
    endedBy: undefined,
    closeCode: undefined,
    goAway: undefined,
    over: false
  })
  if (head !== undefined) connection.write(head)
  if (exchange.isWatched) Tell.answer(connection, exchange, response.status)
  connection.taken = exchange
  connection.cancelWatch?.()
  const watcher: Watcher = {
    received: (bytes) => {
      upgrade.received += bytes
    },
    sent: (bytes) => {
      connection.bytesOut += bytes
    },
    ended: () => {
      upgrade.endedBy ??= "client"
    },
    failed: (fault) => lost(connection, exchange, fault),
    closed: () => connection.close()
  }
  connection.handedOver = new HandedOver(connection.transport, watcher, connection.server.timers, true)
  return { transport: connection.handedOver, initial }
}

const lost = (connection: ServerConnection, exchange: ServerExchange, fault: Fault): void => {
  const { upgrade } = exchange
  if (upgrade === undefined || upgrade.over) return
  connection.closeReason ??= "Failed"
  // Once a close frame has told why, a reset is only its abrupt end.
  if (upgrade.closeCode !== undefined) return
  upgrade.endedBy ??= "client"
  exchange.abortedWith ??= HttpError.fromFault(fault, where(connection))
}

/** Both directions are over, or the handler is done with them: the exchange ends here. Does nothing the second time. */
export const upgradeOver = (connection: ServerConnection): void => {
  const exchange = connection.taken
  const upgrade = exchange?.upgrade
  if (exchange === undefined || upgrade === undefined || upgrade.over) return
  if (upgrade.goAway !== undefined && upgrade.closeCode === undefined) {
    upgrade.closeCode = 1006
    upgrade.endedBy ??= "client"
    if (upgrade.endedBy === "client" && !exchange.shutDown) {
      const reason = "the client closed the connection without a close frame"
      exchange.abortedWith ??= new HttpError.HangUp({ reason, ...where(connection) })
    }
  }
  upgrade.over = true
  upgrade.goAway = undefined
  connection.closeReason ??= upgrade.endedBy === "client" ? "PeerEof" : "OwnEof"
  connection.exchangeOver(exchange, exchange.abortedWith, undefined)
}

const where = (connection: ServerConnection): HttpError.Where => ({
  phase: "body",
  address: remoteAddress(connection),
  reused: connection.used,
  received: connection.taken?.body?.received ?? 0
})

/** The other protocol is done with it. `whole`: what it wrote last is to arrive. */
export const handBack = (connection: ServerConnection, whole: boolean): void => {
  if (connection.state !== "switched") return
  const upgrade = connection.taken?.upgrade
  if (upgrade !== undefined) upgrade.endedBy ??= "server"
  connection.state = "open"
  connection.transport.start(connection)
  connection.handedOver?.revoke()
  upgradeOver(connection)
  if (whole) finish(connection, "OwnEof")
  else connection.transport.reset()
}

/** A WebSocket of it is open, and can be asked to go away. */
export const webSocketOpened = (
  connection: ServerConnection,
  exchange: ServerExchange,
  goAway: () => void
): void => {
  const { upgrade } = exchange
  if (upgrade === undefined || upgrade.over) return
  upgrade.goAway = goAway
  if (connection.server.draining) drain(connection)
}

/** The first close frame was sent or received. */
export const webSocketClosing = (exchange: ServerExchange, { by, cause, code, violation }: Closing): void => {
  const { upgrade } = exchange
  if (upgrade === undefined || upgrade.over || upgrade.closeCode !== undefined) return
  upgrade.closeCode = code
  upgrade.endedBy = by
  exchange.failure ??= cause
  if (violation === undefined) return
  const reason = `the client broke the WebSocket protocol: ${violation}`
  exchange.abortedWith ??= new HttpError.HangUp({ reason, ...where(exchange.connection) })
}

/** Draining has begun: a WebSocket goes away, unless its handler takes leave by itself or is waited for. */
export const drain = (connection: ServerConnection): void => {
  const exchange = connection.taken
  const goAway = exchange?.upgrade?.goAway
  if (exchange === undefined || goAway === undefined) return
  if (connection.server.settings.webSocketsAtDrain === "wait") return
  if (exchange.isKept || exchange.listensToDrain) return
  connection.closeReason ??= "Draining"
  goAway()
}

/** Ends it at once: a WebSocket with a last close frame, for which nothing waits. */
export const kill = (connection: ServerConnection): void => {
  const { taken: exchange, transport } = connection
  connection.closeReason ??= connection.server.draining ? "Draining" : "Interrupted"
  const upgrade = exchange?.upgrade
  if (exchange !== undefined) exchange.shutDown = true
  if (upgrade !== undefined) upgrade.endedBy ??= "server"
  if (exchange !== undefined) {
    const reason = "the server was closed"
    exchange.abortedWith ??= new HttpError.ConnectionReset({ reason, ...where(connection) })
  }
  if (upgrade?.goAway === undefined) return transport.reset()
  upgrade.goAway()
  transport.end()
  abandon(transport)
}
