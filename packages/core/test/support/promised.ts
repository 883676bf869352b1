/**
 * Adapts the promise server to platform's `HttpServer`, and the promise client to `HttpClient`, so that
 * `ServerBattery` and `ClientBattery` can test them.
 */
import * as Cookies from "@effect/platform/Cookies"
import * as HttpApp from "@effect/platform/HttpApp"
import type { HttpMiddleware } from "@effect/platform/HttpMiddleware"
import * as HttpClient from "@effect/platform/HttpClient"
import { RequestError } from "@effect/platform/HttpClientError"
import type { HttpClientRequest } from "@effect/platform/HttpClientRequest"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as HttpServer from "@effect/platform/HttpServer"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import type { HttpServerResponse } from "@effect/platform/HttpServerResponse"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Runtime from "effect/Runtime"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { ReadableStream } from "node:stream/web"
import { Network, Timers, Transport } from "@httpfx/core"
import {
  PromiseClient,
  type Options,
  type Request as Asked,
  type Response as Given
} from "./promise/client.js"
import * as Driver from "./promise/server.js"

const pairs = (fields: ReadonlyArray<string>) =>
  Array.from({ length: fields.length / 2 }, (_, index) => [fields[2 * index]!, fields[2 * index + 1]!])

// A target in absolute form is a URL. Every other target is a path, even `//x`.
const urlOf = (target: string) => (target.startsWith("/") ? `http://test${target}` : target)

const asked = ({ body, fields, method, target }: Driver.Request) =>
  HttpServerRequest.fromWeb(
    new Request(urlOf(target), {
      method,
      headers: pairs(fields),
      ...(method === "GET" || method === "HEAD" ? {} : { body: ReadableStream.from(body), duplex: "half" })
    } as RequestInit)
  )

const answered = (
  { body, cookies, headers, status }: HttpServerResponse,
  runtime: Runtime.Runtime<never>
): Driver.Response => {
  const fields = [
    ...Object.entries(headers).flat(),
    ...Cookies.toSetCookieHeaders(cookies).flatMap((cookie) => ["set-cookie", cookie])
  ]
  switch (body._tag) {
    case "Empty":
      return { status, fields }
    case "Uint8Array":
      return { status, fields, body: body.body }
    case "Stream":
      return { status, fields, body: Stream.toAsyncIterableRuntime(body.stream, runtime) }
    default:
      throw new Error(`the adapter has no ${body._tag}`)
  }
}

// Runs the app. The promise resolves with the response, or rejects with the failure of the app.
const handlerOf =
  (app: HttpApp.Default<unknown>, middleware: HttpMiddleware | undefined, runtime: Runtime.Runtime<never>) =>
  (request: Driver.Request): Promise<Driver.Response> =>
    new Promise((resolve, reject) => {
      const handled = HttpApp.toHandled(
        Effect.interruptible(app),
        (_, response) =>
          Effect.sync(() => resolve(answered(HttpApp.unsafeEjectStreamScope(response), runtime))),
        middleware
      )
      const program = Effect.provideService(handled, HttpServerRequest.HttpServerRequest, asked(request))
      Runtime.runPromise(runtime)(program as Effect.Effect<void>, { signal: request.signal }).then(
        () => reject(new Error("the app gave no response")),
        reject
      )
    })

/**
 * Starts a promise server with the network and the clock of the context. Closing the scope closes the server.
 */
export const listening = (handler: Driver.Handler, port: number) =>
  Effect.gen(function* () {
    const network = yield* Network.Network
    const timers = yield* Timers.timers
    const run = Runtime.runPromise(yield* Effect.runtime<Scope.Scope>())
    const server = yield* Effect.promise(() =>
      Driver.serve(handler, {
        timers,
        listen: async (accept) => {
          const { address, close } = await run(network.listen({ port, host: "127.0.0.1" }, accept))
          return { address, close: () => run(close) }
        }
      })
    )
    yield* Effect.addFinalizer(() => Effect.promise(() => server.close(0)))
    return server
  })

/** The promise server as platform's `HttpServer`, on a free port. */
export const server: Layer.Layer<HttpServer.HttpServer, never, Network.Network> = Layer.scoped(
  HttpServer.HttpServer,
  Effect.gen(function* () {
    let handler: Driver.Handler | undefined
    const { address } = yield* listening((request) => handler!(request), 0)
    return HttpServer.make({
      address,
      serve: (app, middleware) =>
        Effect.map(Effect.runtime<never>(), (runtime) => {
          handler = handlerOf(app as HttpApp.Default<unknown>, middleware, runtime)
        })
    })
  })
)

// ---- the client

const sent = (
  request: HttpClientRequest,
  url: URL,
  signal: AbortSignal,
  runtime: Runtime.Runtime<never>
): Asked => {
  const { body, headers, method } = request
  const asked = { method, url: url.href, fields: Object.entries(headers).flat(), signal }
  switch (body._tag) {
    case "Empty":
      return asked
    case "Uint8Array":
      return { ...asked, body: body.body }
    case "Stream":
      return { ...asked, body: Stream.toAsyncIterableRuntime(body.stream, runtime) }
    default:
      throw new Error(`the adapter has no ${body._tag}`)
  }
}

const received = (request: HttpClientRequest, { body, head }: Given) => {
  const bodiless = request.method === "HEAD" || head.status === 204 || head.status === 304
  const stream = bodiless ? null : (ReadableStream.from(body) as BodyInit)
  const init = { status: head.status, headers: pairs(head.rawHeaders) as Array<[string, string]> }
  return HttpClientResponse.fromWeb(request, new Response(stream, init))
}

/**
 * Creates a promise client with the network and the clock of the context. Closing the scope closes the
 * client.
 */
export const calling = (pool: Options["pool"] = {}) =>
  Effect.gen(function* () {
    const network = yield* Network.Network
    const timers = yield* Timers.timers
    const run = Runtime.runPromise(yield* Effect.runtime<never>())
    const client = new PromiseClient({
      timers,
      pool,
      dial: async ({ host, port }, signal) => {
        const [{ address }] = await run(network.resolve(host), { signal })
        return run(network.connect(Transport.tcp(address, port)), { signal })
      }
    })
    yield* Effect.addFinalizer(() => Effect.promise(() => client.close(0)))
    return client
  })

/** The promise client as platform's `HttpClient`. */
export const client: Layer.Layer<HttpClient.HttpClient, never, Network.Network> = Layer.scoped(
  HttpClient.HttpClient,
  Effect.gen(function* () {
    const driver = yield* calling()
    const runtime = yield* Effect.runtime<never>()
    return HttpClient.make((request, url, signal) =>
      Effect.tryPromise({
        try: async () => received(request, await driver.request(sent(request, url, signal, runtime))),
        catch: (cause) => new RequestError({ request, reason: "Transport", cause })
      })
    )
  })
)
