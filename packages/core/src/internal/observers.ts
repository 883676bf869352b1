/**
 * Who listens to a server's events. While nobody does, `active` is `false` and nothing else is ever asked.
 *
 * A listener that throws is reported, and takes nothing from the others.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Runtime from "effect/Runtime"
import type * as Scope from "effect/Scope"
import type { ServerEvent } from "../ServerEvent.js"

type Listener = (event: ServerEvent) => void

export class Observers {
  active = false
  private listeners: ReadonlyArray<Listener> = []

  observe(listener: Listener): Effect.Effect<void, never, Scope.Scope> {
    return Effect.flatMap(Effect.runtime<never>(), (runtime) => {
      // A function of its own per registration: one that is added twice leaves once.
      const own: Listener = (event) => {
        try {
          listener(event)
        } catch (defect) {
          const message = "a listener to a server's events has failed"
          Runtime.runFork(runtime, Effect.logError(message, Cause.die(defect)))
        }
      }
      return Effect.acquireRelease(
        Effect.sync(() => this.set([...this.listeners, own])),
        () => Effect.sync(() => this.set(this.listeners.filter((other) => other !== own)))
      )
    })
  }

  emit(event: ServerEvent): void {
    for (const listener of this.listeners) listener(event)
  }

  private set(listeners: ReadonlyArray<Listener>): void {
    this.listeners = listeners
    this.active = listeners.length > 0
  }
}
