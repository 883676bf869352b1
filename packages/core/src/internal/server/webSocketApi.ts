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
 * A request that opens a WebSocket (RFC 6455 §4.2.1). It is a GET with one key and version 13, and its lists
 * are well-formed.
 *
 * @since 0.1.0
 * @category models
 */
export interface WebSocketRequest {
  /** The target as received (RFC 9112 §3.2). */
  readonly target: string
  /** The fields, folded like Node's `message.headers`. */
  readonly headers: FoldedFields
  /**
   * Hands the connection over. This is possible once. The caller must write the 101 response itself and start
   * `transport`. `initial` has the bytes already received. The connection closes when the exchange's scope
   * closes.
   */
  readonly take: Effect.Effect<
    { readonly transport: Transport; readonly initial: Uint8Array },
    PlatformSocket.SocketError
  >
  /** Number of buffered output bytes at which reading pauses. This is the server's `highWaterMark`. */
  readonly highWaterMark: number
  /** Whether the server is draining. While the server drains, a normal closure sends 1001 instead of 1000. */
  readonly isDraining: () => boolean
  /**
   * The implementation must call `opened` when the socket is open. `goAway` must send a close frame with 1001
   * without waiting. The server calls `goAway` when draining begins, at the deadline of the shutdown, or
   * never. If draining has already begun, the server calls `goAway` immediately. The socket may already be
   * closed when `goAway` is called.
   */
  readonly opened: (goAway: () => void) => void
  /** The implementation must call `closing` when the first close frame is sent or received. */
  readonly closing: (closing: Closing) => void
}

/**
 * The first close frame of a WebSocket.
 *
 * @since 0.1.0
 * @category models
 */
export interface Closing {
  /** The code (RFC 6455 §7.4). 1005 if the frame has no code. */
  readonly code: number
  /** The side that sent the frame. */
  readonly by: "client" | "server"
  /** The client's protocol violation, if a violation caused the closure. */
  readonly violation?: string | undefined
  /** The handler's failure, if a failure caused the closure. */
  readonly cause?: Cause.Cause<unknown> | undefined
}

/**
 * A WebSocket implementation for the connections of servers and, optionally, of clients.
 *
 * @since 0.1.0
 * @category models
 */
export interface Service {
  /**
   * Creates the socket of a request. Must not take over the connection or send anything before the socket
   * runs.
   */
  readonly upgrade: (request: WebSocketRequest) => Effect.Effect<PlatformSocket.Socket>
  /**
   * The constructor for platform's `Socket.makeWebSocket`, which opens client connections on the network in
   * the context. Closing the scope resets these connections. `undefined` if the implementation does not
   * support clients.
   */
  readonly client?:
    | Effect.Effect<
        Context.Tag.Service<typeof PlatformSocket.WebSocketConstructor>,
        never,
        Network | Scope.Scope
      >
    | undefined
}
