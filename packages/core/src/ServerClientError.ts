/**
 * What a server does about a client whose bytes are no HTTP, or whose connection failed (Node's
 * `clientError`).
 *
 * By itself a server answers (400, 431, what else `ParseError.status` says, 408 to what comes too late) and
 * closes. A handler sees every such failure and may answer in its place: with a response, or by hand on the
 * connection.
 *
 * @since 0.1.0
 */
import type { HttpServerResponse } from "@effect/platform/HttpServerResponse"
import type * as Effect from "effect/Effect"
import type { Connection } from "./internal/server/exchangeApi.js"
import type * as HttpError from "./HttpError.js"
import type { Socket } from "./Socket.js"

/**
 * What a client did wrong, as a `Handler` sees it: bytes that are not HTTP, a request that came too late, or
 * a connection that broke.
 *
 * @since 0.1.0
 * @category models
 */
export interface ServerClientError {
  /**
   * A `ParseError` has `bytesParsed`, `rawPacket` (what was received last, at most one read of the socket)
   * and the flag that would let it pass.
   */
  readonly error: HttpError.ParseError | HttpError.RequestTimeout | HttpError.ConnectionError
  /** The connection that it came on. */
  readonly connection: Connection
  /** Something can still be answered: the connection is open, and no answer has begun. */
  readonly writable: boolean
  /** The status that the server answers with if the handler does not. */
  readonly status: number
  /**
   * The connection itself instead of an answer; from now on the server writes nothing. It ends with the
   * handler, which has to write whole HTTP. Fails as a closed socket does where `writable` is false.
   */
  readonly socket: Effect.Effect<Socket, HttpError.BrokenPipe>
}

/**
 * Answers with what it gives, followed by the end of the connection; nothing: the server's own answer. What
 * it gives is ignored where nothing can be written, or when it took the socket. It has 5 seconds; it is
 * interrupted when the client goes away. A defect is logged, and the server answers.
 *
 * @since 0.1.0
 * @category models
 */
export type Handler = (failure: ServerClientError) => Effect.Effect<HttpServerResponse | void>
