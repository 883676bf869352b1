/**
 * From a platform app to something that runs once per exchange.
 *
 * Keeps the order of platform's `HttpApp.toHandled`: app, pre-response handlers, the answer, then what middleware does
 * after it, then the scope. What costs nothing until used (scope, span) is not paid for. Never decides about
 * connections.
 */
import * as Headers from "@effect/platform/Headers"
import * as HttpApp from "@effect/platform/HttpApp"
import type * as FileSystem from "@effect/platform/FileSystem"
import { Launcher } from "./launch.js"
import { LayeredMap } from "./layeredMap.js"
import { MaxBodySize } from "@effect/platform/HttpIncomingMessage"
import * as HttpMiddleware from "@effect/platform/HttpMiddleware"
import * as HttpRouter from "@effect/platform/HttpRouter"
import * as ServerError from "@effect/platform/HttpServerError"
import * as ServerRequest from "@effect/platform/HttpServerRequest"
import * as ServerResponse from "@effect/platform/HttpServerResponse"
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as DefaultServices from "effect/DefaultServices"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as FiberRef from "effect/FiberRef"
import * as FiberRefs from "effect/FiberRefs"
import { globalValue } from "effect/GlobalValue"
import * as HashSet from "effect/HashSet"
import * as Logger from "effect/Logger"
import * as Option from "effect/Option"
import * as Runtime from "effect/Runtime"
import * as RuntimeFlags from "effect/RuntimeFlags"
import * as Scope from "effect/Scope"
import * as Tracer from "effect/Tracer"
import type { Timers } from "../Timers.js"
import { withoutUserinfo } from "../model/urlSecrets.js"
import { hasUnknownExpectation } from "../wire/index.js"
import { LazySpan } from "./lazySpan.js"
import { sendResponse } from "./serverAnswer.js"
import type { ServerExchange } from "./serverExchange.js"

type Response = ServerResponse.HttpServerResponse
type AnyApp = HttpApp.Default<unknown, unknown>
type AnyFiber = Fiber.RuntimeFiber<unknown, unknown>

// Platform's own set: a scope in it is closed by whoever ejected it.
const ejectedScopes = globalValue("@effect/platform/HttpApp/ejectedScopes", () => new WeakSet<Scope.Scope>())

const requestIn = (fiber: AnyFiber): ServerRequest.HttpServerRequest =>
  Context.unsafeGet(
    fiber.currentContext as Context.Context<ServerRequest.HttpServerRequest>,
    ServerRequest.HttpServerRequest
  )

const withExchange = <A, E, R>(
  f: (exchange: ServerExchange, fiber: AnyFiber) => Effect.Effect<A, E, R>
): Effect.Effect<A, E, R> =>
  Effect.withFiberRuntime((fiber) => f(requestIn(fiber).source as ServerExchange, fiber))

const answer = (
  exchange: ServerExchange,
  fiber: AnyFiber,
  response: Response
): Effect.Effect<Response, unknown> => {
  const handlers = fiber.getFiberRef(HttpApp.currentPreResponseHandlers)
  if (handlers._tag === "None") return sendResponse(exchange, response)
  return Effect.flatMap(handlers.value(requestIn(fiber), response), (changed) =>
    sendResponse(exchange, changed)
  )
}

// What platform answers with where a failure has no answer of its own.
const unhandled = Effect.runSync(ServerError.causeResponse(Cause.fail(undefined)))[0]

// Effect would log the end of the fiber as well, at level Debug.
const notTwice = FiberRef.set(FiberRef.unhandledErrorLogLevel, Option.none())

const withoutEvents = HashSet.remove(Logger.tracerLogger)

// Nothing of the app's own answers it: it is remembered, and logged once. An interruption is no failure of a handler.
const report = (
  exchange: ServerExchange,
  fiber: AnyFiber,
  cause: Cause.Cause<unknown>,
  response: Response
): Effect.Effect<void> => {
  if (exchange.reported || exchange.abortedWith !== undefined || Cause.isInterruptedOnly(cause))
    return Effect.void
  if (response !== unhandled && exchange.answer === undefined) return Effect.void
  exchange.failure ??= cause
  exchange.reported = true
  // Platform's logger says it in the line of its request.
  if (exchange.connection.app!.logsFailures && !fiber.getFiberRef(HttpMiddleware.loggerDisabled))
    return notTwice
  const { method, originalUrl } = exchange.request
  const log = Effect.annotateLogs(Effect.logError("a handler has failed", cause), {
    "http.request.method": method,
    "url.path": withoutUserinfo(originalUrl)
  })
  // The span has the failure already: it ends with it.
  return Effect.zipRight(notTwice, Effect.locallyWith(log, FiberRef.currentLoggers, withoutEvents))
}

// What an app's failure answers with, and what is left of the failure once it is answered.
const answerFailure = (cause: Cause.Cause<unknown>): Effect.Effect<Response, unknown> =>
  withExchange((exchange, fiber) =>
    Effect.flatMap(ServerError.causeResponse(cause), ([response, rest]) => {
      // They belonged to the answer that failed.
      if (exchange.answer === undefined) exchange.trailers = undefined
      return Effect.zipRight(
        Effect.zipRight(report(exchange, fiber, cause, response), answer(exchange, fiber, response)),
        Cause.isEmptyType(rest) ? Effect.succeed(response) : Effect.failCause(rest)
      )
    })
  )

const respond = (response: Response): Effect.Effect<Response, unknown> =>
  withExchange((exchange, fiber) => {
    const sent = answer(exchange, fiber, response)
    // Sent already: the common case pays for no handler.
    return "_tag" in sent && sent._tag === "Success" ? sent : Effect.catchAllCause(sent, answerFailure)
  })

// For an installed tracer: a span of its making, with the attributes that platform's tracer middleware writes.
const withSpan = (app: AnyApp): AnyApp =>
  withExchange((exchange, fiber) => {
    if (fiber.getFiberRef(HttpMiddleware.currentTracerDisabledWhen)(exchange.request)) return app
    const parent = Option.getOrUndefined(exchange.spanParent())
    return Effect.useSpan(
      exchange.spanName(),
      { parent, kind: "server", captureStackTrace: false },
      (span) => {
        const set = (key: string, value: unknown) => span.attribute(key, value)
        exchange.requestAttributes(set)
        return Effect.flatMap(Effect.exit(Effect.withParentSpan(app, span)), (exit) => {
          exchange.responseAttributes(set, ServerError.exitResponse(exit))
          return exit
        })
      }
    )
  })

/** Made once per `serve`; runs exchanges. */
export interface ServerApp {
  readonly context: Context.Context<never>
  readonly redactedNames: ReadonlyArray<string | RegExp>
  /** Its middleware logs the cause of a failure by itself. */
  readonly logsFailures: boolean
  /** Starts the handler of an exchange; `ended` is called when it and its scope are over. */
  run(exchange: ServerExchange, ended: (exchange: ServerExchange) => void): void
  /** Runs what belongs to no exchange, with what is there where the app is served. */
  fork(effect: Effect.Effect<unknown>): Fiber.RuntimeFiber<unknown, unknown>
}

/** Must run where the app is served: takes context, fiber refs and tracer from there. */
export const make = (
  httpApp: AnyApp,
  middleware: HttpMiddleware.HttpMiddleware | undefined,
  timers: Timers,
  maxBodySize: FileSystem.Size | undefined
): Effect.Effect<ServerApp> =>
  Effect.map(Effect.runtime<never>(), (runtime) => {
    const tracer = Context.get(
      FiberRefs.getOrDefault(runtime.fiberRefs, DefaultServices.currentServices),
      Tracer.Tracer
    )
    const untraced =
      tracer === Context.get(DefaultServices.liveServices, Tracer.Tracer) ||
      !FiberRefs.getOrDefault(runtime.fiberRefs, FiberRef.currentTracerEnabled)
    const spans = untraced && FiberRefs.getOrDefault(runtime.fiberRefs, FiberRef.currentTracerEnabled)
    const disabledWhen = FiberRefs.getOrDefault(runtime.fiberRefs, HttpMiddleware.currentTracerDisabledWhen)
    return new App(
      runtime,
      handled(httpApp, middleware, untraced) as Effect.Effect<unknown>,
      middleware === undefined && untraced && !isRouter(httpApp),
      timers,
      maxBodySize,
      spans ? disabledWhen : undefined,
      middleware === HttpMiddleware.logger
    )
  })

// A router decides for itself what of a request may be interrupted: each of its routes does or does not.
const isRouter = (app: AnyApp): boolean => HttpRouter.TypeId in app

const handled = (
  httpApp: AnyApp,
  middleware: HttpMiddleware.HttpMiddleware | undefined,
  untraced: boolean
): Effect.Effect<unknown, unknown, unknown> => {
  const outcome = { onFailure: answerFailure, onSuccess: respond }
  // Nothing surrounds the app that would have to run after an interruption.
  if (middleware === undefined && untraced) return Effect.matchCauseEffect(httpApp, outcome)
  // What surrounds the app runs to its end even when a client went away: its fiber starts uninterruptible.
  const responded = Effect.matchCauseEffect(
    isRouter(httpApp) ? httpApp : Effect.interruptible(httpApp),
    outcome
  ) as AnyApp
  const traced = untraced ? (app: AnyApp) => app : withSpan
  if (middleware === undefined) return traced(responded)
  return Effect.matchCauseEffect(traced(middleware(responded)) as AnyApp, {
    // A middleware may answer in the app's place, or fail: then nothing has been answered yet.
    onFailure: (cause) =>
      withExchange((exchange, fiber) =>
        exchange.answer !== undefined
          ? Effect.void
          : Effect.matchCauseEffect(ServerError.causeResponse(cause), {
              onFailure: () => sendResponse(exchange, ServerResponse.empty({ status: 500 })),
              onSuccess: ([response]) =>
                Effect.zipRight(report(exchange, fiber, cause, response), sendResponse(exchange, response))
            })
      ),
    onSuccess: (response) =>
      withExchange((exchange) =>
        exchange.answer !== undefined ? Effect.void : sendResponse(exchange, response)
      )
  })
}

const expectationFailed = respond(ServerResponse.empty({ status: 417 })) as Effect.Effect<unknown>

class App implements ServerApp {
  readonly context: Context.Context<never>
  readonly redactedNames: ReadonlyArray<string | RegExp>
  private readonly services: ReadonlyMap<string, unknown>
  private readonly launcher: Launcher

  constructor(
    private readonly runtime: Runtime.Runtime<never>,
    private readonly program: Effect.Effect<unknown>,
    interruptible: boolean,
    private readonly timers: Timers,
    maxBodySize: FileSystem.Size | undefined,
    private readonly spanless: ((request: ServerRequest.HttpServerRequest) => boolean) | undefined,
    readonly logsFailures: boolean
  ) {
    this.context = runtime.context
    const services = runtime.context.unsafeMap
    // What is provided around the app, or around a route, goes before the server's own limit.
    this.services =
      maxBodySize === undefined || services.has(MaxBodySize.key)
        ? services
        : new Map(services).set(MaxBodySize.key, Option.some(maxBodySize))
    this.launcher = new Launcher(
      runtime,
      interruptible
        ? runtime.runtimeFlags
        : RuntimeFlags.disable(runtime.runtimeFlags, RuntimeFlags.Interruption)
    )
    this.redactedNames = FiberRefs.getOrDefault(runtime.fiberRefs, Headers.currentRedactedNames)
  }

  run(exchange: ServerExchange, ended: (exchange: ServerExchange) => void): void {
    const services = new LayeredMap(this.services)
    services.set(ServerRequest.HttpServerRequest.key, exchange.request)
    services.set(Scope.Scope.key, exchange.scope)
    let program = this.program
    if (!exchange.connection.server.handlesExpectations && hasUnknownExpectation(exchange.head))
      program = expectationFailed
    try {
      if (this.spanless !== undefined && !this.spanless(exchange.request)) {
        exchange.span = new LazySpan(exchange, "server", this.timers.now())
        services.set(Tracer.ParentSpan.key, exchange.span)
      }
    } catch (defect) {
      // The predicate is the user's: what it throws is the handler's failure.
      program = answerFailure(Cause.die(defect)) as Effect.Effect<unknown>
    }
    const fiber = this.launcher.start(services, program)
    exchange.fiber = fiber
    fiber.addObserver((exit) => this.finish(exchange, exit, ended))
  }

  fork(effect: Effect.Effect<unknown>): Fiber.RuntimeFiber<unknown, unknown> {
    return Runtime.runFork(this.runtime, effect)
  }

  private finish(
    exchange: ServerExchange,
    exit: Exit.Exit<unknown, unknown>,
    ended: (exchange: ServerExchange) => void
  ): void {
    exchange.fiber = undefined
    exchange.span?.endAt(this.timers.now(), exit)
    const { scope } = exchange
    if (ejectedScopes.has(scope)) return ended(exchange)
    if (scope.unused) {
      scope.markClosed(exit)
      return ended(exchange)
    }
    Runtime.runFork(this.runtime, Scope.close(scope, exit)).addObserver(() => ended(exchange))
  }
}
