/**
 * The types of `ServerClientError`.
 */
import type { HttpServerResponse } from "@effect/platform/HttpServerResponse"
import type * as Effect from "effect/Effect"
import type { Connection } from "./exchangeApi.js"
import type * as HttpError from "../../errors/index.js"
import type { Socket } from "../socket.js"

/**
 * An error of a client, as passed to a `Handler`: bytes that are not HTTP, a request that arrives too slowly,
 * or a broken connection.
 *
 * @since 0.1.0
 * @category models
 */
export interface ServerClientError {
  /**
   * The error. A `ParseError` contains `bytesParsed`, `rawPacket` (the last bytes received, at most one read
   * of the socket) and the flag that would allow the message.
   */
  readonly error: HttpError.ParseError | HttpError.RequestTimeout | HttpError.ConnectionError
  /** The connection on which the error occurred. */
  readonly connection: Connection
  /** Whether a response is possible: the connection is open, and no response has begun. */
  readonly writable: boolean
  /** The status of the default response. */
  readonly status: number
  /**
   * Takes over the connection. The server then writes nothing, so the handler must write a complete HTTP
   * response. The connection closes when the handler ends. Fails with `BrokenPipe` if `writable` is false.
   */
  readonly socket: Effect.Effect<Socket, HttpError.BrokenPipe>
}

/**
 * Handles an error of a client. The server sends the response that the handler returns, or the default
 * response if the handler returns none. Then the server closes the connection. A returned response is ignored
 * if `writable` is false or if the handler used `socket`. The handler must end within 5 seconds and is
 * interrupted when the client leaves. A defect of the handler is logged, and the default response is sent.
 *
 * @since 0.1.0
 * @category models
 */
export type Handler = (failure: ServerClientError) => Effect.Effect<HttpServerResponse | void>
