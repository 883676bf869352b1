/**
 * Adds names to `Vary` of the response that the server sends for a request.
 *
 * Handlers that run later, such as that of platform's `cors`, replace the field of the response itself.
 */
import type { HttpServerRequest } from "@effect/platform/HttpServerRequest"
import * as Exchange from "@httpfx/core/Exchange"
import type * as Effect from "effect/Effect"
import * as Option from "effect/Option"

/** Returns `undefined` for requests of other servers. */
export const vary = (
  request: HttpServerRequest,
  ...names: ReadonlyArray<string>
): Effect.Effect<void> | undefined => {
  const exchange = Exchange.fromRequest(request)
  return Option.isSome(exchange) ? exchange.value.vary(...names) : undefined
}
