/**
 * HTTP/1.1 servers and clients for Effect, as layers, on any network, with httpfx's own HTTP engine.
 *
 * Start with `Server` for a server and with `Client` for a client. Both run on a `Network`: real sockets
 * (`@httpfx/node`) or a network in memory (`@httpfx/testing`). Apps use platform's `HttpServer.serve`,
 * `HttpRouter` and `HttpClient`.
 *
 * - `Server`     platform's `HttpServer` over a network
 * - `Client`     platform's `HttpClient` over a network
 * - `PlatformTimers`  the platform's own timers
 * - `IterableBody`  async iterables as streams of a body
 * - `Progress`  the progress of uploads and downloads
 * - `Proxy`      chooses the proxy of a request
 * - `ProxyProtocol`  the addresses of clients behind a TCP load balancer
 * - `Agent`      connection pools of clients, with limits, queues and keep-alive
 * - `Lease`      loans of an agent's connections to other drivers
 * - `ConditionalRequests`  preconditions and ranges of requests: 304, 412, 206, 416
 * - `FileResponses`  platform's `HttpPlatform` over any source of files
 * - `ServerClientError` handling of malformed requests and broken connections
 * - `Exchange`   raw fields, 1xx, trailers, connection and upgrade of a request
 * - `ServerEvent`, `ExchangeOutcome`  events of a server and outcomes of exchanges
 * - `AgentEvent` events of an agent
 * - `AccessLog`, `ServerMetrics`      logs and metrics made from server events
 * - `ServerLog`  log lines of a server about itself: listening, draining, closed
 * - `AgentMetrics` metrics made from agent events
 * - `RequestId`  ids of requests, in log lines, spans and responses
 * - `ServerSentEvents`  events for browsers and other clients, and from servers
 * - `Shutdown`   states and phases of a server's shutdown, for handlers
 * - `RateLimit`  limits of the requests to each origin
 * - `Retry`      retries with a budget
 * - `ServerRateLimit`  limits of the requests of each client of a server
 * - `ServerTimeouts`   timeouts of a server
 * - `FetchClient`  a `fetch` over a client
 * - `Health`     liveness and readiness on a port of their own
 * - `Prometheus`  Effect's metrics as text for Prometheus
 * - `KnownMethods`  the methods that spans and metrics show by name
 * - `HttpError`  all errors, one class per kind
 * - `Network`    resolves, connects, listens, adds TLS
 * - `Socket`     a connection, with effects
 * - `Transport`  a connection, with callbacks, for drivers
 * - `Timers`     clock and timers of the drivers
 * - `WebHandler`  a web handler as an app
 * - `WebSocketUpgrader`  WebSocket framing for servers, as a service
 *
 * The HTTP engine has its own entry point, `@httpfx/core/wire`. The rules of the connection pool have the
 * entry point `@httpfx/core/pool`.
 *
 * @since 0.1.0
 */
export * as Agent from "./Agent.js"
export * as AgentEvent from "./AgentEvent.js"
export * as AgentMetrics from "./AgentMetrics.js"
export * as AccessLog from "./AccessLog.js"
export * as Client from "./Client.js"
export * as ConditionalRequests from "./ConditionalRequests.js"
export * as IterableBody from "./IterableBody.js"
export * as ServerClientError from "./ServerClientError.js"
export * as Exchange from "./Exchange.js"
export * as ExchangeOutcome from "./ExchangeOutcome.js"
export * as FileResponses from "./FileResponses.js"
export * as FetchClient from "./FetchClient.js"
export * as Health from "./Health.js"
export * as HttpError from "./HttpError.js"
export * as KnownMethods from "./KnownMethods.js"
export * as Lease from "./Lease.js"
export * as Network from "./Network.js"
export * as PlatformTimers from "./PlatformTimers.js"
export * as Progress from "./Progress.js"
export * as Prometheus from "./Prometheus.js"
export * as Proxy from "./Proxy.js"
export * as ProxyProtocol from "./ProxyProtocol.js"
export * as RequestId from "./RequestId.js"
export * as RateLimit from "./RateLimit.js"
export * as Retry from "./Retry.js"
export * as Server from "./Server.js"
export * as ServerEvent from "./ServerEvent.js"
export * as ServerSentEvents from "./ServerSentEvents.js"
export * as ServerLog from "./ServerLog.js"
export * as ServerMetrics from "./ServerMetrics.js"
export * as Shutdown from "./Shutdown.js"
export * as Socket from "./Socket.js"
export * as ServerRateLimit from "./ServerRateLimit.js"
export * as ServerTimeouts from "./ServerTimeouts.js"
export * as Timers from "./Timers.js"
export * as Transport from "./Transport.js"
export * as WebHandler from "./WebHandler.js"
export * as WebSocketUpgrader from "./WebSocketUpgrader.js"
