/**
 * Deadlines that limit the closing of a scope, for a server's shutdown and an agent's close.
 *
 * Under a virtual clock that is not advanced during the close, these deadlines would never expire. So each
 * deadline is registered with the network, which may expire the deadline early (`Network.Service.closing`).
 * Networks with real peers have no `closing`. On such a network, a deadline of a virtual clock also expires
 * after the same span of real time.
 */
import * as Effect from "effect/Effect"
import type * as Network from "./network.js"
import { background, live } from "./platformTimers.js"
import type { Bound, Closings } from "../seams/closings.js"
import type { Timers } from "../seams/timers.js"

export class Closing implements Closings {
  constructor(private readonly network: Network.Service) {}

  at(timers: Timers, deadline: number, { loses, name }: Bound, f: (forced: boolean) => void): () => void {
    const expire = (forced: boolean) => {
      cancel()
      f(forced)
    }
    const stop = timers.at(deadline, () => expire(false))
    const forget = this.whenStuck(timers, deadline, name, loses ?? nothing, () => expire(true))
    const cancel = () => {
      stop()
      forget?.()
    }
    return cancel
  }

  /**
   * Waits for the work that `begin` starts. Yields `true` when the work calls `done`, and `false` when the
   * deadline expires. `begin` returns the clean-up of the work.
   */
  wait(
    timers: Timers,
    millis: number,
    bound: Bound,
    begin: (done: () => void) => () => void
  ): Effect.Effect<boolean> {
    return Effect.withFiberRuntime((fiber) =>
      Effect.async<boolean>((resume) => {
        const cancel = this.at(timers, timers.now() + millis, bound, () => {
          forget()
          resume(Effect.succeed(false))
        })
        const forget = begin(() => {
          cancel()
          resume(Effect.succeed(true))
        })
        return Effect.sync(() => {
          cancel()
          forget()
        })
        // The fiber id marks the wait as a wait for a fiber. Without the id, a virtual clock treats the wait
        // as pending I/O.
      }, fiber.id())
    )
  }

  private whenStuck(
    timers: Timers,
    deadline: number,
    name: string,
    loses: () => string | undefined,
    expire: () => void
  ): (() => void) | undefined {
    // Deadlines in real time expire by themselves, and infinite deadlines must never expire. Neither needs
    // early expiry.
    if (timers === live || timers === background || deadline === Infinity) return undefined
    const { network } = this
    if (network.closing !== undefined) return network.closing({ timers, deadline, name, loses, expire })
    return live.at(live.now() + deadline - timers.now(), expire)
  }
}

const nothing = () => undefined
