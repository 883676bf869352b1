/**
 * The outcome of an exchange as plain records. `ExchangeOutcome` adds error classes.
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
  /** The method as received; `undefined` if no head was parsed. */
  readonly method: string | undefined
  /** The target as received (RFC 9112 §3.2); `undefined` if no head was parsed. */
  readonly target: string | undefined
  /** Status of the response, if its head was written. */
  readonly status: number | undefined
  /** Bytes received, heads and framing included. */
  readonly bytesIn: number
  /** Bytes of the response, heads and framing included. */
  readonly bytesOut: number
  /** Time at which the request's head was read, in milliseconds since the epoch by the server's clock. */
  readonly startedAt: number
  /** Milliseconds from `startedAt` until the response head was written; `undefined` if it was not written. */
  readonly answeredAfter: number | undefined
  /** Milliseconds from `startedAt` until the end of the exchange. */
  readonly duration: number
  /**
   * Facts about the end of a connection that was handed over (upgrade, WebSocket, CONNECT); `undefined` for
   * other exchanges. With `upgraded`, `bytesIn`, `bytesOut` and `duration` include the connection up to its
   * end.
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
  /** The value of the client's `Upgrade` in lower case, such as `websocket`; `connect` for a tunnel. */
  readonly protocol: string
  /**
   * The side that ended the connection first: the client by FIN, RST or a close frame, the server by the end
   * of the handler or by a shutdown.
   */
  readonly endedBy: "client" | "server"
  /**
   * Code of the first close frame (RFC 6455 §7.4); 1006 if there was no close frame; `undefined` if the
   * connection was not a WebSocket.
   */
  readonly closeCode: number | undefined
}

/**
 * Limits of `Server.ServerOptions` at which further requests get 503 without running a handler.
 *
 * @since 0.1.0
 * @category models
 */
export type DropReason = "maxConnections" | "maxConnectionsPerAddress" | "maxRequestsPerSocket"

/** The end of an exchange as its connection sees it, without the handler's failure. */
export type End =
  | { readonly _tag: "Answered" }
  /** The handler sent no response, or an incomplete one. */
  | { readonly _tag: "Unanswered" }
  | { readonly _tag: "Lost"; readonly loss: Loss }
