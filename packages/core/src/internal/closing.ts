/**
 * Deadlines that bound the end of a scope: of a server's shutdown, of an agent's close.
 *
 * A clock that stands still would never bring them, so the network is told as well: one that knows when nothing else can
 * happen lets them pass then. On other networks, which have real peers, a clock by hand is bounded by real time.
 */
import * as Effect from "effect/Effect"
import type { NetworkService } from "../Network.js"
import { background, live } from "../PlatformTimers.js"
import type { Timers } from "../Timers.js"

export interface Bound {
  /** What is waited for, and how long: for people. */
  readonly name: string
  /** What is lost when the deadline passes; `undefined`: nothing. */
  readonly loses?: (() => string | undefined) | undefined
}

export class Closing {
  constructor(private readonly network: NetworkService) {}

  /**
   * Calls `f` at the deadline (ms, of these timers), or before it if nothing else can happen. The result cancels. `forced`: the
   * clock has not reached the deadline.
   */
  at(timers: Timers, deadline: number, { loses, name }: Bound, f: (forced: boolean) => void): () => void {
    const pass = (forced: boolean) => {
      cancel()
      f(forced)
    }
    const stop = timers.at(deadline, () => pass(false))
    const forget = this.whenStuck(timers, deadline, name, loses ?? nothing, () => pass(true))
    const cancel = () => {
      stop()
      forget?.()
    }
    return cancel
  }

  /** Waits for the deadline, or until `done` is called: tells whether it was. `begin` gives the way to forget it. */
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
        // It waits for what this program does, not for the outside.
      }, fiber.id())
    )
  }

  private whenStuck(
    timers: Timers,
    deadline: number,
    name: string,
    loses: () => string | undefined,
    pass: () => void
  ): (() => void) | undefined {
    // Their time passes by itself; and a deadline that is never is none.
    if (timers === live || timers === background || deadline === Infinity) return undefined
    const { network } = this
    if (network.closing !== undefined) return network.closing({ timers, deadline, name, loses, pass })
    return live.at(live.now() + deadline - timers.now(), pass)
  }
}

const nothing = () => undefined
