/** Finds the callback request from which `toListeners` has made a request of an Effect app. */
import { HttpServerRequest } from "@effect/platform/HttpServerRequest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Exchange from "@httpfx/core/Exchange"
import type { Transport } from "@httpfx/core/Transport"
import type { IncomingMessage } from "node:http"

const requests = new WeakMap<Transport, IncomingMessage>()

/** Records the callback request from which a transport was made, or with which its connection begins. */
export const carries = <T extends Transport>(transport: T, request: IncomingMessage): T => {
  requests.set(transport, request)
  return transport
}

/**
 * The callback request behind the request in the context. It has the members that other code of the callback
 * server has set, such as `req.user`, `req.session` or Express's `req.res`. `Request` is the type with these
 * members; the type is not checked.
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
