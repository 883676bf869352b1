/**
 * Runs the shutdown of a server: first the lame-duck phase and the drain, then the phases of
 * `connection/server/shutdown.ts`. Uses the clock of the fiber that runs the shutdown.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as SubscriptionRef from "effect/SubscriptionRef"
import type { Listener } from "../network.js"
import type { Options } from "../options/shutdown.js"
import type { State } from "../../model/serverState.js"
import * as Timers from "../timers.js"
import { formatAddress } from "../../model/address.js"
import type { ServerLife } from "../../connection/server/life.js"
import { phasesOf, type Phase } from "../../connection/server/shutdown.js"
import type { Closing } from "../closing.js"

export interface Shutdown {
  readonly states: SubscriptionRef.SubscriptionRef<State>
  readonly enter: (state: State) => Effect.Effect<void>
  /**
   * Runs the shutdown only once, even if several callers run this effect. Interrupting a caller ends only the
   * wait of this caller.
   */
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
    const deadline = Duration.toMillis(options.gracefulShutdownTimeout ?? "20 seconds")
    const grace = Duration.toMillis(options.idleConnectionGrace ?? "500 millis")

    const enter = (state: State) =>
      Effect.suspend(() => {
        if (life.state !== state) life.enter(state)
        return SubscriptionRef.set(states, state)
      })

    const address = formatAddress(listener.address)
    const nameOf = (limit: string, time: Duration.DurationInput) =>
      `server ${address}: ${limit} (${Duration.format(time)})`

    const run = Effect.gen(function* () {
      const timers = yield* Timers.timers
      /**
       * Waits until the server is empty or the phase has expired. Returns whether the server became empty.
       */
      const emptiedWithin = ({ limit, loses, time }: Phase) =>
        closing.wait(timers, time, { name: nameOf(limit, time), loses }, life.whenEmptied)
      if (!Duration.isZero(lameDuck) && life.state !== "starting") {
        yield* enter("lameDuck")
        const name = nameOf("lameDuckPeriod", lameDuck)
        yield* closing.wait(timers, Duration.toMillis(lameDuck), { name }, () => () => {})
      }
      yield* listener.close
      life.drain()
      yield* enter("draining")
      let emptied = false
      for (const phase of phasesOf(life, grace, deadline)) {
        phase.begin()
        emptied = yield* emptiedWithin(phase)
        if (emptied) break
      }
      if (!emptied) life.endAll()
      yield* enter("closed")
    })
    const once = yield* Effect.cached(Effect.forkDaemon(Effect.uninterruptible(run)))
    return { states, enter, run: Effect.flatMap(Effect.uninterruptible(once), Fiber.join) }
  })
