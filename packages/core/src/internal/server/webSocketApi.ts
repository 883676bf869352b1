/**
 * The types of `WebSocketUpgrader`.
 */
import type * as PlatformSocket from "@effect/platform/Socket"
import type * as Cause from "effect/Cause"
import type * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { Network } from "../network.js"
import type { Transport } from "../../seams/transport.js"
import type { FoldedFields } from "../../wire/index.js"

/**
 * A request that opens a WebSocket: GET, with one key and version 13, and with well-formed lists (RFC 6455
 * §4.2.1).
 *
 * @since 0.1.0
 * @category models
 */
export interface WebSocketRequest {
  /** The target as received (RFC 9112 §3.2). */
  readonly target: string
  /** Folded like Node's `message.headers`. */
  readonly headers: FoldedFields
  /**
   * Hands the connection over, once: the caller writes the 101 itself and starts `transport`. `initial` has
   * the bytes already received. The connection ends with the exchange's scope.
   */
  readonly take: Effect.Effect<
    { readonly transport: Transport; readonly initial: Uint8Array },
    PlatformSocket.SocketError
  >
  /** Limit for buffered output before reading pauses, in bytes: the server's `highWaterMark`. */
  readonly highWaterMark: number
  /** The server is draining: a normal closure sends 1001 instead of 1000. */
  readonly isDraining: () => boolean
  /**
   * Call it when the socket is open. `goAway` sends a close frame with 1001 without waiting; it is called
   * when a drain begins (at once if it already has), at the deadline of the shutdown, or never, and possibly
   * when the socket is already closed.
   */
  readonly opened: (goAway: () => void) => void
  /** Call it when the first close frame is sent or received. */
  readonly closing: (closing: Closing) => void
}

/**
 * The first close frame of a WebSocket.
 *
 * @since 0.1.0
 * @category models
 */
export interface Closing {
  /** The code (RFC 6455 §7.4); 1005: the frame has none. */
  readonly code: number
  /** The side that sent it. */
  readonly by: "client" | "server"
  /** The client's protocol violation, if that is the cause. */
  readonly violation?: string | undefined
  /** The handler's failure, if that is the cause. */
  readonly cause?: Cause.Cause<unknown> | undefined
}

/**
 * WebSocket implementations for connections of servers and of clients.
 *
 * @since 0.1.0
 * @category models
 */
export interface Service {
  /** The socket of a request. Nothing is taken or sent before it runs. */
  readonly upgrade: (request: WebSocketRequest) => Effect.Effect<PlatformSocket.Socket>
  /**
   * The client side: the constructor for platform's `Socket.makeWebSocket`, on the network in the context.
   * Closing the scope resets its connections. `undefined`: not supported.
   */
  readonly client?:
    | Effect.Effect<
        Context.Tag.Service<typeof PlatformSocket.WebSocketConstructor>,
        never,
        Network | Scope.Scope
      >
    | undefined
}
