/**
 * How an exchange ended: one value, told once, from which logs, metrics and tests are made.
 *
 * A server tells it in `ServerEvent.ExchangeEnded`; a handler may ask for its own with `onEnd`. Nothing of it
 * is made, and no clock read, unless somebody listens. docs/observability.md.
 *
 * @since 0.1.0
 */
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as Effect from "effect/Effect"
import type { ExchangeOutcome } from "./internal/server/outcome.js"
import { exchangeOf } from "./internal/server/exchange.js"

export type * from "./internal/server/outcome.js"
export type { DropReason, Facts, Upgraded } from "./model/outcome.js"

/**
 * Calls `f` once the exchange of this request is over, with how it ended. `f` must not throw. Times count
 * from this call unless the server is observed. Does nothing where the request is not ours.
 *
 * @since 0.1.0
 * @category accessors
 */
export const onEnd = (
  f: (outcome: ExchangeOutcome) => void
): Effect.Effect<void, never, HttpServerRequest.HttpServerRequest> =>
  Effect.map(HttpServerRequest.HttpServerRequest, (request) => exchangeOf(request)?.onEnd(f))
