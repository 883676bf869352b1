/**
 * Compiles a platform app into a function that runs once per exchange.
 *
 * Keeps the order of platform's `HttpApp.toHandled`: app, pre-response handlers, sending the response, the
 * rest of the middleware, the scope's finalizers. Scope and span are created on first use. Never decides
 * whether a connection is reused or closed.
 */
import * as Headers from "@effect/platform/Headers"
import * as HttpApp from "@effect/platform/HttpApp"
import { isEjected, mayEject } from "../fast/ejectedScopes.js"
import { Launcher } from "../fast/launch.js"
import { LayeredMap } from "../fast/layeredMap.js"
import { MaxBodySize } from "@effect/platform/HttpIncomingMessage"
import * as HttpMiddleware from "@effect/platform/HttpMiddleware"
import * as ServerError from "@effect/platform/HttpServerError"
import * as ServerRequest from "@effect/platform/HttpServerRequest"
import * as Respondable from "@effect/platform/HttpServerRespondable"
import * as ServerResponse from "@effect/platform/HttpServerResponse"
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as DefaultServices from "effect/DefaultServices"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as FiberId from "effect/FiberId"
import * as FiberRef from "effect/FiberRef"
import * as FiberRefs from "effect/FiberRefs"
import * as HashSet from "effect/HashSet"
import * as Logger from "effect/Logger"
import * as Option from "effect/Option"
import * as Runtime from "effect/Runtime"
import * as RuntimeFlags from "effect/RuntimeFlags"
import * as Scope from "effect/Scope"
import * as Tracer from "effect/Tracer"
import type { ServerLife } from "../../connection/server/life.js"
import type {
  ClientErrorHandler,
  ClientFault,
  Connection,
  ConnectionFacts,
  ExchangeHome,
  Owner,
  Rejecting
} from "../../connection/server/ports.js"
import { fromLoss } from "../../errors/fromLoss.js"
import { statusOf, type Rejection } from "../../model/loss.js"
import { withoutUserinfo } from "../../model/urlSecrets.js"
import { expectationFailed, hasUnknownExpectation, type RequestHead } from "../../wire/index.js"
import { currentKnownMethods } from "../observe/knownMethods.js"
import { LazySpan } from "../fast/lazySpan.js"
import { sendResponse } from "./answer.js"
import * as ClientErrors from "./clientErrors.js"
import { endsOf, ServerExchange, type AppServer, type Serving } from "./exchange.js"
import { ServerRequestImpl } from "./request.js"
import { asPlatform, compile, isRouter, type Run } from "./router.js"
import type { ServerSettings } from "../options/server.js"
import { originForm } from "./target.js"

type Response = ServerResponse.HttpServerResponse
type AnyApp = HttpApp.Default<unknown, unknown>
type AnyFiber = Fiber.RuntimeFiber<unknown, unknown>

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

// The response that platform gives to a failure that defines no response.
const unhandled = Effect.runSync(ServerError.causeResponse(Cause.fail(undefined)))[0]

// `report` logs the failure, so prevent Effect from logging the fiber's failure again at level Debug.
const notTwice = FiberRef.set(FiberRef.unhandledErrorLogLevel, Option.none())

const withoutEvents = HashSet.remove(Logger.tracerLogger)

// Stores the handler's failure in the exchange and logs the failure once. Ignores interruptions, and failures
// that define their own response.
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
  // Platform's logger middleware logs the failure with the request, so do not log it here.
  if (exchange.serving.logsFailures && !fiber.getFiberRef(HttpMiddleware.loggerDisabled)) return notTwice
  const { method, originalUrl } = exchange.request
  const log = Effect.annotateLogs(Effect.logError("a handler failed", cause), {
    "http.request.method": method,
    "url.path": withoutUserinfo(originalUrl)
  })
  // The span already ends with this failure, so do not add a log event to the span.
  return Effect.zipRight(notTwice, Effect.locallyWith(log, FiberRef.currentLoggers, withoutEvents))
}

// Sends the response to an app's failure. Then fails with the part of the cause that the response does not
// cover.
const answerFailure = (cause: Cause.Cause<unknown>): Effect.Effect<Response, unknown> =>
  withExchange((exchange, fiber) =>
    Effect.flatMap(ServerError.causeResponse(cause), ([response, rest]) => {
      // The trailers belong to the response that failed. Drop them, because another response is sent.
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
    // If the response has been sent synchronously, return the result directly to save the cost of an error
    // handler.
    return "_tag" in sent && sent._tag === "Success" ? sent : Effect.catchAllCause(sent, answerFailure)
  })

// Wraps the app in a span with the attributes of platform's tracer middleware. Used if a tracer is installed.
const withSpan = (app: AnyApp): AnyApp =>
  withExchange((exchange, fiber) => {
    if (fiber.getFiberRef(HttpMiddleware.currentTracerDisabledWhen)(exchange.request)) return app
    const parent = Option.getOrUndefined(exchange.spanParent())
    return Effect.useSpan(
      exchange.spanName(),
      { parent, kind: "server", captureStackTrace: false },
      (span) => {
        exchange.tracedSpan = span
        const set = (key: string, value: unknown) => span.attribute(key, value)
        exchange.requestAttributes(set)
        return Effect.flatMap(Effect.exit(Effect.withParentSpan(app, span)), (exit) => {
          exchange.responseAttributes(set, ServerError.exitResponse(exit))
          return exit
        })
      }
    )
  })

/** Returns the values of the server that its apps need. */
export const serverOf = (
  life: ServerLife,
  settings: ServerSettings,
  rest: Pick<AppServer, "onClientError" | "handlesExpectations" | "webSocket">
): AppServer => ({
  ...rest,
  settings,
  get state() {
    return life.state
  },
  awaitDrain: Effect.async((resume) => {
    const cancel = life.whenDraining(() => resume(Effect.void))
    return Effect.sync(cancel)
  })
})

/**
 * Compiles an app. Must run in the fiber that serves the app, because requests get the context, fiber refs
 * and tracer of this fiber.
 */
export const make = (
  httpApp: AnyApp,
  middleware: HttpMiddleware.HttpMiddleware | undefined,
  server: AppServer
): Effect.Effect<Owner> =>
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
      mayEject(handled(httpApp, middleware, untraced)) as Effect.Effect<unknown>,
      middleware === undefined && untraced,
      server,
      spans ? disabledWhen : undefined,
      middleware === HttpMiddleware.logger
    )
  })

const outcome = { onFailure: answerFailure, onSuccess: respond }

// Runs the handler of a route and sends its response. The fiber can be interrupted from its start.
const answerRoute: Run = (handler, uninterruptible) => {
  const answered = Effect.matchCauseEffect(handler, {
    onFailure: answerFailure,
    onSuccess: (result) =>
      ServerResponse.isServerResponse(result)
        ? respond(result)
        : Effect.matchCauseEffect(Respondable.toResponse(result), outcome)
  })
  return uninterruptible ? Effect.uninterruptible(answered) : answered
}

const handled = (
  httpApp: AnyApp,
  middleware: HttpMiddleware.HttpMiddleware | undefined,
  untraced: boolean
): Effect.Effect<unknown, unknown, unknown> => {
  // Without middleware and span, nothing has to complete after an interruption. So the whole fiber may be
  // interruptible.
  if (middleware === undefined && untraced) {
    return isRouter(httpApp) ? compile(httpApp, answerRoute) : Effect.matchCauseEffect(httpApp, outcome)
  }
  // Middleware and span must complete even if the client leaves. So the fiber starts uninterruptible, and
  // only the app within is interruptible.
  const responded = Effect.matchCauseEffect(
    // A router itself decides which of its routes are interruptible.
    isRouter(httpApp) ? compile(httpApp, asPlatform) : Effect.interruptible(httpApp),
    outcome
  ) as AnyApp
  const traced = untraced ? (app: AnyApp) => app : withSpan
  if (middleware === undefined) return traced(responded)
  return Effect.matchCauseEffect(traced(middleware(responded)) as AnyApp, {
    // A middleware may fail, or return a response without running the app. In both cases this code sends the
    // response.
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

const refusedExpectation = respond(
  ServerResponse.empty({ status: expectationFailed })
) as Effect.Effect<unknown>

class App implements Owner, ClientErrorHandler, Serving {
  readonly context: Context.Context<never>
  readonly redactedNames: ReadonlyArray<string | RegExp>
  readonly knownMethods: ReadonlySet<string>
  private readonly services: ReadonlyMap<string, unknown>
  private readonly launcher: Launcher

  constructor(
    private readonly runtime: Runtime.Runtime<never>,
    private readonly program: Effect.Effect<unknown>,
    interruptible: boolean,
    readonly server: AppServer,
    private readonly spanless: ((request: ServerRequest.HttpServerRequest) => boolean) | undefined,
    readonly logsFailures: boolean
  ) {
    this.context = runtime.context
    const services = runtime.context.unsafeMap
    const { maxBodySize } = server.settings
    // A `MaxBodySize` in the context of the app or of a route takes precedence over the server's limit.
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
    this.knownMethods = FiberRefs.getOrDefault(runtime.fiberRefs, currentKnownMethods)
  }

  open(connection: Connection & ExchangeHome, head: RequestHead, number: number): ServerExchange {
    const exchange = new ServerExchange(connection, head, number, this)
    exchange.request = new ServerRequestImpl(exchange, originForm(head.target), undefined, undefined)
    return exchange
  }

  run(exchange: ServerExchange, ended: (exchange: ServerExchange) => void): void {
    const services = new LayeredMap(this.services)
    services.set(ServerRequest.HttpServerRequest.key, exchange.request)
    services.set(Scope.Scope.key, exchange.scope)
    let program = this.program
    if (!this.server.handlesExpectations && hasUnknownExpectation(exchange.head)) program = refusedExpectation
    try {
      if (this.spanless !== undefined && !this.spanless(exchange.request)) {
        exchange.span = new LazySpan(exchange, "server", exchange.connection.server.timers.now())
        services.set(Tracer.ParentSpan.key, exchange.span)
      }
    } catch (defect) {
      // The user's predicate `spanless` threw. Treat the exception as a failure of the handler.
      program = answerFailure(Cause.die(defect)) as Effect.Effect<unknown>
    }
    const fiber = this.launcher.start(services, program)
    exchange.fiber = fiber
    fiber.addObserver((exit) => this.finish(exchange, exit, ended))
  }

  get clientErrors(): ClientErrorHandler | undefined {
    return this.server.onClientError === undefined ? undefined : this
  }

  answer(connection: ConnectionFacts, rejection: Rejection, rejecting: Rejecting): () => void {
    const facts = { ...this.describe(connection, rejection), status: statusOf(rejection) }
    const refusing = { ...rejecting, date: () => connection.server.date() }
    const fiber = this.fork(ClientErrors.ask(refusing, this.server.onClientError!, facts))
    return () => fiber.unsafeInterruptAsFork(FiberId.none)
  }

  report(connection: ConnectionFacts, error: ClientFault): void {
    const status = error._tag === "Failed" ? 400 : statusOf(error)
    const facts = { ...this.describe(connection, error), status }
    this.fork(ClientErrors.report(this.server.onClientError!, facts))
  }

  private describe({ exchanges, transport }: ConnectionFacts, error: ClientFault) {
    return { error: fromLoss(error), connection: endsOf(transport, exchanges) }
  }

  private fork(effect: Effect.Effect<unknown>): Fiber.RuntimeFiber<unknown, unknown> {
    return Runtime.runFork(this.runtime, effect)
  }

  private finish(
    exchange: ServerExchange,
    exit: Exit.Exit<unknown, unknown>,
    ended: (exchange: ServerExchange) => void
  ): void {
    exchange.fiber = undefined
    exchange.span?.endAt(exchange.connection.server.timers.now(), exit)
    const { scope } = exchange
    if (isEjected(scope)) return ended(exchange)
    if (scope.unused) {
      scope.markClosed(exit)
      return ended(exchange)
    }
    Runtime.runFork(this.runtime, Scope.close(scope, exit)).addObserver(() => ended(exchange))
  }
}
