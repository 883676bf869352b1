/**
 * Implements platform's `HttpClient.HttpClient` over the client's exchanges.
 *
 * Behaves as platform's own `HttpClient.make` in spans, propagation, `withScope`, the `with...` functions and
 * the reasons of errors. The `cause` of an error is an `HttpError`. A span is created only if the program can
 * observe it. This is so if a tracer is installed, a span is open, or a streamed body could read the current
 * span. Otherwise the request only carries random trace ids for the server, and no span is created.
 */
import * as HttpClient from "@effect/platform/HttpClient"
import type * as PlatformError from "@effect/platform/HttpClientError"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Headers from "@effect/platform/Headers"
import * as TraceContext from "@effect/platform/HttpTraceContext"
import * as UrlParams from "@effect/platform/UrlParams"
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as DefaultServices from "effect/DefaultServices"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as FiberRef from "effect/FiberRef"
import * as Tracer from "effect/Tracer"
import * as HttpError from "../../errors/index.js"
import { fromHttpBody } from "../body.js"
import { scopedClient, scopeSignal, shareScope } from "../fast/scopedRequests.js"
import type { RequestError } from "./error.js"
import { ClientExchange } from "./exchange.js"
import { requestError } from "./platformError.js"
import { PlatformResponse } from "./platformResponse.js"
import { currentRequestOptions } from "./requestOptions.js"
import {
  prepare,
  resolve,
  targetError,
  unsendable,
  wait,
  type RequestSettings,
  type Resumable
} from "./request.js"
import type { IncomingResponse } from "./response.js"
import {
  methodAttributes,
  serverAttributes,
  shownFields,
  statusAttributes,
  type RedactedNames,
  type SetAttribute
} from "../observe/spanFields.js"
import { currentKnownMethods } from "../observe/knownMethods.js"
import { randomHex } from "../observe/randomHex.js"
import { plainHost } from "../../model/address.js"
import { redactUrl } from "../../model/urlSecrets.js"
import { fromNormal, fromUrl, type InvalidTarget, type Target } from "./target.js"

type Request = HttpClientRequest.HttpClientRequest
type Response = HttpClientResponse.HttpClientResponse
type Answer = Effect.Effect<Response, PlatformError.HttpClientError>
type RequestFiber = Fiber.RuntimeFiber<Response, PlatformError.HttpClientError>

export const httpClient = (settings: RequestSettings): HttpClient.HttpClient => {
  const execute = (request: Request): Answer =>
    Effect.withFiberRuntime((fiber) => {
      if (!isTraced(fiber, request)) return send(settings, request, fiber, false)
      if (isSeen(fiber, request)) return traced(settings, request)
      return send(settings, request, fiber, fiber.getFiberRef(HttpClient.currentTracerPropagation))
    })
  return scopedClient({
    execute,
    send: (request, fiber, signal) => send(settings, request, fiber, false, signal)
  })
}

class Receiver implements Resumable<Response, PlatformError.HttpClientError> {
  resume: (effect: Answer) => void = () => {}

  constructor(private readonly request: Request) {}

  answered(response: IncomingResponse): void {
    this.resume(Exit.succeed(new PlatformResponse(this.request, response)))
  }

  failed(error: RequestError): void {
    this.resume(Exit.fail(requestError(this.request, "Transport", error)))
  }

  failedCause(cause: Cause.Cause<unknown>): void {
    this.resume(Exit.failCause(Cause.map(cause, (error) => requestError(this.request, "Encode", error))))
  }
}

// ---- sending

const targetOf = (request: Request): Target | InvalidTarget => {
  const plain = request.urlParams.length === 0 ? fromNormal(request.url) : undefined
  if (plain !== undefined) return plain
  const url = UrlParams.makeUrl(request.url, request.urlParams, request.hash)
  return url._tag === "Right" ? fromUrl(url.right) : { _tag: "InvalidTarget", protocol: undefined }
}

/** Sends a request. If `root` is true, the headers of a new trace replace the request's own trace headers. */
const send = (
  settings: RequestSettings,
  request: Request,
  fiber: RequestFiber,
  root: boolean,
  signal: AbortSignal | undefined = scopeSignal(request)
): Answer => {
  const target = targetOf(request)
  if ("_tag" in target) {
    return Exit.fail(requestError(request, "InvalidUrl", targetError(target, request.url)))
  }
  const body = fromHttpBody(request.body)
  if (body._tag === "Unsupported") {
    return Exit.fail(requestError(request, "Encode", new HttpError.UnsupportedBody({ reason: body.reason })))
  }
  const options = fiber.getFiberRef(currentRequestOptions)
  // Platform sets `Content-Length` for a body in memory, but trailers need chunked framing. So drop the
  // field.
  const chunked = options?.trailers !== undefined
  const headers: Array<string> = []
  for (const name in request.headers) {
    if (root && (name === "b3" || name === "traceparent")) continue
    if (chunked && name === "content-length") continue
    headers.push(name, request.headers[name] as string)
  }
  if (root) {
    const ids = randomHex(32) + "-" + randomHex(16)
    headers.push("b3", ids + "-1", "traceparent", "00-" + ids + "-01")
  }
  // Platform's request already has `Content-Type`, except for bodies whose content type is known only after
  // encoding.
  const encodes = request.body._tag === "FormData" || request.body._tag === "Raw"
  const contentType = encodes ? body.contentType : undefined
  const resolved = resolve(settings, options)
  if ("_tag" in resolved) return Exit.fail(requestError(request, "Encode", resolved))
  const draft = { method: request.method, target, headers, body, contentType, options }
  const prepared = prepare(resolved, fiber, draft)
  if (prepared._tag !== "Prepared") {
    return Exit.fail(requestError(request, "Encode", unsendable(prepared)))
  }
  const receiver = new Receiver(request)
  const exchange = new ClientExchange(prepared, resolved.pool, receiver)
  if (signal !== undefined) {
    const release = () => void exchange.abandon("its scope closed")
    if (signal.aborted) release()
    else signal.addEventListener("abort", release, { once: true })
  }
  return wait(exchange, receiver)
}

// ---- tracing

const nativeTracer = Context.get(DefaultServices.liveServices, Tracer.Tracer)

const isTraced = (fiber: RequestFiber, request: Request): boolean =>
  fiber.getFiberRef(FiberRef.currentTracerEnabled) &&
  !fiber.getFiberRef(HttpClient.currentTracerDisabledWhen)(request)

/** Whether the program can observe the span. */
const isSeen = (fiber: RequestFiber, request: Request): boolean =>
  Context.get(fiber.getFiberRef(DefaultServices.currentServices), Tracer.Tracer) !== nativeTracer ||
  fiber.currentContext.unsafeMap.has(Tracer.ParentSpan.key) ||
  request.body._tag === "Stream"

const headerAttributes = (
  span: Tracer.Span,
  prefix: string,
  headers: Headers.Headers,
  redacted: RedactedNames
): void => shownFields(headers, redacted, (name, value) => span.attribute(`${prefix}.${name}`, value))

const requestAttributes = (
  span: Tracer.Span,
  request: Request,
  requested: URL,
  redacted: RedactedNames,
  known: ReadonlySet<string>
): void => {
  const url = redactUrl(requested)
  const set: SetAttribute = (name, value) => span.attribute(name, value)
  methodAttributes(request.method, known, set)
  serverAttributes(url, set)
  span.attribute("url.full", url.toString())
  span.attribute("url.path", url.pathname)
  span.attribute("url.scheme", url.protocol.slice(0, -1))
  const query = url.search.slice(1)
  if (query !== "") span.attribute("url.query", query)
  headerAttributes(span, "http.request.header", request.headers, redacted)
}

const responseAttributes = (span: Tracer.Span, response: Response): void => {
  statusAttributes(response.status, 400, (name, value) => span.attribute(name, value))
  if (!(response instanceof PlatformResponse)) return
  const { remote, resent, versionMinor } = response.source
  if (resent > 0) span.attribute("http.request.resend_count", resent)
  span.attribute("network.protocol.version", versionMinor === 0 ? "1.0" : "1.1")
  if (remote?._tag !== "TcpAddress") return
  span.attribute("network.peer.address", plainHost(remote.hostname))
  span.attribute("network.peer.port", remote.port)
}

// Sends a request in a client span, with platform's attributes and those of OpenTelemetry's conventions.
const traced = (settings: RequestSettings, request: Request): Answer =>
  Effect.withFiberRuntime((fiber) => {
    const url = UrlParams.makeUrl(request.url, request.urlParams, request.hash)
    if (url._tag === "Left")
      return Exit.fail(requestError(request, "InvalidUrl", HttpError.invalidUrl(request.url)))
    const name = Context.get(fiber.currentContext, HttpClient.SpanNameGenerator)(request)
    const redacted = fiber.getFiberRef(Headers.currentRedactedNames)
    return Effect.useSpan(name, { kind: "client", captureStackTrace: false }, (span) => {
      requestAttributes(span, request, url.right, redacted, fiber.getFiberRef(currentKnownMethods))
      const sent = fiber.getFiberRef(HttpClient.currentTracerPropagation)
        ? HttpClientRequest.setHeaders(request, TraceContext.toHeaders(span))
        : request
      // A scope is registered per request object, and `setHeaders` creates a new object. So register the
      // scope again.
      shareScope(request, sent)
      const answer: Answer = Effect.withFiberRuntime((inner) => send(settings, sent, inner, false))
      return Effect.tapBoth(Effect.withParentSpan(answer, span), {
        onFailure: ({ cause, reason }) => {
          const tag = (cause as { readonly _tag?: unknown } | null | undefined)?._tag
          return Effect.sync(() => span.attribute("error.type", typeof tag === "string" ? tag : reason))
        },
        onSuccess: (response) => {
          responseAttributes(span, response)
          headerAttributes(span, "http.response.header", response.headers, redacted)
          return Effect.void
        }
      })
    })
  })
