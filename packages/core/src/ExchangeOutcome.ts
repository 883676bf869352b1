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
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as Effect from "effect/Effect"
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
