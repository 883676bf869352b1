/**
 * The types of `Exchange`: what handlers see of one exchange, and how it fails.
 */
import type * as Effect from "effect/Effect"
import type * as HttpError from "../../HttpError.js"
import type { Address } from "../../model/address.js"
import type { TlsFacts } from "../../model/tls.js"
import type { Socket } from "../../Socket.js"
import type { ExchangeOptions } from "../../ServerTimeouts.js"
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
 * The connection that an exchange is on.
 *
 * @since 0.1.0
 * @category models
 */
export interface Connection {
  /** Our end. */
  readonly local: Address | undefined
  /** The client's end. */
  readonly remote: Address | undefined
  /** The TLS session and the client's certificate; `undefined` without TLS. */
  readonly tls: TlsFacts | undefined
  /** Which exchange of the connection this is, from 1. */
  readonly exchange: number
}

/**
 * What sending something beside the answer can fail with. Nothing was sent then.
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
 * Why a body, and with it what follows it, did not come.
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
 * Why trailers were not taken: a field that may not be one, one that is no field, an answer of a length of
 * its own, or too late.
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
 * Why a connection could not be taken over. Nothing was sent, and the request can still be answered, unless
 * the client has gone (`RequestBodyError`).
 *
 * @since 0.1.0
 * @category errors
 */
export type UpgradeError =
  InformationalError | HttpError.UpgradeNotAsked | HttpError.OutOfOrder | RequestBodyError

/**
 * What the answer that switches protocols says.
 *
 * @since 0.1.0
 * @category models
 */
export interface UpgradeOptions {
  /** The protocol that follows, for `Upgrade`. Default: what the client asked for. */
  readonly protocol?: string | undefined
  /** More fields for the answer. */
  readonly headers?: Fields | undefined
  /** For CONNECT: another 2xx. Default 200; an upgrade is always 101. */
  readonly status?: number | undefined
  /** The reason phrase. Default: that of the status (RFC 9110 §15). */
  readonly statusMessage?: string | undefined
}

/**
 * A request and its answer, with what platform's request cannot say: raw fields, 1xx, trailers, the
 * connection, a switch of protocols.
 *
 * @since 0.1.0
 * @category models
 */
export interface Exchange {
  /** The method as it came. */
  readonly method: string
  /** The target as it came, in any of its four forms (RFC 9112 §3.2). */
  readonly target: string
  /** `1.1`, `1.0`. */
  readonly httpVersion: string
  /** Field lines as they came, with their case and order: name, value, name, value, ... */
  readonly rawHeaders: ReadonlyArray<string>
  /** Folded as Node's `message.headers`: `set-cookie` is an array. */
  readonly headers: FoldedFields
  /** Every value of every field, as Node's `message.headersDistinct`. */
  readonly headersDistinct: DistinctFields
  /** The connection that it is on. */
  readonly connection: Connection
  /**
   * The fields behind a chunked body: `raw`, `folded`, `distinct`. Ask after reading the body; what is left
   * of it is read and thrown away first.
   */
  readonly trailers: Effect.Effect<FieldViews, RequestBodyError>
  /**
   * Sends `100 Continue` now, unless it was sent. Without it, it is sent when the body is first read, if the
   * client waits for it.
   */
  readonly continue: Effect.Effect<void, HttpError.HeadersSent>
  /** Sends `102 Processing`: the answer will take a while. */
  readonly processing: Effect.Effect<void, HttpError.HeadersSent>
  /**
   * Sends `103 Early Hints` with these links (`</style.css>; rel=preload; as=style`), each checked, and other
   * fields. Without a link nothing is sent.
   */
  readonly earlyHints: (
    links: string | ReadonlyArray<string>,
    headers?: Fields
  ) => Effect.Effect<void, InformationalError | HttpError.InvalidLink>
  /**
   * Sends a 1xx of another kind: 100, 102-199. As the others it waits until the client takes it, is not sent
   * to HTTP/1.0, which has none (RFC 9110 §15.2), nor when the client has gone, and fails once the answer's
   * head was sent.
   */
  readonly informational: (status: number, headers?: Fields) => Effect.Effect<void, InformationalError>
  /**
   * The value of `Expect`. Other ones than `100-continue` come here only with the server's
   * `unknownExpectations: "handle"`.
   */
  readonly expectation: string | undefined
  /** The client said that it reads trailers (`TE: trailers`). */
  readonly acceptsTrailers: boolean
  /**
   * Says in the answer's head, in `Trailer`, which trailers will follow. Before the head only. Makes the
   * answer chunked.
   */
  readonly announceTrailers: (...names: ReadonlyArray<string>) => Effect.Effect<void, TrailerError>
  /**
   * Trailers of the answer, up to its end. Those that are given before its head are announced and make it
   * chunked; later it must be chunked already, as a stream of unknown length is. Framing, routing,
   * authentication and what else RFC 9110 §6.5.1 forbids is refused. Answers without a body and to HTTP/1.0
   * go without them, as in Node.
   */
  readonly addTrailers: (fields: Fields) => Effect.Effect<void, TrailerError>
  /** The protocols that the client would change to, best first. Empty: it asked for none. */
  readonly upgradeProtocols: ReadonlyArray<string>
  /**
   * Takes the connection over: answers an upgrade with 101, CONNECT with 200, and gives the connection, first
   * the bytes that have come already. What is left of the request's body is read and thrown away before. What
   * the handler returns then is sent to nobody. When the handler ends well, what was written arrives and the
   * connection ends; when it fails or is interrupted, the connection is reset. A peer that goes away is seen
   * by reading and writing alone.
   */
  readonly upgrade: (options?: UpgradeOptions) => Effect.Effect<Socket, UpgradeError>
  /**
   * Other timeouts than the server's (`ServerTimeouts`) for this exchange alone, from now on and exact to the
   * millisecond. What is not named stays as it is; zero is no limit. Fails with `InvalidOption` where a value
   * is not what its option can be.
   */
  readonly setTimeouts: (options: ExchangeOptions) => Effect.Effect<void, HttpError.InvalidOption>
}
