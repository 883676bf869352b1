/**
 * From what a connection knows at the end of an exchange to its `ExchangeOutcome`.
 *
 * Called only when somebody listens. Decides what an end is called, never what becomes of a connection.
 */
import type { DropReason, ExchangeOutcome, Facts, Upgraded } from "../ExchangeOutcome.js"
import type { ParseError, RequestTimeout } from "../HttpError.js"
import type { ServerConnection } from "./serverConnection.js"
import type { BodyError, ServerExchange } from "./serverExchange.js"
import type { UpgradeState } from "./upgradeState.js"

const facts = (
  connection: ServerConnection,
  exchange: ServerExchange | undefined,
  status: number | undefined
): Facts => {
  const { timers } = connection.server
  const now = timers.now()
  const times = exchange?.times
  const begun = times?.begun ?? now
  return {
    connection: connection.id,
    exchange: exchange?.number ?? 0,
    remote: connection.transport.remote,
    method: exchange?.head.method,
    target: exchange?.head.target,
    status: exchange?.answer?.status ?? status,
    bytesIn: connection.bytesIn - connection.bytesInBefore,
    bytesOut: connection.bytesOut - connection.bytesOutBefore,
    startedAt: times?.startedAt ?? timers.wallTime(),
    answeredAfter: times?.answered === undefined ? undefined : Math.round(times.answered - begun),
    duration: Math.round(now - begun),
    upgraded: exchange?.upgrade === undefined ? undefined : upgraded(exchange.upgrade)
  }
}

const upgraded = ({ closeCode, endedBy = "server", protocol }: UpgradeState): Upgraded => ({
  protocol,
  endedBy,
  closeCode
})

/** `error`: why it was given up; `status`: of an answer that came from the connection itself. */
export const outcomeOf = (
  connection: ServerConnection,
  exchange: ServerExchange,
  error: BodyError | undefined,
  status: number | undefined
): ExchangeOutcome => {
  const known = facts(connection, exchange, status)
  if (exchange.failure !== undefined) return { _tag: "ServerFailed", ...known, cause: exchange.failure }
  const { upgrade } = exchange
  if (upgrade === undefined ? exchange.responseComplete : error === undefined && !exchange.shutDown)
    return { _tag: "Answered", ...known }
  if (error === undefined || exchange.shutDown) {
    // What a connection answers by itself is the handler's failure only where a handler was to answer.
    const answered = status !== undefined && status !== 500 && status !== 503
    return answered ? { _tag: "Answered", ...known } : { _tag: "ServerFailed", ...known, cause: undefined }
  }
  switch (error._tag) {
    case "ParseError":
      return { _tag: "Refused", ...known, error }
    case "RequestTimeout":
    case "PeerStalled":
      return { _tag: "TimedOut", ...known, error }
    default:
      return { _tag: "ClientGone", ...known, error }
  }
}

/** Bytes that never became a request. */
export const refusedOutcome = (
  connection: ServerConnection,
  error: ParseError | RequestTimeout
): ExchangeOutcome => {
  const known = facts(connection, undefined, error.status)
  return error._tag === "ParseError"
    ? { _tag: "Refused", ...known, error }
    : { _tag: "TimedOut", ...known, error }
}

/** A request that got no handler. */
export const droppedOutcome = (
  connection: ServerConnection,
  exchange: ServerExchange | undefined,
  reason: DropReason
): ExchangeOutcome => ({ _tag: "Dropped", ...facts(connection, exchange, 503), reason })
