/**
 * How an exchange ended: one value, told once, from which logs, metrics and tests are made.
 *
 * A server tells it in `ServerEvent.ExchangeEnded`; a handler may ask for its own with `onEnd`. Nothing of it is made, and
 * no clock read, unless somebody listens. docs/observability.md.
 *
 * @since 0.1.0
 */
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import type * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import type { RequestBodyError } from "./Exchange.js"
import type * as HttpError from "./HttpError.js"
import { exchangeOf } from "./internal/serverExchange.js"
import type { Address } from "./Transport.js"

/**
 * What is known of every exchange, however it ended.
 *
 * @since 0.1.0
 * @category models
 */
export interface Facts {
  /** Number of the connection on its server, from 1. */
  readonly connection: number
  /** Number of the exchange on its connection, from 1; 0: nothing of a request was understood. */
  readonly exchange: number
  /** The client's end of the connection. */
  readonly remote: Address | undefined
  /** As it came. `undefined`: no head was understood. */
  readonly method: string | undefined
  /** The target as it came (RFC 9112 §3.2). `undefined`: no head was understood. */
  readonly target: string | undefined
  /** Of the answer's head, if one was given to the network. */
  readonly status: number | undefined
  /** Bytes on the wire, heads and framing included. */
  readonly bytesIn: number
  /** Bytes of the answer on the wire, heads and framing included. */
  readonly bytesOut: number
  /** When the request's head was read: milliseconds since the epoch, by the server's clock. */
  readonly startedAt: number
  /** Milliseconds from then until the answer's head was given to the network. */
  readonly answeredAfter: number | undefined
  /** Milliseconds until all was over. */
  readonly duration: number
  /**
   * How the connection ended that a handler had taken over (upgrade, WebSocket, CONNECT). `bytesIn`, `bytesOut` and `duration` then
   * go up to that end. `undefined`: it was not taken over.
   */
  readonly upgraded: Upgraded | undefined
}

/**
 * The end of a connection that left HTTP.
 *
 * @since 0.1.0
 * @category models
 */
export interface Upgraded {
  /** What the client asked for in `Upgrade` (`websocket`), lower case; `connect` for a tunnel. */
  readonly protocol: string
  /** Who ended it first: the client by FIN, RST or close frame, or the server by the end of its handler or by its shutdown. */
  readonly endedBy: "client" | "server"
  /** Of the close frame that came first (RFC 6455 §7.4); 1006: there was none. `undefined`: it was no WebSocket. */
  readonly closeCode: number | undefined
}

/**
 * The whole answer was given to the network. Whether the client has read it, nobody on this side knows. Of an upgraded
 * connection: it ended in order, whoever ended it; `upgraded` tells how.
 *
 * @since 0.1.0
 * @category models
 */
export interface Answered extends Facts {
  readonly _tag: "Answered"
}

/**
 * The client left (FIN or RST) before its answer was whole; its handler was interrupted. Of an upgraded connection: it was reset,
 * or a WebSocket ended without a close frame or broke its protocol.
 *
 * @since 0.1.0
 * @category models
 */
export interface ClientGone extends Facts {
  readonly _tag: "ClientGone"
  /** How the connection ended, as a reader of the body is told. */
  readonly error: RequestBodyError
}

/**
 * The handler failed or died, or the shutdown's deadline ended it. It was answered 500 (503), or its answer was cut.
 *
 * @since 0.1.0
 * @category models
 */
export interface ServerFailed extends Facts {
  readonly _tag: "ServerFailed"
  /** `undefined`: the server ended it, the handler did not fail. */
  readonly cause: Cause.Cause<unknown> | undefined
}

/**
 * The client was too slow: to send its request, or to take its answer.
 *
 * @since 0.1.0
 * @category models
 */
export interface TimedOut extends Facts {
  readonly _tag: "TimedOut"
  /** Which limit passed. */
  readonly error: RequestBodyError
}

/**
 * What the client sent is not HTTP as the server has it.
 *
 * @since 0.1.0
 * @category models
 */
export interface Refused extends Facts {
  readonly _tag: "Refused"
  /** Where the fault is, and which flag would let it pass. */
  readonly error: HttpError.ParseError
}

/**
 * The request was answered without a handler, for want of room.
 *
 * @since 0.1.0
 * @category models
 */
export interface Dropped extends Facts {
  readonly _tag: "Dropped"
  /** The limit that was reached. */
  readonly reason: DropReason
}

/**
 * Limits of `ServerOptions` whose excess is answered without a handler.
 *
 * @since 0.1.0
 * @category models
 */
export type DropReason = "maxConnections" | "maxConnectionsPerAddress" | "maxRequestsPerSocket"

/**
 * All the ways in which an exchange ends; exactly one holds.
 *
 * @since 0.1.0
 * @category models
 */
export type ExchangeOutcome = Answered | ClientGone | ServerFailed | TimedOut | Refused | Dropped

/**
 * Calls `f` once the exchange of this request is over, with how it ended. `f` must not throw. Times count from this call
 * unless the server is observed. Does nothing where the request is not ours.
 *
 * @since 0.1.0
 * @category accessors
 */
export const onEnd = (
  f: (outcome: ExchangeOutcome) => void
): Effect.Effect<void, never, HttpServerRequest.HttpServerRequest> =>
  Effect.map(HttpServerRequest.HttpServerRequest, (request) => exchangeOf(request)?.onEnd(f))
