/**
 * Timers, ticks and clocks of Node, taken once, when the first of our modules is loaded: fake timers that are
 * installed later replace the globals, and Node's own sockets do not wait by those either. Everything here
 * that waits or measures takes them from this file.
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
  /** Milliseconds of a clock that nobody sets. */
  readonly monotonicNow: () => number
  /** The system's time, ms since 1970. */
  readonly wallNow: () => number
}

// Registered, so that a part of ours that is loaded after fakes were installed (or loaded again) has what the
// first one found.
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
