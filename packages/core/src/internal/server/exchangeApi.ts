/**
 * The types of `Exchange`: the handler's view of one exchange, and the errors of its methods.
 */
import type * as Effect from "effect/Effect"
import type * as HttpError from "../../errors/index.js"
import type { Address } from "../../model/address.js"
import type { ClientFacts } from "../../model/client.js"
import type { TlsFacts } from "../../model/tls.js"
import type { Socket } from "../socket.js"
import type { ExchangeOptions } from "../options/serverTimeouts.js"
import type { DistinctFields, FieldViews, FoldedFields } from "../../wire/index.js"

/**
 * Fields to send, in this order, with the given case and with repetitions.
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
  /** The TLS session and the client's certificate. `undefined` without TLS. */
  readonly tls: TlsFacts | undefined
  /** Number of this exchange on its connection, from 1. */
  readonly exchange: number
}

export type { ClientFacts } from "../../model/client.js"

/**
 * Errors of sending an informational (1xx) response. After such an error nothing has been sent.
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
 * Errors of receiving a request body, or the trailers after the body.
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
  | HttpError.BodyAlreadyRead

/**
 * Errors of adding trailers: a field is malformed or not allowed as a trailer, the response has
 * `Content-Length`, or the response is already complete.
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
 * Errors of an upgrade. After such an error nothing has been sent. The handler can still respond, unless the
 * client has left (`RequestBodyError`).
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
  /** The new protocol, sent in `Upgrade`. Default: the protocol that the client asked for. */
  readonly protocol?: string | undefined
  /** Additional fields of the response. */
  readonly headers?: Fields | undefined
  /** The 2xx status of the response to CONNECT. Default 200. The status of an upgrade is always 101. */
  readonly status?: number | undefined
  /** The reason phrase. Default: the standard phrase of the status (RFC 9110 §15). */
  readonly statusMessage?: string | undefined
}

/**
 * A request/response exchange, with the parts that platform's request does not offer: raw fields, 1xx,
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
  /** The version: `1.1` or `1.0`. */
  readonly httpVersion: string
  /** Field lines as received, with case and order: name, value, name, value, ... */
  readonly rawHeaders: ReadonlyArray<string>
  /**
   * The fields, folded like Node's `message.headers`. Names are in lower case. Repeated fields are joined, or
   * reduced to the first value if only one value is meaningful. `set-cookie` is an array.
   */
  readonly headers: FoldedFields
  /** All values of every field, like Node's `message.headersDistinct`. */
  readonly headersDistinct: DistinctFields
  /** The connection of this exchange. Behind a proxy, its remote address is the proxy's. */
  readonly connection: Connection
  /**
   * The client's address, scheme and host. They come from the fields of trusted proxies
   * (`ServerOptions.trustedProxies`), or else from the connection.
   */
  readonly client: ClientFacts
  /**
   * The trailers of the request: `raw`, `folded`, `distinct`. This effect discards an unread rest of the
   * body, so read the body first.
   */
  readonly trailers: Effect.Effect<FieldViews, RequestBodyError>
  /**
   * Sends `100 Continue` now, unless it was already sent. Without this effect, the first read of the body
   * sends `100 Continue` if the client expects it.
   */
  readonly continue: Effect.Effect<void, HttpError.HeadersSent>
  /** Sends `102 Processing`, which tells the client that the response will take a while. */
  readonly processing: Effect.Effect<void, HttpError.HeadersSent>
  /**
   * Sends `103 Early Hints` with additional fields and these links (`</style.css>; rel=preload; as=style`).
   * Every link is validated. Without links nothing is sent.
   */
  readonly earlyHints: (
    links: string | ReadonlyArray<string>,
    headers?: Fields
  ) => Effect.Effect<void, InformationalError | HttpError.InvalidLink>
  /**
   * Sends an informational response with any status of 100 and 102 to 199. Like `continue`, `processing` and
   * `earlyHints`, this effect waits while the client is not reading, and fails once the response head has
   * been sent. An HTTP/1.0 client gets nothing, because HTTP/1.0 has no 1xx (RFC 9110 §15.2). After the
   * client has left, nothing is sent.
   */
  readonly informational: (status: number, headers?: Fields) => Effect.Effect<void, InformationalError>
  /**
   * The value of `Expect`. A request with a value other than `100-continue` reaches the handler only if the
   * server has `unknownExpectations: "handle"`.
   */
  readonly expectation: string | undefined
  /** Whether the client accepts trailers (`TE: trailers`). */
  readonly acceptsTrailers: boolean
  /**
   * Announces trailers in the field `Trailer` of the response head, and makes the response chunked. Fails
   * after the head has been sent.
   */
  readonly announceTrailers: (...names: ReadonlyArray<string>) => Effect.Effect<void, TrailerError>
  /**
   * Adds trailers to the response, until the response is complete. Trailers added before the head are
   * announced in the head and make the response chunked. Trailers can be added after the head only to a
   * chunked response, such as a stream of unknown length. Fails for fields that RFC 9110 §6.5.1 forbids, such
   * as fields for framing, routing and authentication. Responses without a body and responses to HTTP/1.0
   * omit the trailers, as in Node.
   */
  readonly addTrailers: (fields: Fields) => Effect.Effect<void, TrailerError>
  /**
   * Adds names to the `Vary` field of the response. The names are added when the response is sent, because
   * middleware such as platform's `cors` replaces an earlier `Vary`. Has no effect after the head has been
   * sent.
   */
  readonly vary: (...names: ReadonlyArray<string>) => Effect.Effect<void>
  /** The protocols that the client offers, in its order of preference. Empty without `Upgrade`. */
  readonly upgradeProtocols: ReadonlyArray<string>
  /**
   * Takes over the connection. Discards the rest of the request body, answers an upgrade with 101 or CONNECT
   * with 200, and returns the connection. The first reads of the connection yield the bytes already received.
   * After the upgrade, the handler's response is ignored.
   *
   * When the handler succeeds, pending writes are sent and the connection closes. When the handler fails or
   * is interrupted, the connection is reset. If the client leaves, reads and writes of the connection end or
   * fail, but the handler is not interrupted.
   */
  readonly upgrade: (options?: UpgradeOptions) => Effect.Effect<Socket, UpgradeError>
  /**
   * Overrides the server's timeouts (`ServerTimeouts`) for this exchange, starting now. These timeouts expire
   * exact to the millisecond. An omitted option leaves its timeout unchanged. Zero means no limit. Fails with
   * `InvalidOption` for an invalid value.
   */
  readonly setTimeouts: (options: ExchangeOptions) => Effect.Effect<void, HttpError.InvalidOption>
}
