/**
 * Node's own timers, which do not keep the process alive and which fakes do not move: one clock for whoever
 * compares readings of it.
 */
import { make } from "@httpfx/core/PlatformTimers"
import { clearTimeout, monotonicNow, setImmediate, setTimeout, wallNow } from "./realTime.js"

export const nodeTimers = make(
  {
    setTimeout,
    clearTimeout: (handle) => clearTimeout(handle as NodeJS.Timeout),
    setImmediate,
    monotonicNow,
    wallNow
  },
  false
)
