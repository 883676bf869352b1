/**
 * Link conditions of a memory network (latency, bandwidth, windows), and patterns that select connections.
 * The conditions are plain values. `MemoryNetwork.condition` applies them.
 *
 * @since 0.1.0
 */
import type * as Duration from "effect/Duration"
import type { Side } from "./Verdict.js"

/**
 * Matches one endpoint or a group of endpoints: `api.internal:80`, `api.internal` (any port), `*.internal`,
 * `*:443`, `10.0.0.*`, `[fd00::7]:80`, `fd00::7`, or the path of a Unix socket. `*` matches any characters. A
 * name matches every address to which the name resolved when the connection was made.
 *
 * @since 0.1.0
 * @category models
 */
export type Pattern = string | ReadonlyArray<string>

/**
 * Selects connections and directions. An omitted property matches everything.
 *
 * @since 0.1.0
 * @category models
 */
export interface Where {
  /**
   * The end that connects. All clients share one address, except clients that connect through
   * `MemoryNetwork.layerFrom`.
   */
  readonly from?: Pattern | undefined
  /** The end that accepts the connection. */
  readonly to?: Pattern | undefined
  /** Number of the only connection to match, as in `MemoryNetwork.connections`. Default: all connections. */
  readonly connection?: number | undefined
  /** The end whose bytes and events match. Default: both ends. */
  readonly sender?: Side | undefined
}

/**
 * Conditions of a link. An omitted property keeps the value that earlier conditions gave it.
 *
 * @since 0.1.0
 * @category models
 */
export interface Conditions {
  /** One-way delay in each direction. Default 0: bytes arrive without any advance of the clock. */
  readonly latency?: Duration.DurationInput | undefined
  /**
   * Maximum random delay that is added to the latency of each segment. The seed determines each delay.
   * Segments stay in order. Default 0.
   */
  readonly jitter?: Duration.DurationInput | undefined
  /** Maximum bytes per second, for each connection and each direction. Default: unlimited. */
  readonly bandwidth?: number | undefined
  /**
   * Maximum bytes of one segment: a number, or a range from `min` to `max` (both included). From a range, the
   * seed draws a size for each segment. Default 64 KiB, as on a loopback interface. If `bandwidth` is set,
   * the default is 1460, as on Ethernet.
   */
  readonly segmentSize?: number | { readonly min: number; readonly max: number } | undefined
  /**
   * Whether bytes of several writes may share a segment. Default: `true` if `segmentSize` is a range,
   * otherwise `false`.
   */
  readonly coalesce?: boolean | undefined
  /** Maximum bytes in an end's send buffer before `write` returns `false`. Default 64 KiB. */
  readonly sendWindow?: number | undefined
  /** Maximum number of bytes in flight and unread bytes together, in each direction. Default 64 KiB. */
  readonly receiveWindow?: number | undefined
  /**
   * Maximum time that a closed end continues to send its buffered bytes (`SO_LINGER`). When this time
   * expires, the remaining bytes are dropped and the peer sees RST. With 0, the end drops these bytes and
   * resets the connection immediately. If all bytes were already sent, the option has no effect. Default:
   * unlimited.
   */
  readonly linger?: Duration.DurationInput | undefined
}
