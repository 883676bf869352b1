/**
 * The failures of a server's handlers: kept for the test, and told at the end of the scope unless the test
 * has asked for them.
 *
 * A test's own logger is often silent, so that a client would see a 500 and nobody its cause.
 */
import * as Cause from "effect/Cause"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import type * as Server from "@httpfx/core/Server"

/**
 * A request whose handler failed or died without an answer of its own.
 *
 * @since 0.1.0
 * @category models
 */
export interface HandlerFailure {
  /** The method as it came. */
  readonly method: string
  /** The target as it came. */
  readonly target: string
  /**
   * What was answered, mostly 500. `undefined`: nothing. A failure in a body cuts an answer whose status was
   * sent.
   */
  readonly status: number | undefined
  /** What the handler failed with. */
  readonly cause: Cause.Cause<unknown>
}

/**
 * What becomes of failures of handlers that the test has not asked for, at the end of the server's scope:
 *
 * - `print`: `console.error`, with their causes
 * - `die`: the scope's end dies with {@link HandlersFailed}, which fails the test
 * - `keep`: nothing
 *
 * @since 0.1.0
 * @category models
 */
export type OnHandlerFailure = "print" | "die" | "keep"

const print = ({ cause, method, status, target }: HandlerFailure): string =>
  [
    `${method} ${target}: ${status ?? "no answer"}`,
    ...Cause.pretty(cause, { renderErrorCause: true })
      .split("\n")
      .map((line) => `  ${line}`)
  ].join("\n")

/**
 * Handlers of a server failed, and the test did not ask for it.
 *
 * @since 0.1.0
 * @category errors
 */
export class HandlersFailed extends Data.TaggedError("HandlersFailed")<{
  /** The server's URL. */
  readonly server: string
  /** In the order in which their exchanges ended. */
  readonly failures: ReadonlyArray<HandlerFailure>
}> {
  override get message(): string {
    const { failures, server } = this
    const title = `${failures.length === 1 ? "a handler" : `${failures.length} handlers`} of ${server} failed`
    return [title, ...failures.map(print)].join("\n")
  }
}

/**
 * A server whose failures are kept. `failures` gives those so far; they count as asked for. `make` runs in a
 * scope that ends before what is left is told, so that failures during the shutdown are told too.
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
      // Without a cause the server's shutdown has ended it: nothing has failed.
      if (cause !== undefined) kept.push({ method, target, status, cause })
    })
    yield* Scope.extend(observe, observing)
    const failures = Effect.sync(() => {
      asked = kept.length
      return [...kept]
    })
    return { server, failures }
  })
