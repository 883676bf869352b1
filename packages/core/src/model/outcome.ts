/**
 * The outcome of an exchange, as plain records; `ExchangeOutcome` adds error classes.
 */
import type { Address } from "./address.js"
import type { Loss } from "./loss.js"

/**
 * Facts about every finished exchange.
 *
 * @since 0.1.0
 * @category models
 */
export interface Facts {
  /** Number of the connection on its server, from 1. */
  readonly connection: number
  /** Number of the exchange on its connection, from 1; 0 if no request head was parsed. */
  readonly exchange: number
  /** The client's end of the connection. */
  readonly remote: Address | undefined
  /** As received; `undefined` if no head was parsed. */
  readonly method: string | undefined
  /** The target as received (RFC 9112 §3.2); `undefined` if no head was parsed. */
  readonly target: string | undefined
  /** Status of the response, if its head was written. */
  readonly status: number | undefined
  /** Bytes received, heads and framing included. */
  readonly bytesIn: number
  /** Bytes of the response, heads and framing included. */
  readonly bytesOut: number
  /** When the request's head was read: milliseconds since the epoch, by the server's clock. */
  readonly startedAt: number
  /** Milliseconds from then until the response head was written. */
  readonly answeredAfter: number | undefined
  /** Milliseconds until the end of the exchange. */
  readonly duration: number
  /**
   * The end of a connection that a handler took over (upgrade, WebSocket, CONNECT); `undefined` otherwise.
   * `bytesIn`, `bytesOut` and `duration` then include that connection up to its end.
   */
  readonly upgraded: Upgraded | undefined
}

/**
 * The end of a connection that was handed over.
 *
 * @since 0.1.0
 * @category models
 */
export interface Upgraded {
  /** The client's `Upgrade` in lower case (`websocket`); `connect` for a tunnel. */
  readonly protocol: string
  /**
   * The side that ended it first: the client by FIN, RST or close frame, the server by the end of its handler
   * or its shutdown.
   */
  readonly endedBy: "client" | "server"
  /**
   * Code of the first close frame (RFC 6455 §7.4); 1006 if there was none; `undefined` without a WebSocket.
   */
  readonly closeCode: number | undefined
}

/**
 * Limits of `Server.ServerOptions` beyond which requests get 503 without a handler.
 *
 * @since 0.1.0
 * @category models
 */
export type DropReason = "maxConnections" | "maxConnectionsPerAddress" | "maxRequestsPerSocket"

/** How an exchange ended, from the view of its connection. */
export type End =
  | { readonly _tag: "Answered" }
  /** The handler sent no response, or an incomplete one. */
  | { readonly _tag: "Unanswered" }
  | { readonly _tag: "Lost"; readonly loss: Loss }
