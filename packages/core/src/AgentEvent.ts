/**
 * What happens in an agent, as values: to its requests and to its connections. For logs, metrics and tests.
 *
 * `Agent.Service.events` is their stream, `Agent.Service.observe` the exact and immediate way. An agent that
 * nobody observes makes none of them. All times are milliseconds since the epoch by the agent's clock.
 *
 * @since 0.1.0
 */
export type {
  AgentEvent,
  CloseReason,
  ConnectionEvent,
  ConnectionFacts,
  RequestEvent,
  RequestFacts,
  Timings
} from "./connection/client/events.js"
