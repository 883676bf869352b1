/**
 * One request and its answer on a server's connection.
 *
 * Holds what belongs to this exchange alone: head, body, scope, span, fiber, what was answered. How an answer becomes
 * bytes is decided by `wire/`, what becomes of the connection afterwards by `serverConnection`.
 */
import type * as Headers from "@effect/platform/Headers"
import * as HttpMiddleware from "@effect/platform/HttpMiddleware"
import * as HttpRouter from "@effect/platform/HttpRouter"
import * as ServerRequest from "@effect/platform/HttpServerRequest"
import type { HttpServerResponse } from "@effect/platform/HttpServerResponse"
import * as TraceContext from "@effect/platform/HttpTraceContext"
import type * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import type * as Fiber from "effect/Fiber"
import * as FiberId from "effect/FiberId"
import * as Option from "effect/Option"
import * as Tracer from "effect/Tracer"
import type { ExchangeOutcome } from "../ExchangeOutcome.js"
import type { RequestBodyError } from "../Exchange.js"
import type { Policy } from "../Shutdown.js"
import type { DeadlinePolicy, Framing, RequestHead } from "../wire/index.js"
import type { BodyFlow } from "../connection/transfer/body.js"
import type { IncomingBody } from "./incomingBody.js"
import { LazyScope } from "./lazyScope.js"
import type { LazySpan, SpanSource } from "./lazySpan.js"
import type { ResponseTrailers } from "./responseTrailers.js"
import type { ServerConnection } from "./serverConnection.js"
import { ServerRequestImpl } from "./serverRequest.js"
import { originForm } from "./serverTarget.js"
import type { UpgradeState } from "./upgradeState.js"
import { shownFields } from "./spanFields.js"
import { redactUrl } from "../model/urlSecrets.js"

/** What ends a request's body early. */
export type BodyError = RequestBodyError

/** When the head was read, by both clocks, and when it was answered, by that of `begun`. */
interface Times {
  /** Milliseconds since the epoch. */
  readonly startedAt: number
  readonly begun: number
  answered: number | undefined
}

export class ServerExchange implements SpanSource, BodyFlow {
  readonly scope = new LazyScope()
  readonly request: ServerRequestImpl
  body: IncomingBody<BodyError, BodyError> | undefined = undefined
  /** The parts of a form, once asked for; they are the same through every view of the request. */
  multipart: ServerRequest.HttpServerRequest["multipart"] | undefined = undefined
  span: LazySpan | undefined = undefined
  fiber: Fiber.RuntimeFiber<unknown, unknown> | undefined = undefined
  /** The handler has been started. */
  started = false
  /** The whole request has arrived. */
  requestComplete = false
  /** `100 Continue` was sent. */
  continued = false
  /** The answer's head has been given to the transport. */
  answer: HttpServerResponse | undefined = undefined
  /** How the end of the answer's body is marked, once its head was sent. */
  framing: Framing | undefined = undefined
  trailers: ResponseTrailers | undefined = undefined
  /** All of the answer has been given to the transport, or never will be. */
  responseComplete = false
  /** The connection is gone, or given up: nothing can be answered any more. */
  aborted = false
  /** Deadlines of its own. `undefined`: the server's. */
  deadlines: DeadlinePolicy | undefined = undefined
  /** Why, where the peer or the connection ended it. */
  abortedWith: BodyError | undefined = undefined
  /** What a shutdown does with the handler. */
  drainPolicy: Policy = "interruptAtDeadline"
  /** The handler has asked to hear of the drain, and takes leave by itself. */
  listensToDrain = false
  /** Its connection has left HTTP: how that goes on. */
  upgrade: UpgradeState | undefined = undefined
  /** A shutdown has interrupted the handler. */
  shutDown = false
  /** What the handler failed with, where nothing of its own answers it. */
  failure: Cause.Cause<unknown> | undefined = undefined
  /** The failure has been logged. */
  reported = false
  /** Its moments, if somebody listens. */
  times: Times | undefined = undefined
  private ended: ReadonlyArray<(outcome: ExchangeOutcome) => void> | undefined = undefined

  constructor(
    readonly connection: ServerConnection,
    readonly head: RequestHead,
    /** Which exchange of its connection this is, from 1. */
    readonly number: number
  ) {
    this.request = new ServerRequestImpl(this, originForm(head.target), undefined, undefined)
  }

  // ---- the body's flow: the connection listens only while this is the exchange that it reads

  bodyFull(): void {
    this.connection.bodyFull(this)
  }

  bodyDrained(): void {
    this.connection.bodyDrained(this)
  }

  bodyWanted(): void {
    this.connection.bodyWanted(this)
  }

  get remoteAddress(): string | undefined {
    const remote = this.connection.transport.remote
    return remote?._tag === "TcpAddress" ? remote.hostname : undefined
  }

  /** The answer's body ends with the connection: FIN would pass a part of it for the whole. */
  get untilClose(): boolean {
    return this.framing?._tag === "UntilClose"
  }

  /** An upgrade (RFC 9110 §7.8: not in HTTP/1.0) or CONNECT. */
  get asksForSwitch(): boolean {
    const { method, upgrade, versionMinor } = this.head
    return method === "CONNECT" || (upgrade && versionMinor !== 0)
  }

  /** Ends the handler, unless its route asked not to be interrupted (`HttpRouter`'s `uninterruptible`). */
  interrupt(by: FiberId.FiberId): void {
    const fiber = this.fiber
    if (fiber === undefined || uninterruptible(fiber)) return
    fiber.unsafeInterruptAsFork(by)
  }

  /** A shutdown does not interrupt it. */
  get isKept(): boolean {
    const fiber = this.fiber
    return this.drainPolicy === "wait" || (fiber !== undefined && uninterruptible(fiber))
  }

  /** Told once, when all is over. */
  onEnd(listener: (outcome: ExchangeOutcome) => void): void {
    if (!this.isWatched) this.begins()
    this.ended = this.ended === undefined ? [listener] : [...this.ended, listener]
  }

  /** Somebody wants to know when it began. */
  begins(): Times {
    const { timers } = this.connection.server
    return (this.times = { startedAt: timers.wallTime(), begun: timers.now(), answered: undefined })
  }

  /** Somebody wants to know how it ends. */
  get isWatched(): boolean {
    return this.times !== undefined
  }

  tellEnd(outcome: ExchangeOutcome): void {
    const listeners = this.ended
    this.ended = undefined
    if (listeners !== undefined) for (const tell of listeners) tell(outcome)
  }

  interruptForShutdown(): void {
    this.shutDown = true
    this.interrupt(FiberId.none)
  }

  // ---- the span: what platform's tracer middleware writes

  spanName(): string {
    return Context.get(this.connection.app!.context, HttpMiddleware.SpanNameGenerator)(this.request)
  }

  spanParent(): Option.Option<Tracer.AnySpan> {
    const remote = TraceContext.fromHeaders(this.request.headers)
    return Option.isSome(remote)
      ? remote
      : Context.getOption(this.connection.app!.context as Context.Context<never>, Tracer.ParentSpan)
  }

  spanAttributes(set: SetAttribute): void {
    this.requestAttributes(set)
    if (this.answer !== undefined) this.responseAttributes(set, this.answer)
  }

  requestAttributes(set: SetAttribute): void {
    set("http.request.method", this.request.method)
    const requested = Option.getOrUndefined(ServerRequest.toURL(this.request))
    if (requested !== undefined) {
      const url = redactUrl(requested)
      set("url.full", url.toString())
      set("url.path", url.pathname)
      if (url.search.length > 1) set("url.query", url.search.slice(1))
      set("url.scheme", url.protocol.slice(0, -1))
    }
    const agent = this.request.headers["user-agent"]
    if (agent !== undefined) set("user_agent.original", agent)
    this.headerAttributes(set, "http.request.header", this.request.headers)
    if (this.remoteAddress !== undefined) set("client.address", this.remoteAddress)
  }

  responseAttributes(set: SetAttribute, response: HttpServerResponse): void {
    set("http.response.status_code", response.status)
    this.headerAttributes(set, "http.response.header", response.headers)
  }

  private headerAttributes(set: SetAttribute, prefix: string, headers: Headers.Headers): void {
    shownFields(headers, this.connection.app!.redactedNames, (name, value) => set(`${prefix}.${name}`, value))
  }
}

type SetAttribute = (key: string, value: unknown) => void

const uninterruptible = (fiber: Fiber.RuntimeFiber<unknown, unknown>): boolean => {
  const route = Context.getOption(fiber.currentContext as Context.Context<never>, HttpRouter.RouteContext)
  return Option.isSome(route) && route.value.route.uninterruptible
}

/** The exchange behind platform's request. `undefined` where the request is not ours (a web handler's, a test's). */
export const exchangeOf = (request: ServerRequest.HttpServerRequest): ServerExchange | undefined =>
  request.source instanceof ServerExchange ? request.source : undefined
