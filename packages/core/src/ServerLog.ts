/**
 * The log lines of a server about itself: that it listens, that it is not ready any more, the beginning of
 * its drain, and its end. `AccessLog` has the lines of requests.
 *
 * Costs nothing per request.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import * as Runtime from "effect/Runtime"
import { beside, untilClosed } from "./internal/observe/beside.js"
import { Server, type Service } from "./Server.js"
import type { StateChanged } from "./ServerEvent.js"
import * as Timers from "./Timers.js"

const urlOf = ({ httpServer: { address }, scheme }: Service): string =>
  address._tag === "UnixAddress" ? address.path : `${scheme}://${address.hostname}:${address.port}`

const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? "" : "s"}`

const seconds = (millis: number): string => `${Math.round(millis / 100) / 10} s`

/**
 * Returns the function that logs a change of state. It is synchronous, because the process may end right
 * after the last line.
 */
const logOf = (url: string, { now }: Timers.Timers, run: (log: Effect.Effect<void>) => void) => {
  let since: number | undefined
  return ({ connections, requests, state }: StateChanged): void => {
    const open = `${counted(connections, "connection")}, ${counted(requests, "request")} in flight`
    switch (state) {
      case "lameDuck":
        since ??= now()
        return run(Effect.logInfo(`${url}: not ready any more, still serving; ${open}`))
      case "draining":
        since ??= now()
        return run(Effect.logInfo(`${url}: draining; ${open}`))
      case "closed": {
        const after = `${url}: closed after ${seconds(now() - (since ?? now()))}`
        if (connections + requests === 0) return run(Effect.logInfo(`${after}; nothing was cut off`))
        const cut = `${counted(connections, "connection")} reset, ${counted(requests, "request")} cut off`
        return run(Effect.logWarning(`${after}; ${cut}`))
      }
    }
  }
}

/**
 * Logs the states of the server in the context, with the loggers of the fiber that builds the layer, until
 * the server is closed:
 *
 * - `http://127.0.0.1:3000: listening`
 * - `http://127.0.0.1:3000: not ready any more, still serving; 9 connections, 2 requests in flight`: the
 *   lame-duck phase, if there is one
 * - `http://127.0.0.1:3000: draining; 9 connections, 2 requests in flight`
 * - `http://127.0.0.1:3000: closed after 1.2 s; nothing was cut off`; or at level Warning `...; 1 connection
 *   reset, 1 request cut off`, at the deadline
 *
 * @since 0.1.0
 * @category layers
 */
export const layer: Layer.Layer<never, never, Server> = beside(
  Effect.gen(function* () {
    const server = yield* Server
    const timers = yield* Timers.timers
    const run = Runtime.runFork(yield* Effect.runtime<never>())
    const url = urlOf(server)
    yield* Effect.logInfo(`${url}: listening`)
    yield* untilClosed(server.observeStates(logOf(url, timers, run)))
  })
)
