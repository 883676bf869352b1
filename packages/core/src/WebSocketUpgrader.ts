/**
 * WebSocket framing for servers, as a service: what stands behind platform's `HttpServerRequest.upgrade`.
 *
 * The server decides whether a request opens a WebSocket and gives the connection away; who provides this
 * speaks the protocol on it. `@httpfx/node` has one (`NodeWebSocket`), and `NodeHttpServer` provides it.
 * Without one `upgrade` fails.
 *
 * @since 0.1.0
 */
import type * as PlatformSocket from "@effect/platform/Socket"
import type * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { Network } from "./Network.js"
import type { Transport } from "./Transport.js"
import type { FoldedFields } from "./wire/index.js"

/**
 * A request that opens a WebSocket: GET, with one key and version 13, and with well-formed lists (RFC 6455
 * §4.2.1).
 *
 * @since 0.1.0
 * @category models
 */
export interface WebSocketRequest {
  /** The target as it came (RFC 9112 §3.2). */
  readonly target: string
  /** Folded as Node's `message.headers`. */
  readonly headers: FoldedFields
  /**
   * Takes the connection, once: whoever does writes the 101 itself. `initial` are the bytes that have come
   * already. The connection ends with the exchange's scope. Whoever takes the `transport` starts it.
   */
  readonly take: Effect.Effect<
    { readonly transport: Transport; readonly initial: Uint8Array },
    PlatformSocket.SocketError
  >
  /** Bytes that may wait to be sent before reading pauses: the server's `highWaterMark`. */
  readonly highWaterMark: number
  /** The server drains: an end in good order says 1001 instead of 1000. */
  readonly isDraining: () => boolean
  /**
   * To be called when the socket is open. `goAway` sends a close frame with 1001 and waits for nothing; it is
   * called when a drain begins (at once where it has begun), at the deadline of the shutdown, or never, and
   * may come when the socket is closed already.
   */
  readonly opened: (goAway: () => void) => void
  /** To be called when the first close frame is sent or received. */
  readonly closing: (closing: Closing) => void
}

/**
 * The first close frame of a WebSocket.
 *
 * @since 0.1.0
 * @category models
 */
export interface Closing {
  /** Its code (RFC 6455 §7.4); 1005: it has none. */
  readonly code: number
  /** Who sent it. */
  readonly by: "client" | "server"
  /** How the client has broken the protocol, where that is why. */
  readonly violation?: string | undefined
  /** What the handler has failed with, where that is why. */
  readonly cause?: Cause.Cause<unknown> | undefined
}

/**
 * How WebSockets are spoken on connections of servers, and of clients.
 *
 * @since 0.1.0
 * @category models
 */
export interface Service {
  /** The socket of a request. Nothing is taken or sent before it is run. */
  readonly upgrade: (request: WebSocketRequest) => Effect.Effect<PlatformSocket.Socket>
  /**
   * The other side: what `Socket.makeWebSocket` of platform asks for, on the network in the context. The
   * end of the scope resets its connections. `undefined`: it has none.
   */
  readonly client?:
    | Effect.Effect<
        Context.Tag.Service<typeof PlatformSocket.WebSocketConstructor>,
        never,
        Network | Scope.Scope
      >
    | undefined
}

/**
 * Who speaks WebSocket on a connection that a server hands over: `NodeWebSocket.layer` of `@httpfx/node`.
 * Servers find it in their context; without one, `HttpServerRequest.upgrade` fails.
 *
 * @since 0.1.0
 * @category tags
 */
export class WebSocketUpgrader extends Context.Tag("@httpfx/core/WebSocketUpgrader")<
  WebSocketUpgrader,
  Service
>() {}
