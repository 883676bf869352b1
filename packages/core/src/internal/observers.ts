/**
 * Who listens to a server's events. While nobody does, `active` is `false` and nothing else is ever asked.
 *
 * A listener that throws is reported, and takes nothing from the others.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { ServerEvent } from "../ServerEvent.js"

type Listener = (event: ServerEvent) => void

export class Observers {
  active = false
  private listeners: ReadonlyArray<Listener> = []

  observe(listener: Listener): Effect.Effect<void, never, Scope.Scope> {
    // A function of its own per registration: one that is added twice leaves once.
    const own: Listener = (event) => listener(event)
    return Effect.acquireRelease(
      Effect.sync(() => this.set([...this.listeners, own])),
      () => Effect.sync(() => this.set(this.listeners.filter((other) => other !== own)))
    )
  }

  emit(event: ServerEvent): void {
    for (const listener of this.listeners) {
      try {
        listener(event)
      } catch (defect) {
        Effect.runFork(Effect.logError("a listener to a server's events has failed", Cause.die(defect)))
      }
    }
  }

  private set(listeners: ReadonlyArray<Listener>): void {
    this.listeners = listeners
    this.active = listeners.length > 0
  }
}
