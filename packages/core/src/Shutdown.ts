/**
 * How a server ends: the states it passes through, how long each lasts, and what a handler can know and say
 * about it.
 *
 * A shutdown announces itself, waits, and always ends. Nothing here closes anything by itself: closing the
 * scope of a server's layer does, or `Server.shutdown`. docs/shutdown.md shows the timeline.
 *
 * @since 0.1.0
 */
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as Effect from "effect/Effect"
import { dual } from "effect/Function"
import * as Stream from "effect/Stream"
import { exchangeOf, type ServerExchange } from "./internal/server/exchange.js"
import type { Policy, State } from "./model/serverState.js"

export type { Options } from "./internal/options/shutdown.js"
export type { Policy, State } from "./model/serverState.js"

/**
 * The state of the server that answers this request. `ready` where the server is not ours.
 *
 * @since 0.1.0
 * @category accessors
 */
export const state: Effect.Effect<State, never, HttpServerRequest.HttpServerRequest> = Effect.map(
  HttpServerRequest.HttpServerRequest,
  (request) => exchangeOf(request)?.serving.server.state ?? "ready"
)

/**
 * Waits until the server that answers this request begins to drain: for long polls and streams that are to
 * end in good order. Never ends where the server is not ours. A WebSocket whose handler has asked for it is
 * not closed by the drain: its handler takes leave.
 *
 * @since 0.1.0
 * @category accessors
 */
export const awaitDrain: Effect.Effect<void, never, HttpServerRequest.HttpServerRequest> = Effect.flatMap(
  HttpServerRequest.HttpServerRequest,
  (request) => drainOf(exchangeOf(request)) ?? Effect.never
)

const drainOf = (exchange: ServerExchange | undefined): Effect.Effect<void> | undefined => {
  if (exchange === undefined) return undefined
  exchange.listensToDrain = true
  return exchange.serving.server.awaitDrain
}

/**
 * A stream that ends, in good order, when draining begins: for server-sent events and the like. The client
 * sees a whole answer.
 *
 * @example
 * import { HttpServerResponse } from "@effect/platform"
 * import { Shutdown } from "@httpfx/core"
 * import { Effect, Stream } from "effect"
 *
 * const handler = (events: Stream.Stream<Uint8Array>) =>
 *   Effect.map(Shutdown.endAtDrain(events), (stream) => HttpServerResponse.stream(stream))
 *
 * @since 0.1.0
 * @category combinators
 */
export const endAtDrain = <A, E, R>(
  stream: Stream.Stream<A, E, R>
): Effect.Effect<Stream.Stream<A, E, R>, never, HttpServerRequest.HttpServerRequest> =>
  Effect.map(HttpServerRequest.HttpServerRequest, (request) => {
    const drain = drainOf(exchangeOf(request))
    return drain === undefined ? stream : Stream.interruptWhen(stream, drain)
  })

/**
 * Says what a shutdown does with this handler, and with the stream it answers with. A request with
 * `interruptAtDrain` that comes while the server drains is answered 503.
 *
 * @example
 * import { HttpRouter, HttpServerResponse } from "@effect/platform"
 * import { Shutdown } from "@httpfx/core"
 *
 * const pay = HttpServerResponse.text("paid")
 * const router = HttpRouter.empty.pipe(HttpRouter.post("/pay", pay.pipe(Shutdown.withPolicy("wait"))))
 *
 * @since 0.1.0
 * @category combinators
 */
export const withPolicy: {
  (
    policy: Policy
  ): <A, E, R>(
    handler: Effect.Effect<A, E, R>
  ) => Effect.Effect<A, E, R | HttpServerRequest.HttpServerRequest>
  <A, E, R>(
    handler: Effect.Effect<A, E, R>,
    policy: Policy
  ): Effect.Effect<A, E, R | HttpServerRequest.HttpServerRequest>
} = dual(
  2,
  <A, E, R>(
    handler: Effect.Effect<A, E, R>,
    policy: Policy
  ): Effect.Effect<A, E, R | HttpServerRequest.HttpServerRequest> =>
    Effect.flatMap(HttpServerRequest.HttpServerRequest, (request) => {
      const exchange = exchangeOf(request)
      if (exchange === undefined) return handler
      exchange.drainPolicy = policy
      return policy === "interruptAtDrain" && exchange.connection.server.draining ? Effect.interrupt : handler
    })
)
