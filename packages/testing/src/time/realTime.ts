/**
 * Timers and clocks of the platform, captured when this module is first loaded. Fake timers that a test
 * installs later therefore do not affect the network in memory. Never used for time on Effect's clock.
 */
interface RealTime {
  readonly setTimeout: typeof globalThis.setTimeout
  readonly clearTimeout: typeof globalThis.clearTimeout
  readonly queueMicrotask: typeof globalThis.queueMicrotask
  /** Returns the time of a monotonic clock, in milliseconds. */
  readonly monotonicNow: () => number
}

// The symbol is registered (`Symbol.for`), so that all copies of this module share the captured functions.
const key = Symbol.for("@httpfx/testing/realTime")
const host = globalThis as { [key]?: RealTime }

const take = (): RealTime => {
  const { clearTimeout, performance, queueMicrotask, setTimeout } = globalThis
  const taken: RealTime = {
    setTimeout,
    clearTimeout,
    queueMicrotask,
    monotonicNow: performance.now.bind(performance)
  }
  Object.defineProperty(host, key, { value: taken })
  return taken
}

export const { clearTimeout, monotonicNow, queueMicrotask, setTimeout } = host[key] ?? take()
