/**
 * The outcome of an exchange, as plain records. `ExchangeOutcome` contains the same facts, and errors in
 * place of losses.
 */
import type { Address } from "./address.js"
import type { Loss } from "./loss.js"

/**
 * The facts that a server's connection records about one finished exchange.
 *
 * @since 0.1.0
 * @category models
 */
export interface WireFacts {
  /** Number of the connection on its server, counted from 1. */
  readonly connection: number
  /**
   * Number of the exchange on its connection, counted from 1. The number is 0 if no request head was parsed.
   */
  readonly exchange: number
  /** The client's end of the connection. */
  readonly remote: Address | undefined
  /** The method as received; `undefined` if no head was parsed. */
  readonly method: string | undefined
  /** The target as received (RFC 9112 §3.2); `undefined` if no head was parsed. */
  readonly target: string | undefined
  /** Status of the response; `undefined` if the response head was not written. */
  readonly status: number | undefined
  /** The HTTP version of the request: `1.1` or `1.0`; `undefined` if no head was parsed. */
  readonly httpVersion: string | undefined
  /** Number of bytes received for the exchange, including heads and framing. */
  readonly bytesIn: number
  /** Number of bytes sent for the exchange, including heads and framing. */
  readonly bytesOut: number
  /** Bytes of the request's body as received: without framing, and before any decompression. */
  readonly bodyIn: number
  /** Bytes of the response's body as sent: without framing, and after any compression. */
  readonly bodyOut: number
  /** Time at which the request's head was read, in milliseconds since the epoch by the server's clock. */
  readonly startedAt: number
  /**
   * Milliseconds from `startedAt` until the response head was written; `undefined` if the head was not
   * written.
   */
  readonly answeredAfter: number | undefined
  /** Milliseconds from `startedAt` until the end of the exchange. */
  readonly duration: number
  /**
   * Facts about the end of a connection that was handed over (upgrade, WebSocket, CONNECT); `undefined` for
   * all other exchanges. After a hand-over, `bytesIn`, `bytesOut` and `duration` count until the end of the
   * connection.
   */
  readonly upgraded: Upgraded | undefined
}

/**
 * Facts about the end of a connection that was handed over.
 *
 * @since 0.1.0
 * @category models
 */
export interface Upgraded {
  /**
   * The value of the client's `Upgrade` field in lower case, such as `websocket`. The value is `connect` for
   * a tunnel.
   */
  readonly protocol: string
  /**
   * The side that ended the connection first. A client ends the connection by FIN, RST or a close frame. A
   * server ends the connection when its handler ends or when the server shuts down.
   */
  readonly endedBy: "client" | "server"
  /**
   * Code of the first close frame (RFC 6455 §7.4), or 1006 if there was no close frame. `undefined` if the
   * connection was not a WebSocket.
   */
  readonly closeCode: number | undefined
}

/**
 * The name of the limit in `Server.ServerOptions` that a connection or request exceeds. The server answers
 * with 503, and runs no handler.
 *
 * @since 0.1.0
 * @category models
 */
export type DropReason =
  | "maxConnections"
  | "maxConnectionsPerAddress"
  | "maxRequestsPerSocket"
  | "maxConcurrentRequests"
  | "maxQueuedRequests"
  | "requestQueueTimeout"

/** The end of an exchange from the view of its connection, which does not know whether the handler failed. */
export type End =
  | { readonly _tag: "Answered" }
  /** The handler sent no response, or an incomplete response. */
  | { readonly _tag: "Unanswered" }
  | { readonly _tag: "Lost"; readonly loss: Loss }
