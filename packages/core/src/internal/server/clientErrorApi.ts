/**
 * The types of `ServerClientError`.
 */
import type { HttpServerResponse } from "@effect/platform/HttpServerResponse"
import type * as Effect from "effect/Effect"
import type { Connection } from "./exchangeApi.js"
import type * as HttpError from "../../errors/index.js"
import type { Socket } from "../socket.js"

/**
 * A client's error, for a `Handler`: bytes that are not HTTP, a late request, or a broken connection.
 *
 * @since 0.1.0
 * @category models
 */
export interface ServerClientError {
  /**
   * A `ParseError` has `bytesParsed`, `rawPacket` (the last bytes received, at most one read of the socket)
   * and the flag that would allow the message.
   * and the flag that would let it pass.
   */
  readonly error: HttpError.ParseError | HttpError.RequestTimeout | HttpError.ConnectionError
  /** The connection on which it occurred. */
  readonly connection: Connection
  /** A response is possible: the connection is open, and no response has begun. */
  readonly writable: boolean
  /** The status of the default response. */
  readonly status: number
  /**
   * Takes over the connection: the server writes nothing more, and the handler must write a complete
   * response. The connection closes when the handler ends. Fails with `BrokenPipe` if `writable` is false.
   */
  readonly socket: Effect.Effect<Socket, HttpError.BrokenPipe>
}

/**
 * Returns the response, after which the connection closes; nothing: the default response is sent. Its
 * response is ignored if nothing can be written or if it took the socket. It has 5 seconds, and is
 * interrupted when the client leaves. A defect is logged, and the default response sent.
 *
 * @since 0.1.0
 * @category models
 */
export type Handler = (failure: ServerClientError) => Effect.Effect<HttpServerResponse | void>
