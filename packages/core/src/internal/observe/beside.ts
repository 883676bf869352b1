/**
 * Observers that are provided as layers next to a server.
 *
 * An observer stays active until its server is closed, and not only until its own layer closes. Layers close
 * in no fixed order, so an observer could otherwise miss exchanges that end while the server drains.
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"

/** Observes until the server is closed. */
export const untilClosed = (observe: Effect.Effect<void, never, Scope.Scope>): Effect.Effect<void> =>
  // This scope is never closed, because a closed server drops its observers.
  Effect.flatMap(Scope.make(), (scope) => Scope.extend(observe, scope))

/**
 * Makes the layer of an observer. The layer is fresh in each place where it is used. Otherwise Effect would
 * build it once for two servers, and the second server would have no observer.
 */
export const beside = <E, R>(observe: Effect.Effect<void, E, R>): Layer.Layer<never, E, R> =>
  Layer.fresh(Layer.effectDiscard(observe))
