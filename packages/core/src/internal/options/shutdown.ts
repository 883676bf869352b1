/**
 * The options of a shutdown, checked with those of its server.
 */
import type * as Duration from "effect/Duration"

/**
 * Durations of the phases of a shutdown; part of a server's options.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /**
   * How long the server keeps serving while readiness is already red, before it stops accepting, so that load
   * balancers notice. Default 0: no such phase.
   */
  readonly lameDuckPeriod?: Duration.DurationInput | undefined
  /**
   * How long draining keeps connections without a request, so that a request already on its way is answered
   * instead of reset. At most `gracefulShutdownTimeout`. Default 500 milliseconds.
   */
  readonly idleConnectionGrace?: Duration.DurationInput | undefined
  /**
   * How long draining waits for in-flight exchanges. Then handlers are interrupted and connections reset;
   * only uninterruptible handlers (policy `wait`, `HttpRouter`'s `uninterruptible`) keep theirs for the same
   * time again. Default 20 seconds.
   */
  readonly gracefulShutdownTimeout?: Duration.DurationInput | undefined
  /**
   * Handling of open WebSockets when draining begins. `close`: sends a close frame with 1001 (RFC 6455
   * §7.4.1: going away) at once, unless the handler has the policy `wait` or has used `awaitDrain` or
   * `endAtDrain`; `wait`: they stay open until their handler ends. Then, or at the deadline, 1001 is sent.
   * Default `close`.
   */
  readonly webSocketsAtDrain?: "close" | "wait" | undefined
}
