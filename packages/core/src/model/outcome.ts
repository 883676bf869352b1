/**
 * What is known of an exchange when it is over. Records only: `ExchangeOutcome` adds the classes of errors.
 */
import type { Address } from "./address.js"
import type { Loss } from "./loss.js"

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
   * How the connection ended that a handler had taken over (upgrade, WebSocket, CONNECT). `bytesIn`,
   * `bytesOut` and `duration` then go up to that end. `undefined`: it was not taken over.
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
  /**
   * Who ended it first: the client by FIN, RST or close frame, or the server by the end of its handler or by
   * its shutdown.
   */
  readonly endedBy: "client" | "server"
  /**
   * Of the close frame that came first (RFC 6455 §7.4); 1006: there was none. `undefined`: it was no
   * WebSocket.
   */
  readonly closeCode: number | undefined
}

/**
 * Limits of `Server.ServerOptions` whose excess is answered without a handler.
 *
 * @since 0.1.0
 * @category models
 */
export type DropReason = "maxConnections" | "maxConnectionsPerAddress" | "maxRequestsPerSocket"

/** How an exchange ended, as its connection knows it. */
export type End =
  | { readonly _tag: "Answered" }
  /** The handler gave no response, or not all of it. */
  | { readonly _tag: "Unanswered" }
  | { readonly _tag: "Lost"; readonly loss: Loss }
