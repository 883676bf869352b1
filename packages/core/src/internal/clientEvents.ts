/**
 * Who listens to an agent's events. While nobody does, no event is made.
 *
 * A listener that is slow loses the oldest events, and never holds the agent up.
 */
import type * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { Event } from "../Agent.js"

/** Events that wait for one listener. */
const capacity = 16_384

export class EventHub {
  private readonly listeners = new Set<Queue.Queue<Event>>()
  private ids = 0

  constructor(private readonly clock: Clock.Clock) {}

  get listening(): boolean {
    return this.listeners.size > 0
  }

  /** Milliseconds, with fractions. */
  now(): number {
    return Number(this.clock.unsafeCurrentTimeNanos()) / 1e6
  }

  nextId(): number {
    return ++this.ids
  }

  publish(event: Event): void {
    for (const listener of this.listeners) listener.unsafeOffer(event)
  }

  /** Listens from when it is run on. */
  private readonly listen: Effect.Effect<Queue.Queue<Event>, never, Scope.Scope> = Effect.acquireRelease(
    Effect.tap(Queue.sliding<Event>(capacity), (queue) => Effect.sync(() => this.listeners.add(queue))),
    (queue) =>
      Effect.zipRight(
        Effect.sync(() => this.listeners.delete(queue)),
        Queue.shutdown(queue)
      )
  )

  get stream(): Stream.Stream<Event> {
    return Stream.unwrapScoped(Effect.map(this.listen, (queue) => Stream.fromQueue(queue)))
  }
}
