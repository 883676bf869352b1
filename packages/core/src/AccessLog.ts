/**
 * Writes one structured log line per exchange, including exchanges that never got a response. The lines are
 * made from the event `ServerEvent.ExchangeEnded`.
 *
 * Writes through Effect's loggers. Durations and byte counts are those that the connection measured.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import * as Runtime from "effect/Runtime"
import type { ExchangeOutcome, Upgraded } from "./ExchangeOutcome.js"
import { beside, untilClosed } from "./internal/observe/beside.js"
import { Server } from "./Server.js"
import { withoutUserinfo } from "./model/urlSecrets.js"
import { formatAddress } from "./Transport.js"

/**
 * The options of the access log.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** Selects the outcomes to log. Default: all. */
  readonly filter?: ((outcome: ExchangeOutcome) => boolean) | undefined
  /** Writes the log line of each selected outcome. Default {@link write}. */
  readonly write?: ((outcome: ExchangeOutcome) => Effect.Effect<void>) | undefined
}

const why = (outcome: ExchangeOutcome): string | undefined => {
  switch (outcome._tag) {
    case "ClientGone":
    case "TimedOut":
    case "Refused":
      return outcome.error.code
    case "Dropped":
      return outcome.reason
    default:
      return undefined
  }
}

const upgradedFacts = ({ closeCode, endedBy, protocol }: Upgraded) => ({
  protocol,
  endedBy,
  ...(closeCode === undefined ? {} : { closeCode })
})

/**
 * Logs a line such as `GET /users 200 Answered 12 ms` at level Info, with the other fields of the outcome as
 * annotations. A user and password in the target are redacted.
 *
 * @since 0.1.0
 * @category accessors
 */
export const write = (outcome: ExchangeOutcome): Effect.Effect<void> => {
  const {
    _tag,
    answeredAfter,
    bytesIn,
    bytesOut,
    connection,
    duration,
    exchange,
    method,
    remote,
    status,
    target,
    upgraded
  } = outcome
  const reason = why(outcome)
  return Effect.annotateLogs(
    Effect.logInfo(
      `${method ?? "-"} ${target === undefined ? "-" : withoutUserinfo(target)} ${status ?? "-"} ${_tag} ${duration} ms`
    ),
    {
      outcome: _tag,
      connection,
      exchange,
      bytesIn,
      bytesOut,
      duration,
      ...(remote === undefined ? {} : { remote: formatAddress(remote) }),
      ...(answeredAfter === undefined ? {} : { answeredAfter }),
      ...(reason === undefined ? {} : { reason }),
      ...(upgraded === undefined ? {} : upgradedFacts(upgraded))
    }
  )
}

/**
 * Logs the exchanges of the server in the context until the server is closed. Uses the loggers of the fiber
 * that builds the layer.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options: Options = {}): Layer.Layer<never, never, Server> =>
  beside(
    Effect.gen(function* () {
      const server = yield* Server
      const run = Runtime.runFork(yield* Effect.runtime<never>())
      const { filter, write: line = write } = options
      yield* untilClosed(server, (event) => {
        if (event._tag !== "ExchangeEnded") return
        if (filter === undefined || filter(event.outcome)) run(line(event.outcome))
      })
    })
  )
