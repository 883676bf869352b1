/**
 * How good the way between two ends of a memory network is, and which ways are meant.
 *
 * Values only: the network applies them (`MemoryNetwork.condition`).
 *
 * @since 0.1.0
 */
import type * as Duration from "effect/Duration"
import type { Side } from "./Verdict.js"

/**
 * One end, or a group of them. `api.internal:80`, `api.internal` (any port), `*.internal`, `*:443`,
 * `10.0.0.*`, `[fd00::7]:80`, `fd00::7`, or the path of a Unix socket. `*` stands for any characters. A name
 * stands for every address it has had when the connection was made.
 *
 * @since 0.1.0
 * @category models
 */
export type Pattern = string | ReadonlyArray<string>

/**
 * Which connections, and which of their directions. What is left out is any.
 *
 * @since 0.1.0
 * @category models
 */
export interface Where {
  /** Who connects. All clients have one address of the network, except those of `MemoryNetwork.layerFrom`. */
  readonly from?: Pattern | undefined
  /** Who was connected to. */
  readonly to?: Pattern | undefined
  /** Number of one connection, as in `MemoryNetwork.connections`. */
  readonly connection?: number | undefined
  /** Only what this end sends. */
  readonly sender?: Side | undefined
}

/**
 * What is left out stays as other conditions say.
 *
 * @since 0.1.0
 * @category models
 */
export interface Conditions {
  /**
   * From one end to the other, in each direction. Default 0: everything arrives without the clock being
   * moved.
   */
  readonly latency?: Duration.DurationInput | undefined
  /**
   * Up to that much is added to the latency of each segment, drawn from the seed; the order stays. Default 0.
   */
  readonly jitter?: Duration.DurationInput | undefined
  /** Bytes per second, of each connection and direction for itself. Default: no limit. */
  readonly bandwidth?: number | undefined
  /**
   * Bytes that arrive at once at most; between `min` and `max`, drawn from the seed for each segment. Default
   * 64 KiB, as on a loopback interface, and 1460, as on an Ethernet, where there is a `bandwidth`. Where it
   * is drawn, from `min` to `max`, both included.
   */
  readonly segmentSize?: number | { readonly min: number; readonly max: number } | undefined
  /** Bytes of several writes may share a segment. Default: only where the segment size is drawn. */
  readonly coalesce?: boolean | undefined
  /** Bytes that an end takes before `write` gives `false`. Default 64 KiB. */
  readonly sendWindow?: number | undefined
  /** Bytes that may be under way or unread in each direction. Default 64 KiB. */
  readonly receiveWindow?: number | undefined
  /**
   * How long an end that has closed in order may go on sending what its system still holds (`SO_LINGER`);
   * then the rest is dropped and the peer sees RST. 0: at once. It does nothing where all was sent. Default:
   * as long as it takes.
   */
  readonly linger?: Duration.DurationInput | undefined
}
