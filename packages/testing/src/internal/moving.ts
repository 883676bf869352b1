/**
 * Whether a test clock is being moved from deadline to deadline right now, by `Quiet` or `VirtualClock.advance`.
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
