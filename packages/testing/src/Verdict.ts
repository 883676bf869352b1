/**
 * The events on a memory network, and the verdicts that rules return for events.
 *
 * A rule is a function from an event to a verdict, so a test can compute any fault. Rules are called when an
 * event leaves its sender, so a new rule does not affect events in flight. Rules see segments and do not
 * parse HTTP. For faults at a position in an HTTP message, use `Fault.http`.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import type { Address } from "@httpfx/core/Transport"

/**
 * An end of a connection. The client is the end that connects.
 *
 * @since 0.1.0
 * @category models
 */
export type Side = "client" | "server"

/**
 * One end of a connection, of an attempt to connect, or of a lookup.
 *
 * @since 0.1.0
 * @category models
 */
export interface Endpoint {
  /** The address. `undefined` for a client of a Unix path, and in a lookup, whose host has no address yet. */
  readonly address: Address | undefined
  /** The names of this address that were given to `listen`, `Options.hosts`, `setHost` or `from`. */
  readonly names: ReadonlyArray<string>
}

/**
 * The two ends between which an event passes.
 *
 * @since 0.1.0
 * @category models
 */
export interface Link {
  /**
   * Number of the connection, as in `MemoryNetwork.connections`. 0 for attempts to connect and for lookups.
   */
  readonly id: number
  /** The end that connects or that looks up a name. */
  readonly client: Endpoint
  /** The end that accepts the connection, or the host that is looked up. */
  readonly server: Endpoint
}

/**
 * An event that is about to leave its sender.
 *
 * @since 0.1.0
 * @category models
 */
export interface Passing {
  /**
   * The kind of event: an attempt to connect (`Connect`), a segment of bytes (`Segment`), the end of one
   * direction (`Fin`), the reset of the connection (`Rst`), or a lookup of a name (`Dns`).
   */
  readonly kind: "Connect" | "Segment" | "Fin" | "Rst" | "Dns"
  /** The two ends. For `Dns` the server is the host that is looked up. */
  readonly link: Link
  /** The end that sends the event. */
  readonly from: Side
  /** Number of bytes that the same end has sent before this event. */
  readonly offset: number
  /** Number of bytes of a segment. 0 for events of another kind. */
  readonly size: number
  /** The bytes of a segment. A rule must not change them. */
  readonly bytes: Uint8Array
  /** The current time in milliseconds since the epoch, by the network's clock. */
  readonly time: number
}

/**
 * Error codes for failed attempts to connect and for failed lookups.
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
 * The decision about an event. Create it with the functions below.
 *
 * `after` is the number of bytes of the segment that pass unaffected before the fault begins. `millis` is a
 * duration in ms; `undefined` means until the rule's scope closes. `timeout` is in ms too; `undefined` means
 * the default of the operating system. `size` is the number of bytes after `after` that are delayed. `code`
 * is the error code of the attempt. `both` is `true` if the other direction is affected too.
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
 * Decides about events. A rule is called for every event. The network asks the rules in the order of their
 * installation, and the first verdict other than `Pass` applies. A rule may keep state, must not throw, and
 * must not call the network.
 *
 * @since 0.1.0
 * @category models
 */
export type Rule = (passing: Passing) => Verdict

/**
 * The position in a segment at which a fault begins.
 *
 * @since 0.1.0
 * @category models
 */
export interface After {
  /**
   * Number of bytes of this segment that pass unaffected before the fault begins, at most the whole segment.
   * Default 0.
   */
  readonly after?: number | undefined
}

const pass: Verdict = { _tag: "Pass" }
const refuse: Verdict = { _tag: "Refuse" }

/**
 * Leaves the decision to the next rule. If all rules return `Pass`, the event passes.
 *
 * @since 0.1.0
 * @category verdicts
 */
export const Pass = (): Verdict => pass

/**
 * Refuses an attempt to connect (`ECONNREFUSED` after one round trip), and fails a lookup with `ENOTFOUND`.
 * On all other events, `Refuse` acts as `Reset` does.
 *
 * @since 0.1.0
 * @category verdicts
 */
export const Refuse = (): Verdict => refuse

/**
 * Fails an attempt to connect with this code after one round trip, and fails a lookup immediately. On all
 * other events, `Fail` acts as `Reset` does.
 *
 * @since 0.1.0
 * @category verdicts
 */
export const Fail = (code: FailCode): Verdict => ({ _tag: "Fail", code })

/**
 * Drops the event. A dropped attempt to connect fails with `ETIMEDOUT` after `timeout`, by default 127
 * seconds (tcp(7), `tcp_syn_retries`). A dropped lookup fails with `EAI_AGAIN` after `timeout`, by default 10
 * seconds (resolv.conf(5), two attempts). Dropped bytes and a dropped FIN arrive 200 ms later, because TCP
 * retransmits them. A dropped RST never arrives, because TCP does not retransmit RST.
 *
 * @since 0.1.0
 * @category verdicts
 */
export const Drop = (timeout?: Duration.DurationInput): Verdict => ({
  _tag: "Drop",
  timeout: timeout === undefined ? undefined : Duration.toMillis(timeout)
})

/**
 * Delays the event by this duration. Later events in the same direction wait for the delayed event. `size` is
 * the number of bytes after `after` that are delayed. Rules are called again for the bytes that follow them.
 * By default all bytes after `after` are delayed.
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
 * Resets the connection, so that both ends see RST. The receiver first gets `after` bytes of this segment.
 *
 * @since 0.1.0
 * @category verdicts
 */
export const Reset = (options?: After): Verdict => ({ _tag: "Reset", after: options?.after ?? 0 })

/**
 * Truncates the direction. The receiver sees FIN after `after` bytes of this segment. Later bytes are lost
 * and the sender does not notice, as behind a proxy that died.
 *
 * @since 0.1.0
 * @category verdicts
 */
export const Truncate = (options?: After): Verdict => ({ _tag: "Truncate", after: options?.after ?? 0 })

/**
 * Withholds this event and all later events in this direction, or in `both` directions. Neither end notices.
 * When the rule's scope closes, withheld bytes are delivered, because TCP would retransmit them. Withheld
 * lookups and attempts to connect wait too. An attempt to connect waits at most 127 seconds (`ETIMEDOUT`).
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
 * Makes the receiver's application stop reading for `duration`, by default until the rule's scope closes. The
 * receive buffer fills, so the sender sees backpressure. During the stall, the application does not notice
 * FIN and RST.
 *
 * @since 0.1.0
 * @category verdicts
 */
export const Stall = (duration?: Duration.DurationInput, options?: After): Verdict => ({
  _tag: "Stall",
  after: options?.after ?? 0,
  millis: duration === undefined ? undefined : Duration.toMillis(duration)
})
