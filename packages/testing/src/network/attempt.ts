/**
 * Attempts to connect, and lookups of names.
 *
 * The network's rules (fault/rules.ts) decide about an attempt when it begins. If an attempt is interrupted,
 * it removes its timers and resets a connection that it has already made.
 */
import * as Effect from "effect/Effect"
import * as HttpError from "@httpfx/core/HttpError"
import type * as Network from "@httpfx/core/Network"
import type { Timers } from "@httpfx/core/Timers"
import { fault, type Address, type Transport } from "@httpfx/core/Transport"
import type { Link, Passing, Side } from "../Verdict.js"
import type { Deliveries } from "./deliveries.js"
import type { Pair } from "./pair.js"
import type { Found, Rules } from "../fault/rules.js"

/** The parts of a memory network that are needed for attempts to connect and for lookups. */
export interface Attempts {
  readonly deliveries: Deliveries
  readonly timers: Timers
  readonly rules: Rules
  /** Computes the latency of one direction, in milliseconds. */
  readonly delay: (link: Link, from: Side) => number
}

// Linux retransmits a SYN six times, which takes 127 seconds in total (tcp(7)).
const connectTimeout = 127_000
// The resolver makes two attempts of five seconds each (resolv.conf(5)).
const resolveTimeout = 10_000

const none = new Uint8Array(0)

export const connectError = (address: Address, code: string): Network.ConnectError => {
  const failure = HttpError.fromFault(fault(code, "connect", { address }), { phase: "connect" })
  // `BrokenPipe` and `TlsFailure` describe established connections, so an attempt to connect must fail with
  // another error.
  return failure._tag === "BrokenPipe" || failure._tag === "TlsFailure"
    ? new HttpError.ConnectionFailed({ ...failure, code })
    : failure
}

const dnsCodes = ["ENOTFOUND", "EAI_AGAIN", "EAI_FAIL", "ENODATA", "ETIMEOUT"] as const

export const notResolved = (host: string, wanted: string): HttpError.NameNotResolved => {
  const code = dnsCodes.find((known) => known === wanted) ?? "EAI_FAIL"
  return new HttpError.NameNotResolved({ code, host, reason: `getaddrinfo ${code} ${host}` })
}

/** The timers and callbacks of one attempt. All of them are removed when the attempt ends. */
class Waits {
  over = false
  private readonly ends = new Set<() => void>()

  constructor(private readonly network: Attempts) {}

  ask(kind: Passing["kind"], link: Link): Found | undefined {
    const { rules, timers } = this.network
    if (rules.empty) return undefined
    return rules.ask({ kind, link, from: "client", offset: 0, size: 0, bytes: none, time: timers.now() })
  }

  /** Calls `f` after this many milliseconds, and never within this call of `later`. */
  later(millis: number, f: () => void): void {
    const run = () => {
      if (!this.over) f()
    }
    this.network.deliveries.schedule({ run }, millis)
  }

  timeout(millis: number, f: () => void): void {
    const { timers } = this.network
    this.ends.add(
      timers.at(timers.now() + millis, () => {
        if (!this.over) f()
      })
    )
  }

  /** Calls `f` when the rule that returned this verdict is removed. */
  hold({ by }: Found, f: () => void): void {
    const release = () => this.later(0, f)
    by.held.add(release)
    this.ends.add(() => by.held.delete(release))
  }

  end(): void {
    this.over = true
    for (const end of this.ends) end()
    this.ends.clear()
  }
}

const connect = (
  network: Attempts,
  link: Link,
  target: Address,
  arrive: (link: Link) => Pair | "full" | undefined
): Effect.Effect<Transport, Network.ConnectError> =>
  Effect.async((resume) => {
    const waits = new Waits(network)
    let pair: Pair | undefined
    const finish = (result: Effect.Effect<Transport, Network.ConnectError>) => {
      waits.end()
      resume(result)
    }
    const answer = (result: () => Effect.Effect<Transport, Network.ConnectError>) =>
      waits.later(network.delay(link, "server"), () => finish(result()))
    const fail = (code: string) => Effect.fail(connectError(target, code))
    const timeOut = (after: number) => waits.timeout(after, () => finish(fail("ETIMEDOUT")))
    const syn = () =>
      waits.later(network.delay(link, "client"), () => {
        const reached = arrive(link)
        if (reached === "full") return syn()
        if (reached !== undefined) {
          pair = reached
          return answer(() => Effect.succeed(reached.client))
        }
        // The socket file of a path without a listener does not exist, so the code is ENOENT. ECONNREFUSED
        // would mean a stale file.
        answer(() => fail(target._tag === "UnixAddress" ? "ENOENT" : "ECONNREFUSED"))
      })
    const failed = (code: string) =>
      waits.later(network.delay(link, "client"), () => answer(() => fail(code)))
    let held = false
    const begin = (): void => {
      const found = waits.ask("Connect", link)
      switch (found?.verdict._tag) {
        case "Refuse":
          return failed("ECONNREFUSED")
        case "Reset":
          return failed("ECONNRESET")
        case "Fail":
          return failed(found!.verdict.code)
        case "Drop":
          return timeOut(found!.verdict.timeout ?? connectTimeout)
        case "Delay":
          return waits.later(found!.verdict.millis, syn)
        case "Silence":
          if (!held) timeOut(connectTimeout)
          held = true
          return waits.hold(found!, begin)
        default:
          return syn()
      }
    }
    begin()
    return Effect.sync(() => {
      waits.end()
      pair?.client.reset()
    })
  })

type Resolved = ReturnType<Network.Service["resolve"]>

const resolve = (
  network: Attempts,
  link: Link,
  host: string,
  lookup: () => ReadonlyArray<Network.ResolvedAddress>
): Resolved => {
  const found = (): Resolved => {
    const [first, ...rest] = lookup()
    return first === undefined
      ? Effect.fail(notResolved(host, "ENOTFOUND"))
      : Effect.succeed([first, ...rest])
  }
  return Effect.suspend(() => (network.rules.empty ? found() : asked(network, link, host, found)))
}

const asked = (network: Attempts, link: Link, host: string, found: () => Resolved): Resolved =>
  Effect.async((resume) => {
    const waits = new Waits(network)
    const finish = (result: Resolved) => {
      waits.end()
      resume(result)
    }
    const begin = (): void => {
      const answer = waits.ask("Dns", link)
      switch (answer?.verdict._tag) {
        case "Fail":
          return finish(Effect.fail(notResolved(host, answer.verdict.code)))
        case "Refuse":
        case "Reset":
          return finish(Effect.fail(notResolved(host, "ENOTFOUND")))
        case "Drop":
          return waits.timeout(answer.verdict.timeout ?? resolveTimeout, () =>
            finish(Effect.fail(notResolved(host, "EAI_AGAIN")))
          )
        case "Delay":
          return waits.later(answer.verdict.millis, () => finish(found()))
        case "Silence":
          return waits.hold(answer, begin)
        default:
          return finish(found())
      }
    }
    begin()
    return Effect.sync(() => waits.end())
  })

export const attempt = { connect, resolve }
