/**
 * The abort signals of requests made with `HttpClient.withScope`, which end them with their scope. Platform
 * keeps a controller per request under an unpublished key. If it is missing, platform's own `HttpClient.make`
 * passes the signal on.
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

/** `undefined`: the request has no scope. */
export const scopeSignal = (request: Request): AbortSignal | undefined => controllers.get(request)?.signal

/** Makes a copy of a request end with the same scope. */
export const shareScope = (request: Request, copy: Request): void => {
  const controller = controllers.get(request)
  if (controller !== undefined) controllers.set(copy, controller)
}

const direct = (execute: (request: Request) => Answer): HttpClient.HttpClient =>
  HttpClient.makeWith(
    (request) => Effect.flatMap(request, execute),
    Effect.succeed as HttpClient.HttpClient.Preprocess<never, never>
  )

/** Whether `scopeSignal` agrees with platform. */
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

/** The two ways in which a client sends. */
export interface Sending {
  /** With everything that platform's own clients do: spans, propagation. */
  readonly execute: (request: Request) => Answer
  /** The exchange alone. */
  readonly send: (
    request: Request,
    fiber: RuntimeFiber<HttpClientResponse, HttpClientError>,
    signal: AbortSignal
  ) => Answer
}

/** A client of platform's `make`, which adds to sending everything that `execute` does. */
export const clientOfPlatform = ({ send }: Sending): HttpClient.HttpClient =>
  HttpClient.make((request, _url, signal, fiber) => send(request, fiber, signal))

export const scopedClient: (sending: Sending) => HttpClient.HttpClient = knowsScopes
  ? ({ execute }) => direct(execute)
  : clientOfPlatform
