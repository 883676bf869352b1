/**
 * Rate limits of a server by key: so many requests of one address, user or tenant per interval. Further ones
 * get 429 (Too Many Requests, RFC 6585 §4) with `Retry-After`.
 *
 * The limits of all requests together are options of the server (`maxConcurrentRequests`), and limits of the
 * requests that a client sends are in `RateLimit`. See docs/overload.md.
 *
 * @since 0.1.0
 */
import type * as HttpApp from "@effect/platform/HttpApp"
import type { HttpServerRequest } from "@effect/platform/HttpServerRequest"
import type { HttpServerResponse } from "@effect/platform/HttpServerResponse"
import type * as Effect from "effect/Effect"
import type * as Metric from "effect/Metric"
import * as rateLimit from "./content/serverRateLimit.js"
import type { Decision, Limiter, MemoryOptions, Options } from "./content/serverRateLimit.js"
import type { InvalidOption } from "./HttpError.js"

export type { Decision, Limiter, MemoryOptions, Options } from "./content/serverRateLimit.js"

/**
 * Makes a middleware that asks the limiter about each request: for `HttpServer.serve`, `HttpRouter.use`, one
 * route, `HttpApiBuilder.middleware` and `HttpLayerRouter.middleware`.
 *
 * A request beyond the limit gets 429 without the app. Its outcome has the annotation `rateLimit` with the
 * name of the limit, and {@link limited} counts it. An error of the limiter is an error of the app.
 *
 * @example
 * import { HttpRouter, HttpServerResponse } from "@effect/platform"
 * import { ServerRateLimit } from "@httpfx/core"
 * import { Effect } from "effect"
 *
 * const app = Effect.map(ServerRateLimit.memory({ requests: 100, interval: "1 minute" }), (limiter) =>
 *   HttpRouter.empty.pipe(
 *     HttpRouter.get("/", HttpServerResponse.text("hello")),
 *     HttpRouter.use(ServerRateLimit.middleware(limiter))
 *   )
 * )
 *
 * @since 0.1.0
 * @category middleware
 */
export const middleware: <EL = never, E = never, R = HttpServerRequest>(
  limiter: Limiter<EL>,
  options?: Options<E, R>
) => <EA, RA>(
  app: HttpApp.HttpApp<HttpServerResponse, EA, RA>
) => HttpApp.HttpApp<HttpServerResponse, EA | EL | E, RA | R | HttpServerRequest> = rateLimit.middleware

/**
 * Asks the limiter about the request in the context, as {@link middleware} does, and returns the decision
 * instead of a response. For handlers and middleware that answer with an error of their own, such as the
 * typed errors of an `HttpApi`. Where the decision is `Limited`, the response gets `Retry-After`.
 *
 * @example
 * import { HttpApiMiddleware } from "@effect/platform"
 * import { ServerRateLimit } from "@httpfx/core"
 * import { Effect, Layer, Schema } from "effect"
 *
 * class TooMany extends Schema.TaggedError<TooMany>()("TooMany", {}) {}
 * class Limited extends HttpApiMiddleware.Tag<Limited>()("Limited", { failure: TooMany }) {}
 *
 * const LimitedLive = Layer.effect(
 *   Limited,
 *   Effect.map(ServerRateLimit.memory({ requests: 10, interval: "1 minute" }), (limiter) =>
 *     Effect.filterOrFail(
 *       ServerRateLimit.take(limiter),
 *       ({ _tag }) => _tag === "Allowed",
 *       () => new TooMany()
 *     )
 *   )
 * )
 *
 * @since 0.1.0
 * @category middleware
 */
export const take: <EL = never, E = never, R = HttpServerRequest>(
  limiter: Limiter<EL>,
  options?: Options<E, R>
) => Effect.Effect<Decision, EL | E, R | HttpServerRequest> = rateLimit.take

/**
 * Creates token buckets in memory, one a key, on Effect's clock. A bucket begins full (`burst`), gives one
 * token to each request, and regains `requests` tokens per `interval`. Fails with `InvalidOption` for an
 * invalid option.
 *
 * @since 0.1.0
 * @category limiters
 */
export const memory: (options: MemoryOptions) => Effect.Effect<Limiter, InvalidOption> = rateLimit.memory

/**
 * The decision that lets a request pass.
 *
 * @since 0.1.0
 * @category limiters
 */
export const allowed: Decision = rateLimit.allowed

/**
 * The default key: the client's address (`request.remoteAddress`), of an IPv6 address its network of 64 bits.
 * All clients of unknown address share the key `unknown`.
 *
 * @since 0.1.0
 * @category keys
 */
export const address: Effect.Effect<string, never, HttpServerRequest> = rateLimit.address

/**
 * Counts the requests that got 429, by the label `limit`, the name of the limit.
 *
 * @since 0.1.0
 * @category metrics
 */
export const limited: Metric.Metric.Counter<number> = rateLimit.limited
