/**
 * Node's timers as core's `PlatformTimers`. They do not keep the process alive, and fake timers do not affect
 * them. All users share this one object, so their times come from the same clock.
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
