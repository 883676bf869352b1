/**
 * What passes on a memory network, and what a rule may say about it.
 *
 * A fault is a function from what passes to a verdict, so it can be anything a test can compute. It is asked
 * when something leaves its sender; what is already under way arrives. Nothing here knows of HTTP
 * (FaultHttp.ts does).
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import type { Address } from "@httpfx/core/Transport"

/**
 * An end of a connection: who connected is the client.
 *
 * @since 0.1.0
 * @category models
 */
export type Side = "client" | "server"

/**
 * One end of a connection, or of an attempt at one.
 *
 * @since 0.1.0
 * @category models
 */
export interface Endpoint {
  /** `undefined`: a client of a Unix path, or the host that a name is asked for. */
  readonly address: Address | undefined
  /** The names that have this address, as `listen`, `Options.hosts`, `setHost` and `from` gave them. */
  readonly names: ReadonlyArray<string>
}

/**
 * Between whom something passes.
 *
 * @since 0.1.0
 * @category models
 */
export interface Link {
  /** Number of the connection, as in `MemoryNetwork.connections`; 0 while there is none. */
  readonly id: number
  /** Who connects, or asks for a name. */
  readonly client: Endpoint
  /** Who is connected to, or what is asked for. */
  readonly server: Endpoint
}

/**
 * What is about to pass.
 *
 * @since 0.1.0
 * @category models
 */
export interface Passing {
  /**
   * An attempt to connect; bytes; the end of a direction; the end of both; a question for a name's addresses.
   */
  readonly kind: "Connect" | "Segment" | "Fin" | "Rst" | "Dns"
  /** Of a `Dns` question the server is the host that was asked for. */
  readonly link: Link
  /** Who sends it. */
  readonly from: Side
  /** Bytes that passed before in this direction. */
  readonly offset: number
  /** Bytes of this segment; otherwise 0. */
  readonly size: number
  /** The bytes of this segment: to look at, never to change. */
  readonly bytes: Uint8Array
  /** Milliseconds since the epoch, by the network's clock. */
  readonly time: number
}

/**
 * Codes that an attempt to connect, or a question for a name, can be failed with.
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
 * What happens to what passes. `after` counts bytes of the segment that pass untouched before. `millis` and
 * `timeout` are milliseconds (`undefined`: until the rule's scope closes, or the system's own); `size` are
 * the bytes after `after` that a delay is about; `code` is what an attempt fails with; `both`: the other
 * direction as well. The functions below make them.
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
 * A fault: asked for everything that passes. The first verdict of the installed rules that is not `Pass`
 * holds. It may keep state, must not throw, and must not act on the network itself.
 *
 * @since 0.1.0
 * @category models
 */
export type Rule = (passing: Passing) => Verdict

/**
 * Where in a segment a fault begins.
 *
 * @since 0.1.0
 * @category models
 */
export interface After {
  /** Bytes of this segment that pass before. Default 0; at most the whole segment. */
  readonly after?: number | undefined
}

const pass: Verdict = { _tag: "Pass" }
const refuse: Verdict = { _tag: "Refuse" }

/**
 * Nothing happens to it; the next rule is asked.
 *
 * @since 0.1.0
 * @category verdicts
 */
export const Pass = (): Verdict => pass

/**
 * An attempt to connect is refused (`ECONNREFUSED`, after a round trip). For all else as `Reset`; a name is
 * not found.
 *
 * @since 0.1.0
 * @category verdicts
 */
export const Refuse = (): Verdict => refuse

/**
 * An attempt to connect fails with this code after a round trip, a question for a name with this code at
 * once. For all else as `Reset`.
 *
 * @since 0.1.0
 * @category verdicts
 */
export const Fail = (code: FailCode): Verdict => ({ _tag: "Fail", code })

/**
 * It is lost. An attempt to connect gets no answer and fails with `ETIMEDOUT` after `timeout`, by default 127
 * seconds (tcp(7), `tcp_syn_retries`); a question for a name fails with `EAI_AGAIN`, by default after 10
 * seconds (resolv.conf(5), two attempts). Bytes and FIN are sent again by TCP and come 200 ms later, an RST
 * is not sent again.
 *
 * @since 0.1.0
 * @category verdicts
 */
export const Drop = (timeout?: Duration.DurationInput): Verdict => ({
  _tag: "Drop",
  timeout: timeout === undefined ? undefined : Duration.toMillis(timeout)
})

/**
 * It arrives that much later, and what follows in its direction not before it. `size`: how many bytes after
 * `after` this is about; rules are asked again for the rest. Default: all.
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
 * The receiver sees FIN after `after` bytes of this segment. What the sender sends from then on is lost, and
 * it does not learn of it: as behind a proxy that died.
 *
 * @since 0.1.0
 * @category verdicts
 */
export const Truncate = (options?: After): Verdict => ({ _tag: "Truncate", after: options?.after ?? 0 })

/**
 * Nothing passes any more in this direction, or in `both`; neither end is told. When the rule's scope closes,
 * what was held back is delivered, as TCP sends again what was not acknowledged. Attempts to connect and
 * questions for names wait as well, the former for at most 127 seconds (`ETIMEDOUT`).
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
 * The receiver's application reads nothing for a while, or until the rule's scope closes: its buffer fills,
 * the sender is held back, FIN and RST are not seen.
 *
 * @since 0.1.0
 * @category verdicts
 */
export const Stall = (duration?: Duration.DurationInput, options?: After): Verdict => ({
  _tag: "Stall",
  after: options?.after ?? 0,
  millis: duration === undefined ? undefined : Duration.toMillis(duration)
})
