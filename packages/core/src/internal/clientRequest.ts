/**
 * From a request to an exchange: target, header list, framing; then one wait for the head of the response.
 *
 * What may not be sent fails before a connection is taken. Interruption ends the exchange before it resolves.
 */
import type * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as Runtime from "effect/Runtime"
import * as Scope from "effect/Scope"
import type { Request, RequestOptions, RequestParts, Response, Service, Timeouts } from "../Client.js"
import * as HttpError from "../HttpError.js"
import { defaultPort, origin } from "../pool/index.js"
import { BodyWriter, encodeRequestHead, type Part, type Violation } from "../wire/index.js"
import { fromBytes, fromStream, fromText, none, type OutgoingBody } from "./body.js"
import type { RequestError } from "./clientError.js"
import { ClientExchange, type Payload, type PreparedRequest, type Receiver } from "./clientExchange.js"
import { poolOf } from "./agentPool.js"
import type { ClientPool } from "./clientPool.js"
import { merge, type TimeLimits } from "./clientTimeouts.js"
import type { IncomingResponse } from "./clientResponse.js"
import { fromString, fromUrl, type InvalidTarget, type Target } from "./clientTarget.js"

/** What both faces of the client make of what they were given. */
export interface Draft {
  readonly method: string
  readonly target: Target
  /** Belongs to the draft. */
  readonly headers: Array<string>
  readonly body: OutgoingBody
  /** For the body, where no field says it. */
  readonly contentType?: string | undefined
  readonly onInformational?: Request["onInformational"]
}

/** What holds for one request. */
export interface Resolved {
  readonly pool: ClientPool
  /** On a connection of its own, which is not kept. */
  readonly alone: boolean
  /** Milliseconds that a body may be left unread. */
  readonly unreadTimeout: number
  /** `undefined`: nothing is limited. */
  readonly limits: TimeLimits | undefined
}

/** What a client says for all of its requests. */
export interface RequestSettings extends Resolved {
  readonly timeouts: Timeouts | undefined
}

export const settingsOf = (pool: ClientPool, options: RequestOptions): RequestSettings => ({
  pool,
  alone: false,
  unreadTimeout: Duration.toMillis(options.unreadTimeout ?? "30 seconds"),
  limits: merge(options.timeouts, pool.timeouts),
  timeouts: options.timeouts
})

/** A request's own options over those of its client. */
export const resolve = (settings: RequestSettings, own: RequestOptions | undefined): Resolved => {
  if (own === undefined) return settings
  const { agent, timeouts, unreadTimeout } = own
  if (agent === undefined && timeouts === undefined && unreadTimeout === undefined) return settings
  const pool = agent === undefined || agent === false ? settings.pool : poolOf(agent)
  const beneath = pool === settings.pool ? settings.limits : merge(settings.timeouts, pool.timeouts)
  return {
    pool,
    alone: agent === false,
    unreadTimeout: unreadTimeout === undefined ? settings.unreadTimeout : Duration.toMillis(unreadTimeout),
    limits: merge(timeouts, beneath)
  }
}

type AnyFiber = Fiber.RuntimeFiber<unknown, unknown>

const hasField = (headers: ReadonlyArray<string>, lowerName: string): boolean => {
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] as string
    if (name.length === lowerName.length && name.toLowerCase() === lowerName) return true
  }
  return false
}

const noParts: Extract<Payload, { _tag: "Parts" }> = { _tag: "Parts", parts: [] }

/** Encodes a request, so that all that is left is to write it. */
export const prepare = (
  { alone, limits, pool, unreadTimeout }: Resolved,
  fiber: AnyFiber,
  draft: Draft
): PreparedRequest | Violation => {
  const { method, target, headers, body, contentType } = draft
  if (target.authorization !== undefined && !hasField(headers, "authorization")) {
    headers.push("Authorization", target.authorization)
  }
  if (contentType !== undefined && !hasField(headers, "content-type"))
    headers.push("Content-Type", contentType)
  const encoded = encodeRequestHead({
    method,
    target: target.path,
    headers,
    host: target.host,
    body: body._tag === "None" ? "none" : (body.length ?? "unknown"),
    keepAlive: pool.keepAlive && !alone
  })
  if (encoded._tag === "Violation") return encoded
  let payload: Payload = noParts
  if (body._tag === "Stream") payload = { _tag: "Stream", stream: body.stream, runtime: runtimeOf(fiber) }
  else if (encoded.framing._tag !== "Length" || encoded.framing.length > 0) {
    const written = writeOut(new BodyWriter(encoded.framing), body)
    if ("_tag" in written) return written
    if (written.length > 0) payload = { _tag: "Parts", parts: written }
  }
  return {
    _tag: "Prepared",
    method,
    versionMinor: 1,
    keepAlive: encoded.close === undefined,
    // A 101 would hand the connection over, and nobody here takes one.
    upgrade: false,
    expectContinue: false,
    origin: target.origin,
    encoded,
    payload,
    onInformational: draft.onInformational,
    alone,
    unreadTimeout,
    path: target.path,
    limits
  }
}

// A body at hand, framed: what is sent at once, and again where that is allowed.
const writeOut = (
  writer: BodyWriter,
  body: Exclude<OutgoingBody, { _tag: "Stream" }>
): Array<Part> | Violation => {
  const parts: Array<Part> = []
  const sink = (part: Part) => void parts.push(part)
  const violation = body._tag === "Bytes" ? writer.write(body.bytes, sink) : undefined
  return violation ?? writer.end(undefined, sink) ?? parts
}

// The stream of a body runs as the fiber that made the request would run it.
const runtimeOf = (fiber: AnyFiber): Runtime.Runtime<never> =>
  Runtime.make({
    context: fiber.currentContext as never,
    runtimeFlags: Runtime.defaultRuntimeFlags,
    fiberRefs: fiber.getFiberRefs()
  })

/** Waits for the head of a response; `receiver` is told, and tells the fiber. */
export const wait = <A, E>(exchange: ClientExchange, receiver: Resumable<A, E>): Effect.Effect<A, E> =>
  Effect.uninterruptibleMask((restore) =>
    Effect.matchCauseEffect(
      restore(
        Effect.async<A, E>((resume) => {
          receiver.resume = resume
          // The scope that would end it may have ended before.
          if (exchange.over) receiver.failed(exchange.abandon("its scope has ended"))
          else exchange.start()
        })
      ),
      {
        // The cause may be an interruption, before the start, meanwhile, or just after the answer.
        onFailure: (cause) => Effect.zipRight(exchange.cancel(), Effect.failCause(cause)),
        onSuccess: Effect.succeed
      }
    )
  )

/** A receiver that wakes a fiber. */
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

const targetOf = (url: string | URL | RequestParts): Target | InvalidTarget => {
  if (typeof url === "string") return fromString(url)
  if (url instanceof URL) return fromUrl(url)
  const protocol = url.protocol ?? "http:"
  const port = url.port ?? defaultPort[protocol]
  const host = url.host.includes(":") ? `[${url.host}]` : url.host
  return {
    origin: origin(protocol, url.host, port),
    path: url.path ?? "/",
    host: port === defaultPort[protocol] ? host : `${host}:${port}`,
    authorization: undefined
  }
}

/** The typed error of a target that cannot be requested. */
export const targetError = (
  target: InvalidTarget,
  url: string
): HttpError.InvalidUrl | HttpError.MessageError =>
  target.protocol === undefined
    ? new HttpError.InvalidUrl({ url })
    : new HttpError.InvalidProtocol({ protocol: target.protocol, expected: "http:" })

const bodyOf = (body: Request<unknown>["body"]): OutgoingBody => {
  if (body === undefined) return none
  if (typeof body === "string") return fromText(body)
  return body instanceof Uint8Array ? fromBytes(body) : fromStream(body)
}

const draftOf = (request: Request<unknown>): Draft | InvalidTarget => {
  const target = targetOf(request.url)
  if ("_tag" in target) return target
  return {
    method: request.method ?? "GET",
    target,
    headers: request.headers === undefined ? [] : [...request.headers],
    body: bodyOf(request.body),
    onInformational: request.onInformational
  }
}

/** The lean face of the client. */
export const requester = (settings: RequestSettings): Pick<Service, "request" | "requestScoped"> => {
  const start = <E, R>(
    request: Request<E>,
    run: (exchange: ClientExchange, receiver: Waiting<E>) => Effect.Effect<Response, RequestError | E, R>
  ): Effect.Effect<Response, RequestError | E, R> =>
    Effect.withFiberRuntime((fiber) => {
      const draft = draftOf(request)
      if ("_tag" in draft) return Exit.fail(targetError(draft, String(request.url)))
      const resolved = resolve(settings, request)
      const prepared = prepare(resolved, fiber as AnyFiber, draft)
      if (prepared._tag === "Violation") return Exit.fail(HttpError.fromViolation(prepared))
      const receiver = new Waiting<E>()
      return run(new ClientExchange(prepared, resolved.pool, receiver), receiver)
    })
  return {
    request: (request) => start(request, wait),
    requestScoped: (request) =>
      start(request, (exchange, receiver) =>
        Effect.flatMap(Effect.scope, (scope) =>
          Effect.zipRight(
            Scope.addFinalizer(
              scope,
              Effect.suspend(() => exchange.release("its scope ended"))
            ),
            wait(exchange, receiver)
          )
        )
      )
  }
}
