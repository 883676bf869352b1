/**
 * Link conditions of a memory network (latency, bandwidth, windows), and patterns that select connections.
 *
 * Plain values; `MemoryNetwork.condition` applies them.
 *
 * @since 0.1.0
 */
import type * as Duration from "effect/Duration"
import type { Side } from "./Verdict.js"

/**
 * One endpoint, or a group of them. `api.internal:80`, `api.internal` (any port), `*.internal`, `*:443`,
 * `10.0.0.*`, `[fd00::7]:80`, `fd00::7`, or the path of a Unix socket. `*` matches any characters. A name
 * matches every address that it had when the connection was made.
 *
 * @since 0.1.0
 * @category models
 */
export type Pattern = string | ReadonlyArray<string>

/**
 * Selects connections and directions. An omitted property matches any.
 *
 * @since 0.1.0
 * @category models
 */
export interface Where {
  /**
   * The connecting end. All clients share one address of the network, except those of
   * `MemoryNetwork.layerFrom`.
   */
  readonly from?: Pattern | undefined
  /** The end connected to. */
  readonly to?: Pattern | undefined
  /** The number of one connection, as in `MemoryNetwork.connections`. */
  readonly connection?: number | undefined
  /** Only the direction in which this end sends. */
  readonly sender?: Side | undefined
}

/**
 * Properties of a link. An omitted property keeps the value of earlier conditions.
 *
 * @since 0.1.0
 * @category models
 */
export interface Conditions {
  /**
   * One-way delay, in each direction. Default 0: bytes arrive without the clock being moved.
   */
  readonly latency?: Duration.DurationInput | undefined
  /**
   * At most this is added to the latency of each segment, drawn from the seed; order is kept. Default 0.
   */
  readonly jitter?: Duration.DurationInput | undefined
  /** Bytes per second, per connection and direction. Default: no limit. */
  readonly bandwidth?: number | undefined
  /**
   * Maximum bytes that arrive at once: a number, or `min` to `max` (both included) drawn from the seed for
   * each segment. Default 64 KiB, as on a loopback interface; 1460, as on Ethernet, if there is a
   * `bandwidth`.
   */
  readonly segmentSize?: number | { readonly min: number; readonly max: number } | undefined
  /** Bytes of several writes may share a segment. Default: only if the segment size is drawn. */
  readonly coalesce?: boolean | undefined
  /** Bytes that an end buffers before `write` returns `false`. Default 64 KiB. */
  readonly sendWindow?: number | undefined
  /** Bytes that may be in flight or unread in each direction. Default 64 KiB. */
  readonly receiveWindow?: number | undefined
  /**
   * How long an end that has closed in order may go on sending its buffered bytes (`SO_LINGER`); then the
   * rest is dropped and the peer sees RST. 0: at once. No effect if everything was sent. Default: unlimited.
   */
  readonly linger?: Duration.DurationInput | undefined
}
