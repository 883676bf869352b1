/**
 * Ids of requests, which connect the log lines, the span, the access log and the response of a request.
 *
 * The middleware takes the id of `X-Request-Id` if it is well-formed (1 to 128 letters, digits or
 * `-._~:+/=@`), or else the trace id of `traceparent` (Trace Context §3.2), or else makes an id.
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
 * Makes a middleware that gives each request its id: for `HttpServer.serve`, `HttpRouter.use`,
 * `HttpApiBuilder.middleware` and `HttpLayerRouter.middleware`.
 *
 * The id is the annotation `requestId` of the app's log lines and of the outcome (so of the access log), the
 * attribute `request.id` of the span, and the field of the response, unless the response has this field. With
 * an invalid option every request dies with `InvalidOption`: the server logs the error and answers 500.
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
 * The id of the request that this fiber serves. `None` outside of the middleware.
 *
 * @since 0.1.0
 * @category accessors
 */
export const current: Effect.Effect<Option.Option<string>> = requestId.current

/**
 * Whether the middleware takes over this id from a client.
 *
 * @since 0.1.0
 * @category accessors
 */
export const isWellFormed: (id: string) => boolean = requestId.isWellFormed
