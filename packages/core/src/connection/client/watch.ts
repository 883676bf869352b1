/**
 * The steps of one exchange in time, for its limits and for events: the current step, since when, until when.
 *
 * An exchange without limits and listeners has none. Sets no timer: its pool looks at every watch at the
 * earliest deadline.
 */
import type { AgentEvent, RequestEvent, Timings } from "./events.js"
import type { Step, TimeLimits } from "./limits.js"

/** Where events go. */
export interface EventSink {
  /** Somebody listens. While nobody does, no event is made. */
  readonly listening: boolean
  /** Durations: milliseconds with fractions. */
  now(): number
  /** Milliseconds since the epoch. */
  wallTime(): number
  /** Numbers requests, from 1. */
  nextId(): number
  publish(event: AgentEvent): void
}

/** The exchange, in its events. */
export interface Subject {
  readonly key: string
  readonly method: string
  readonly path: string
}

export class Watch {
  step: Step = "queue"
  /** When the limit of the step or of the whole passes, ms. */
  due: number
  private stepDue = Infinity
  private readonly totalDue: number
  private readonly id: number
  private readonly begun: number
  private since: number
  private timings: Record<Step, number> | undefined

  /** `hub`: only if somebody listens. `arm`: asks the pool to look at a time. */
  constructor(
    readonly limits: TimeLimits | undefined,
    private readonly hub: EventSink | undefined,
    private readonly subject: Subject,
    private readonly now: () => number,
    private readonly arm: (deadline: number) => void
  ) {
    this.totalDue = limits === undefined || limits.total === Infinity ? Infinity : now() + limits.total
    this.due = this.totalDue
    if (this.due !== Infinity) arm(this.due)
    this.id = hub === undefined ? 0 : hub.nextId()
    this.begun = this.since = hub === undefined ? 0 : hub.now()
  }

  /** The limit that has passed. */
  get passed(): Step | "total" {
    return this.stepDue <= this.totalDue ? this.step : "total"
  }

  /** The next step begins, and with it its limit. */
  enter(step: Step): void {
    if (this.hub !== undefined) {
      const now = this.hub.now()
      this.timed(now)
      this.since = now
    }
    this.step = step
    this.restart()
  }

  /** The limit of the step counts from now on. */
  restart(): void {
    const { limits } = this
    if (limits === undefined) return
    const limit = limits[this.step]
    this.stepDue = limit === Infinity ? Infinity : this.now() + limit
    this.due = Math.min(this.stepDue, this.totalDue)
    if (this.due !== Infinity) this.arm(this.due)
  }

  /** Pauses the step's limit while our own reader applies backpressure. */
  hold(): void {
    this.stepDue = Infinity
    this.due = this.totalDue
  }

  /** Tells those who listen. */
  tell(event: EventFacts): void {
    if (this.hub === undefined) return
    const at = this.hub.wallTime()
    const { id, subject } = this
    if (event._tag === "End" || event._tag === "Error") {
      const now = this.hub.now()
      this.timed(now)
      this.hub.publish({ id, at, ...subject, ...event, timings: this.told(now) } as AgentEvent)
    } else this.hub.publish({ id, at, ...subject, ...event } as AgentEvent)
  }

  private timed(now: number): void {
    this.timings ??= { queue: 0, resolve: 0, connect: 0, secure: 0, send: 0, head: 0, body: 0 }
    this.timings[this.step] += now - this.since
    this.since = now
  }

  private told(now: number): Timings {
    return { ...(this.timings as Record<Step, number>), total: now - this.begun }
  }
}

type Common = "id" | "at" | "timings" | keyof Subject

/** An event without the fields that the watch adds. */
export type EventFacts = RequestEvent extends infer E ? (E extends unknown ? Omit<E, Common> : never) : never
