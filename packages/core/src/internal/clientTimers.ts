/**
 * Timers that do not keep a process alive: idle connections do not, so the timer that ends them must not either.
 *
 * Follows the `Clock` like all timers; only where that is the platform's own does it differ from them.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as DefaultServices from "effect/DefaultServices"
import { fromClock, type Timers } from "../Timers.js"

// Node's and Bun's timers are objects that can be unref'ed, those of a browser are numbers.
const unref = (handle: unknown): void => {
  if (typeof handle === "object" && handle !== null && "unref" in handle) {
    ;(handle as { unref(): void }).unref()
  }
}

const maxDelay = 0x7fffffff

const background: Timers = {
  now: () => Date.now(),
  at(deadline, f) {
    const handle = setTimeout(f, Math.min(Math.max(deadline - Date.now(), 0), maxDelay))
    unref(handle)
    return () => clearTimeout(handle)
  }
}

export const backgroundTimers = (clock: Clock.Clock): Timers =>
  clock === Context.get(DefaultServices.liveServices, Clock.Clock) ? background : fromClock(clock)
