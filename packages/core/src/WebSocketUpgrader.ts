/**
 * WebSocket framing for servers, as a service: the implementation of platform's `HttpServerRequest.upgrade`.
 *
 * The server decides whether a request opens a WebSocket and hands the connection over; the service speaks
 * the protocol on it. `@httpfx/node` has an implementation (`NodeWebSocket`), which `NodeHttpServer`
 * provides. Without one `upgrade` fails.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import { type Service } from "./internal/server/webSocketApi.js"

export type { WebSocketRequest, Closing, Service } from "./internal/server/webSocketApi.js"

/**
 * The WebSocket implementation for connections that a server hands over: `NodeWebSocket.layer` of
 * `@httpfx/node`. Servers take it from their context; without one, `HttpServerRequest.upgrade` fails.
 *
 * @since 0.1.0
 * @category tags
 */
export class WebSocketUpgrader extends Context.Tag("@httpfx/core/WebSocketUpgrader")<
  WebSocketUpgrader,
  Service
>() {}
