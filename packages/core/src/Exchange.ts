/**
 * Access to the parts of an exchange (request and response) that platform's `HttpServerRequest` lacks, such
 * as raw fields, the connection, TLS, trailers and informational responses.
 *
 * The module needs only `HttpServerRequest` in the context, so handlers can use it under `HttpServer.serve`
 * and `HttpRouter`. The exchange is found through the request's `source`, which stays the same after
 * `modify`, mounting and prefixes. All values are computed on first use.
 *
 * @since 0.1.0
 */
import { HttpServerRequest } from "@effect/platform/HttpServerRequest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as HttpError from "./HttpError.js"
import { ExchangeHandle } from "./internal/server/exchangeHandle.js"
import type {
  ClientFacts,
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
import type { Transport } from "./Transport.js"
import type { ExchangeOptions } from "./ServerTimeouts.js"
import type { DistinctFields, FieldViews } from "./wire/index.js"

export type * from "./internal/server/exchangeApi.js"

/**
 * Returns the exchange of a request. Returns `None` if another server, a web handler or a test created the
 * request.
 *
 * @since 0.1.0
 * @category constructors
 */
export const fromRequest = (request: HttpServerRequest): Option.Option<Exchange> =>
  Option.map(Option.fromNullable(exchangeOf(request)), (exchange) => new ExchangeHandle(exchange))

/**
 * Returns the transport on which a request of a server of httpfx arrived, for programs (such as bridges) that
 * made the transport themselves and recognize it. Only the server may write to it or read from it.
 *
 * @since 0.1.0
 * @category accessors
 */
export const transportOf = (request: HttpServerRequest): Option.Option<Transport> =>
  Option.map(Option.fromNullable(exchangeOf(request)), ({ connection }) => connection.transport)

/**
 * The exchange of the request in the context. Dies if the request comes from a server of another package.
 * Handlers that also run on other servers should use `fromRequest`.
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
 * The raw header lines of the current request (`Exchange.rawHeaders`).
 *
 * @since 0.1.0
 * @category accessors
 */
export const rawHeaders: Effect.Effect<ReadonlyArray<string>, never, HttpServerRequest> = Effect.map(
  exchange,
  (self) => self.rawHeaders
)

/**
 * All values of every header field of the current request (`Exchange.headersDistinct`).
 *
 * @since 0.1.0
 * @category accessors
 */
export const headersDistinct: Effect.Effect<DistinctFields, never, HttpServerRequest> = Effect.map(
  exchange,
  (self) => self.headersDistinct
)

/**
 * The connection of the current exchange (`Exchange.connection`).
 *
 * @since 0.1.0
 * @category accessors
 */
export const connection: Effect.Effect<Connection, never, HttpServerRequest> = Effect.map(
  exchange,
  (self) => self.connection
)

/**
 * The client of the current request (`Exchange.client`).
 *
 * @since 0.1.0
 * @category accessors
 */
export const client: Effect.Effect<ClientFacts, never, HttpServerRequest> = Effect.map(
  exchange,
  (self) => self.client
)

/**
 * Returns the trailers of the current request (`Exchange.trailers`). First discards the unread rest of the
 * body.
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
   * Sends 100 (Continue) on the current exchange, if 100 was not sent before (`Exchange.continue`). Fails
   * with `HeadersSent` after the response head.
   *
   * @since 0.1.0
   * @category informational
   */
  continue_ as continue
}

/**
 * Sends 102 (Processing) on the current exchange (`Exchange.processing`). Fails with `HeadersSent` after the
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
 * Validates the links, and sends 103 (Early Hints, RFC 8297) on the current exchange (`Exchange.earlyHints`).
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
 * Sends an informational response (1xx, RFC 9110 §15.2) with the given status on the current exchange
 * (`Exchange.informational`).
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
 * Announces trailers of the current response by name (`Exchange.announceTrailers`). Fails with `HeadersSent`
 * after the response head.
 *
 * @since 0.1.0
 * @category trailers
 */
export const announceTrailers = (
  ...names: ReadonlyArray<string>
): Effect.Effect<void, TrailerError, HttpServerRequest> =>
  Effect.flatMap(exchange, (self) => self.announceTrailers(...names))

/**
 * Adds trailers (RFC 9110 §6.5) to the current response (`Exchange.addTrailers`).
 *
 * @since 0.1.0
 * @category trailers
 */
export const addTrailers = (fields: Fields): Effect.Effect<void, TrailerError, HttpServerRequest> =>
  Effect.flatMap(exchange, (self) => self.addTrailers(fields))

/**
 * Adds names to `Vary` of the current response (`Exchange.vary`), for handlers whose response depends on
 * fields of the request.
 *
 * @since 0.1.0
 * @category accessors
 */
export const vary = (...names: ReadonlyArray<string>): Effect.Effect<void, never, HttpServerRequest> =>
  Effect.flatMap(exchange, (self) => self.vary(...names))

/**
 * Takes over the connection of the current exchange (`Exchange.upgrade`; RFC 9110 §7.8, §9.3.6).
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
