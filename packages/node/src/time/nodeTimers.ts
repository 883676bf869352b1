/**
 * Node's own timers as core's `PlatformTimers`. The timers do not keep the process alive, and fake timers do
 * not affect them. All users compare times on the clock of this one object.
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
