/**
 * One request/response exchange of a server of the Effect API. The exchange owns the fiber that runs its
 * handler.
 *
 * Holds only the state of this exchange. `wire/` encodes the response, and `connection/` closes or reuses the
 * connection after the exchange.
 */
import type * as Headers from "@effect/platform/Headers"
import * as HttpMiddleware from "@effect/platform/HttpMiddleware"
import * as HttpRouter from "@effect/platform/HttpRouter"
import { clientAbortFiberId } from "@effect/platform/HttpServerError"
import * as ServerRequest from "@effect/platform/HttpServerRequest"
import type { HttpServerResponse } from "@effect/platform/HttpServerResponse"
import * as TraceContext from "@effect/platform/HttpTraceContext"
import type * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as FiberId from "effect/FiberId"
import * as Option from "effect/Option"
import * as Tracer from "effect/Tracer"
import { Exchange, type BodyLoss, type Connection, type ExchangeHome } from "../../connection/server/ports.js"
import type { Handler } from "./clientErrorApi.js"
import { fromLoss } from "../../errors/fromLoss.js"
import type { Connection as Ends, RequestBodyError } from "./exchangeApi.js"
import type { ExchangeOutcome } from "./outcome.js"
import type { Loss } from "../../model/loss.js"
import { plainHost } from "../../model/address.js"
import type { ClientFacts } from "../../model/client.js"
import type { State } from "../../model/serverState.js"
import { redactUrl } from "../../model/urlSecrets.js"
import type { Transport } from "../../seams/transport.js"
import type * as WebSockets from "./webSocketApi.js"
import type { EncodedHead, RequestHead } from "../../wire/index.js"
import { clientOf } from "../../wire/receive/forwarded.js"
import { IncomingBody } from "../incomingBody.js"
import { makeExchangeScope, type ExchangeScope } from "../fast/lazyScope.js"
import type { LazySpan, SpanSource } from "../fast/lazySpan.js"
import type { ResponseTrailers } from "./responseTrailers.js"
import type { ServerSettings } from "../options/server.js"
import { targetHost } from "./target.js"
import {
  methodAttributes,
  serverAttributes,
  shownFields,
  statusAttributes,
  type SetAttribute
} from "../observe/spanFields.js"

/** Errors that end a request's body early. */
export type BodyError = RequestBodyError

/** The app that serves an exchange. */
export interface Serving {
  readonly context: Context.Context<never>
  readonly redactedNames: ReadonlyArray<string | RegExp>
  /** The methods that spans show by name. */
  readonly knownMethods: ReadonlySet<string>
  /** Whether a middleware of the app logs handler failures. */
  readonly logsFailures: boolean
  readonly server: AppServer
}

/** Values of the server that its apps need. */
export interface AppServer {
  readonly settings: ServerSettings
  readonly onClientError: Handler | undefined
  /** Whether the app handles unknown values of `Expect`. */
  readonly handlesExpectations: boolean
  /** WebSocket framing for platform's `HttpServerRequest.upgrade`. */
  readonly webSocket: WebSockets.Service | undefined
  readonly state: State
  /** Waits until draining begins. */
  readonly awaitDrain: Effect.Effect<void>
}

export class ServerExchange extends Exchange implements SpanSource {
  declare body: IncomingBody<BodyLoss, BodyError> | undefined
  readonly scope: ExchangeScope = makeExchangeScope()
  /** The platform request. The app sets it when the exchange begins. */
  request: ServerRequest.HttpServerRequest = undefined as never
  /**
   * The parts of a form, created when they are first requested. All views of the request share the same
   * parts, because the body can be read only once.
   */
  multipart: ServerRequest.HttpServerRequest["multipart"] | undefined = undefined
  span: LazySpan | undefined = undefined
  /** The span of an installed tracer. If it is set, the exchange has no lazy `span`. */
  tracedSpan: Tracer.Span | undefined = undefined
  fiber: Fiber.RuntimeFiber<unknown, unknown> | undefined = undefined
  /** The response. It is set once its head has been written to the transport. */
  answer: HttpServerResponse | undefined = undefined
  /** The path of the matched route, as the router declares it. */
  route: string | undefined = undefined
  trailers: ResponseTrailers | undefined = undefined
  /** Names that are added to the `Vary` field of the response. */
  varies: ReadonlyArray<string> | undefined = undefined
  /** The handler's failure. It stays `undefined` for a failure that defines its own response. */
  failure: Cause.Cause<unknown> | undefined = undefined
  /** Whether the failure has been logged. */
  reported = false
  private ended: ReadonlyArray<(outcome: ExchangeOutcome) => void> | undefined = undefined
  private knownClient: ClientFacts | undefined = undefined
  private annotated: Record<string, string> | undefined = undefined

  constructor(
    connection: Connection & ExchangeHome,
    head: RequestHead,
    number: number,
    readonly serving: Serving
  ) {
    super(connection, head, number)
  }

  override openBody(limit: number): IncomingBody<BodyLoss, BodyError> {
    return new IncomingBody<BodyLoss, BodyError>(this, fromLoss, limit)
  }

  override lost(_: Loss, by: "client" | "server"): void {
    this.interruptAs(by === "client" ? clientAbortFiberId : FiberId.none)
  }

  override interrupt(): void {
    this.interruptAs(FiberId.none)
  }

  // Interrupts the handler, unless its route is marked `uninterruptible` (`HttpRouter`).
  private interruptAs(by: FiberId.FiberId): void {
    const { fiber } = this
    if (fiber === undefined || uninterruptible(fiber)) return
    fiber.unsafeInterruptAsFork(by)
  }

  override get isKept(): boolean {
    const { fiber } = this
    return this.drainPolicy === "wait" || (fiber !== undefined && uninterruptible(fiber))
  }

  /** The error that aborted the exchange, if the client or the connection aborted it. */
  get abortedWith(): Exclude<BodyError, { readonly _tag: "BodyTooLarge" }> | undefined {
    return this.loss === undefined ? undefined : fromLoss(this.loss)
  }

  responseBegins(response: HttpServerResponse, head: EncodedHead): void {
    this.answer = response
    this.connection.responseBegins(this, response.status, head)
  }

  /** Aborts a response that cannot be completed, and records the failure. */
  cut(failure: Cause.Cause<unknown>): void {
    if (this.aborted || this.connection.exchange !== this) return
    this.failure ??= failure
    this.connection.cut(this)
  }

  /** The connection as handlers see it: both addresses, TLS, and the number of this exchange. */
  get ends(): Ends {
    return endsOf(this.connection.transport, this.number)
  }

  /** The client of the request, determined with the trusted proxies. */
  get client(): ClientFacts {
    return (this.knownClient ??= this.findClient())
  }

  private findClient(): ClientFacts {
    const { connection, head, serving } = this
    const { remote: peer, tls } = connection.transport
    const host = targetHost(head.target) ?? head.get("host")
    const received = { rawHeaders: head.rawHeaders, peer, secure: tls !== undefined, host }
    return clientOf(received, serving.server.settings.trust)
  }

  get remoteAddress(): string | undefined {
    if (this.serving.server.settings.trust !== undefined) return this.client.address
    const remote = this.connection.transport.remote
    return remote?._tag === "TcpAddress" ? remote.hostname : undefined
  }

  /** Calls `listener` once, with the outcome, when the exchange has ended. */
  onEnd(listener: (outcome: ExchangeOutcome) => void): void {
    if (!this.isWatched) this.begins()
    this.ended = this.ended === undefined ? [listener] : [...this.ended, listener]
  }

  annotate(name: string, value: string): void {
    this.annotated = { ...this.annotated, [name]: value }
  }

  get annotations(): Readonly<Record<string, string>> {
    return this.annotated ?? noAnnotations
  }

  /** Returns the path of the matched route. A router that was not compiled sets the path only on the span. */
  get matchedRoute(): string | undefined {
    const span = this.span?.own("http.route") ?? this.tracedSpan?.attributes.get("http.route")
    return this.route ?? (typeof span === "string" ? span : undefined)
  }

  tellEnd(outcome: ExchangeOutcome): void {
    const listeners = this.ended
    this.ended = undefined
    if (listeners !== undefined) for (const tell of listeners) tell(outcome)
  }

  // ---- the span, with the attributes of platform's tracer middleware and of OpenTelemetry's conventions

  spanName(): string {
    return Context.get(this.serving.context, HttpMiddleware.SpanNameGenerator)(this.request)
  }

  spanParent(): Option.Option<Tracer.AnySpan> {
    const remote = TraceContext.fromHeaders(this.request.headers)
    return Option.isSome(remote)
      ? remote
      : Context.getOption(this.serving.context as Context.Context<never>, Tracer.ParentSpan)
  }

  spanAttributes(set: SetAttribute): void {
    this.requestAttributes(set)
    if (this.answer !== undefined) this.responseAttributes(set, this.answer)
  }

  requestAttributes(set: SetAttribute): void {
    methodAttributes(this.request.method, this.serving.knownMethods, set)
    set("network.protocol.version", this.head.versionMinor === 0 ? "1.0" : "1.1")
    if (this.route !== undefined) set("http.route", this.route)
    const requested = Option.getOrUndefined(ServerRequest.toURL(this.request))
    if (requested !== undefined) {
      const url = redactUrl(requested)
      set("url.full", url.toString())
      set("url.path", url.pathname)
      if (url.search.length > 1) set("url.query", url.search.slice(1))
      set("url.scheme", url.protocol.slice(0, -1))
      serverAttributes(url, set)
    }
    const agent = this.request.headers["user-agent"]
    if (agent !== undefined) set("user_agent.original", agent)
    this.headerAttributes(set, "http.request.header", this.request.headers)
    const client = this.remoteAddress
    if (client !== undefined) set("client.address", plainHost(client))
    const { remote } = this.connection.transport
    if (remote?._tag !== "TcpAddress") return
    set("network.peer.address", plainHost(remote.hostname))
    set("network.peer.port", remote.port)
  }

  responseAttributes(set: SetAttribute, response: HttpServerResponse): void {
    statusAttributes(response.status, 500, set)
    this.headerAttributes(set, "http.response.header", response.headers)
  }

  private headerAttributes(set: SetAttribute, prefix: string, headers: Headers.Headers): void {
    shownFields(headers, this.serving.redactedNames, (name, value) => set(`${prefix}.${name}`, value))
  }
}

export const noAnnotations: Readonly<Record<string, string>> = {}

const uninterruptible = (fiber: Fiber.RuntimeFiber<unknown, unknown>): boolean => {
  const route = Context.getOption(fiber.currentContext as Context.Context<never>, HttpRouter.RouteContext)
  return Option.isSome(route) && route.value.route.uninterruptible
}

export const endsOf = (transport: Transport, exchange: number): Ends => ({
  local: transport.local,
  remote: transport.remote,
  get tls() {
    return transport.tls
  },
  exchange
})

/**
 * Returns the exchange of a platform request. `undefined` if something else created the request, such as a
 * web handler or a test.
 */
export const exchangeOf = (request: ServerRequest.HttpServerRequest): ServerExchange | undefined =>
  request.source instanceof ServerExchange ? request.source : undefined
