/**
 * What a connection of a server answers by itself: to what is no request, comes too late or is one too many, and for a
 * handler that gave no answer.
 *
 * Who wants to answer clients' errors is asked first. After each of these the connection ends; never does one follow an
 * answer that has begun.
 */
import * as ServerError from "@effect/platform/HttpServerError"
import type { ClientError, Handler } from "../ClientError.js"
import type { DropReason } from "../ExchangeOutcome.js"
import * as HttpError from "../HttpError.js"
import type { Fault } from "../Transport.js"
import { encodeResponseHead, type CloseReason, type RequestHead } from "../wire/index.js"
import { abort, breakOff, finish } from "./connectionEnd.js"
import * as Tell from "./connectionEvents.js"
import { HandedOver } from "../connection/transfer/handedOver.js"
import * as ClientErrors from "./serverClientError.js"
import type { ServerConnection } from "./serverConnection.js"

/** What the client sends is answered by the connection itself, unless an answer has begun. */
export const reject = (
  connection: ServerConnection,
  error: HttpError.ParseError | HttpError.RequestTimeout,
  reason: CloseReason
): void => {
  const { exchange, server } = connection
  const { active } = server.observers
  if (active) {
    Tell.clientError(connection, error)
    // Refused together with its head: no handler has seen it.
    if (exchange?.started === false) exchange.begins()
  }
  const begun = exchange?.answer !== undefined
  const handler = server.onClientError
  if (!begun && handler === undefined) writeAnswer(connection, error.status)
  abort(connection, () => error, ServerError.clientAbortFiberId, error.status)
  if (active && exchange === undefined) Tell.refused(connection, error)
  if (!begun) connection.automaton.mustClose(reason)
  if (handler !== undefined) {
    const facts = { error, status: error.status, connection: connection.facts(connection.exchanges) }
    if (!begun) return askUser(connection, handler, facts, reason)
    connection.app!.fork(ClientErrors.tell(handler, facts))
  }
  breakOff(connection, exchange, reason)
}

/** The connection itself has failed: who sees clients' errors is told, there is nothing to answer. */
export const tellFault = (connection: ServerConnection, fault: Fault): void => {
  const handler = connection.server.onClientError
  if (handler === undefined || connection.state === "closing") return
  const phase = connection.exchange === undefined ? "idle" : "body"
  const error = HttpError.fromFault(fault, { phase })
  const facts = { error, status: 400, connection: connection.facts(connection.exchanges) }
  connection.app!.fork(ClientErrors.tell(handler, facts))
}

/** A request that gets no handler. */
export const drop = (connection: ServerConnection, head: RequestHead, reason: DropReason): void => {
  const { server } = connection
  writeAnswer(connection, 503, ["Retry-After", server.settings.retryAfter])
  if (server.observers.active) Tell.dropped(connection, head, connection.exchanges + 1, reason)
  connection.automaton.mustClose("MaxRequests")
  finish(connection, "MaxRequests")
}

/** For a handler that has ended without an answer. */
export const answerPlainly = (connection: ServerConnection, status: number): void => {
  writeAnswer(connection, status)
  const exchange = connection.exchange
  connection.exchange = undefined
  if (exchange !== undefined) connection.exchangeOver(exchange, undefined, status)
  connection.automaton.mustClose("Refused")
  finish(connection, "Refused")
}

// The answer is the user's, while what still comes is thrown away; it has as long as any last words.
const askUser = (
  connection: ServerConnection,
  handler: Handler,
  facts: Omit<ClientError, "socket" | "writable">,
  reason: CloseReason
): void => {
  connection.state = "refusing"
  connection.inflow.end()
  connection.lingering.readOn(() => connection.transport.reset())
  const over = () => {
    if (connection.state === "switched") return connection.handBack(true)
    if (connection.state !== "refusing") return
    connection.state = "open"
    finish(connection, reason)
  }
  connection.asking = connection.app!.fork(
    ClientErrors.ask(
      {
        transport: connection.transport,
        drained: connection.drained,
        write: (data) => connection.write(data),
        date: () => connection.server.date(),
        giveAway: () => {
          if (connection.state !== "refusing") return undefined
          connection.state = "switched"
          connection.linger?.stop()
          connection.transport.pause()
          return (connection.handedOver = new HandedOver(
            connection.transport,
            {
              sent: (bytes) => {
                connection.bytesOut += bytes
              },
              closed: () => connection.close()
            },
            connection.server.timers,
            true
          ))
        },
        answerItself: () => {
          if (connection.state === "refusing") writeAnswer(connection, facts.status)
          over()
        },
        over
      },
      handler,
      facts
    )
  )
}

const writeAnswer = (
  connection: ServerConnection,
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
