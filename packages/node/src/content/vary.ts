/**
 * Adds names to `Vary` of the response that the server sends for a request.
 *
 * Handlers that run later, such as that of platform's `cors`, replace the field of the response itself.
 */
import type { HttpServerRequest } from "@effect/platform/HttpServerRequest"
import * as Exchange from "@httpfx/core/Exchange"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"

/** Has no effect on requests of other servers. */
export const vary = (request: HttpServerRequest, ...names: ReadonlyArray<string>): Effect.Effect<void> =>
  Option.match(Exchange.fromRequest(request), {
    onNone: () => Effect.void,
    onSome: (exchange) => exchange.vary(...names)
  })
