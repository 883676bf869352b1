/**
 * Deadlines that bound the closing of a scope: a server's shutdown, an agent's close.
 *
 * Under a virtual clock that nobody advances they would never expire, so the network is told of them and may
 * expire them early (`Network.Service.closing`). Without that hook, on a network with real peers, real time
 * bounds them too.
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
   * Waits until `done` is called (`true`) or the deadline expires (`false`). `begin` returns its own
   * clean-up.
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
        // A fiber id marks this as a wait for a fiber, so that a virtual clock does not take it for I/O.
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
    // Real time needs no help, and an infinite deadline never expires.
    if (timers === live || timers === background || deadline === Infinity) return undefined
    const { network } = this
    if (network.closing !== undefined) return network.closing({ timers, deadline, name, loses, expire })
    return live.at(live.now() + deadline - timers.now(), expire)
  }
}

const nothing = () => undefined
