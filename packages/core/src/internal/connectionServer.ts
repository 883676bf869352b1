/**
 * The server as one of its connections sees it. Types only: what a connection needs, so that it knows no server's own parts.
 */
import type * as Effect from "effect/Effect"
import type { Handler } from "../ClientError.js"
import type { ServerEvent } from "../ServerEvent.js"
import type { State } from "../Shutdown.js"
import type { Timers } from "../Timers.js"
import type { WebSocketUpgrader } from "../WebSocketUpgrader.js"
import type { Closing } from "./closing.js"
import type { IdleList } from "./idleList.js"
import type { Observers } from "./observers.js"
import type { ServerConnection } from "./serverConnection.js"
import type { ServerExchange } from "./serverExchange.js"
import type { ServerSettings } from "./serverSettings.js"

export interface ConnectionServer {
  readonly settings: ServerSettings
  readonly timers: Timers
  /** For deadlines that bound the end of a connection while the server drains. */
  readonly closing: Closing
  readonly idle: IdleList
  readonly state: State
  readonly draining: boolean
  readonly onClientError: Handler | undefined
  /** Unknown expectations are the app's to answer. */
  readonly handlesExpectations: boolean
  /** Framing for platform's `HttpServerRequest.upgrade`. */
  readonly webSocket: typeof WebSocketUpgrader.Service | undefined
  /** Waits for the drain to begin. */
  readonly awaitDrain: Effect.Effect<void>
  /** The value of a `Date` field; `undefined`: none is sent. */
  date(): string | undefined
  exchangeStarted(exchange: ServerExchange): void
  exchangeEnded(exchange: ServerExchange): void
  readonly observers: Observers<ServerEvent>
  connectionClosed(connection: ServerConnection): void
}
