/**
 * Timers and clocks of the platform, taken once, when the first of our modules is loaded: fake timers that
 * are installed later do not reach the network in memory. What goes by Effect's clock does not come here.
 */
interface RealTime {
  readonly setTimeout: typeof globalThis.setTimeout
  readonly clearTimeout: typeof globalThis.clearTimeout
  readonly queueMicrotask: typeof globalThis.queueMicrotask
  /** Milliseconds of a clock that nobody sets. */
  readonly monotonicNow: () => number
}

// Registered, so that a part of ours that is loaded later (or again) has what the first one found.
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
