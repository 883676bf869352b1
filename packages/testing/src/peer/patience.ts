/**
 * Limits how long a raw peer waits without receiving a byte. The limit is in real time, even under a test
 * clock.
 *
 * Two timers, one after the other, measure the limit. If the process was busy or suspended, the first timer
 * expires late. Bytes that arrived meanwhile are then read before the second timer expires.
 */
import { clearTimeout, setTimeout } from "../time/realTime.js"

/**
 * Calls `giveUp` when the result of `seen` has not changed for this many milliseconds. With `Infinity`,
 * `giveUp` is never called. Returns a function that cancels the wait.
 */
export const afterSilence = (millis: number, seen: () => number, giveUp: () => void): (() => void) => {
  if (!Number.isFinite(millis)) return () => {}
  let before = seen()
  let halves = 0
  let timer: ReturnType<typeof setTimeout>
  const pass = () => {
    const now = seen()
    halves = now === before ? halves + 1 : 0
    before = now
    if (halves === 2) giveUp()
    else timer = setTimeout(pass, millis / 2)
  }
  timer = setTimeout(pass, millis / 2)
  return () => clearTimeout(timer)
}
