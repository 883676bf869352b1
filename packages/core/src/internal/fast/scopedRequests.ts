/**
 * The abort signals of requests made with `HttpClient.withScope`. Such a signal aborts its request when the
 * scope closes. Platform keeps a controller per request in a map under an unpublished key. If a future
 * version has no such map, clients are made with platform's own `HttpClient.make`, which passes the signal
 * on.
 */
import * as HttpClient from "@effect/platform/HttpClient"
import type { HttpClientError } from "@effect/platform/HttpClientError"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type { HttpClientResponse } from "@effect/platform/HttpClientResponse"
import * as Effect from "effect/Effect"
import type { RuntimeFiber } from "effect/Fiber"
import { globalValue } from "effect/GlobalValue"

type Request = HttpClientRequest.HttpClientRequest
type Answer = Effect.Effect<HttpClientResponse, HttpClientError>

const controllers = globalValue(
  "@effect/platform/HttpClient/scopedRequests",
  () => new WeakMap<Request, AbortController>()
)

/**
 * Returns the signal that is aborted when the request's scope closes. Returns `undefined` if the request has
 * no scope.
 */
export const scopeSignal = (request: Request): AbortSignal | undefined => controllers.get(request)?.signal

/** Makes the scope of a request apply to a copy of the request. */
export const shareScope = (request: Request, copy: Request): void => {
  const controller = controllers.get(request)
  if (controller !== undefined) controllers.set(copy, controller)
}

const direct = (execute: (request: Request) => Answer): HttpClient.HttpClient =>
  HttpClient.makeWith(
    (request) => Effect.flatMap(request, execute),
    Effect.succeed as HttpClient.HttpClient.Preprocess<never, never>
  )

/**
 * Whether `scopeSignal` finds the signals of this version of platform. Tested with a request made by
 * `HttpClient.withScope`.
 */
export const knowsScopes = ((): boolean => {
  let known = false
  const look = (request: Request) => {
    known = scopeSignal(request) !== undefined
    return Effect.interrupt
  }
  const request = HttpClientRequest.get("http://localhost/")
  Effect.runSyncExit(Effect.scoped(HttpClient.withScope(direct(look)).execute(request)))
  return known
})()

/** The two functions by which a client sends a request. */
export interface Sending {
  /** Sends a request as platform's own clients do, with spans and propagation. */
  readonly execute: (request: Request) => Answer
  /** Sends a request without spans and propagation. */
  readonly send: (
    request: Request,
    fiber: RuntimeFiber<HttpClientResponse, HttpClientError>,
    signal: AbortSignal
  ) => Answer
}

/** Creates a client with platform's `make`, which adds spans and propagation to `send`. */
export const clientOfPlatform = ({ send }: Sending): HttpClient.HttpClient =>
  HttpClient.make((request, _url, signal, fiber) => send(request, fiber, signal))

export const scopedClient: (sending: Sending) => HttpClient.HttpClient = knowsScopes
  ? ({ execute }) => direct(execute)
  : clientOfPlatform
