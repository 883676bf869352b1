/**
 * One interface for a `TestClock` and a `VirtualClock`. It lists the deadlines of the clock and advances the
 * clock.
 */
import * as Chunk from "effect/Chunk"
import type * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type * as TestClock from "effect/TestClock"
import { isVirtualClock } from "../VirtualClock.js"
import type { PictureWait } from "../assert/picture.js"
import { isTestClock, moveTo, silence } from "./fast/testClock.js"

export interface Movable {
  readonly now: () => number
  /** The waits. Earlier deadlines come first. */
  readonly waits: Effect.Effect<
    ReadonlyArray<{ readonly deadline: number; readonly fiber: PictureWait["fiber"] }>
  >
  readonly moveTo: (time: number) => Effect.Effect<void>
  /** Silences the warning of a `TestClock`. Run this effect before the first advance. */
  readonly begin: Effect.Effect<void>
}

// A TestClock does not record which fibers sleep. It keeps the deadlines of interrupted sleeps until they
// have passed.
const overTestClock = (clock: TestClock.TestClock): Movable => ({
  now: () => clock.unsafeCurrentTimeMillis(),
  waits: Effect.map(clock.sleeps, (deadlines) =>
    Chunk.toReadonlyArray(deadlines)
      .filter((deadline) => deadline > clock.unsafeCurrentTimeMillis())
      .sort((a, b) => a - b)
      .map((deadline) => ({ deadline, fiber: undefined }))
  ),
  moveTo: (time) => moveTo(clock, time),
  begin: silence(clock)
})

/**
 * Returns the interface to a clock. Returns `undefined` if the clock is neither a `TestClock` nor a
 * `VirtualClock`.
 */
export const movable = (clock: Clock.Clock): Movable | undefined => {
  if (isVirtualClock(clock)) {
    return {
      now: () => clock.now,
      waits: Effect.sync(clock.waits),
      moveTo: (time) => Effect.sync(() => clock.moveTo(time)),
      begin: Effect.void
    }
  }
  return isTestClock(clock) ? overTestClock(clock) : undefined
}
