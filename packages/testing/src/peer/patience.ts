/**
 * How long a raw peer waits in silence, in real time whatever the test's clock.
 *
 * Counts in two halves: when the process was busy or suspended, the timer of the first is overdue, and what
 * arrived meanwhile is read before the second ends.
 */
import { clearTimeout, setTimeout } from "../time/realTime.js"

/**
 * Calls `giveUp` once `seen` has stayed the same for this long. Returns its cancellation. Infinity: never.
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
