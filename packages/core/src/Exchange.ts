/**
 * Everything about a request/response exchange that platform's `HttpServerRequest` does not offer: raw
 * fields, the connection, TLS, trailers, informational responses.
 *
 * Needs only `HttpServerRequest` in the context, so handlers that use this module need no change for
 * `HttpServer.serve` or `HttpRouter`. The exchange is found through the request's `source`, which `modify`,
 * mounting and prefixes do not change. All values are computed on first use.
 *
 * @since 0.1.0
 */
import { HttpServerRequest } from "@effect/platform/HttpServerRequest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as HttpError from "./HttpError.js"
import { ExchangeHandle } from "./internal/server/exchangeHandle.js"
import type {
  Connection,
  Exchange,
  Fields,
  InformationalError,
  RequestBodyError,
  TrailerError,
  UpgradeError,
  UpgradeOptions
} from "./internal/server/exchangeApi.js"
import { exchangeOf } from "./internal/server/exchange.js"
import type { Socket } from "./Socket.js"
import type { ExchangeOptions } from "./ServerTimeouts.js"
import type { DistinctFields, FieldViews } from "./wire/index.js"

export type * from "./internal/server/exchangeApi.js"

/**
 * Returns the exchange of a request. `None` if something else created the request, such as another server, a
 * web handler or a test.
 *
 * @since 0.1.0
 * @category constructors
 */
export const fromRequest = (request: HttpServerRequest): Option.Option<Exchange> =>
  Option.map(Option.fromNullable(exchangeOf(request)), (exchange) => new ExchangeHandle(exchange))

/**
 * The current exchange. Dies if the request does not come from a server of this package. Handlers that also
 * run on other servers should use `fromRequest`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const exchange: Effect.Effect<Exchange, never, HttpServerRequest> = Effect.map(
  HttpServerRequest,
  (request) =>
    Option.getOrThrowWith(
      fromRequest(request),
      () => new Error("the request in the context was not made by a server of httpfx")
    )
)

/**
 * `Exchange.rawHeaders` of the current exchange.
 *
 * @since 0.1.0
 * @category accessors
 */
export const rawHeaders: Effect.Effect<ReadonlyArray<string>, never, HttpServerRequest> = Effect.map(
  exchange,
  (self) => self.rawHeaders
)

/**
 * `Exchange.headersDistinct` of the current exchange.
 *
 * @since 0.1.0
 * @category accessors
 */
export const headersDistinct: Effect.Effect<DistinctFields, never, HttpServerRequest> = Effect.map(
  exchange,
  (self) => self.headersDistinct
)

/**
 * `Exchange.connection` of the current exchange.
 *
 * @since 0.1.0
 * @category accessors
 */
export const connection: Effect.Effect<Connection, never, HttpServerRequest> = Effect.map(
  exchange,
  (self) => self.connection
)

/**
 * `Exchange.trailers` of the current exchange. Discards the unread rest of the body first.
 *
 * @since 0.1.0
 * @category accessors
 */
export const trailers: Effect.Effect<FieldViews, RequestBodyError, HttpServerRequest> = Effect.flatMap(
  exchange,
  (self) => self.trailers
)

const continue_: Effect.Effect<void, HttpError.HeadersSent, HttpServerRequest> = Effect.flatMap(
  exchange,
  (self) => self.continue
)

export {
  /**
   * `Exchange.continue` of the current exchange: sends `100 Continue` unless it was already sent. Fails with
   * `HeadersSent` after the response head.
   *
   * @since 0.1.0
   * @category informational
   */
  continue_ as continue
}

/**
 * `Exchange.processing` of the current exchange: sends `102 Processing`. Fails with `HeadersSent` after the
 * response head.
 *
 * @since 0.1.0
 * @category informational
 */
export const processing: Effect.Effect<void, HttpError.HeadersSent, HttpServerRequest> = Effect.flatMap(
  exchange,
  (self) => self.processing
)

/**
 * `Exchange.earlyHints` of the current exchange: validates the links and sends `103 Early Hints` (RFC 8297).
 *
 * @since 0.1.0
 * @category informational
 */
export const earlyHints = (
  links: string | ReadonlyArray<string>,
  headers?: Fields
): Effect.Effect<void, InformationalError | HttpError.InvalidLink, HttpServerRequest> =>
  Effect.flatMap(exchange, (self) => self.earlyHints(links, headers))

/**
 * `Exchange.informational` of the current exchange: sends any other 1xx response (RFC 9110 §15.2).
 *
 * @since 0.1.0
 * @category informational
 */
export const informational = (
  status: number,
  headers?: Fields
): Effect.Effect<void, InformationalError, HttpServerRequest> =>
  Effect.flatMap(exchange, (self) => self.informational(status, headers))

/**
 * `Exchange.announceTrailers` of the current exchange. Fails with `HeadersSent` after the response head.
 *
 * @since 0.1.0
 * @category trailers
 */
export const announceTrailers = (
  ...names: ReadonlyArray<string>
): Effect.Effect<void, TrailerError, HttpServerRequest> =>
  Effect.flatMap(exchange, (self) => self.announceTrailers(...names))

/**
 * `Exchange.addTrailers` of the current exchange (RFC 9110 §6.5).
 *
 * @since 0.1.0
 * @category trailers
 */
export const addTrailers = (fields: Fields): Effect.Effect<void, TrailerError, HttpServerRequest> =>
  Effect.flatMap(exchange, (self) => self.addTrailers(fields))

/**
 * `Exchange.upgrade` of the current exchange: takes over the connection (RFC 9110 §7.8, §9.3.6).
 *
 * @since 0.1.0
 * @category upgrade
 */
export const upgrade = (options?: UpgradeOptions): Effect.Effect<Socket, UpgradeError, HttpServerRequest> =>
  Effect.flatMap(exchange, (self) => self.upgrade(options))

/**
 * Overrides the server's timeouts for the current exchange, for example for a long upload or an endless
 * stream.
 *
 * @since 0.1.0
 * @category timeouts
 */
export const setTimeouts = (
  options: ExchangeOptions
): Effect.Effect<void, HttpError.InvalidOption, HttpServerRequest> =>
  Effect.flatMap(exchange, (self) => self.setTimeouts(options))
