/**
 * Node's timers, ticks and clocks, captured when the first of our modules is loaded. All our modules use the
 * captured functions. Fake timers that a program installs later therefore do not affect our modules, just as
 * they do not affect Node's own sockets.
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
  /** Returns the time of the monotonic clock, ms. */
  readonly monotonicNow: () => number
  /** Returns the system time, ms since 1970. */
  readonly wallNow: () => number
}

// The symbol is registered (`Symbol.for`), because every copy of this module must use the functions of the
// first copy.
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
