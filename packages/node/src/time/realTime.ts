/**
 * Node's timers, ticks and clocks, captured when the first of our modules is loaded. Fake timers installed
 * later replace only the globals; Node's own sockets ignore them too. All our modules wait and measure by
 * these.
 */
import { performance } from "node:perf_hooks"
import { nextTick as tick } from "node:process"
import * as timers from "node:timers"

interface RealTime {
  readonly setTimeout: typeof timers.setTimeout
  readonly clearTimeout: typeof timers.clearTimeout
  readonly setImmediate: typeof timers.setImmediate
  readonly queueMicrotask: typeof globalThis.queueMicrotask
  readonly nextTick: typeof process.nextTick
  /** Milliseconds of the monotonic clock. */
  readonly monotonicNow: () => number
  /** The system time, ms since 1970. */
  readonly wallNow: () => number
}

// Registered globally, so that modules of ours loaded later, or twice, get the functions captured first.
const key = Symbol.for("@httpfx/node/realTime")
const host = globalThis as { [key]?: RealTime }

const take = (): RealTime => {
  const taken: RealTime = {
    setTimeout: timers.setTimeout,
    clearTimeout: timers.clearTimeout,
    setImmediate: timers.setImmediate,
    queueMicrotask: globalThis.queueMicrotask,
    nextTick: tick,
    monotonicNow: performance.now.bind(performance),
    wallNow: Date.now
  }
  Object.defineProperty(host, key, { value: taken })
  return taken
}

export const { clearTimeout, monotonicNow, nextTick, queueMicrotask, setImmediate, setTimeout, wallNow } =
  host[key] ?? take()
