/**
 * A server of promises as platform's `HttpServer`, so that batteries run against it.
 */
import * as Cookies from "@effect/platform/Cookies"
import * as HttpApp from "@effect/platform/HttpApp"
import type { HttpMiddleware } from "@effect/platform/HttpMiddleware"
import * as HttpServer from "@effect/platform/HttpServer"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import type { HttpServerResponse } from "@effect/platform/HttpServerResponse"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Runtime from "effect/Runtime"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { ReadableStream } from "node:stream/web"
import { Network, Timers } from "@httpfx/core"
import * as Driver from "./promise/server.js"

const pairs = (fields: ReadonlyArray<string>) =>
  Array.from({ length: fields.length / 2 }, (_, index) => [fields[2 * index]!, fields[2 * index + 1]!])

// The absolute form names the server itself; anything else is a path, also `//x`.
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

// One promise: the response, or else the end of the app.
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

/** A server of promises on the network and the clock in the context, until the scope closes. */
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

/** The same as platform's server, on any port. */
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
