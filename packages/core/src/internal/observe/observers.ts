/**
 * The event listeners of a server or an agent. Without listeners `active` is `false`, and the server or agent
 * creates no events.
 *
 * An exception of a listener is logged and never affects the other listeners.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Runtime from "effect/Runtime"
import type * as Scope from "effect/Scope"

type Listener<E> = (event: E) => void

export class Observers<E> {
  active = false
  private listeners: ReadonlyArray<Listener<E>> = []

  /** `whose` is the name of the observed object, used in the log line about a listener that throws. */
  constructor(private readonly whose: string) {}

  observe(listener: Listener<E>): Effect.Effect<void, never, Scope.Scope> {
    return Effect.flatMap(Effect.runtime<never>(), (runtime) => {
      // Wrap the listener in a new function per registration. If a listener is registered twice, removing one
      // registration then keeps the other.
      const own: Listener<E> = (event) => {
        try {
          listener(event)
        } catch (defect) {
          const message = `a listener for ${this.whose}'s events failed`
          Runtime.runFork(runtime, Effect.logError(message, Cause.die(defect)))
        }
      }
      return Effect.acquireRelease(
        Effect.sync(() => this.set([...this.listeners, own])),
        () => Effect.sync(() => this.set(this.listeners.filter((other) => other !== own)))
      )
    })
  }

  emit(event: E): void {
    for (const listener of this.listeners) listener(event)
  }

  private set(listeners: ReadonlyArray<Listener<E>>): void {
    this.listeners = listeners
    this.active = listeners.length > 0
  }
}
