/**
 * Responses that the connection sends without the app. They answer requests that are malformed, late or in
 * excess of a limit, and requests whose handler produced no response.
 *
 * The connection sends such a response only if no other response has begun, and then closes.
 */
import type { Fault } from "../../model/fault.js"
import { statusOf, type Rejection } from "../../model/loss.js"
import type { DropReason } from "../../model/outcome.js"
import { encodeResponseHead, type CloseReason, type RequestHead } from "../../wire/index.js"
import { HandedOver } from "../transfer/handedOver.js"
import { abort, breakOff, dropBody, finish } from "./endings.js"
import { factsOf } from "./outcome.js"
import type { ClientErrorHandler, Exchange, Rejecting } from "./ports.js"
import type { ConnectionState } from "./state.js"
import { handBack } from "./upgrade.js"

/** Refuses a request, and closes the connection. If a response has begun, sends no further response. */
export const reject = (connection: ConnectionState, rejection: Rejection, reason: CloseReason): void => {
  const { exchange, owner, server } = connection
  const { active } = server.events
  const status = statusOf(rejection)
  if (active) {
    server.events.clientError(connection, rejection)
    // Record the times of the request here, because its handler has not started and never will.
    if (exchange?.started === false) exchange.begins()
  }
  const begun = exchange?.status !== undefined
  const { clientErrors } = owner
  if (!begun && clientErrors === undefined) writeResponse(connection, status)
  abort(connection, () => rejection, "client", status)
  if (active && exchange === undefined)
    server.events.rejected(factsOf(connection, undefined, status), rejection)
  if (!begun) connection.automaton.mustClose(reason)
  if (clientErrors !== undefined) {
    if (!begun) return askOwner(connection, clientErrors, rejection, status, reason)
    clientErrors.report(connection, rejection)
  }
  breakOff(connection, exchange, reason)
}

/** Reports a transport failure to the owner. No response is possible. */
export const tellFault = (connection: ConnectionState, fault: Fault): void => {
  const { exchange, owner } = connection
  if (owner.clientErrors === undefined || connection.phase === "closing") return
  const phase = exchange === undefined ? "idle" : "body"
  owner.clientErrors.report(connection, { _tag: "Failed", fault, phase })
}

/** Refuses a request that exceeds a limit. Sends 503, and starts no handler. */
export const drop = (connection: ConnectionState, head: RequestHead, reason: DropReason): void => {
  const { server } = connection
  writeResponse(connection, 503, ["Retry-After", server.settings.retryAfter])
  if (server.events.active) {
    const dropped = { number: connection.exchanges + 1, head, status: undefined }
    server.events.dropped(factsOf(connection, dropped, 503), reason)
  }
  connection.automaton.mustClose("MaxRequests")
  finish(connection, "MaxRequests")
}

/** Refuses an exchange that has waited too long in the queue. Sends 503. */
export const dropWaiting = (connection: ConnectionState, exchange: Exchange, reason: DropReason): void => {
  const { server } = connection
  writeResponse(connection, 503, ["Retry-After", server.settings.retryAfter])
  connection.exchange = undefined
  exchange.aborted = true
  dropBody(connection, exchange)
  if (server.events.active) server.events.dropped(factsOf(connection, exchange, 503), reason, exchange)
  connection.automaton.mustClose("MaxRequests")
  finish(connection, "MaxRequests")
}

/** Sends a default response for a handler that ended without a response, and closes the connection. */
export const respondByDefault = (connection: ConnectionState, status: number): void => {
  writeResponse(connection, status)
  const { exchange } = connection
  connection.exchange = undefined
  if (exchange !== undefined) {
    dropBody(connection, exchange)
    connection.exchangeOver(exchange, undefined, status)
  }
  connection.automaton.mustClose("Refused")
  finish(connection, "Refused")
}

// Lets the owner (the driver) respond to a refused request. Meanwhile, discards input within the limits of
// `Linger`.
const askOwner = (
  connection: ConnectionState,
  clientErrors: ClientErrorHandler,
  rejection: Rejection,
  status: number,
  reason: CloseReason
): void => {
  connection.phase = "refusing"
  connection.closeReason ??= reason
  connection.inflow.end()
  connection.lingering.readOn(() => connection.transport.reset())
  const over = () => {
    if (connection.phase === "switched") return handBack(connection, true)
    if (connection.phase !== "refusing") return
    connection.phase = "open"
    finish(connection, reason)
  }
  const rejecting: Rejecting = {
    transport: connection.transport,
    write: (data) => connection.write(data),
    whenDrained: (f) => connection.whenDrained(f),
    giveAway: () => {
      if (connection.phase !== "refusing") return undefined
      connection.phase = "switched"
      connection.linger?.stop()
      connection.transport.pause()
      const watcher = {
        sent: (bytes: number) => {
          connection.bytesOut += bytes
        },
        closed: () => connection.close()
      }
      return (connection.handedOver = new HandedOver(
        connection.transport,
        watcher,
        connection.server.timers,
        true
      ))
    },
    answerByDefault: () => {
      if (connection.phase === "refusing") writeResponse(connection, status)
      over()
    },
    over
  }
  connection.cancelAnswer = clientErrors.answer(connection, rejection, rejecting)
}

const writeResponse = (
  connection: ConnectionState,
  status: number,
  headers: ReadonlyArray<string> = []
): void => {
  const head = encodeResponseHead({
    versionMinor: 1,
    method: "GET",
    status,
    headers,
    body: 0,
    keepAlive: false,
    date: connection.server.date()
  })
  if (head._tag !== "Violation") connection.write(head.head)
}
