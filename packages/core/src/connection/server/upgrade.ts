/**
 * Upgrade and CONNECT on a server connection. The connection is handed over to a new owner, and taken back
 * when the new owner has finished.
 *
 * The automaton decides whether a switch is legal. A hand-over must lose no received byte and write no HTTP
 * after the head.
 */
import type { Fault } from "../../model/fault.js"
import { abandon } from "../../seams/transport.js"
import type { Violation } from "../../wire/index.js"
import { HandedOver, type Watcher } from "../transfer/handedOver.js"
import { finish } from "./endings.js"
import type { Exchange, Taken } from "./ports.js"
import { responseBegun, type ConnectionState } from "./state.js"
import type { UpgradeState, WebSocketClose } from "./upgradeState.js"

/**
 * Hands the connection over, with the bytes received so far. `head` holds the last HTTP bytes to write, if
 * any.
 */
export const handOver = (
  connection: ConnectionState,
  exchange: Exchange,
  status: number,
  head: string | undefined
): Taken | Violation => {
  const refused = connection.automaton.responseHead({
    status,
    keepAlive: true,
    framingUntilClose: false
  })
  if (refused !== undefined) return refused
  const { head: request } = exchange
  exchange.status = status
  exchange.responseComplete = true
  connection.exchange = undefined
  connection.phase = "switched"
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
  if (exchange.isWatched) responseBegun(exchange, status)
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
  // Resume the writers of earlier responses here, because from now on only the new owner gets `drain`.
  connection.drain()
  return { transport: connection.handedOver, initial }
}

const lost = (connection: ConnectionState, exchange: Exchange, fault: Fault): void => {
  const { upgrade } = exchange
  if (upgrade === undefined || upgrade.over) return
  connection.closeReason ??= "Failed"
  // The first close frame has already given the reason of the end, so ignore a reset after the close frame.
  if (upgrade.closeCode !== undefined) return
  upgrade.endedBy ??= "client"
  exchange.loss ??= { _tag: "Failed", fault, ...where(connection) }
}

/**
 * Ends the exchange. Called when both directions are closed or the handler has finished. Later calls do
 * nothing.
 */
export const upgradeOver = (connection: ConnectionState): void => {
  const exchange = connection.taken
  const upgrade = exchange?.upgrade
  if (exchange === undefined || upgrade === undefined || upgrade.over) return
  if (upgrade.goAway !== undefined && upgrade.closeCode === undefined) {
    upgrade.closeCode = 1006
    upgrade.endedBy ??= "client"
    if (upgrade.endedBy === "client" && !exchange.shutDown) {
      const reason = "the client closed the connection without a close frame"
      exchange.loss ??= { _tag: "HangUp", reason, ...where(connection) }
    }
  }
  upgrade.over = true
  upgrade.goAway = undefined
  connection.closeReason ??= upgrade.endedBy === "client" ? "PeerEof" : "OwnEof"
  connection.exchangeOver(exchange, exchange.loss, undefined)
}

const where = (connection: ConnectionState) => connection.where(connection.taken)

/**
 * Ends a handed-over connection after its new owner has finished. If `whole` is `true`, the connection closes
 * by FIN, so that the last output of the new owner arrives. Otherwise the connection is reset.
 */
export const handBack = (connection: ConnectionState, whole: boolean): void => {
  if (connection.phase !== "switched") return
  const upgrade = connection.taken?.upgrade
  if (upgrade !== undefined) upgrade.endedBy ??= "server"
  connection.phase = "open"
  connection.transport.start(connection)
  connection.handedOver?.revoke()
  upgradeOver(connection)
  if (whole) finish(connection, "OwnEof")
  else connection.transport.reset()
}

/** Registers the open WebSocket of a connection, with the function that sends its close frame. */
export const webSocketOpened = (
  connection: ConnectionState,
  exchange: Exchange,
  goAway: () => void
): void => {
  const { upgrade } = exchange
  if (upgrade === undefined || upgrade.over) return
  upgrade.goAway = goAway
  if (connection.server.draining) drain(connection)
}

/** Records the first close frame that was sent or received. */
export const webSocketClosing = (
  connection: ConnectionState,
  exchange: Exchange,
  { by, code, violation }: WebSocketClose
): void => {
  const { upgrade } = exchange
  if (upgrade === undefined || upgrade.over || upgrade.closeCode !== undefined) return
  upgrade.closeCode = code
  upgrade.endedBy = by
  if (violation === undefined) return
  const reason = `the client broke the WebSocket protocol: ${violation}`
  exchange.loss ??= { _tag: "HangUp", reason, ...where(connection) }
}

/**
 * Sends the close frame of an open WebSocket when the server drains. Does nothing if `webSocketsAtDrain` is
 * `wait`, or if the handler closes its WebSocket itself or is exempt from interruption.
 */
export const drain = (connection: ConnectionState): void => {
  const exchange = connection.taken
  const goAway = exchange?.upgrade?.goAway
  if (exchange === undefined || goAway === undefined) return
  if (connection.server.settings.webSocketsAtDrain === "wait") return
  if (exchange.isKept || exchange.listensToDrain) return
  connection.closeReason ??= "Draining"
  goAway()
}

/**
 * Ends the connection at once. On an open WebSocket, first sends a close frame, and does not wait for its
 * delivery.
 */
export const kill = (connection: ConnectionState): void => {
  const { taken: exchange, transport } = connection
  connection.closeReason ??= connection.server.draining ? "Draining" : "Interrupted"
  const upgrade = exchange?.upgrade
  if (exchange !== undefined) exchange.shutDown = true
  if (upgrade !== undefined) upgrade.endedBy ??= "server"
  if (exchange !== undefined) {
    const reason = "the server was closed"
    exchange.loss ??= { _tag: "Reset", reason, ...where(connection) }
  }
  if (upgrade?.goAway === undefined) return transport.reset()
  upgrade.goAway()
  transport.end()
  abandon(transport)
}
