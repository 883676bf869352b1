/**
 * Node's own timers, unreferenced and unaffected by fake timers, with the one clock against which their users
 * compare times.
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
