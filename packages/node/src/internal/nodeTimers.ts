/** Node's timers as `Timers`: of a clock that nobody sets, and without keeping the process alive. */
import type { Timers } from "@httpfx/core/Timers"

export const nodeTimers: Timers = {
  now: () => performance.now(),
  at(deadline, f) {
    const handle = setTimeout(f, Math.max(deadline - performance.now(), 0)).unref()
    return () => clearTimeout(handle)
  }
}
