/**
 * What is known of the inside of Effect's `TestClock`, which it does not publish: who warns that it is not moved, whether it is
 * being moved, and its sleeps.
 *
 * `setTime` waits for several turns of real timers before each sleep that it ends, some 10 ms; a test of a thousand deadlines would
 * take ten seconds. Where the inside is another, its public methods do the same, slower. test/Quiet.test.ts shows that it is this.
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
  /** The newest first. */
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

// Their fibers sleep in real time, and nothing but a line in a log comes of it.
const warningsOf = ({ suspendedWarningState, warningState }: Inside): Array<Warning> =>
  [warningState, suspendedWarningState].map((state) => Effect.runSync(Ref.get(state)))

/** Fibers that will warn of the clock. */
export const warners = (clock: Clock.Clock): ReadonlyArray<Fiber.RuntimeFiber<unknown, unknown>> => {
  const inside = insideOf(clock)
  if (inside === undefined) return []
  return warningsOf(inside).flatMap(({ fiber }) => (fiber === undefined ? [] : [fiber]))
}

/** Somebody waits for everyone to come to rest, to move the clock then: `adjust`, `setTime`. */
export const isBeingMoved = (clock: Clock.Clock): boolean => {
  const inside = insideOf(clock)
  return inside !== undefined && warningsOf(inside)[1]?.fiber !== undefined
}

/** It will not warn that nobody moves it. */
export const silence = (clock: TestClock.TestClock): Effect.Effect<void> =>
  insideOf(clock)?.warningDone() ?? Effect.void

/** Moves it and ends the sleeps that are due, the earliest first. Who slept goes on afterwards. */
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
