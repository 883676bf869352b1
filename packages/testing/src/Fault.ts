/**
 * Ready-made faults for a memory network. Each fault stays installed until its scope closes. `Verdict` and
 * `MemoryNetwork.rule` build further faults.
 *
 * The faults act on segments and do not parse HTTP. `http` is the exception, because it acts at a position in
 * a message.
 *
 * @since 0.1.0
 */
import * as Data from "effect/Data"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FiberRef from "effect/FiberRef"
import { globalValue } from "effect/GlobalValue"
import type * as Scope from "effect/Scope"
import * as Timers from "@httpfx/core/Timers"
import type { Pattern, Where } from "./Conditions.js"
import { httpRule, type HttpMatch, type HttpPoint } from "./fault/httpRule.js"
import { compile } from "./fault/patterns.js"
import * as MemoryNetwork from "./MemoryNetwork.js"
import * as Verdict from "./Verdict.js"

export type { HttpMatch, HttpPoint, Nth } from "./fault/httpRule.js"

/**
 * The error for a fault that was installed and that no event has triggered.
 *
 * @since 0.1.0
 * @category errors
 */
export class FaultNotFired extends Data.TaggedError("FaultNotFired")<{
  /** The constructor of the fault, with its arguments. */
  readonly fault: string
}> {
  override get message(): string {
    return `the fault never fired: ${this.fault}`
  }
}

/**
 * A fault that is installed.
 *
 * @since 0.1.0
 * @category models
 */
export interface Installed {
  /** The constructor of the fault with its arguments, as shown in messages. */
  readonly name: string
  /**
   * How often the fault has fired. This is the number of its verdicts other than `Pass`. For {@link resetAt}
   * it is the number of connections that the fault has reset.
   */
  readonly fired: Effect.Effect<number>
  /** Fails if the fault has not fired so far. */
  readonly assertFired: Effect.Effect<void, FaultNotFired>
}

/**
 * A fault to install. If the fault has not fired when its scope closes, `console.error` reports it, because
 * the test has not tested the fault. {@link optional} disables the report.
 *
 * @since 0.1.0
 * @category models
 */
export type Fault = Effect.Effect<Installed, never, MemoryNetwork.MemoryNetwork | Scope.Scope>

/**
 * Limits how often a fault fires.
 *
 * @since 0.1.0
 * @category models
 */
export interface Times {
  /** Maximum number of times that the fault fires. Default: unlimited. */
  readonly times?: number | undefined
}

const mayNotFire = globalValue("@httpfx/testing/Fault/mayNotFire", () => FiberRef.unsafeMake(false))

/**
 * Returns the same fault, but does not report that it never fired. Use `optional` for a fault that fires only
 * in some runs.
 *
 * @example
 * import { Fault } from "@httpfx/testing"
 *
 * const perhaps = Fault.optional(Fault.refuse({ to: "api.internal" }))
 *
 * @since 0.1.0
 * @category constructors
 */
export const optional = (fault: Fault): Fault => Effect.locally(fault, mayNotFire, true)

const shown = (value: unknown): string =>
  JSON.stringify(value, (_, part: unknown) => {
    if (typeof part === "function") return "a function"
    const special = part instanceof RegExp || typeof part === "bigint" || part === Infinity
    return special ? String(part) : part
  })

const nameOf = (constructor: string, args: ReadonlyArray<unknown>): string => {
  const given = args.filter(
    (arg) => arg !== undefined && (typeof arg !== "object" || arg === null || Object.keys(arg).length > 0)
  )
  return `${constructor}(${given.map(shown).join(", ")})`
}

interface Count {
  fired: number
}

/**
 * Returns a fault that creates new state at each installation, because one `Fault` may be installed several
 * times.
 */
const fresh = (
  name: string,
  begin: (count: Count, memory: MemoryNetwork.Service) => Effect.Effect<unknown, never, Scope.Scope>
): Fault =>
  Effect.gen(function* () {
    const count: Count = { fired: 0 }
    const notFired = new FaultNotFired({ fault: name })
    if (!(yield* FiberRef.get(mayNotFire))) {
      yield* Effect.addFinalizer(() =>
        Effect.sync(() => {
          if (count.fired === 0) console.error(notFired.message)
        })
      )
    }
    yield* begin(count, yield* MemoryNetwork.MemoryNetwork)
    return {
      name,
      fired: Effect.sync(() => count.fired),
      assertFired: Effect.suspend(() => (count.fired === 0 ? Effect.fail(notFired) : Effect.void))
    }
  })

const install = (
  name: string,
  make: () => { readonly decide: Verdict.Rule; readonly observe?: (passing: Verdict.Passing) => void }
): Fault =>
  fresh(name, (count, memory) => {
    const { decide, observe } = make()
    return memory.rule((passing) => {
      const verdict = decide(passing)
      if (verdict._tag !== "Pass") count.fired++
      return verdict
    }, observe)
  })

const when = (
  name: string,
  kind: Verdict.Passing["kind"],
  where: Where,
  { times = Infinity }: Times,
  decide: (passing: Verdict.Passing) => Verdict.Verdict
): Fault =>
  install(name, () => {
    const matches = compile(where)
    let left = times
    return {
      decide: (passing) => {
        if (passing.kind !== kind || left <= 0 || !matches(passing.link, passing.from)) return Verdict.Pass()
        const verdict = decide(passing)
        if (verdict._tag !== "Pass") left--
        return verdict
      }
    }
  })

/**
 * Refuses attempts to connect. The attempts fail with `ConnectionRefused`.
 *
 * @since 0.1.0
 * @category connecting
 */
export const refuse = (where: Where = {}, times: Times = {}): Fault =>
  when(nameOf("refuse", [where, times]), "Connect", where, times, Verdict.Refuse)

/**
 * Fails attempts to connect with the given code, such as `EHOSTUNREACH`.
 *
 * @since 0.1.0
 * @category connecting
 */
export const connectFailure = (code: Verdict.FailCode, where: Where = {}, times: Times = {}): Fault =>
  when(nameOf("connectFailure", [code, where, times]), "Connect", where, times, () => Verdict.Fail(code))

/**
 * Drops attempts to connect. An attempt fails with `ConnectionTimedOut` after `timeout`, unless it is
 * interrupted earlier. The default of `timeout` is 127 seconds, as on Linux.
 *
 * @since 0.1.0
 * @category connecting
 */
export const connectTimeout = (
  where: Where = {},
  options: Times & { readonly timeout?: Duration.DurationInput | undefined } = {}
): Fault =>
  when(nameOf("connectTimeout", [where, options]), "Connect", where, options, () =>
    Verdict.Drop(options.timeout)
  )

/**
 * Fails lookups of the matching names with `NameNotResolved`. By default the fault matches every name, and
 * the code is `ENOTFOUND`.
 *
 * @since 0.1.0
 * @category connecting
 */
export const dnsFailure = (
  name: Pattern = "*",
  options: Times & { readonly code?: Verdict.FailCode | undefined } = {}
): Fault =>
  when(nameOf("dnsFailure", [name, options]), "Dns", { to: name }, options, () =>
    Verdict.Fail(options.code ?? "ENOTFOUND")
  )

const atByte = (
  name: string,
  where: Where,
  bytes: number,
  times: Times,
  verdict: (options: { readonly after: number }) => Verdict.Verdict
): Fault =>
  when(
    nameOf(name, [bytes, where, times]),
    "Segment",
    { sender: "server", ...where },
    times,
    ({ offset, size }) =>
      offset + size < bytes ? Verdict.Pass() : verdict({ after: Math.max(0, bytes - offset) })
  )

/**
 * Resets every connection after this many bytes in one direction. By default the bytes that the server sends
 * are counted.
 *
 * @since 0.1.0
 * @category connections
 */
export const resetAfterBytes = (bytes: number, where: Where = {}, times: Times = {}): Fault =>
  atByte("resetAfterBytes", where, bytes, times, Verdict.Reset)

/**
 * Truncates one direction, by default the direction from the server. After this many bytes the receiver sees
 * FIN, and the sender does not notice.
 *
 * @since 0.1.0
 * @category connections
 */
export const truncate = (bytes: number, where: Where = {}, times: Times = {}): Fault =>
  atByte("truncate", where, bytes, times, Verdict.Truncate)

/**
 * Resets all matching connections that are open at the given time. `time` is in milliseconds since the epoch,
 * on the clock that timeouts use (`VirtualClock.now`).
 *
 * @since 0.1.0
 * @category connections
 */
export const resetAt = (time: number, where: Where = {}): Fault =>
  fresh(nameOf("resetAt", [time, where]), (count, memory) =>
    Timers.timers.pipe(
      Effect.flatMap((timers) => Effect.sleep(Math.max(0, time - timers.now()))),
      Effect.zipRight(memory.reset(where)),
      Effect.map((connections) => (count.fired = connections)),
      Effect.forkScoped
    )
  )

/**
 * Makes connections half-open: events are withheld, and neither end notices. With a `sender`, only the
 * direction from that end is affected. New attempts to connect are not affected. Withheld bytes are delivered
 * when the scope closes.
 *
 * @since 0.1.0
 * @category connections
 */
export const halfOpen = (where: Where = {}): Fault =>
  install(nameOf("halfOpen", [where]), () => {
    const matches = compile(where)
    return {
      decide: ({ from, kind, link }) =>
        kind !== "Connect" && kind !== "Dns" && matches(link, from)
          ? Verdict.Silence({ both: where.sender === undefined })
          : Verdict.Pass()
    }
  })

/**
 * Separates two groups of hosts in both directions. Neither events on connections nor attempts to connect
 * pass between the groups. When the scope closes, withheld bytes are delivered and the connections continue.
 *
 * @since 0.1.0
 * @category connections
 */
export const partition = (one: Pattern, other: Pattern): Fault =>
  install(nameOf("partition", [one, other]), () => {
    const there = compile({ from: one, to: other })
    const back = compile({ from: other, to: one })
    return {
      decide: ({ kind, link }) =>
        kind !== "Dns" && (there(link) || back(link)) ? Verdict.Silence() : Verdict.Pass()
    }
  })

/**
 * Makes the application at one end stop reading; the default is the client's end. The stall starts with the
 * first bytes that arrive there. It lasts for the given duration or until the scope closes.
 *
 * @since 0.1.0
 * @category connections
 */
export const stalledReader = (
  where: Omit<Where, "sender"> & { readonly reader?: Verdict.Side | undefined } = {},
  duration?: Duration.DurationInput
): Fault =>
  install(nameOf("stalledReader", [where, duration]), () => {
    const matches = compile({ ...where, sender: where.reader === "server" ? "client" : "server" })
    const stalled = new WeakSet<Verdict.Link>()
    return {
      decide: ({ from, kind, link }) => {
        if (kind !== "Segment" || !matches(link, from) || stalled.has(link)) return Verdict.Pass()
        stalled.add(link)
        return Verdict.Stall(duration)
      }
    }
  })

/**
 * Applies a verdict at a position in HTTP messages. Core's parsers parse both directions to find the
 * position. If a connection is already in use when the fault is installed, parsing starts with the next
 * request.
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
  install(nameOf("http", [match, verdict]), () =>
    httpRule(match, typeof verdict === "function" ? verdict : () => verdict)
  )
