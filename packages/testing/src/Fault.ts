/**
 * The usual faults, ready to install. Each lives until its scope closes; `Verdict` and `MemoryNetwork.rule` make any other.
 *
 * They act on what passes and know nothing of HTTP, but for `http`, which is told where in a message to act.
 *
 * @since 0.1.0
 */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Timers from "@httpfx/core/Timers"
import type { Pattern, Where } from "./Conditions.js"
import { httpRule, type HttpMatch, type HttpPoint } from "./internal/httpRule.js"
import { compile } from "./internal/patterns.js"
import { MemoryNetwork } from "./MemoryNetwork.js"
import * as Verdict from "./Verdict.js"

export type { HttpMatch, HttpPoint, Nth } from "./internal/httpRule.js"

/**
 * A fault to be installed.
 *
 * @since 0.1.0
 * @category models
 */
export type Fault = Effect.Effect<void, never, MemoryNetwork | Scope.Scope>

/**
 * How often a fault happens.
 *
 * @since 0.1.0
 * @category models
 */
export interface Times {
  /** How often it happens at most. Default: whenever it can. */
  readonly times?: number | undefined
}

const install = (rule: Verdict.Rule, observe?: (passing: Verdict.Passing) => void): Fault =>
  Effect.flatMap(MemoryNetwork, (memory) => memory.rule(rule, observe))

// State belongs to the installed fault, not to its description.
const fresh = (make: () => Verdict.Rule): Fault => Effect.suspend(() => install(make()))

const when = (
  kind: Verdict.Passing["kind"],
  where: Where,
  { times = Infinity }: Times,
  decide: (passing: Verdict.Passing) => Verdict.Verdict
): Fault =>
  fresh(() => {
    const matches = compile(where)
    let left = times
    return (passing) => {
      if (passing.kind !== kind || left <= 0 || !matches(passing.link, passing.from)) return Verdict.Pass()
      const verdict = decide(passing)
      if (verdict._tag !== "Pass") left--
      return verdict
    }
  })

/**
 * Attempts to connect are refused: `ConnectionRefused`.
 *
 * @since 0.1.0
 * @category connecting
 */
export const refuse = (where: Where = {}, times: Times = {}): Fault =>
  when("Connect", where, times, Verdict.Refuse)

/**
 * Attempts to connect fail with a code, such as `EHOSTUNREACH`.
 *
 * @since 0.1.0
 * @category connecting
 */
export const connectFailure = (code: Verdict.FailCode, where: Where = {}, times: Times = {}): Fault =>
  when("Connect", where, times, () => Verdict.Fail(code))

/**
 * Attempts to connect are not answered; they fail with `ConnectionTimedOut` after `timeout` (default 127 seconds, as
 * Linux) unless given up before.
 *
 * @since 0.1.0
 * @category connecting
 */
export const connectTimeout = (
  where: Where = {},
  options: Times & { readonly timeout?: Duration.DurationInput | undefined } = {}
): Fault => when("Connect", where, options, () => Verdict.Drop(options.timeout))

/**
 * Questions for these names fail: `NameNotResolved`. Default: every name, with `ENOTFOUND`.
 *
 * @since 0.1.0
 * @category connecting
 */
export const dnsFailure = (
  name: Pattern = "*",
  options: Times & { readonly code?: Verdict.FailCode | undefined } = {}
): Fault => when("Dns", { to: name }, options, () => Verdict.Fail(options.code ?? "ENOTFOUND"))

const atByte = (
  where: Where,
  bytes: number,
  times: Times,
  verdict: (options: { readonly after: number }) => Verdict.Verdict
): Fault =>
  when("Segment", { sender: "server", ...where }, times, ({ offset, size }) =>
    offset + size < bytes ? Verdict.Pass() : verdict({ after: Math.max(0, bytes - offset) })
  )

/**
 * Every connection is reset once so many bytes have passed in one direction: by default what the server sends.
 *
 * @since 0.1.0
 * @category connections
 */
export const resetAfterBytes = (bytes: number, where: Where = {}, times: Times = {}): Fault =>
  atByte(where, bytes, times, Verdict.Reset)

/**
 * The receiver sees FIN after so many bytes of one direction, by default of what the server sends; the sender does not
 * learn of it.
 *
 * @since 0.1.0
 * @category connections
 */
export const truncate = (bytes: number, where: Where = {}, times: Times = {}): Fault =>
  atByte(where, bytes, times, Verdict.Truncate)

/**
 * Resets the connections that are open at a moment: ms since the epoch, by the clock that limits go by (`VirtualClock.now`).
 *
 * @since 0.1.0
 * @category connections
 */
export const resetAt = (time: number, where: Where = {}): Fault =>
  Effect.flatMap(MemoryNetwork, (memory) =>
    Timers.timers.pipe(
      Effect.flatMap((timers) => Effect.sleep(Math.max(0, time - timers.now()))),
      Effect.zipRight(memory.reset(where)),
      Effect.forkScoped,
      Effect.asVoid
    )
  )

/**
 * Half-open: nothing passes on these connections any more, and nobody is told. With a `sender`: only in its direction.
 * Attempts to connect are not touched. What was held back arrives when the scope closes.
 *
 * @since 0.1.0
 * @category connections
 */
export const halfOpen = (where: Where = {}): Fault =>
  fresh(() => {
    const matches = compile(where)
    return ({ from, kind, link }) =>
      kind !== "Connect" && kind !== "Dns" && matches(link, from)
        ? Verdict.Silence({ both: where.sender === undefined })
        : Verdict.Pass()
  })

/**
 * Nothing passes between two groups of hosts, whoever connects; not even attempts to connect. Closing the scope heals: what was
 * held back arrives, connections survive.
 *
 * @since 0.1.0
 * @category connections
 */
export const partition = (one: Pattern, other: Pattern): Fault =>
  fresh(() => {
    const there = compile({ from: one, to: other })
    const back = compile({ from: other, to: one })
    return ({ kind, link }) =>
      kind !== "Dns" && (there(link) || back(link)) ? Verdict.Silence() : Verdict.Pass()
  })

/**
 * The application of one end does not read: from the first bytes that would reach it, until the scope closes or for a
 * duration. Default end: the client.
 *
 * @since 0.1.0
 * @category connections
 */
export const stalledReader = (
  where: Omit<Where, "sender"> & { readonly reader?: Verdict.Side | undefined } = {},
  duration?: Duration.DurationInput
): Fault =>
  fresh(() => {
    const matches = compile({ ...where, sender: where.reader === "server" ? "client" : "server" })
    const stalled = new WeakSet<Verdict.Link>()
    return ({ from, kind, link }) => {
      if (kind !== "Segment" || !matches(link, from) || stalled.has(link)) return Verdict.Pass()
      stalled.add(link)
      return Verdict.Stall(duration)
    }
  })

/**
 * Acts at a place in HTTP messages. Both directions are parsed by this toolkit's own parsers as they pass. A connection that is in
 * use already when the fault is installed is followed from its next request on.
 *
 * @example
 * import { Fault, Verdict } from "@httpfx/testing"
 *
 * // After the second chunk of the third response of this origin.
 * const cut = Fault.http({ origin: "api.internal:80", response: 3, afterChunk: 2 }, Verdict.Reset())
 *
 * // Every response head comes three seconds late.
 * const late = Fault.http({ origin: "api.internal:80" }, Verdict.Delay("3 seconds"))
 *
 * @since 0.1.0
 * @category HTTP
 */
export const http = (
  match: HttpMatch,
  verdict: Verdict.Verdict | ((point: HttpPoint) => Verdict.Verdict)
): Fault =>
  Effect.suspend(() => {
    const { decide, observe } = httpRule(match, typeof verdict === "function" ? verdict : () => verdict)
    return install(decide, observe)
  })
