/**
 * The shutdown of a server: its states, the duration of each state, and the means by which a handler observes
 * and influences it.
 *
 * A shutdown announces itself, waits for in-flight exchanges, and always ends. This module never starts a
 * shutdown: closing the scope of a server's layer starts it, or `Server.shutdown`. docs/shutdown.md shows the
 * timeline.
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
 * The state of the server that handles this request. For requests of other servers it is always `ready`.
 *
 * @since 0.1.0
 * @category accessors
 */
export const state: Effect.Effect<State, never, HttpServerRequest.HttpServerRequest> = Effect.map(
  HttpServerRequest.HttpServerRequest,
  (request) => exchangeOf(request)?.serving.server.state ?? "ready"
)

/**
 * Waits until the server that handles this request begins to drain, so that long polls and streams can end in
 * order. Never completes for requests of other servers. After a WebSocket's handler has used this effect, a
 * drain does not close the WebSocket: the handler must close it.
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
 * Returns a stream that ends normally when draining begins, so that the client gets a complete response; for
 * example for server-sent events.
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
 * Sets how a shutdown treats this handler and the stream of its response. With `interruptAtDrain`, a request
 * that arrives while the server drains gets 503 instead of running the handler.
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
