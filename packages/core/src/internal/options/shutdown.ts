/**
 * The options of a shutdown, which are checked together with the other options of the server.
 */
import type * as Duration from "effect/Duration"

/**
 * The options of a shutdown, which are part of a server's options.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /**
   * Duration of the first phase of a shutdown. Readiness checks already fail, so load balancers stop sending
   * requests, but the server still accepts connections. Default 0, which skips this phase.
   */
  readonly lameDuckPeriod?: Duration.DurationInput | undefined
  /**
   * Time for which idle connections stay open while the server drains. A request that is already on its way
   * then gets its response instead of a reset. The time cannot exceed `gracefulShutdownTimeout`. Default 500
   * milliseconds.
   */
  readonly idleConnectionGrace?: Duration.DurationInput | undefined
  /**
   * Maximum time for which draining waits for in-flight exchanges. After this time handlers are interrupted
   * and connections are reset. Only uninterruptible handlers (policy `wait`, `HttpRouter`'s
   * `uninterruptible`) then keep their connections for a second period of the same length. Default 20
   * seconds.
   */
  readonly gracefulShutdownTimeout?: Duration.DurationInput | undefined
  /**
   * Handling of open WebSockets when draining begins. With `close`, the server immediately sends a close
   * frame with 1001 (RFC 6455 §7.4.1: going away). It sends no frame yet if the handler has the policy
   * `wait`, or has used `awaitDrain` or `endAtDrain`.
   *
   * With `wait`, a WebSocket stays open until its handler ends. When `gracefulShutdownTimeout` expires, the
   * server sends 1001. Default `close`.
   */
  readonly webSocketsAtDrain?: "close" | "wait" | undefined
}
