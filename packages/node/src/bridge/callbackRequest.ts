/** Finds the callback request from which `toListeners` has made a request of an Effect app. */
import { HttpServerRequest } from "@effect/platform/HttpServerRequest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Exchange from "@httpfx/core/Exchange"
import type { Transport } from "@httpfx/core/Transport"
import type { IncomingMessage } from "node:http"

const requests = new WeakMap<Transport, IncomingMessage>()

/** Records the request that a transport carries, or with which it begins. */
export const carries = <T extends Transport>(transport: T, request: IncomingMessage): T => {
  requests.set(transport, request)
  return transport
}

/**
 * The callback request behind the request in the context. Other code of the callback server has set members
 * such as `req.user` or `req.session` on it, and `req.res` is the response of Express. `Request` is the type
 * with these members; nothing checks it.
 *
 * `None` if the request did not come through `toListeners`. Later requests on a connection that came through
 * the `upgrade` listener have none, because no callback server has seen them.
 *
 * @since 0.1.0
 * @category accessors
 */
export const callbackRequest = <Request extends IncomingMessage = IncomingMessage>(): Effect.Effect<
  Option.Option<Request>,
  never,
  HttpServerRequest
> =>
  Effect.map(HttpServerRequest, (request) => {
    const first = Option.exists(Exchange.fromRequest(request), ({ connection }) => connection.exchange === 1)
    if (!first) return Option.none()
    return Option.flatMap(Exchange.transportOf(request), (transport) =>
      Option.fromNullable(requests.get(transport) as Request | undefined)
    )
  })
