/**
 * Answers health checks: whether the process lives, and whether it is ready for requests.
 *
 * Every answer comes within the time limit of the checks, whatever they do. A check never runs twice at once.
 */
import type * as HttpApp from "@effect/platform/HttpApp"
import * as HttpMiddleware from "@effect/platform/HttpMiddleware"
import * as HttpRouter from "@effect/platform/HttpRouter"
import type { ServeError } from "@effect/platform/HttpServerError"
import type { HttpServerRequest } from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FiberId from "effect/FiberId"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import { InvalidOption } from "../HttpError.js"
import { redactUrlsWithin } from "../model/urlSecrets.js"
import type * as Network from "../Network.js"
import * as Server from "../Server.js"
import * as Timers from "../Timers.js"

/**
 * Checks by name. A check passes if its effect succeeds, whatever the value.
 *
 * @since 0.1.0
 * @category models
 */
export type Checks<R = never> = Readonly<Record<string, Effect.Effect<unknown, unknown, R>>>

/**
 * The checks of an app, and how they are answered.
 *
 * @since 0.1.0
 * @category models
 */
export interface AppOptions<R = never> {
  /**
   * Checks of `livePath`. A failure says that the process has to be restarted, so checks of dependencies do
   * not belong here. Default: none; a process that answers lives.
   */
  readonly live?: Checks<R> | undefined
  /** Checks of `readyPath`, which run while the server is ready. Default: none. */
  readonly ready?: Checks<R> | undefined
  /** Time limit of each check. Default 1 second. */
  readonly timeout?: Duration.DurationInput | undefined
  /** The path of liveness. Default `/livez`. */
  readonly livePath?: string | undefined
  /** The path of readiness. Default `/readyz`. */
  readonly readyPath?: string | undefined
  /** Whether answers name the checks and their failures. Default `true`. */
  readonly detail?: boolean | undefined
}

/**
 * The address on which health is answered, `AppOptions`, and an app for other paths.
 *
 * @since 0.1.0
 * @category models
 */
export type Options<R = never, RF = never> = Network.ListenOptions &
  AppOptions<R> & {
    /** App for all other paths, such as `/metrics`. Default: they are answered with 404. */
    readonly fallback?: HttpApp.Default<unknown, RF> | undefined
  }

/**
 * The server, or the cluster, whose health is answered.
 *
 * @since 0.1.0
 * @category models
 */
export type Subject = Pick<Server.Service, "state" | "shutdown">

/**
 * The result of a check, as the body of an answer has it.
 *
 * @since 0.1.0
 * @category models
 */
export interface Result {
  /** Whether the check passed. */
  readonly status: "pass" | "fail"
  /** Duration, or how long the request waited for a check that was running already, ms. */
  readonly millis: number
  /** The message of the failure. Users and passwords in URLs are redacted. */
  readonly error?: string
}

const messageOf = (cause: Cause.Cause<unknown>): string => {
  if (Cause.isInterruptedOnly(cause)) return "interrupted"
  const error = Cause.squash(cause)
  return redactUrlsWithin(error instanceof Error ? error.message : textOf(error))
}

// Never the members of an object, which may be secrets.
const textOf = (error: unknown): string => {
  try {
    return String(error)
  } catch {
    return "an object"
  }
}

type Outcome = Exit.Exit<unknown, unknown>

class Check<R> {
  private running: Deferred.Deferred<Outcome> | undefined = undefined

  constructor(
    private readonly effect: Effect.Effect<unknown, unknown, R>,
    private readonly limit: Duration.Duration
  ) {}

  /** Runs the check, or waits with whoever runs it already, for as long as the limit. */
  readonly result: Effect.Effect<Result, never, R> = Effect.gen(this, function* () {
    const { now } = yield* Timers.timers
    const since = now()
    const { limit } = this
    const exit = yield* Effect.timeoutTo(this.outcome, {
      duration: limit,
      onSuccess: (exit) => exit,
      onTimeout: () => Exit.fail(`no result within ${Duration.format(limit)}`)
    })
    const millis = Math.round(now() - since)
    return Exit.isSuccess(exit)
      ? { status: "pass", millis }
      : { status: "fail", millis, error: messageOf(exit.cause) }
  })

  // `running` is set before any other fiber can run, so that no second fiber starts the check.
  private get outcome(): Effect.Effect<Outcome, never, R> {
    return Effect.uninterruptibleMask((restore) =>
      Effect.suspend(() => {
        const running = this.running
        if (running !== undefined) return restore(Deferred.await(running))
        const started = Deferred.unsafeMake<Outcome>(FiberId.none)
        this.running = started
        return Effect.zipRight(
          Effect.forkDaemon(Effect.interruptible(this.run(started))),
          restore(Deferred.await(started))
        )
      })
    )
  }

  // Interrupted at the limit. A check that ignores this goes on alone, and no other is started beside it.
  private run(started: Deferred.Deferred<Outcome>): Effect.Effect<void, never, R> {
    return Effect.timeoutOption(Effect.interruptible(this.effect), this.limit).pipe(
      Effect.flatMap(
        Option.match({
          onNone: () => Effect.fail(`no result within ${Duration.format(this.limit)}`),
          onSome: Effect.succeed
        })
      ),
      Effect.exit,
      Effect.flatMap((exit) => {
        this.running = undefined
        return Deferred.succeed(started, exit)
      })
    )
  }
}

const respond = (status: number, body: object, detail: boolean) =>
  HttpServerResponse.unsafeJson(detail ? body : { status: status === 200 ? "pass" : "fail" }, {
    status,
    headers: { "cache-control": "no-store" }
  })

const checksOf = <R>(checks: Checks<R> | undefined, limit: Duration.Duration) =>
  Object.entries(checks ?? {}).map(([name, effect]) => [name, new Check(effect, limit)] as const)

const run = <R>(checks: ReadonlyArray<readonly [string, Check<R>]>) =>
  Effect.forEach(checks, ([name, check]) => Effect.map(check.result, (result) => [name, result] as const), {
    concurrency: "unbounded"
  })

const passes = (results: ReadonlyArray<readonly [string, Result]>) =>
  results.every(([, { status }]) => status === "pass")

const answer = (
  state: string,
  isUp: boolean,
  results: ReadonlyArray<readonly [string, Result]>,
  detail: boolean
) => {
  const isWell = isUp && passes(results)
  const body = { status: isWell ? "pass" : "fail", state, checks: Object.fromEntries(results) }
  return respond(isWell ? 200 : 503, body, detail)
}

const invalid = (option: string, reason: string, received: unknown) =>
  new InvalidOption({ option, code: "ERR_INVALID_ARG_VALUE", reason, received: String(received) })

const isPath = (path: unknown): path is HttpRouter.PathInput =>
  typeof path === "string" && path.startsWith("/")

const refused = <R>(options: AppOptions<R>): InvalidOption | undefined => {
  for (const name of ["live", "ready"] as const)
    for (const [check, effect] of Object.entries<unknown>(options[name] ?? {}))
      if (!Effect.isEffect(effect)) return invalid(`${name}.${check}`, "must be an effect", effect)
  for (const name of ["livePath", "readyPath"] as const)
    if (options[name] !== undefined && !isPath(options[name]))
      return invalid(name, "must be a path that begins with /", options[name])
  return undefined
}

const notFound = Effect.succeed(HttpServerResponse.empty({ status: 404 }))

export const app = <R = never>(
  subject: Pick<Subject, "state">,
  options: AppOptions<R> = {}
): Effect.Effect<HttpApp.Default<never, R>, InvalidOption> => appBefore(notFound, subject, options)

const appBefore = <R, EF, RF>(
  fallback: HttpApp.Default<EF, RF>,
  subject: Pick<Subject, "state">,
  options: AppOptions<R>
): Effect.Effect<HttpApp.Default<EF, R | RF>, InvalidOption> =>
  Effect.gen(function* () {
    const { detail = true, livePath = "/livez", readyPath = "/readyz", timeout = "1 second" } = options
    const error = refused(options)
    if (error !== undefined) return yield* Effect.fail(error)
    const limit = Option.getOrUndefined(Duration.decodeUnknown(timeout))
    if (limit === undefined || !Duration.isFinite(limit) || Duration.isZero(limit))
      return yield* InvalidOption.outOfRange("timeout", "a finite duration > 0", timeout)
    const [live, ready] = [checksOf(options.live, limit), checksOf(options.ready, limit)]
    const onLive = Effect.zipWith(subject.state, run(live), (state, results) =>
      answer(state, true, results, detail)
    )
    // At the end of a server its dependencies may end too: the state says enough then.
    const onReady = Effect.flatMap(subject.state, (state) =>
      state === "ready"
        ? Effect.map(run(ready), (results) => answer(state, true, results, detail))
        : Effect.succeed(answer(state, false, [], detail))
    )
    return HttpRouter.empty.pipe(
      HttpRouter.get(livePath as HttpRouter.PathInput, onLive),
      HttpRouter.get(readyPath as HttpRouter.PathInput, onReady),
      Effect.catchTag("RouteNotFound", () => fallback)
    )
  })

type Request = HttpServerRequest | Scope.Scope

export const serve = <R = never, RF = never>(
  subject: Subject,
  { fallback = notFound, ...options }: Options<R, RF>
): Effect.Effect<
  Server.Service,
  ServeError | InvalidOption,
  Network.Network | Scope.Scope | R | Exclude<RF, Request>
> =>
  Effect.gen(function* () {
    if (!Effect.isEffect(fallback)) return yield* Effect.fail(invalid("fallback", "must be an app", fallback))
    const answers = yield* appBefore(fallback, subject, options)
    const context = yield* Effect.context<R | Exclude<RF, Request>>()
    // The rest says where to listen, or is refused as an option of a server.
    const { detail: _1, live: _2, livePath: _3, ready: _4, readyPath: _5, timeout: _6, ...rest } = options
    const server = yield* Server.make({
      ...rest,
      idleConnectionGrace: 0,
      gracefulShutdownTimeout: "1 second"
    })
    const app = Effect.mapInputContext(
      answers,
      (own: Context.Context<Request>) => Context.merge(context, own) as Context.Context<R | RF | Request>
    )
    yield* HttpMiddleware.withTracerDisabledWhenEffect(server.httpServer.serve(app), () => true)
    // Answers up to the end of the subject, so that no one takes a server that drains for one that is dead.
    yield* Effect.addFinalizer(() => subject.shutdown)
    return server
  })
