/**
 * The options of a shutdown. They are checked with those of the server that they are a part of.
 */
import type * as Duration from "effect/Duration"

/**
 * How long the phases of a shutdown last: a part of a server's options.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /**
   * How long the server goes on serving, with readiness already red, before it stops accepting: what a load
   * balancer needs to notice. Default 0: no such phase.
   */
  readonly lameDuckPeriod?: Duration.DurationInput | undefined
  /**
   * How long a connection without a request is kept once draining has begun, so that a request already on its
   * way is answered and not reset. At most `gracefulShutdownTimeout`. Default 500 milliseconds.
   */
  readonly idleConnectionGrace?: Duration.DurationInput | undefined
  /**
   * How long draining waits for what is under way. Then handlers are interrupted and connections reset; only
   * handlers that are not to be interrupted (policy `wait`, `HttpRouter`'s `uninterruptible`) keep theirs for
   * as long again. Default 20 seconds.
   */
  readonly gracefulShutdownTimeout?: Duration.DurationInput | undefined
  /**
   * What open WebSockets get when draining begins. `close`: a close frame with 1001 (RFC 6455 §7.4.1: going
   * away) at once, unless the handler has the policy `wait` or has asked for `awaitDrain` or `endAtDrain`;
   * `wait`: they go on until their handler ends. Then, or at the deadline, 1001 is sent. Default `close`.
   */
  readonly webSocketsAtDrain?: "close" | "wait" | undefined
}
