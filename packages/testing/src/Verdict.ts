/**
 * The events that pass on a memory network, and the verdicts of rules on them.
 *
 * A fault is a function from an event to a verdict, so a test can compute any. Rules are asked when an event
 * leaves its sender; events already in flight arrive. Nothing here knows HTTP (see `Fault.http`).
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import type { Address } from "@httpfx/core/Transport"

/**
 * An end of a connection; the client is the end that connects.
 *
 * @since 0.1.0
 * @category models
 */
export type Side = "client" | "server"

/**
 * One end of a connection, or of an attempt to connect.
 *
 * @since 0.1.0
 * @category models
 */
export interface Endpoint {
  /** `undefined`: a client of a Unix path, or the host of a name lookup. */
  readonly address: Address | undefined
  /** The names of this address, given by `listen`, `Options.hosts`, `setHost` or `from`. */
  readonly names: ReadonlyArray<string>
}

/**
 * The two ends of an event.
 *
 * @since 0.1.0
 * @category models
 */
export interface Link {
  /** Number of the connection, as in `MemoryNetwork.connections`; 0 before there is one. */
  readonly id: number
  /** The end that connects, or looks up a name. */
  readonly client: Endpoint
  /** The end connected to, or the name looked up. */
  readonly server: Endpoint
}

/**
 * An event about to pass.
 *
 * @since 0.1.0
 * @category models
 */
export interface Passing {
  /**
   * An attempt to connect; bytes; the end of one direction; the end of both; a lookup of a name.
   */
  readonly kind: "Connect" | "Segment" | "Fin" | "Rst" | "Dns"
  /** For `Dns` the server is the host looked up. */
  readonly link: Link
  /** The sender. */
  readonly from: Side
  /** Bytes that passed earlier in this direction. */
  readonly offset: number
  /** Bytes of this segment; 0 for other kinds. */
  readonly size: number
  /** The bytes of this segment; read-only. */
  readonly bytes: Uint8Array
  /** Milliseconds since the epoch, by the network's clock. */
  readonly time: number
}

/**
 * Error codes for a failed attempt to connect or lookup.
 *
 * @since 0.1.0
 * @category models
 */
export type FailCode =
  | "ECONNREFUSED"
  | "ECONNRESET"
  | "ETIMEDOUT"
  | "EHOSTUNREACH"
  | "ENETUNREACH"
  | "EADDRNOTAVAIL"
  | "EMFILE"
  | "ENOTFOUND"
  | "EAI_AGAIN"
  | "EAI_FAIL"
  | "ENODATA"
  | "ETIMEOUT"

/**
 * The decision about an event. `after`: bytes of the segment that pass untouched first. `millis` and
 * `timeout`: milliseconds (`undefined`: until the rule's scope closes, or the system's default); `size`: the
 * bytes after `after` that a delay covers; `code`: the error code of the attempt; `both`: the other direction
 * too. Use the functions below to make them.
 *
 * @since 0.1.0
 * @category models
 */
export type Verdict =
  | { readonly _tag: "Pass" }
  | { readonly _tag: "Refuse" }
  | { readonly _tag: "Fail"; readonly code: FailCode }
  | { readonly _tag: "Drop"; readonly timeout: number | undefined }
  | { readonly _tag: "Delay"; readonly millis: number; readonly after: number; readonly size: number }
  | { readonly _tag: "Reset"; readonly after: number }
  | { readonly _tag: "Truncate"; readonly after: number }
  | { readonly _tag: "Silence"; readonly after: number; readonly both: boolean }
  | { readonly _tag: "Stall"; readonly after: number; readonly millis: number | undefined }

/**
 * A fault: called for every event. The first verdict of the installed rules that is not `Pass` applies. A
 * rule may keep state, must not throw, and must not act on the network itself.
 *
 * @since 0.1.0
 * @category models
 */
export type Rule = (passing: Passing) => Verdict

/**
 * The place in a segment where a fault begins.
 *
 * @since 0.1.0
 * @category models
 */
export interface After {
  /** Bytes of this segment that pass first. Default 0; at most the whole segment. */
  readonly after?: number | undefined
}

const pass: Verdict = { _tag: "Pass" }
const refuse: Verdict = { _tag: "Refuse" }

/**
 * Lets it pass; the next rule is asked.
 *
 * @since 0.1.0
 * @category verdicts
 */
export const Pass = (): Verdict => pass

/**
 * An attempt to connect is refused (`ECONNREFUSED`, after one round trip); a lookup fails with `ENOTFOUND`.
 * Other events: as `Reset`.
 *
 * @since 0.1.0
 * @category verdicts
 */
export const Refuse = (): Verdict => refuse

/**
 * An attempt to connect fails with this code after one round trip, a lookup at once. Other events: as
 * `Reset`.
 *
 * @since 0.1.0
 * @category verdicts
 */
export const Fail = (code: FailCode): Verdict => ({ _tag: "Fail", code })

/**
 * The event is lost. An attempt to connect fails with `ETIMEDOUT` after `timeout`, by default 127 seconds
 * (tcp(7), `tcp_syn_retries`); a lookup fails with `EAI_AGAIN`, by default after 10 seconds (resolv.conf(5),
 * two attempts). TCP retransmits bytes and FIN, so they arrive 200 ms later; an RST is not retransmitted.
 *
 * @since 0.1.0
 * @category verdicts
 */
export const Drop = (timeout?: Duration.DurationInput): Verdict => ({
  _tag: "Drop",
  timeout: timeout === undefined ? undefined : Duration.toMillis(timeout)
})

/**
 * Arrives that much later; later events of its direction wait for it. `size`: how many bytes after `after`
 * are delayed; rules are asked again for the rest. Default: all.
 *
 * @since 0.1.0
 * @category verdicts
 */
export const Delay = (
  duration: Duration.DurationInput,
  options?: After & { readonly size?: number | undefined }
): Verdict => ({
  _tag: "Delay",
  millis: Duration.toMillis(duration),
  after: options?.after ?? 0,
  size: options?.size ?? Infinity
})

/**
 * The connection is reset: both ends see RST, the receiver after `after` bytes of this segment.
 *
 * @since 0.1.0
 * @category verdicts
 */
export const Reset = (options?: After): Verdict => ({ _tag: "Reset", after: options?.after ?? 0 })

/**
 * The receiver sees FIN after `after` bytes of this segment. Later bytes are lost without the sender
 * noticing, as behind a proxy that died.
 *
 * @since 0.1.0
 * @category verdicts
 */
export const Truncate = (options?: After): Verdict => ({ _tag: "Truncate", after: options?.after ?? 0 })

/**
 * Nothing passes any more in this direction, or in `both`; neither end notices. When the rule's scope closes,
 * held bytes are delivered, as TCP retransmits. Attempts to connect and lookups wait too, the former for at
 * most 127 seconds (`ETIMEDOUT`).
 *
 * @since 0.1.0
 * @category verdicts
 */
export const Silence = (options?: After & { readonly both?: boolean | undefined }): Verdict => ({
  _tag: "Silence",
  after: options?.after ?? 0,
  both: options?.both ?? false
})

/**
 * The receiver's application stops reading for a while, or until the rule's scope closes: its buffer fills,
 * the sender sees backpressure, FIN and RST go unnoticed.
 *
 * @since 0.1.0
 * @category verdicts
 */
export const Stall = (duration?: Duration.DurationInput, options?: After): Verdict => ({
  _tag: "Stall",
  after: options?.after ?? 0,
  millis: duration === undefined ? undefined : Duration.toMillis(duration)
})
