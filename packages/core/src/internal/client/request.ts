/**
 * Sends a request: determines target, route, header list and framing, and waits for the response head.
 *
 * An invalid request fails before it uses a connection. Interruption completes only after the exchange has
 * ended.
 */
import type * as HttpClient from "@effect/platform/HttpClient"
import type * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as Runtime from "effect/Runtime"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type {
  HeadersInput,
  Request,
  RequestOptions,
  RequestParts,
  Timeouts,
  UpgradeRequest
} from "../options/request.js"
import * as HttpError from "../../errors/index.js"
import {
  asksToContinue,
  BodyWriter,
  encodeRequestHead,
  type BodyViolation,
  type Part,
  type RequestViolation,
  type TrailersViolation
} from "../../wire/index.js"
import {
  fromBytes,
  fromFormData,
  fromStream,
  fromText,
  isFormData,
  none,
  type OutgoingBody
} from "../body.js"
import { lossError, type RequestError } from "./error.js"
import { ClientExchange, type Payload, type PreparedRequest, type Receiver } from "./exchange.js"
import { flatten, hasField } from "./headers.js"
import { poolOf } from "./agent.js"
import { basic } from "../../model/credentials.js"
import { defaultContinueTimeout, defaultUnreadTimeout } from "../../connection/client/defaults.js"
import type { ClientPool } from "../../connection/client/pool.js"
import { chooser, type ChooseProxy } from "./connecting/proxy.js"
import { refuseRequestOptions, type ClientOptions } from "../options/client.js"
import { limitsOfAttempt } from "./call.js"
import { merge } from "./timeouts.js"
import type { TimeLimits } from "../../connection/client/limits.js"
import type { IncomingResponse, Response, Upgrade } from "./response.js"
import type { Socket } from "../socket.js"
import { routed, type Destination } from "./connecting/route.js"
import { fromParts, fromString, fromUrl, textOfParts, type InvalidTarget, type Target } from "./target.js"

/**
 * The number of connections, by state.
 *
 * @since 0.1.0
 * @category models
 */
export interface Connections {
  /** All connections that are not closed, including idle connections. */
  readonly open: number
  /** Open connections without an exchange. */
  readonly idle: number
  /** Connections being established. */
  readonly connecting: number
}

/**
 * An HTTP client: requests with typed errors, protocol switches, and platform's `HttpClient`.
 *
 * @since 0.1.0
 * @category models
 */
export interface Service {
  /**
   * Sends a request and returns the response once its head has arrived. Interruption aborts the exchange and
   * completes when no work of the exchange remains.
   *
   * The response is not bound to a scope. A caller that does not read the body occupies the connection until
   * the client aborts the exchange after its `unreadTimeout`.
   */
  readonly request: <E = never>(request: Request<E>) => Effect.Effect<Response, RequestError | E>
  /**
   * Sends a request as `request` does. If the response body is incomplete when the scope closes, the exchange
   * is aborted.
   */
  readonly requestScoped: <E = never>(
    request: Request<E>
  ) => Effect.Effect<Response, RequestError | E, Scope.Scope>
  /**
   * Sends a request that asks to switch protocols, and hands the connection over to the caller when the
   * server switches. Interruption leaves no connection open. If the server sends an HTTP response instead and
   * its body is incomplete when the scope closes, the exchange is aborted.
   */
  readonly upgrade: <E = never>(
    request: UpgradeRequest<E>
  ) => Effect.Effect<Upgrade, RequestError | E, Scope.Scope>
  /** The same client as platform's `HttpClient`. */
  readonly httpClient: HttpClient.HttpClient
  /** The current number of connections of the client's agent. */
  readonly connections: Effect.Effect<Connections>
}

/** A request with a valid target, from the Effect API or platform's client. */
export interface Draft {
  readonly method: string
  readonly target: Target
  /** The field lines. The draft owns this list, so `prepare` may modify it. */
  readonly headers: Array<string>
  readonly body: OutgoingBody
  /** The value of `Content-Type` if `headers` does not contain this field. */
  readonly contentType?: string | undefined
  readonly options: RequestOptions<unknown> | undefined
  /**
   * Whether `Host` is added if missing. `setDefaultHeaders` decides on `Host` and on the fields for
   * connection and framing. The default of both options is `true`.
   */
  readonly setHost?: boolean | undefined
  readonly setDefaultHeaders?: boolean | undefined
  /** Whether the connection is handed over when the server switches protocols or accepts CONNECT. */
  readonly takeOver?: boolean | undefined
}

/** Settings of one request. */
export interface Resolved {
  readonly pool: ClientPool
  /** Whether the request uses a new connection, which closes after the exchange. */
  readonly alone: boolean
  /** Maximum time that a response body may stay unread, ms. */
  readonly unreadTimeout: number
  /** The time limits. `undefined` if nothing is limited. */
  readonly limits: TimeLimits | undefined
  readonly proxy: ChooseProxy | undefined
}

/** Settings of a client, which apply to all of its requests. */
export interface RequestSettings extends Resolved {
  readonly timeouts: Timeouts | undefined
}

export const settingsOf = (pool: ClientPool, options: ClientOptions): RequestSettings => ({
  pool,
  alone: false,
  unreadTimeout: Duration.toMillis(options.unreadTimeout ?? defaultUnreadTimeout),
  limits: merge(options.timeouts, pool.timeouts),
  timeouts: options.timeouts,
  proxy: options.proxy === undefined ? undefined : chooser(options.proxy)
})

/** Merges the options of a request with the settings of its client. The options take precedence. */
export const resolve = (
  settings: RequestSettings,
  own: RequestOptions<unknown> | undefined
): Resolved | HttpError.InvalidOption => {
  if (own === undefined) return settings
  const refused = refuseRequestOptions(own)
  if (refused !== undefined) return refused
  const { agent, proxy, timeouts, unreadTimeout } = own
  if (agent === undefined && proxy === undefined && timeouts === undefined && unreadTimeout === undefined) {
    return settings
  }
  const pool = agent === undefined || agent === false ? settings.pool : poolOf(agent)
  const beneath = pool === settings.pool ? settings.limits : merge(settings.timeouts, pool.timeouts)
  return {
    pool,
    alone: agent === false,
    unreadTimeout: unreadTimeout === undefined ? settings.unreadTimeout : Duration.toMillis(unreadTimeout),
    limits: merge(timeouts, beneath),
    proxy: proxy === undefined ? settings.proxy : proxy === false ? undefined : chooser(proxy)
  }
}

type AnyFiber = Fiber.RuntimeFiber<unknown, unknown>

const noOptions: RequestOptions = {}

const noParts: Extract<Payload, { _tag: "Parts" }> = { _tag: "Parts", parts: [] }

type MessageViolation = RequestViolation | TrailersViolation

/** Errors that prevent a request from being sent. */
export type Unsendable = MessageViolation | HttpError.InvalidUrl | HttpError.InvalidProtocol

const expectsContinue = (options: RequestOptions<unknown>, headers: Array<string>): boolean => {
  const { expectContinue } = options
  if (expectContinue === undefined) {
    for (let i = 0; i < headers.length; i += 2) {
      const name = headers[i] as string
      if (name.length === 6 && name.toLowerCase() === "expect")
        return asksToContinue(headers[i + 1] as string)
    }
    return false
  }
  if (expectContinue && !hasField(headers, "expect")) headers.push("Expect", "100-continue")
  return expectContinue
}

interface Way {
  readonly destination: Destination
  /** The request target in the form that the next hop expects. */
  readonly target: string
  /** Fields for a forwarding proxy. */
  readonly proxyHeaders: ReadonlyArray<string> | undefined
}

// Returns the destination and the request target. Without proxy, connection options and parser options, both
// come from the URL alone.
const wayOf = (
  choose: ChooseProxy | undefined,
  options: RequestOptions<unknown>,
  { target, takeOver }: Draft
): Way | Unsendable => {
  const { connection, parser } = options
  const direct: Way = { destination: target.origin, target: target.path, proxyHeaders: undefined }
  if (connection === undefined && parser === undefined && choose === undefined) return direct
  const own = connection?.socketPath !== undefined || connection?.createConnection !== undefined
  const hop = own ? undefined : choose?.(target.origin)
  if (hop !== undefined && hop._tag !== "ProxyHop") return hop
  const forwards = hop !== undefined && target.origin.protocol === "http:" && takeOver !== true
  const tunnel = forwards ? undefined : hop
  const at = forwards ? hop.origin : target.origin
  const plain = connection === undefined && parser === undefined && tunnel === undefined
  // A forwarding proxy serves only `http:` origins, which use no TLS. So `tls` holds the options of the
  // connection to the proxy.
  const tls = forwards && hop.tls !== undefined ? { ...connection, tls: hop.tls } : connection
  const destination = plain && tls === undefined ? at : routed(at, { connection: tls, parser, tunnel })
  if (!forwards) return { ...direct, destination }
  const path = target.path === "*" ? "" : target.path
  return { destination, target: `http://${target.host}${path}`, proxyHeaders: hop.headers }
}

/** Encodes a request completely, so that the exchange only has to write it. */
export const prepare = (
  { alone, limits, pool, proxy, unreadTimeout }: Resolved,
  fiber: AnyFiber,
  draft: Draft
): PreparedRequest | Unsendable => {
  const { contentType, headers, method, target } = draft
  const options = draft.options ?? noOptions
  if (target.authorization !== undefined && !hasField(headers, "authorization")) {
    headers.push("Authorization", target.authorization)
  }
  if (contentType !== undefined && !hasField(headers, "content-type"))
    headers.push("Content-Type", contentType)
  const way = wayOf(proxy, options, draft)
  if ("_tag" in way) return way
  if (way.proxyHeaders !== undefined) headers.push(...way.proxyHeaders)
  const { trailers } = options
  const later = trailers !== undefined && Effect.isEffect(trailers)
  // Trailers that an effect computes are not known yet, so even a body in memory must be sent as a stream.
  const body = later && draft.body._tag !== "Stream" ? streamed(draft.body) : draft.body
  const expects = expectsContinue(options, headers) && body._tag !== "None"
  const defaults = draft.setDefaultHeaders !== false
  const encoded = encodeRequestHead({
    method,
    target: way.target,
    headers,
    host: defaults && draft.setHost !== false ? target.host : undefined,
    body: body._tag === "None" ? "none" : (body.length ?? "unknown"),
    keepAlive: pool.keepAlive && !alone,
    trailers: trailers !== undefined,
    defaults
  })
  if (encoded._tag === "Violation") return encoded
  let payload: Payload = noParts
  if (body._tag === "Stream") {
    const end =
      trailers === undefined
        ? undefined
        : later
          ? Effect.map(trailers, (made) => flatten(made))
          : Effect.succeed(flatten(trailers))
    payload = { _tag: "Stream", stream: body.stream, trailers: end, runtime: runtimeOf(fiber) }
  } else if (encoded.framing._tag !== "Length" || encoded.framing.length > 0) {
    const written = writeOut(new BodyWriter(encoded.framing), body, trailers as HeadersInput | undefined)
    if ("_tag" in written) return written
    if (written.length > 0) payload = { _tag: "Parts", parts: written }
  }
  const attempt = limitsOfAttempt(fiber, options.timeouts, limits)
  return {
    _tag: "Prepared",
    method,
    versionMinor: 1,
    keepAlive: encoded.close === undefined,
    upgrade: draft.takeOver === true && method !== "CONNECT",
    expectContinue: expects,
    origin: way.destination,
    encoded,
    payload,
    onInformational: options.onInformational,
    alone,
    takeOver: draft.takeOver === true,
    continueTimeout: expects ? Duration.toMillis(options.continueTimeout ?? defaultContinueTimeout) : 0,
    earlyAnswer: options.earlyAnswer ?? "continue",
    joinDuplicateHeaders: options.joinDuplicateHeaders === true,
    unreadTimeout,
    path: target.path,
    limits: attempt.limits,
    spent: attempt.spent
  }
}

const streamed = (body: Exclude<OutgoingBody, { _tag: "Stream" }>): OutgoingBody =>
  fromStream(body._tag === "None" ? Stream.empty : Stream.make(body.bytes), undefined, body.contentType)

// Frames a body in memory as parts. The parts stay in memory, so the request can be resent.
const writeOut = (
  writer: BodyWriter,
  body: Exclude<OutgoingBody, { _tag: "Stream" }>,
  trailers: HeadersInput | undefined
): Array<Part> | MessageViolation => {
  const parts: Array<Part> = []
  const sink = (part: Part) => void parts.push(part)
  const violation: BodyViolation | undefined =
    (body._tag === "Bytes" ? writer.write(body.bytes, sink) : undefined) ??
    writer.end(trailers === undefined ? undefined : flatten(trailers), sink)
  return (violation as MessageViolation | undefined) ?? parts
}

// Runs the body's stream with the context of the fiber that made the request.
const runtimeOf = (fiber: AnyFiber): Runtime.Runtime<never> =>
  Runtime.make({
    context: fiber.currentContext as never,
    runtimeFlags: Runtime.defaultRuntimeFlags,
    fiberRefs: fiber.getFiberRefs()
  })

/** Starts the exchange, and waits until `receiver` gets the response head. */
export const wait = <A, E>(exchange: ClientExchange, receiver: Resumable<A, E>): Effect.Effect<A, E> =>
  Effect.uninterruptibleMask((restore) =>
    Effect.matchCauseEffect(
      restore(
        Effect.async<A, E>((resume) => {
          receiver.resume = resume
          // If the scope that aborts the exchange has already closed, do not start.
          if (exchange.over) receiver.failed(lossError(exchange.abandon("its scope has closed")))
          else exchange.start()
        })
      ),
      {
        // An interruption may happen before the start, during the wait, or just after the response arrived.
        onFailure: (cause) => Effect.zipRight(exchange.cancel(), Effect.failCause(cause)),
        onSuccess: Effect.succeed
      }
    )
  )

/** A receiver that passes the result to a waiting fiber, by `resume`. */
export interface Resumable<A, E> extends Receiver {
  resume: (effect: Effect.Effect<A, E>) => void
}

class Waiting<E> implements Resumable<Response, RequestError | E> {
  resume: (effect: Effect.Effect<Response, RequestError | E>) => void = ignore

  answered(response: IncomingResponse): void {
    this.resume(Exit.succeed(response))
  }

  failed(error: RequestError): void {
    this.resume(Exit.fail(error))
  }

  failedCause(cause: Cause.Cause<unknown>): void {
    this.resume(Exit.failCause(cause as Cause.Cause<E>))
  }
}

const ignore = () => {}

const invalidTarget: InvalidTarget = { _tag: "InvalidTarget", protocol: undefined }

// The URL may be `undefined` or `null`, because JavaScript programs are not type-checked.
const targetOf = (url: string | URL | RequestParts | null | undefined): Target | InvalidTarget => {
  if (typeof url === "string") return fromString(url)
  if (typeof url !== "object" || url === null) return invalidTarget
  return url instanceof URL ? fromUrl(url) : fromParts(url)
}

const textOf = (url: Request["url"]): string =>
  typeof url !== "object" || url === null || url instanceof URL ? String(url) : textOfParts(url)

/** Returns the origin key of a URL, or the text itself if it is not a valid URL. */
export const originOf = (url: Request["url"]): string => {
  const target = targetOf(url)
  return "_tag" in target ? textOf(url) : target.origin.key
}

/** Returns the typed error of an invalid target. */
export const targetError = (
  target: InvalidTarget,
  url: string
): HttpError.InvalidUrl | HttpError.InvalidProtocol =>
  target.protocol === undefined
    ? HttpError.invalidUrl(url)
    : new HttpError.InvalidProtocol({ protocol: target.protocol, expected: "http:" })

const bodyOf = (body: Request<unknown>["body"]): OutgoingBody => {
  if (body === undefined) return none
  if (typeof body === "string") return fromText(body)
  if (body instanceof Uint8Array) return fromBytes(body)
  return isFormData(body) ? fromFormData(body) : fromStream(body)
}

const draftOf = (request: Request<unknown>, takeOver: boolean): Draft | InvalidTarget => {
  const found = targetOf(request.url)
  if ("_tag" in found) return found
  // For CONNECT, `Host` is the authority in the target (RFC 9112 §3.2.3, RFC 9110 §7.2).
  const target = request.method === "CONNECT" ? { ...found, host: found.path } : found
  const { auth, body } = request
  const outgoing = bodyOf(body)
  return {
    method: request.method ?? "GET",
    target: auth === undefined ? target : { ...target, authorization: basic(auth) },
    headers: flatten(request.headers, request.uniqueHeaders),
    body: outgoing,
    contentType: outgoing.contentType,
    options: request,
    setHost: request.setHost,
    setDefaultHeaders: request.setDefaultHeaders,
    takeOver
  }
}

/** Returns the typed error of a request that cannot be sent. */
export const unsendable = (
  error: Unsendable
): HttpError.InvalidUrl | HttpError.InvalidProtocol | HttpError.OfViolation<MessageViolation> =>
  error._tag === "Violation" ? HttpError.fromViolation(error) : error

/** Receives the result of a request that takes over its connection (Upgrade, CONNECT). */
class Taking<E> implements Resumable<Upgrade, RequestError | E> {
  resume: (effect: Effect.Effect<Upgrade, RequestError | E>) => void = ignore

  answered(response: IncomingResponse): void {
    this.resume(Exit.succeed({ _tag: "Answered", response }))
  }

  switched(response: IncomingResponse, socket: Socket): void {
    this.resume(Exit.succeed({ _tag: "Switched", response, socket }))
  }

  failed(error: RequestError): void {
    this.resume(Exit.fail(error))
  }

  failedCause(cause: Cause.Cause<unknown>): void {
    this.resume(Exit.failCause(cause as Cause.Cause<E>))
  }
}

// Waits for the result and binds it to the scope. Closing the scope resets the socket, or aborts an
// incomplete HTTP response.
const ownedByScope = <E>(
  exchange: ClientExchange,
  receiver: Taking<E>
): Effect.Effect<Upgrade, RequestError | E, Scope.Scope> =>
  Effect.uninterruptibleMask((restore) =>
    Effect.tap(restore(wait(exchange, receiver)), (result) =>
      Effect.addFinalizer(() =>
        result._tag === "Switched" ? result.socket.reset : exchange.release("its scope closed")
      )
    )
  )

const asUpgrade = (request: UpgradeRequest<unknown>): Request<unknown> => {
  const headers = flatten(request.headers, request.uniqueHeaders)
  if (request.protocol !== undefined && !hasField(headers, "upgrade"))
    headers.push("Upgrade", request.protocol)
  if (!hasField(headers, "connection")) headers.push("Connection", "Upgrade")
  return { ...request, headers }
}

/** Creates the request methods of a `Client`. */
export const requester = (
  settings: RequestSettings
): Pick<Service, "request" | "requestScoped" | "upgrade"> => {
  const start = <A, E, R, W extends Receiver>(
    request: Request<E>,
    makeReceiver: () => W,
    takeOver: boolean,
    run: (exchange: ClientExchange, receiver: W) => Effect.Effect<A, RequestError | E, R>
  ): Effect.Effect<A, RequestError | E, R> =>
    Effect.withFiberRuntime((fiber) => {
      const draft = draftOf(request, takeOver)
      if ("_tag" in draft) return Exit.fail(targetError(draft, textOf(request.url)))
      const resolved = resolve(settings, request)
      if ("_tag" in resolved) return Exit.fail(resolved)
      const prepared = prepare(resolved, fiber as AnyFiber, draft)
      if (prepared._tag !== "Prepared") return Exit.fail(unsendable(prepared))
      const receiver = makeReceiver()
      return run(new ClientExchange(prepared, resolved.pool, receiver), receiver)
    })
  return {
    request: <E>(request: Request<E>) =>
      start(request, () => new Waiting<E>(), false, wait<Response, RequestError | E>),
    requestScoped: <E>(request: Request<E>) =>
      start(
        request,
        () => new Waiting<E>(),
        false,
        (exchange, receiver) =>
          Effect.flatMap(Effect.scope, (scope) =>
            Effect.zipRight(
              Scope.addFinalizer(
                scope,
                Effect.suspend(() => exchange.release("its scope closed"))
              ),
              wait(exchange, receiver)
            )
          )
      ),
    upgrade: <E>(request: UpgradeRequest<E>) =>
      start(
        (request.method === "CONNECT" ? request : asUpgrade(request)) as Request<E>,
        () => new Taking<E>(),
        true,
        ownedByScope
      )
  }
}
