/**
 * Observers that stand beside a server, as layers.
 *
 * Layers close in no fixed order: an observer that ended with the scope of its own layer would miss the
 * exchanges that end while the server drains.
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import type { Service } from "../server/make.js"
import type { ServerEvent } from "./serverEvent.js"

/** Calls `f` with each event of the server, until the server is closed. */
export const untilClosed = (server: Service, f: (event: ServerEvent) => void): Effect.Effect<void> =>
  // This scope is never closed, because the server drops its observers with itself.
  Effect.flatMap(Scope.make(), (scope) => Scope.extend(server.observe(f), scope))

/**
 * Makes the layer of an observer. Effect builds a layer once, even if it stands beside two servers, and the
 * second server would have no observer. So this layer is fresh wherever it stands.
 */
export const beside = <E, R>(observe: Effect.Effect<void, E, R>): Layer.Layer<never, E, R> =>
  Layer.fresh(Layer.effectDiscard(observe))
