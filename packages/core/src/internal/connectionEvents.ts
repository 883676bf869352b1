/**
 * What a connection of a server tells of itself, as `ServerEvent`s. Called only when somebody listens; changes nothing but
 * the times that events need.
 */
import type { DropReason } from "../ExchangeOutcome.js"
import type { ParseError, RequestTimeout } from "../HttpError.js"
import type { RequestHead } from "../wire/index.js"
import { droppedOutcome, outcomeOf, refusedOutcome } from "./exchangeEnd.js"
import type { ServerConnection } from "./serverConnection.js"
import { ServerExchange, type BodyError } from "./serverExchange.js"

export const opened = (connection: ServerConnection): void => {
  const { id, server, transport } = connection
  const { local, remote } = transport
  const at = server.timers.wallTime()
  connection.openedAt = server.timers.now()
  server.observers.emit({ _tag: "ConnectionOpened", at, connection: id, local, remote })
}

export const request = (connection: ServerConnection, exchange: ServerExchange): void => {
  const { id, server } = connection
  const at = exchange.begins().startedAt
  const { method, target } = exchange.head
  server.observers.emit({
    _tag: "RequestReceived",
    at,
    connection: id,
    exchange: exchange.number,
    method,
    target
  })
}

export const answer = (connection: ServerConnection, exchange: ServerExchange, status: number): void => {
  const { id, server } = connection
  const at = server.timers.wallTime()
  if (exchange.times !== undefined) exchange.times.answered = server.timers.now()
  server.observers.emit({ _tag: "ResponseBegun", at, connection: id, exchange: exchange.number, status })
}

export const clientError = (connection: ServerConnection, error: ParseError | RequestTimeout): void => {
  const { id, server, transport } = connection
  const at = server.timers.wallTime()
  server.observers.emit({ _tag: "ClientError", at, connection: id, remote: transport.remote, error })
}

/** Nothing of a request was understood, or none has come. */
export const refused = (connection: ServerConnection, error: ParseError | RequestTimeout): void => {
  const { server } = connection
  const at = server.timers.wallTime()
  server.observers.emit({ _tag: "ExchangeEnded", at, outcome: refusedOutcome(connection, error) })
}

export const dropped = (
  connection: ServerConnection,
  head: RequestHead,
  number: number,
  reason: DropReason
): void => {
  const { server } = connection
  const at = server.timers.wallTime()
  const exchange = new ServerExchange(connection, head, number)
  const outcome = droppedOutcome(connection, exchange, reason)
  server.observers.emit({ _tag: "ExchangeEnded", at, outcome })
}

export const exchangeEnded = (
  connection: ServerConnection,
  exchange: ServerExchange,
  error: BodyError | undefined,
  status: number | undefined
): void => {
  const { observers, timers } = connection.server
  const at = timers.wallTime()
  const outcome = outcomeOf(connection, exchange, error, status)
  exchange.tellEnd(outcome)
  if (observers.active) observers.emit({ _tag: "ExchangeEnded", at, outcome })
}

export const closed = (connection: ServerConnection): void => {
  const { bytesIn, bytesOut, closeReason, exchanges, id, openedAt, server, transport } = connection
  const at = server.timers.wallTime()
  server.observers.emit({
    _tag: "ConnectionClosed",
    at,
    connection: id,
    remote: transport.remote,
    reason: closeReason ?? "PeerEof",
    exchanges,
    bytesIn,
    bytesOut,
    duration: openedAt === undefined ? undefined : Math.round(server.timers.now() - openedAt)
  })
}
