/**
 * HTTP/1.1 for Effect: our own engine, servers and clients as layers, on any network.
 *
 * Where to start: `Server` for a server, `Client` for a client; both run on a `Network` (real sockets:
 * `@httpfx/node`, in-memory ones: `@httpfx/testing`). Apps are platform's: `HttpServer.serve`, `HttpRouter`,
 * `HttpClient`.
 *
 * - `Server`     platform's `HttpServer` over a network
 * - `Client`     platform's `HttpClient` over a network
 * - `PlatformTimers`  the platform's own timers
 * - `Proxy`      which requests go through which proxy
 * - `Agent`      the connections of clients: how many, for how long, who waits
 * - `Lease`      connections of an agent for other drivers
 * - `ServerClientError` what a server does about clients that break the protocol
 * - `Exchange`   what platform's request cannot say of a request and its answer
 * - `ServerEvent`, `ExchangeOutcome`  what happens in a server and how exchanges end, as values
 * - `AgentEvent` what happens in an agent, as values
 * - `AccessLog`, `ServerMetrics`      made from them
 * - `AgentMetrics` how an agent does, in numbers
 * - `Shutdown`   how a server ends, and what a handler can say about it
 * - `Retry`      retries with a budget, for both faces of a client
 * - `ServerTimeouts`   how long a server waits for its peers
 * - `HttpError`  every failure, one class per kind
 * - `Network`    where connections come from
 * - `Socket`     a connection, with effects
 * - `Transport`  a connection, with callbacks: what drivers run on
 * - `Timers`     waiting for a deadline
 * - `WebHandler`  a handler of the web as an app
 * - `WebSocketUpgrader`  WebSocket framing for servers, as a service
 *
 * The engine has an entry of its own, `@httpfx/core/wire`, and so has the pool's policy, `@httpfx/core/pool`.
 *
 * @since 0.1.0
 */
export * as Agent from "./Agent.js"
export * as AgentEvent from "./AgentEvent.js"
export * as AgentMetrics from "./AgentMetrics.js"
export * as AccessLog from "./AccessLog.js"
export * as Client from "./Client.js"
export * as ServerClientError from "./ServerClientError.js"
export * as Exchange from "./Exchange.js"
export * as ExchangeOutcome from "./ExchangeOutcome.js"
export * as HttpError from "./HttpError.js"
export * as Lease from "./Lease.js"
export * as Network from "./Network.js"
export * as PlatformTimers from "./PlatformTimers.js"
export * as Proxy from "./Proxy.js"
export * as Retry from "./Retry.js"
export * as Server from "./Server.js"
export * as ServerEvent from "./ServerEvent.js"
export * as ServerMetrics from "./ServerMetrics.js"
export * as Shutdown from "./Shutdown.js"
export * as Socket from "./Socket.js"
export * as ServerTimeouts from "./ServerTimeouts.js"
export * as Timers from "./Timers.js"
export * as Transport from "./Transport.js"
export * as WebHandler from "./WebHandler.js"
export * as WebSocketUpgrader from "./WebSocketUpgrader.js"
