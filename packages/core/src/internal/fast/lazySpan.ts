/**
 * The span of an exchange if no tracer is installed. Its ids, parent and attributes are computed when they
 * are read.
 *
 * No tracer ever exports this span, because the driver creates a real span if a tracer is installed.
 */
import * as Context from "effect/Context"
import type * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import type * as Tracer from "effect/Tracer"
import { randomHex } from "../observe/randomHex.js"

/** Computes the data of a span on demand. */
export interface SpanSource {
  spanName(): string
  spanParent(): Option.Option<Tracer.AnySpan>
  spanAttributes(set: (key: string, value: unknown) => void): void
}

// Converts milliseconds of the monotonic clock to nanoseconds, as in Effect's own spans. Both count from
// about the epoch.
const toNanos = (millis: number): bigint => BigInt(Math.round(millis * 1000)) * 1000n

export class LazySpan implements Tracer.Span {
  declare readonly _tag: "Span"
  declare readonly sampled: boolean
  private ids: { readonly traceId: string; readonly spanId: string } | undefined
  private cachedParent: Option.Option<Tracer.AnySpan> | undefined
  private ownAttributes: Map<string, unknown> | undefined
  private described = false
  private ended: { readonly endTime: bigint; readonly exit: Exit.Exit<unknown, unknown> } | undefined
  private endedAt = -1
  private endedWith: Exit.Exit<unknown, unknown> | undefined
  private ownLinks: Array<Tracer.SpanLink> | undefined
  private ownEvents: Array<[string, bigint, Record<string, unknown>]> | undefined

  /** `startedAt` is the start of the span, in milliseconds of `Timers.now`. */
  constructor(
    private readonly source: SpanSource,
    readonly kind: Tracer.SpanKind,
    private readonly startedAt: number
  ) {}

  get name(): string {
    return this.source.spanName()
  }

  get parent(): Option.Option<Tracer.AnySpan> {
    return (this.cachedParent ??= this.source.spanParent())
  }

  get spanId(): string {
    return this.makeIds().spanId
  }

  get traceId(): string {
    return this.makeIds().traceId
  }

  get context(): Context.Context<never> {
    return Context.empty()
  }

  get status(): Tracer.SpanStatus {
    const startTime = toNanos(this.startedAt)
    const ended = this.ended ?? this.finished()
    return ended === undefined ? { _tag: "Started", startTime } : { _tag: "Ended", startTime, ...ended }
  }

  get attributes(): ReadonlyMap<string, unknown> {
    const own = (this.ownAttributes ??= new Map())
    if (!this.described) {
      // Attributes of the response are incomplete until the exchange has ended. So compute the attributes at
      // every read before the end.
      this.described = this.status._tag === "Ended"
      this.source.spanAttributes((key, value) => {
        if (!own.has(key)) own.set(key, value)
      })
    }
    return own
  }

  get links(): ReadonlyArray<Tracer.SpanLink> {
    return this.ownLinks ?? []
  }

  get events(): ReadonlyArray<
    readonly [name: string, startTime: bigint, attributes: Record<string, unknown>]
  > {
    return this.ownEvents ?? []
  }

  end(endTime: bigint, exit: Exit.Exit<unknown, unknown>): void {
    this.ended = { endTime, exit }
  }

  /**
   * Ends the span as `end` does, with the time in milliseconds. Only stores its arguments, because most spans
   * are never read.
   */
  endAt(millis: number, exit: Exit.Exit<unknown, unknown>): void {
    this.endedAt = millis
    this.endedWith = exit
  }

  /** Returns an attribute that was set on the span, without computing the other attributes. */
  own(key: string): unknown {
    return this.ownAttributes?.get(key)
  }

  attribute(key: string, value: unknown): void {
    const own = (this.ownAttributes ??= new Map())
    own.set(key, value)
  }

  event(name: string, startTime: bigint, attributes?: Record<string, unknown>): void {
    const events = (this.ownEvents ??= [])
    events.push([name, startTime, attributes ?? {}])
  }

  addLinks(links: ReadonlyArray<Tracer.SpanLink>): void {
    this.ownLinks = [...this.links, ...links]
  }

  private finished() {
    return this.endedWith === undefined ? undefined : { endTime: toNanos(this.endedAt), exit: this.endedWith }
  }

  private makeIds() {
    return (this.ids ??= {
      traceId: Option.match(this.parent, { onNone: () => randomHex(32), onSome: (parent) => parent.traceId }),
      spanId: randomHex(16)
    })
  }
}

// A span is created per exchange, so the constant members are on the prototype instead of in every object.
Object.assign(LazySpan.prototype, { _tag: "Span", sampled: true })
