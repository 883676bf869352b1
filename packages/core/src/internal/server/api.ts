/**
 * Builds the app of a platform `HttpApi` with compiled routes (`router.ts`). The routes of the groups, their
 * middleware, and the responses to errors come from platform.
 */
import * as HttpApi from "@effect/platform/HttpApi"
import * as HttpApiBuilder from "@effect/platform/HttpApiBuilder"
import type * as HttpApp from "@effect/platform/HttpApp"
import type { HttpServerResponse } from "@effect/platform/HttpServerResponse"
import * as Effect from "effect/Effect"
import { asPlatform, compile } from "./router.js"

/** Builds the app that `HttpApiBuilder.httpApp` would build, with compiled routes. */
export const apiApp: typeof HttpApiBuilder.httpApp = Effect.flatMap(HttpApi.Api, ({ api, context }) => {
  // Middleware of the whole API runs between the router and the middleware of `HttpApiBuilder.middleware`.
  // Only `HttpApiBuilder.httpApp` can insert it there, because platform exports no function for that.
  if (api.middlewares.size > 0) return HttpApiBuilder.httpApp
  return Effect.gen(function* () {
    const router = yield* Effect.flatMap(HttpApiBuilder.Router, ({ router }) => router)
    const middleware = yield* Effect.flatMap(HttpApiBuilder.Middleware, ({ retrieve }) => retrieve)
    const withErrors = yield* Effect.provide(HttpApiBuilder.buildMiddleware(api), context)
    const app = middleware(compile(router, asPlatform) as HttpApp.Default)
    return withErrors(app as Effect.Effect<HttpServerResponse>) as Effect.Effect<HttpServerResponse, never>
  })
})
