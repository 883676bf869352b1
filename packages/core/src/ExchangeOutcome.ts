/**
 * The outcome of an exchange, for logs, metrics and tests. Each exchange has one outcome, which is reported
 * once.
 *
 * A server reports the outcome in `ServerEvent.ExchangeEnded`. A handler can observe the outcome of its own
 * exchange with `onEnd`. Without listeners, no outcome is created and no clock is read. See
 * docs/observability.md.
 *
 * @since 0.1.0
 */
import * as HttpRouter from "@effect/platform/HttpRouter"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { ExchangeOutcome } from "./internal/server/outcome.js"
import { exchangeOf } from "./internal/server/exchange.js"

export type * from "./internal/server/outcome.js"
export type { DropReason, WireFacts, Upgraded } from "./model/outcome.js"

/**
 * Calls `f` with the outcome when the exchange of the request in the context has ended. `f` must not throw.
 * If the server has no observers, the times of the outcome count from this call, because the server has read
 * no clock before. Does nothing if a server of another package received the request.
 *
 * @since 0.1.0
 * @category accessors
 */
export const onEnd = (
  f: (outcome: ExchangeOutcome) => void
): Effect.Effect<void, never, HttpServerRequest.HttpServerRequest> =>
  Effect.map(HttpServerRequest.HttpServerRequest, (request) => exchangeOf(request)?.onEnd(f))

/**
 * Adds a fact to the outcome of the exchange of the request in the context (`Facts.annotations`), such as a
 * request id, a tenant or a user. The access log and other observers see the fact. A later value replaces an
 * earlier value of the same name. Does nothing if a server of another package received the request.
 *
 * @since 0.1.0
 * @category accessors
 */
export const annotate = (
  name: string,
  value: string
): Effect.Effect<void, never, HttpServerRequest.HttpServerRequest> =>
  Effect.map(HttpServerRequest.HttpServerRequest, (request) => exchangeOf(request)?.annotate(name, value))

/**
 * Records the pattern of the route that runs an app (`Facts.route`), for routers that are not the app itself,
 * where spans are switched off: as `HttpLayerRouter.middleware(ExchangeOutcome.withRoute).layer`, or around
 * the handler of a route. With spans, the pattern is known without it.
 *
 * @since 0.1.0
 * @category combinators
 */
export const withRoute = <A, E, R>(app: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.withFiberRuntime((fiber) => {
    const services = fiber.currentContext as Context.Context<never>
    const route = Context.getOption(services, HttpRouter.RouteContext)
    const request = Context.getOption(services, HttpServerRequest.HttpServerRequest)
    const exchange = Option.isSome(request) ? exchangeOf(request.value) : undefined
    if (exchange !== undefined && Option.isSome(route)) exchange.route = route.value.route.path
    return app
  })
