/**
 * The shutdown of a server, with its states, their durations, and functions for handlers. A handler can
 * observe and influence the shutdown.
 *
 * A shutdown announces itself, waits for in-flight exchanges, and always ends. A shutdown starts when the
 * scope of a server's layer closes, or by `Server.shutdown`. This module itself never starts a shutdown.
 * docs/shutdown.md shows the timeline.
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
 * The state of the server that handles the request in the context. The state is always `ready` if that server
 * is of another package.
 *
 * @since 0.1.0
 * @category accessors
 */
export const state: Effect.Effect<State, never, HttpServerRequest.HttpServerRequest> = Effect.map(
  HttpServerRequest.HttpServerRequest,
  (request) => exchangeOf(request)?.serving.server.state ?? "ready"
)

/**
 * Waits until the server that handles the request in the context begins to drain. Long polls and streams can
 * then end in order. Never completes if that server is of another package. A WebSocket handler that uses this
 * effect must close the WebSocket itself, because draining then leaves the WebSocket open.
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
 * Returns a stream that ends normally when draining begins. Thus a long response, such as server-sent events,
 * is completed instead of aborted.
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
 * Sets how a shutdown treats `handler` and the stream of its response. With `interruptAtDrain`, a request
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
