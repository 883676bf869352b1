/**
 * Delivers an agent's events to observers and streams. Without listeners no event is created.
 *
 * A slow stream loses its oldest events and never blocks the agent. An observer loses no event.
 */
import type * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { EventSink } from "../../connection/client/watch.js"
import type { AgentEvent } from "../../connection/client/events.js"
import type { Timers } from "../../seams/timers.js"
import { Observers } from "./observers.js"

/** Maximum number of events buffered for each reader of the stream. */
const capacity = 16_384

export class EventHub implements EventSink {
  private readonly observers = new Observers<AgentEvent>("an agent")
  private ids = 0

  constructor(private readonly timers: Timers) {}

  get listening(): boolean {
    return this.observers.active
  }

  /** Returns the current time for measuring durations, in fractional milliseconds of the monotonic clock. */
  now(): number {
    return this.timers.now()
  }

  /** Returns the current time for `at` of events, in milliseconds since the epoch. */
  wallTime(): number {
    return this.timers.wallTime()
  }

  nextId(): number {
    return ++this.ids
  }

  publish(event: AgentEvent): void {
    this.observers.emit(event)
  }

  observe(listener: (event: AgentEvent) => void): Effect.Effect<void, never, Scope.Scope> {
    return this.observers.observe(listener)
  }

  get stream(): Stream.Stream<AgentEvent> {
    return Stream.asyncPush<AgentEvent>((emit) => this.observe((event) => emit.single(event)), {
      bufferSize: capacity,
      strategy: "sliding"
    })
  }
}
