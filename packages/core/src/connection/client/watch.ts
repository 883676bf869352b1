/**
 * Measures the steps of one exchange, for its time limits and its events.
 *
 * An exchange without time limits has a `Watch` only if the pool has observers. A `Watch` sets no timer,
 * because the pool checks every `Watch` at the earliest deadline.
 */
import type { AgentEvent, BodySizes, RequestEvent, Timings } from "./events.js"
import type { Span, Step, TimeLimits } from "./limits.js"

/** Receiver of the events of a pool. */
export interface EventSink {
  /** Whether the pool has observers. Without observers, no events are created. */
  readonly listening: boolean
  /**
   * Returns the current time in milliseconds with fractions. Only differences of such times are used, as
   * durations.
   */
  now(): number
  /** Returns the current time in milliseconds since the epoch. */
  wallTime(): number
  /** Returns the number for a new request. The first number is 1. */
  nextId(): number
  publish(event: AgentEvent): void
}

/** Facts about an exchange that each event of the exchange includes. */
export interface Subject {
  readonly key: string
  readonly method: string
  readonly path: string
}

export class Watch {
  step: Step = "queue"
  /** Time (ms) of the next deadline, which is that of the current step, of the attempt or of the call. */
  due: number
  private stepDue = Infinity
  private readonly spanDue: number
  private readonly span: Span = "total"
  private readonly id: number
  private readonly begun: number
  private since: number
  private timings: Record<Step, number> | undefined

  /**
   * `spent` is the time that the call has already used of `limits.total`, ms. `hub` is `undefined` if the
   * pool has no observers. `arm` asks the pool to check every `Watch` at the given time.
   */
  constructor(
    readonly limits: TimeLimits | undefined,
    spent: number,
    private readonly hub: EventSink | undefined,
    private readonly subject: Subject,
    private readonly now: () => number,
    private readonly arm: (deadline: number) => void
  ) {
    const left = limits === undefined ? Infinity : limits.total - spent
    const span = limits === undefined ? Infinity : Math.min(limits.attempt, left)
    if (span < left) this.span = "attempt"
    this.spanDue = span === Infinity ? Infinity : now() + span
    this.due = this.spanDue
    if (this.due !== Infinity) arm(this.due)
    this.id = hub === undefined ? 0 : hub.nextId()
    this.begun = this.since = hub === undefined ? 0 : hub.now()
  }

  /** Returns the limit that has expired. */
  get passed(): Step | Span {
    return this.stepDue <= this.spanDue ? this.step : this.span
  }

  /** Starts a step and the time limit of that step. */
  enter(step: Step): void {
    if (this.hub !== undefined) {
      const now = this.hub.now()
      this.timed(now)
      this.since = now
    }
    this.step = step
    this.restart()
  }

  /** Restarts the time limit of the current step. */
  restart(): void {
    const { limits } = this
    if (limits === undefined) return
    const limit = limits[this.step]
    this.stepDue = limit === Infinity ? Infinity : this.now() + limit
    this.due = Math.min(this.stepDue, this.spanDue)
    if (this.due !== Infinity) this.arm(this.due)
  }

  /** Pauses the time limit of the current step while our own reader applies backpressure. */
  hold(): void {
    this.stepDue = Infinity
    this.due = this.spanDue
  }

  /** Publishes an event to the observers. */
  report(event: EventFacts): void {
    if (this.hub === undefined) return
    const { id, subject } = this
    this.hub.publish({ id, at: this.hub.wallTime(), ...subject, ...event } as AgentEvent)
  }

  /** Publishes the end of the exchange. Reads `bodySizes` only if the pool has observers. */
  reportEnd(event: EndFacts, exchange: { readonly bodySizes: BodySizes }): void {
    if (this.hub === undefined) return
    const now = this.hub.now()
    this.timed(now)
    this.report({ ...event, ...exchange.bodySizes, timings: this.timingsAt(now) } as EventFacts)
  }

  private timed(now: number): void {
    this.timings ??= { queue: 0, resolve: 0, connect: 0, secure: 0, send: 0, head: 0, body: 0 }
    this.timings[this.step] += now - this.since
    this.since = now
  }

  private timingsAt(now: number): Timings {
    return { ...(this.timings as Record<Step, number>), total: now - this.begun }
  }
}

type Common = "id" | "at" | keyof Subject

/** An event without the fields that `Watch` adds. */
export type EventFacts = RequestEvent extends infer E ? (E extends unknown ? Omit<E, Common> : never) : never

type EndFacts = { readonly _tag: "End" } | { readonly _tag: "Error"; readonly error: unknown }
