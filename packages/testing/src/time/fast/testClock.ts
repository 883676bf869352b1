/**
 * Accesses internal state of Effect's `TestClock`: its sleeps, and the fibers that log its warnings.
 *
 * The public `setTime` waits for several real timers (about 10 ms) before it ends each sleep. A test with a
 * thousand deadlines would take ten seconds. If the internal state is missing, the public methods are used.
 */
import * as Chunk from "effect/Chunk"
import type * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as Ref from "effect/Ref"
import type * as TestClock from "effect/TestClock"

type Sleep = readonly [deadline: number, deferred: Deferred.Deferred<void>]

interface Data {
  readonly instant: number
  /** The sleeps. The newest is the first. */
  readonly sleeps: Chunk.Chunk<Sleep>
}

interface Warning {
  readonly _tag: string
  readonly fiber?: Fiber.RuntimeFiber<unknown, unknown>
}

interface Inside {
  readonly clockState: Ref.Ref<Data>
  readonly warningState: Ref.Ref<Warning>
  readonly suspendedWarningState: Ref.Ref<Warning>
  readonly warningDone: () => Effect.Effect<void>
}

export const isTestClock = (clock: Clock.Clock): clock is TestClock.TestClock =>
  "sleeps" in clock && "setTime" in clock

const parts = ["clockState", "warningState", "suspendedWarningState", "warningDone"]

const insideOf = (clock: Clock.Clock): Inside | undefined =>
  parts.every((part) => part in clock) ? (clock as unknown as Inside) : undefined

/**
 * Returns the fibers that will log a warning about this clock. Before the warning, these fibers sleep in real
 * time.
 */
export const warners = (clock: Clock.Clock): ReadonlyArray<Fiber.RuntimeFiber<unknown, unknown>> => {
  const inside = insideOf(clock)
  if (inside === undefined) return []
  return [inside.warningState, inside.suspendedWarningState].flatMap((state) => {
    const { fiber } = Effect.runSync(Ref.get(state))
    return fiber === undefined ? [] : [fiber]
  })
}

/** Cancels the warning that `TestClock` logs if a test does not advance the clock. */
export const silence = (clock: TestClock.TestClock): Effect.Effect<void> =>
  insideOf(clock)?.warningDone() ?? Effect.void

/**
 * Advances the clock and ends the sleeps that are due. Sleeps with earlier deadlines end first. The sleeping
 * fibers resume after the advance.
 */
export const moveTo = (clock: TestClock.TestClock, time: number): Effect.Effect<void> => {
  const inside = insideOf(clock)
  if (inside === undefined) return clock.setTime(time)
  return Effect.flatMap(
    Ref.modify(inside.clockState, ({ instant, sleeps }) => {
      const [later, due] = Chunk.partition(sleeps, ([deadline]) => deadline <= time)
      return [due, { instant: Math.max(instant, time), sleeps: later }]
    }),
    (due) =>
      Effect.forEach(
        [...Chunk.reverse(due)].sort(([a], [b]) => a - b),
        ([, deferred]) => Deferred.succeed(deferred, undefined),
        { discard: true }
      )
  )
}
