/**
 * The events of a server, for logs, metrics, traces and tests.
 *
 * `Server.events` is a stream of the events. `Server.observe` calls a function synchronously with every
 * event, so no event is lost. A server without listeners creates no events. All times are milliseconds since
 * the epoch by the server's clock.
 *
 * @since 0.1.0
 */

export type {
  ConnectionOpened,
  RequestReceived,
  ResponseBegun,
  ExchangeEnded,
  ClientError,
  ConnectionClosed,
  StateChanged,
  ServerEvent
} from "./internal/observe/serverEvent.js"
