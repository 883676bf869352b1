/**
 * Platform's `Socket`, over TCP, Unix sockets and WebSockets. The exports are those of `NodeSocket` in
 * `@effect/platform-node`. The code of sockets is that of `@effect/platform-node-shared`; WebSockets are
 * ours.
 *
 * @since 0.1.0
 */
import * as Socket from "@effect/platform/Socket"
import * as Layer from "effect/Layer"
import * as NodeNetwork from "./NodeNetwork.js"
import * as NodeWebSocket from "./NodeWebSocket.js"

export * from "@effect/platform-node-shared/NodeSocket"

/**
 * Provides the constructor that `Socket.makeWebSocket` needs, for clients on the sockets of this machine.
 * `NodeWebSocket.layerConstructor` provides the same for any `Network`. Closing the scope resets the
 * connections that were made with the constructor.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerWebSocketConstructor: Layer.Layer<Socket.WebSocketConstructor> = Layer.provide(
  NodeWebSocket.layerConstructor,
  NodeNetwork.layer
)

/**
 * Provides a `Socket` that is a WebSocket to this URL. `closeCodeIsError` tells which close codes fail its
 * `run`; the default is platform's.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerWebSocket = (
  url: string,
  options?: { readonly closeCodeIsError?: (code: number) => boolean }
): Layer.Layer<Socket.Socket> =>
  Layer.scoped(Socket.Socket, Socket.makeWebSocket(url, options)).pipe(
    Layer.provide(layerWebSocketConstructor)
  )
