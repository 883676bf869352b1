/**
 * Serves platform's `HttpApi` with compiled routes.
 *
 * `HttpServer.serve` compiles an `HttpRouter` itself. An `HttpApi` keeps its router in a closure, where a
 * server cannot see the routes, so `HttpApiBuilder.serve` runs platform's slower router. `Serve.httpApi`
 * takes its place. The index of the package does not export this module, because it loads all of `HttpApi`.
 *
 * @since 0.1.0
 */
import type * as HttpApi from "@effect/platform/HttpApi"
import * as HttpApiBuilder from "@effect/platform/HttpApiBuilder"
import type * as HttpApp from "@effect/platform/HttpApp"
import type { HttpRouter } from "@effect/platform/HttpRouter"
import * as HttpServer from "@effect/platform/HttpServer"
import type { HttpServerRequest } from "@effect/platform/HttpServerRequest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { Scope } from "effect/Scope"
import { apiApp } from "./internal/server/api.js"

/**
 * Serves the `HttpApi` in the context. Replaces `HttpApiBuilder.serve`, with the same signature and the same
 * responses.
 *
 * With middleware of a whole API (`HttpApi.middleware`), platform's slower router runs. The routes stay the
 * same.
 *
 * @example
 * import { HttpApi, HttpApiBuilder, HttpApiEndpoint, HttpApiGroup } from "@effect/platform"
 * import * as Serve from "@httpfx/core/Serve"
 * import { Effect, Layer, Schema } from "effect"
 *
 * const api = HttpApi.make("api").add(
 *   HttpApiGroup.make("greetings").add(HttpApiEndpoint.get("hello", "/hello").addSuccess(Schema.String))
 * )
 * const greetings = HttpApiBuilder.group(api, "greetings", (handlers) =>
 *   handlers.handle("hello", () => Effect.succeed("Hello!"))
 * )
 * // A layer that needs an `HttpServer`.
 * export const serving = Serve.httpApi().pipe(
 *   Layer.provide(Layer.provide(HttpApiBuilder.api(api), greetings))
 * )
 *
 * @since 0.1.0
 * @category layers
 */
export const httpApi = <R = never>(
  middleware?: (app: HttpApp.Default) => HttpApp.Default<never, R>
): Layer.Layer<
  never,
  never,
  HttpServer.HttpServer | HttpRouter.DefaultServices | Exclude<R, Scope | HttpServerRequest> | HttpApi.Api
> =>
  Layer.unwrapEffect(Effect.map(apiApp, (app) => HttpServer.serve(app as never, middleware as never))).pipe(
    Layer.provide([HttpApiBuilder.Router.Live, HttpApiBuilder.Middleware.layer])
  )
