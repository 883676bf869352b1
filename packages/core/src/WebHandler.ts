/**
 * Runs a web handler (a function `Request => Response`, as of Hono or SvelteKit) as a platform app.
 *
 * Platform's `HttpApp.toWebHandler` does the opposite. It turns an app into a web handler, and needs no
 * server.
 *
 * @since 0.1.0
 */
import * as Cookies from "@effect/platform/Cookies"
import type * as HttpApp from "@effect/platform/HttpApp"
import { RequestError } from "@effect/platform/HttpServerError"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import type * as Runtime from "effect/Runtime"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { fromRequest } from "./Exchange.js"

/**
 * The function that a web server calls for each request.
 *
 * @since 0.1.0
 * @category models
 */
export type WebHandler = (request: Request) => Response | Promise<Response>

// Reads the request body only while the handler reads. The first read sends 100 (Continue), and an unread
// body applies backpressure to the client.
const bodyOf = (
  request: HttpServerRequest.HttpServerRequest,
  runtime: Runtime.Runtime<never>
): ReadableStream<Uint8Array> => {
  let reader: ReadableStreamDefaultReader<Uint8Array> | undefined
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        reader ??= Stream.toReadableStreamRuntime(request.stream, runtime).getReader()
        const { done, value } = await reader.read()
        if (done) controller.close()
        else controller.enqueue(value)
      },
      cancel: (reason) => reader?.cancel(reason)
    },
    { highWaterMark: 0 }
  )
}

const urlOf = (request: HttpServerRequest.HttpServerRequest): URL => {
  const { headers, url } = request
  const secure = Option.exists(fromRequest(request), ({ client }) => client.scheme === "https")
  const scheme = secure || headers["x-forwarded-proto"] === "https" ? "https" : "http"
  const origin = `${scheme}://${headers["host"] ?? "localhost"}`
  // Concatenate the texts, because `new URL(url, origin)` would take a path that begins with `//` for a host.
  return new URL(url.startsWith("/") ? origin + url : `${origin}/${url}`)
}

// Cookies with different paths may have the same name. The index in the key keeps every cookie.
const cookiesOf = (headers: Headers): Cookies.Cookies => {
  const all: Record<string, Cookies.Cookie> = {}
  headers.getSetCookie().forEach((line, index) => {
    for (const cookie of Object.values(Cookies.fromSetCookie(line).cookies))
      all[cookie.name in all ? `${cookie.name};${index}` : cookie.name] = cookie
  })
  return Cookies.fromReadonlyRecord(all)
}

const toResponse = (
  response: Response,
  pieces: Stream.Stream<Uint8Array, unknown> | undefined
): HttpServerResponse.HttpServerResponse => {
  const { status, statusText } = response
  const headers: Record<string, string> = {}
  for (const [name, value] of response.headers) if (name !== "set-cookie") headers[name] = value
  const cookies = cookiesOf(response.headers)
  const options = { status, statusText: statusText === "" ? undefined : statusText, headers, cookies }
  if (pieces === undefined) return HttpServerResponse.empty(options)
  // Use `raw`, because `stream` would add a content type to a response without a content type.
  return HttpServerResponse.raw(pieces, options)
}

// Methods that the constructor of `Request` rejects (Fetch standard §2.2.1).
const forbidden = new Set(["CONNECT", "TRACE", "TRACK"])
const bodiless = new Set(["GET", "HEAD"])

/**
 * Returns an app that passes each request to `handler`.
 *
 * Request and response bodies are streamed, also at the same time. The request body is read from the
 * connection only when the handler reads the body. `request.signal` is aborted if the exchange is aborted
 * before the response is complete. A response body that is not sent completely is cancelled. An exception of
 * `handler` is a defect, which is logged, and the client gets 500. A request with a method that a `Request`
 * cannot have gets 501. If `Host` makes the URL invalid, the app fails with `RequestError` (400).
 *
 * @example
 * import { HttpServer } from "@effect/platform"
 * import { WebHandler } from "@httpfx/core"
 *
 * const main = HttpServer.serve(WebHandler.toHttpApp(() => Response.json({ hello: "world" })))
 *
 * @since 0.1.0
 * @category conversions
 */
export const toHttpApp = (handler: WebHandler): HttpApp.Default<RequestError, Scope.Scope> =>
  Effect.gen(function* () {
    const request = yield* HttpServerRequest.HttpServerRequest
    if (forbidden.has(request.method)) return HttpServerResponse.empty({ status: 501 })
    const url = yield* Effect.try({
      try: () => urlOf(request),
      catch: (cause) => new RequestError({ request, reason: "Decode", description: "Invalid URL", cause })
    })
    const runtime = yield* Effect.runtime<never>()
    const abort = new AbortController()
    const init: RequestInit & { duplex?: "half" } = {
      method: request.method,
      headers: request.headers,
      signal: abort.signal
    }
    if (!bodiless.has(request.method)) {
      init.body = bodyOf(request, runtime)
      init.duplex = "half"
    }
    const response = yield* Effect.promise(async () => handler(new Request(url, init))).pipe(
      Effect.onInterrupt(() => Effect.sync(() => abort.abort()))
    )
    const { body } = response
    if (body === null) return toResponse(response, undefined)
    let begun = false
    // Cancel a body that the server never reads, because of HEAD, an abort, or another response in its place.
    yield* Effect.addFinalizer(() =>
      begun
        ? Effect.void
        : Effect.promise(() => {
            abort.abort()
            return body.cancel().catch(() => undefined)
          })
    )
    const pieces = Stream.suspend(() => {
      begun = true
      return Stream.ensuringWith(
        Stream.fromReadableStream(
          () => body,
          (cause) => cause
        ),
        (exit) => (Exit.isSuccess(exit) ? Effect.void : Effect.sync(() => abort.abort()))
      )
    })
    return toResponse(response, pieces)
  })
