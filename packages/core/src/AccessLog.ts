/**
 * Writes one log line per exchange, including exchanges that never got a response. A line goes through
 * Effect's loggers, or is JSON, or is in the combined log format. The lines are made from the event
 * `ServerEvent.ExchangeEnded`.
 *
 * Durations and byte counts are those that the connection measured.
 *
 * @since 0.1.0
 */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import * as Runtime from "effect/Runtime"
import type { ExchangeOutcome } from "./ExchangeOutcome.js"
import { beside, untilClosed } from "./internal/observe/beside.js"
import { callback, refuseUnknown, type Complete } from "./internal/options/checks.js"
import { Server } from "./Server.js"
import type { ServerEvent } from "./ServerEvent.js"
import { combinedLine, factsOf, jsonLine } from "./internal/observe/logLines.js"
import { shownTarget } from "./model/urlSecrets.js"

/**
 * The options of the access log.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** Selects the outcomes to log. Default: all. */
  readonly filter?: ((outcome: ExchangeOutcome) => boolean) | undefined
  /**
   * Writes the log line of each selected outcome. Default {@link write}. Alternatives are {@link writeJson}
   * and {@link writeCombined}.
   */
  readonly write?: ((outcome: ExchangeOutcome) => Effect.Effect<void>) | undefined
}

const checks: Complete<Options> = { filter: callback, write: callback }

/**
 * Logs a line such as `GET /users 200 Answered 12 ms` at level Info. The other facts of the outcome and its
 * annotations become annotations of the log line.
 *
 * As in every format of this module, user and password of URLs are removed, and signatures in queries are
 * replaced by `REDACTED`. `Referer` and `User-Agent` are the only request fields that a line shows.
 *
 * @since 0.1.0
 * @category formats
 */
export const write = (outcome: ExchangeOutcome): Effect.Effect<void> => {
  const { duration, method = "-", status = "-", target = "-" } = outcome
  const { httpVersion: _1, method: _2, status: _3, target: _4, time: _5, ...facts } = factsOf(outcome)
  const known = Object.fromEntries(Object.entries(facts).filter(([, fact]) => fact !== undefined))
  const line = `${method} ${shownTarget(target)} ${status} ${outcome._tag} ${duration} ms`
  return Effect.annotateLogs(Effect.logInfo(line), known)
}

/**
 * Returns one line of JSON with all that is known: `time`, `client`, `remote`, `method`, `target`, `route`,
 * `status`, `outcome`, `reason`, bytes, durations (ms), `referer`, `userAgent`, and the annotations of the
 * outcome (`requestId`, for example). Control characters are escaped.
 *
 * @since 0.1.0
 * @category formats
 */
export const formatJson: (outcome: ExchangeOutcome) => string = jsonLine

/**
 * Returns a line of the combined log format, as Apache writes it: `%h - - %t "%r" %>s %b "%{Referer}i"
 * "%{User-Agent}i"`, with times in UTC and Apache's escapes. `%h` is the client's address, or the peer's if
 * the client is not known. An exchange without a response has nginx's status 499 if the client left,
 * otherwise 000. The user is always `-`, because it would be a credential.
 *
 * @since 0.1.0
 * @category formats
 */
export const formatCombined: (outcome: ExchangeOutcome) => string = combinedLine

/**
 * Writes the line of {@link formatJson} to Effect's `Console`, which prints to the standard output. Use it as
 * `AccessLog.layer({ write: AccessLog.writeJson })`.
 *
 * @since 0.1.0
 * @category formats
 */
export const writeJson = (outcome: ExchangeOutcome): Effect.Effect<void> => Console.log(formatJson(outcome))

/**
 * Writes the line of {@link formatCombined} to Effect's `Console`, which prints to the standard output.
 *
 * @since 0.1.0
 * @category formats
 */
export const writeCombined = (outcome: ExchangeOutcome): Effect.Effect<void> =>
  Console.log(formatCombined(outcome))

/**
 * Logs the exchanges of the server in the context until the server is closed. Uses the loggers of the fiber
 * that builds the layer. An invalid option is a defect (`InvalidOption`).
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options: Options = {}): Layer.Layer<never, never, Server> =>
  beside(
    Effect.gen(function* () {
      const server = yield* Server
      const refused = refuseUnknown(options, checks)
      if (refused !== undefined) return yield* Effect.die(refused)
      const run = Runtime.runFork(yield* Effect.runtime<never>())
      const { filter, write: line = write } = options
      const log = (event: ServerEvent) => {
        if (event._tag !== "ExchangeEnded") return
        if (filter === undefined || filter(event.outcome)) run(line(event.outcome))
      }
      yield* untilClosed(server.observe(log))
    })
  )
