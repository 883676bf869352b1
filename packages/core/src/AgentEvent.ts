/**
 * The events of an agent about its requests and connections, for logs, metrics and tests.
 *
 * `Agent.Service.events` is a stream of the events. `Agent.Service.observe` calls a function synchronously
 * with every event, so no event is lost. An agent without listeners creates no events. All times are
 * milliseconds since the epoch by the agent's clock.
 *
 * @since 0.1.0
 */
export type {
  AgentEvent,
  BodySizes,
  ClientCloseReason,
  ConnectionEvent,
  ConnectionFacts,
  RequestEvent,
  RequestFacts,
  Timings
} from "./connection/client/events.js"
