/**
 * WebSocket framing for servers as a service, behind platform's `HttpServerRequest.upgrade`.
 *
 * The server decides whether a request opens a WebSocket, and hands the connection over. The service then
 * speaks the WebSocket protocol on the connection. `@httpfx/node` has an implementation (`NodeWebSocket`),
 * which `NodeHttpServer` provides. Without an implementation `upgrade` fails.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import { type Service } from "./internal/server/webSocketApi.js"

export type { WebSocketRequest, Closing, Service } from "./internal/server/webSocketApi.js"

/**
 * The WebSocket implementation for connections that a server hands over, such as `NodeWebSocket.layer` of
 * `@httpfx/node`. Servers read the implementation from their context. Without an implementation,
 * `HttpServerRequest.upgrade` fails.
 *
 * @since 0.1.0
 * @category tags
 */
export class WebSocketUpgrader extends Context.Tag("@httpfx/core/WebSocketUpgrader")<
  WebSocketUpgrader,
  Service
>() {}
