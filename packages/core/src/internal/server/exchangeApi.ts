/**
 * The types of `Exchange`: the handler's view of one exchange, and its errors.
 */
import type * as Effect from "effect/Effect"
import type * as HttpError from "../../errors/index.js"
import type { Address } from "../../model/address.js"
import type { TlsFacts } from "../../model/tls.js"
import type { Socket } from "../socket.js"
import type { ExchangeOptions } from "../options/serverTimeouts.js"
import type { DistinctFields, FieldViews, FoldedFields } from "../../wire/index.js"

/**
 * Fields to send. Order, case and repetitions are kept.
 *
 * @since 0.1.0
 * @category models
 */
export type Fields =
  Readonly<Record<string, string | ReadonlyArray<string>>> | Iterable<readonly [name: string, value: string]>

/**
 * The connection of an exchange.
 *
 * @since 0.1.0
 * @category models
 */
export interface Connection {
  /** The local address. */
  readonly local: Address | undefined
  /** The client's address. */
  readonly remote: Address | undefined
  /** The TLS session and the client's certificate; `undefined` without TLS. */
  readonly tls: TlsFacts | undefined
  /** Number of this exchange on its connection, from 1. */
  readonly exchange: number
}

/**
 * Errors of sending an informational (1xx) response. Nothing has been sent.
 *
 * @since 0.1.0
 * @category errors
 */
export type InformationalError =
  | HttpError.HeadersSent
  | HttpError.InvalidStatusCode
  | HttpError.InvalidToken
  | HttpError.InvalidHeaderValue
  | HttpError.InvalidCharacter
  | HttpError.FieldConflict

/**
 * Errors of receiving a request body, or the trailers after it.
 *
 * @since 0.1.0
 * @category errors
 */
export type RequestBodyError =
  | HttpError.ConnectionError
  | HttpError.ParseError
  | HttpError.RequestTimeout
  | HttpError.PeerStalled
  | HttpError.BodyTooLarge

/**
 * Errors of adding trailers: a field that is not allowed or malformed, a response with `Content-Length`, or a
 * response already complete.
 *
 * @since 0.1.0
 * @category errors
 */
export type TrailerError =
  | HttpError.TrailerInvalid
  | HttpError.InvalidToken
  | HttpError.InvalidHeaderValue
  | HttpError.InvalidCharacter
  | HttpError.HeadersSent
  | HttpError.WriteAfterEnd

/**
 * Errors of an upgrade. Nothing has been sent, and the request can still be answered, unless the client has
 * left (`RequestBodyError`).
 *
 * @since 0.1.0
 * @category errors
 */
export type UpgradeError =
  InformationalError | HttpError.UpgradeNotAsked | HttpError.OutOfOrder | RequestBodyError

/**
 * Options of the response that switches protocols.
 *
 * @since 0.1.0
 * @category models
 */
export interface UpgradeOptions {
  /** The new protocol, for `Upgrade`. Default: the protocol that the client asked for. */
  readonly protocol?: string | undefined
  /** Further fields of the response. */
  readonly headers?: Fields | undefined
  /** For CONNECT: another 2xx. Default 200; an upgrade is always 101. */
  readonly status?: number | undefined
  /** The reason phrase. Default: the one of the status (RFC 9110 §15). */
  readonly statusMessage?: string | undefined
}

/**
 * A request/response exchange, with everything that platform's request does not offer: raw fields, 1xx,
 * trailers, the connection, protocol switches.
 *
 * @since 0.1.0
 * @category models
 */
export interface Exchange {
  /** The method as received. */
  readonly method: string
  /** The target as received, in any of its four forms (RFC 9112 §3.2). */
  readonly target: string
  /** `1.1`, `1.0`. */
  readonly httpVersion: string
  /** Field lines as received, with case and order: name, value, name, value, ... */
  readonly rawHeaders: ReadonlyArray<string>
  /** Folded like Node's `message.headers`: `set-cookie` is an array. */
  readonly headers: FoldedFields
  /** All values of every field, like Node's `message.headersDistinct`. */
  readonly headersDistinct: DistinctFields
  /** The connection of this exchange. */
  readonly connection: Connection
  /**
   * The trailers of the request: `raw`, `folded`, `distinct`. Read the body first; an unread rest of it is
   * discarded.
   */
  readonly trailers: Effect.Effect<FieldViews, RequestBodyError>
  /**
   * Sends `100 Continue` now, unless already sent. Otherwise the first read of the body sends it, if the
   * client expects it.
   */
  readonly continue: Effect.Effect<void, HttpError.HeadersSent>
  /** Sends `102 Processing`: the response will take a while. */
  readonly processing: Effect.Effect<void, HttpError.HeadersSent>
  /**
   * Sends `103 Early Hints` with these links (`</style.css>; rel=preload; as=style`), each validated, and
   * further fields. Without links nothing is sent.
   */
  readonly earlyHints: (
    links: string | ReadonlyArray<string>,
    headers?: Fields
  ) => Effect.Effect<void, InformationalError | HttpError.InvalidLink>
  /**
   * Sends another 1xx: 100, 102-199. Like the others it waits while the client is not reading, sends nothing
   * to HTTP/1.0, which has no 1xx (RFC 9110 §15.2), or after the client has left, and fails once the response
   * head has been sent.
   */
  readonly informational: (status: number, headers?: Fields) => Effect.Effect<void, InformationalError>
  /**
   * The value of `Expect`. Values other than `100-continue` reach a handler only with the server's
   * `unknownExpectations: "handle"`.
   */
  readonly expectation: string | undefined
  /** The client accepts trailers (`TE: trailers`). */
  readonly acceptsTrailers: boolean
  /**
   * Announces trailers in the response head (`Trailer`). Must come before the head. Makes the response
   * chunked.
   */
  readonly announceTrailers: (...names: ReadonlyArray<string>) => Effect.Effect<void, TrailerError>
  /**
   * Adds trailers to the response, until it is complete. Trailers added before the head are announced and
   * make the response chunked; after the head, the response must already be chunked, like a stream of unknown
   * length. Refuses fields for framing, routing and authentication, and others that RFC 9110 §6.5.1 forbids.
   * Bodiless responses and responses to HTTP/1.0 omit them, as in Node.
   */
  readonly addTrailers: (fields: Fields) => Effect.Effect<void, TrailerError>
  /** The protocols that the client offers, best first. Empty without `Upgrade`. */
  readonly upgradeProtocols: ReadonlyArray<string>
  /**
   * Takes over the connection: answers an upgrade with 101, CONNECT with 200, and returns the connection,
   * including bytes already received. The rest of the request body is discarded first. The handler's response
   * is then ignored. When the handler succeeds, pending writes are sent and the connection closes; when it
   * fails or is interrupted, the connection is reset. A client that leaves shows only in reads and writes:
   * the handler is not interrupted.
   */
  readonly upgrade: (options?: UpgradeOptions) => Effect.Effect<Socket, UpgradeError>
  /**
   * Overrides the server's timeouts (`ServerTimeouts`) for this exchange, from now on, exact to the
   * millisecond. Omitted options stay as they are; zero means no limit. Fails with `InvalidOption` for an
   * invalid value.
   */
  readonly setTimeouts: (options: ExchangeOptions) => Effect.Effect<void, HttpError.InvalidOption>
}
