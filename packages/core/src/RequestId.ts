/**
 * Request ids, which connect the log lines, the span, the access log and the response of a request.
 *
 * The middleware takes the id from `X-Request-Id` if it is well-formed (1 to 128 letters, digits or
 * `-._~:+/=@`). Otherwise it takes the trace id from `traceparent` (Trace Context §3.2). Without a trace id,
 * it makes an id.
 *
 * @since 0.1.0
 */
import type * as HttpApp from "@effect/platform/HttpApp"
import type { HttpServerResponse } from "@effect/platform/HttpServerResponse"
import type * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import * as requestId from "./content/requestId.js"
import type { Options } from "./content/requestId.js"

export type { Options } from "./content/requestId.js"

/**
 * Makes a middleware that gives each request its id. Use it with `HttpServer.serve`, `HttpRouter.use`,
 * `HttpApiBuilder.middleware` or `HttpLayerRouter.middleware`.
 *
 * The id becomes the annotation `requestId` of the app's log lines and of the outcome, which the access log
 * shows. The id also becomes the attribute `request.id` of the span, and a field of the response, unless the
 * response has this field already. With an invalid option every request dies with `InvalidOption`: the server
 * logs the error and answers 500.
 *
 * @example
 * import { HttpServer, HttpServerResponse } from "@effect/platform"
 * import { RequestId } from "@httpfx/core"
 * import { NodeHttpServer } from "@httpfx/node"
 * import { Effect, Layer } from "effect"
 *
 * const app = Effect.as(Effect.log("serving"), HttpServerResponse.text("hello"))
 *
 * const server = HttpServer.serve(app, RequestId.middleware()).pipe(
 *   Layer.provide(NodeHttpServer.layer({ port: 3000 }))
 * )
 *
 * @since 0.1.0
 * @category middleware
 */
export const middleware: (
  options?: Options
) => <E, R>(app: HttpApp.HttpApp<HttpServerResponse, E, R>) => HttpApp.HttpApp<HttpServerResponse, E, R> =
  requestId.middleware

/**
 * The id of the request that the current fiber serves. `None` if the request did not pass through the
 * middleware.
 *
 * @since 0.1.0
 * @category accessors
 */
export const current: Effect.Effect<Option.Option<string>> = requestId.current

/**
 * Returns whether an id from a client is well-formed, so that the middleware uses it.
 *
 * @since 0.1.0
 * @category accessors
 */
export const isWellFormed: (id: string) => boolean = requestId.isWellFormed
