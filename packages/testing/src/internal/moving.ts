/**
 * Whether somebody is moving a clock of a test just now, from deadline to deadline, letting everyone come to rest in between.
 */
import * as Effect from "effect/Effect"

let movers = 0

export const isMoving = (): boolean => movers > 0

export const moving = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.acquireUseRelease(
    Effect.sync(() => movers++),
    () => effect,
    () => Effect.sync(() => movers--)
  )
