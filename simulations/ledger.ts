/**
 * Records the course of every request, and checks it against the rules of the simulation.
 *
 * Callers report requests and responses, services report handlers, and the network reports the connections
 * that a fault has hit. The ledger only compares. It never changes the simulation.
 */
import * as Data from "effect/Data"
import type { ConnectionError, NameNotResolved } from "@httpfx/core/HttpError"
import { isIdempotent, type Method } from "./ask.js"

/** The error for a violated rule of the simulation. */
export class Broken extends Data.TaggedError("Broken")<{
  readonly seed: number
  readonly violations: ReadonlyArray<string>
  /** The lines of the trace, if they were stored. */
  readonly lines: ReadonlyArray<string> | undefined
}> {
  override get message(): string {
    return [`seed ${this.seed}: ${this.violations.length} broken`, ...this.violations].join("\n")
  }
}

/**
 * The failures that a request may have, which are those of the network. Any other failure, such as a parse
 * error, is a bug of ours.
 */
export type NetworkFailure = ConnectionError | NameNotResolved

const networkFailures: ReadonlySet<string> = new Set<NetworkFailure["_tag"]>([
  "ConnectionReset",
  "HangUp",
  "ConnectionRefused",
  "ConnectionTimedOut",
  "BrokenPipe",
  "Unreachable",
  "ConnectionFailed",
  "NameNotResolved"
])

export const isNetworkFailure = (error: unknown): error is NetworkFailure =>
  typeof error === "object" && error !== null && "_tag" in error && networkFailures.has(String(error._tag))

/** Returns whether the stream of a request body failed after the head of the response had arrived. */
export const isUploadFailed = (error: unknown): boolean =>
  isNetworkFailure(error) && error.code === "ERR_HTTPFX_UPLOAD_FAILED"

/** Returns tag, code and phase of an error, and whether the request was written. */
export const nameOf = (error: NetworkFailure): string =>
  error._tag === "NameNotResolved"
    ? `${error._tag} ${error.code} resolve`
    : `${error._tag} ${error.code} ${error.phase} written ${error.written}${error.reused ? " reused" : ""}`

/**
 * A request on one connection between two hosts. `id` is unique. The id of a request that a service makes for
 * another request begins with the id of that request.
 */
export interface Call {
  readonly id: string
  readonly method: Method
  /** Name of the service that gets the request. */
  readonly to: string
  readonly began: number
}

const baseOf = (id: string): string => {
  const end = id.indexOf(">")
  return end < 0 ? id : id.slice(0, end)
}

// Maximum time for which a fault can delay the requests behind it, ms.
const longestFault = 60_000

const add = (counts: Map<string, number>, name: string): void => {
  counts.set(name, (counts.get(name) ?? 0) + 1)
}

export class Ledger {
  readonly violations: Array<string> = []
  readonly answers = new Map<string, number>()
  readonly failures = new Map<string, number>()
  readonly faults = new Map<string, number>()
  /**
   * Clients' requests that a fault has hit, on a connection that carried the request or was opened for it.
   */
  private readonly met = new Set<string>()
  /** Number of retries. */
  resent = 0
  calls = 0
  /** Number of requests of clients. */
  requests = 0
  private metAttempts = 0
  private readonly runs = new Map<string, number>()
  /** The connections that carried a client's request, between any hosts. */
  private readonly carriers = new Map<string, Set<number>>()
  /** The last request of each connection. */
  private readonly carried = new Map<number, string>()
  /** Requests that must be the last on their connection. */
  private readonly last = new Set<string>()
  private readonly lateConnections = new Set<number>()
  private readonly open = new Set<string>()
  private readonly damaged = new Map<number, string>()
  /** Time of the last fault on a connection to each service. */
  private readonly lastDamage = new Map<string, number>()
  /** Requests whose head was sent. */
  private readonly seen = new Set<string>()
  private readonly attempts: Array<{ readonly to: string; readonly time: number }> = []

  constructor(
    private readonly now: () => number,
    private readonly trace: (line: string) => void
  ) {}

  /** Requests that have not completed, failed or been interrupted yet. */
  get pending(): ReadonlyArray<string> {
    return [...this.open].map((id) => {
      const connections = [...(this.carriers.get(baseOf(id)) ?? [])]
      return `${id}, run ${this.runs.get(id) ?? 0} times, on connections ${connections.join(" ")}`
    })
  }

  /**
   * The number of clients' requests that a fault has hit. A failed attempt to connect cannot be assigned to a
   * request, so it counts as one.
   */
  get metCount(): number {
    return this.met.size + this.metAttempts
  }

  // ---- callers

  begin(id: string, method: Method, to: string): Call {
    this.calls++
    if (baseOf(id) === id) this.requests++
    this.open.add(id)
    this.trace(`begin ${id}`)
    return { id, method, to, began: this.now() }
  }

  /**
   * Called with the head of a response. Only a request whose bytes were cut may get a response without an id,
   * which is the server's own refusal.
   */
  head(call: Call, status: number, id: string | undefined): void {
    if (id === call.id || (status === 400 && id === undefined && this.wasMet(call.id))) return
    this.broken(`${call.id} has the answer of ${id}, ${status}`)
  }

  /**
   * Called when a request has completed. `resent` is the number of retries, or `undefined` if the caller
   * cannot know it.
   */
  answered(call: Call, status: number, resent: number | undefined): void {
    this.end(call, `${status}`)
    add(this.answers, `${status}`)
    this.resent += resent ?? 0
    if (status === 400) return this.checkRuns(call, true)
    const runs = this.runs.get(call.id) ?? 0
    const most = isIdempotent(call.method) ? 1 + (resent ?? 1) : 1
    if (runs < 1 || runs > most) this.broken(`${call.method} ${call.id} was answered and ran ${runs} times`)
  }

  /** Called when a request has failed, before or during the response. */
  failed(call: Call, error: unknown): void {
    if (!isNetworkFailure(error)) {
      this.end(call, "failed")
      return this.broken(`${call.id} failed with what no network does: ${String(error)}`)
    }
    const name = nameOf(error)
    this.end(call, name)
    add(this.failures, name)
    this.checkRuns(call, "written" in error && error.written !== "none")
    if (!this.explained(call, error)) this.broken(`${call.id} failed without a fault: ${name}`)
  }

  /**
   * Called when the caller has interrupted the request or has not read the whole response. Ignored if the
   * request has already ended.
   */
  givenUp(call: Call): void {
    if (!this.open.has(call.id)) return
    this.end(call, "given up")
    this.checkRuns(call, true)
  }

  broken(what: string): void {
    this.trace(`broken ${what}`)
    this.violations.push(`+${this.now()} ms: ${what}`)
  }

  private end(call: Call, how: string): void {
    this.trace(`end ${call.id} ${how}`)
    if (!this.open.delete(call.id)) this.broken(`${call.id} ended twice: ${how}`)
  }

  private checkRuns({ id, method }: Call, sent: boolean): void {
    const runs = this.runs.get(id) ?? 0
    const most = isIdempotent(method) ? 2 : 1
    if (runs > most) this.broken(`${method} ${id} ran ${runs} times`)
    if (!sent && runs > 0) this.broken(`${method} ${id} ran, but nothing of it had been written`)
  }

  private explained({ began, id, to }: Call, error: NetworkFailure): boolean {
    if (error.phase === "resolve" || error.phase === "connect") {
      return this.attempts.some((attempt) => attempt.to === to && attempt.time >= began)
    }
    if (this.wasMet(id)) return true
    // Allowed if the request was never sent, because it waited behind requests that a fault delayed.
    return !this.seen.has(id) && this.now() - (this.lastDamage.get(to) ?? -Infinity) < longestFault
  }

  private wasMet(id: string): boolean {
    for (const connection of this.carriers.get(baseOf(id)) ?? [])
      if (this.damaged.has(connection)) return true
    return false
  }

  /** Called when one side has announced that this request is the last on its connection. */
  closes(id: string): void {
    this.last.add(id)
  }

  // ---- services

  /** Called when a handler is started for this request. Returns how often that has happened so far. */
  ran(id: string): number {
    add(this.runs, id)
    this.trace(`run ${id}`)
    return this.runs.get(id)!
  }

  // ---- the network

  /** Called when the head of this request was seen on a connection. */
  carries(connection: number, id: string): void {
    if (this.lateConnections.delete(connection)) this.met.add(baseOf(id))
    const before = this.carried.get(connection)
    if (before !== undefined && before !== id && this.last.has(before))
      this.broken(`${id} was sent behind ${before}, the last one`)
    this.carried.set(connection, id)
    this.seen.add(id)
    const base = baseOf(id)
    const carriers = this.carriers.get(base)
    if (carriers === undefined) this.carriers.set(base, new Set([connection]))
    else carriers.add(connection)
  }

  damage(connection: number, to: string, kind: string): void {
    add(this.faults, kind)
    this.lastDamage.set(to, this.now())
    this.trace(`fault ${kind} on ${connection}`)
    this.damaged.set(connection, kind)
    const id = this.carried.get(connection)
    if (id !== undefined && this.open.has(id)) this.met.add(baseOf(id))
  }

  /** Called for a fault on an attempt to connect or a lookup, whose request is not known yet. */
  damageAttempt(to: string, kind: string, fails: boolean): void {
    add(this.faults, kind)
    this.trace(`fault ${kind} to ${to}`)
    this.attempts.push({ to, time: this.now() })
    if (fails) this.metAttempts++
  }

  /** Called when the attempt to make this connection was delayed. */
  late(connection: number): void {
    this.damaged.set(connection, "late connection")
    this.lateConnections.add(connection)
  }
}
