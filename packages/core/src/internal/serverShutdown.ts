/**
 * The shutdown of a server, phase after phase, on the clock of the fiber that runs it.
 *
 * Always ends: every phase has a limit, which expires early under a clock that nobody moves (closing.ts). docs/shutdown.md shows
 * the timeline.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as SubscriptionRef from "effect/SubscriptionRef"
import type { Listener } from "../Network.js"
import type { Options, State } from "../Shutdown.js"
import * as Timers from "../Timers.js"
import { formatAddress } from "../Transport.js"
import type { ServerLife } from "../connection/server/life.js"
import type { Closing } from "./closing.js"

export interface Shutdown {
  readonly states: SubscriptionRef.SubscriptionRef<State>
  readonly enter: (state: State) => Effect.Effect<void>
  /** Runs once, however often it is asked for; whoever is interrupted only waits no longer. */
  readonly run: Effect.Effect<void>
}

export const make = (
  life: ServerLife,
  closing: Closing,
  listener: Listener,
  options: Options
): Effect.Effect<Shutdown> =>
  Effect.gen(function* () {
    const states = yield* SubscriptionRef.make<State>(life.state)
    const lameDuck = Duration.decode(options.lameDuckPeriod ?? 0)
    const deadline = Duration.decode(options.gracefulShutdownTimeout ?? Duration.seconds(20))
    const grace = Duration.min(Duration.decode(options.idleConnectionGrace ?? Duration.millis(500)), deadline)

    const enter = (state: State) =>
      Effect.suspend(() => {
        if (life.state !== state) life.enter(state)
        return SubscriptionRef.set(states, state)
      })

    const address = formatAddress(listener.address)

    const run = Effect.gen(function* () {
      const timers = yield* Timers.timers
      /** Whether all was over before the time was. */
      const emptiedWithin = (time: Duration.Duration, limit: string, loses?: () => string | undefined) => {
        const name = `server ${address}: ${limit} (${Duration.format(time)})`
        return closing.wait(timers, Duration.toMillis(time), { name, loses }, life.whenEmptied)
      }
      if (!Duration.isZero(lameDuck) && life.state !== "starting") {
        yield* enter("lameDuck")
        const name = `server ${address}: lameDuckPeriod (${Duration.format(lameDuck)})`
        yield* closing.wait(timers, Duration.toMillis(lameDuck), { name }, () => () => {})
      }
      yield* listener.close
      life.drain()
      yield* enter("draining")
      // Without a grace there is no wait either.
      if (Duration.isZero(grace) || !(yield* emptiedWithin(grace, "idleConnectionGrace"))) {
        life.endIdle()
        const rest = Duration.subtract(deadline, grace)
        if (!(yield* emptiedWithin(rest, "gracefulShutdownTimeout", life.lostByInterrupting))) {
          life.interruptAll()
          // Bounded as well: a handler that refuses interruption may not end.
          const limit = "gracefulShutdownTimeout once more"
          if (!(yield* emptiedWithin(deadline, limit, life.lostByEnding))) life.endAll()
        }
      }
      yield* enter("closed")
    })
    const once = yield* Effect.cached(Effect.forkDaemon(Effect.uninterruptible(run)))
    return { states, enter, run: Effect.flatMap(Effect.uninterruptible(once), Fiber.join) }
  })
