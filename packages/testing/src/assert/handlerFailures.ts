/**
 * Collects the failures of a server's handlers for a test. When the scope closes, failures that the test has
 * not read are reported.
 *
 * Loggers are often disabled in tests. Without this report, a test would see a 500 response but not its
 * cause.
 */
import * as Cause from "effect/Cause"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import type * as Server from "@httpfx/core/Server"

/**
 * A request whose handler failed or died, with an error that does not convert to a response.
 *
 * @since 0.1.0
 * @category models
 */
export interface HandlerFailure {
  /** The method as received. */
  readonly method: string
  /** The request target as received. */
  readonly target: string
  /**
   * Status of the response, in most cases 500. `undefined` if no response was sent. If the body failed, the
   * response was cut off after the head.
   */
  readonly status: number | undefined
  /** The cause of the failure. */
  readonly cause: Cause.Cause<unknown>
}

/**
 * How failures that the test has not read are reported when the server's scope closes:
 *
 * - `print`: `console.error` prints the failures with their causes
 * - `die`: closing the scope dies with {@link HandlersFailed}, which fails the test
 * - `keep`: the failures are not reported
 *
 * @since 0.1.0
 * @category models
 */
export type OnHandlerFailure = "print" | "die" | "keep"

const print = ({ cause, method, status, target }: HandlerFailure): string =>
  [
    `${method} ${target}: ${status ?? "no response"}`,
    ...Cause.pretty(cause, { renderErrorCause: true })
      .split("\n")
      .map((line) => `  ${line}`)
  ].join("\n")

/**
 * The error for a server whose handlers failed, if the test has not read the failures.
 *
 * @since 0.1.0
 * @category errors
 */
export class HandlersFailed extends Data.TaggedError("HandlersFailed")<{
  /** The server's URL. */
  readonly server: string
  /** The failures, in the order in which their exchanges ended. */
  readonly failures: ReadonlyArray<HandlerFailure>
}> {
  override get message(): string {
    const { failures, server } = this
    const title = `${failures.length === 1 ? "a handler" : `${failures.length} handlers`} of ${server} failed`
    return [title, ...failures.map(print)].join("\n")
  }
}

/**
 * Creates a server and collects the failures of its handlers. `failures` returns the failures so far and
 * marks them as read. `make` runs in a scope that closes before the report, so the report includes failures
 * during the shutdown.
 */
export const keepFailures = <E, R>(
  make: Effect.Effect<Server.Service, E, R>,
  url: (server: Server.Service) => string,
  mode: OnHandlerFailure = "print"
): Effect.Effect<
  { readonly server: Server.Service; readonly failures: Effect.Effect<ReadonlyArray<HandlerFailure>> },
  E,
  R | Scope.Scope
> =>
  Effect.gen(function* () {
    const kept: Array<HandlerFailure> = []
    let asked = 0
    let name = ""
    const observing = yield* Scope.make()
    yield* Effect.addFinalizer(() =>
      Effect.zipRight(
        Scope.close(observing, Exit.void),
        Effect.suspend(() => {
          const failures = kept.slice(asked)
          if (failures.length === 0 || mode === "keep") return Effect.void
          const failed = new HandlersFailed({ server: name, failures })
          return mode === "die" ? Effect.die(failed) : Effect.sync(() => console.error(failed.message))
        })
      )
    )
    const server = yield* make
    name = url(server)
    const observe = server.observe((event) => {
      if (event._tag !== "ExchangeEnded" || event.outcome._tag !== "ServerFailed") return
      const { cause, method = "?", status, target = "?" } = event.outcome
      // If the cause is missing, the shutdown of the server has interrupted the handler. This is not a
      // failure.
      if (cause !== undefined) kept.push({ method, target, status, cause })
    })
    yield* Scope.extend(observe, observing)
    const failures = Effect.sync(() => {
      asked = kept.length
      return [...kept]
    })
    return { server, failures }
  })
