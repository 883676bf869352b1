/**
 * A clock for simulations: a heap of deadlines, which time jumps to one by one.
 *
 * Time stands still until it is moved: by `Simulation.run`, or by a test through `advance` and `advanceTo`.
 * Equal deadlines expire in the order of their registration; interrupted waits leave the heap. It never reads
 * real time and never waits for it.
 *
 * Like a system it has two times: `now`, for all sleeps and limits, and the wall time, which {@link step}
 * sets back and forward.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import { pendingTurns, turn } from "@httpfx/core/PlatformTimers"
import * as Timers from "@httpfx/core/Timers"
import { Deadlines } from "./time/deadlines.js"
import { nextTurn } from "./time/turn.js"

/**
 * Default start of a virtual clock, in milliseconds since the epoch: 2000-01-01T00:00:00Z.
 *
 * @since 0.1.0
 * @category constants
 */
export const epoch = Date.UTC(2000, 0, 1)

/**
 * The start of a virtual clock.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** Milliseconds since the epoch at the start. Default {@link epoch}. */
  readonly start?: number | undefined
}

/**
 * A sleep or a timer that waits for the clock.
 *
 * @since 0.1.0
 * @category models
 */
export interface Wait {
  /** Milliseconds since the epoch; `Infinity` for an endless sleep. */
  readonly deadline: number
  /** The sleeping fiber; `undefined` for a timer, which is a callback. */
  readonly fiber: Fiber.RuntimeFiber<unknown, unknown> | undefined
}

/**
 * Effect's `Clock` and the toolkit's `Timers` over one heap, with methods that move it. None of its methods
 * waits.
 *
 * @since 0.1.0
 * @category models
 */
export interface Service extends Clock.Clock, Timers.TimedClock {
  /**
   * Milliseconds since the epoch, unaffected by changes of the wall time: sleeps and limits use it, and it
   * never goes back.
   */
  readonly now: number
  /** Milliseconds since the epoch, as dates show it: the value of Effect's `Clock.currentTimeMillis`. */
  readonly wallTime: number
  /**
   * Sets the wall time forward by so many milliseconds, or back if negative, as NTP or a restored machine
   * does. Wakes nothing: `now` and all deadlines stay.
   */
  readonly step: (millis: number) => void
  /** Number of waits. */
  readonly size: number
  /**
   * The next finite deadline, in milliseconds since the epoch; `undefined` if there is none.
   */
  readonly next: number | undefined
  /** All waits, in the order in which they will expire. */
  readonly waits: () => ReadonlyArray<Wait>
  /** Incremented whenever a wait begins or ends. */
  readonly changes: number
  /**
   * Moves to the next deadline and wakes its waits, but not those added meanwhile. Woken code runs later, in
   * tasks of its own. Returns `false`, without moving, if there is no next deadline.
   */
  readonly jump: () => boolean
  /**
   * Moves to a moment not before `now`, waking due waits, without running woken code in between.
   */
  readonly moveTo: (time: number) => void
}

/**
 * The virtual clock in use.
 *
 * @since 0.1.0
 * @category tags
 */
export class VirtualClock extends Context.Tag("@httpfx/testing/VirtualClock")<VirtualClock, Service>() {}

class Implementation implements Service {
  readonly [Clock.ClockTypeId]: Clock.ClockTypeId = Clock.ClockTypeId
  now: number
  changes = 0
  private ahead = 0
  private readonly deadlines = new Deadlines()

  constructor(start: number) {
    this.now = start
  }

  get wallTime(): number {
    return this.now + this.ahead
  }

  readonly step = (millis: number): void => {
    this.ahead += millis
  }

  get size(): number {
    return this.deadlines.size
  }

  get next(): number | undefined {
    const at = this.deadlines.first?.at
    return at === Infinity ? undefined : at
  }

  readonly waits = () =>
    this.deadlines.list().map(({ at, owner }) => ({ deadline: at, fiber: owner as Wait["fiber"] }))

  readonly jump = (): boolean => {
    const { next } = this
    if (next === undefined) return false
    this.moveTo(next)
    return true
  }

  readonly moveTo = (time: number): void => {
    this.now = Math.max(this.now, time)
    for (const { wake } of this.deadlines.due(this.now)) wake()
  }

  readonly [Timers.ClockTimers]: Timers.Timers = {
    now: () => this.now,
    wallTime: () => this.wallTime,
    at: (deadline, f) => this.wait(deadline, f),
    turn
  }

  unsafeCurrentTimeMillis(): number {
    return this.wallTime
  }

  unsafeCurrentTimeNanos(): bigint {
    const whole = Math.floor(this.now)
    return BigInt(whole) * 1_000_000n + BigInt(Math.round((this.now - whole) * 1_000_000))
  }

  readonly currentTimeMillis = Effect.sync(() => this.wallTime)
  readonly currentTimeNanos = Effect.sync(() => this.unsafeCurrentTimeNanos())

  scheduler(): Effect.Effect<Clock.ClockScheduler> {
    return Effect.succeed({
      unsafeSchedule: (task, duration) => {
        let done = false
        const cancel = this.wait(this.now + Duration.toMillis(duration), () => {
          done = true
          task()
        })
        return () => {
          cancel()
          return !done
        }
      }
    })
  }

  sleep(duration: Duration.Duration): Effect.Effect<void> {
    return Effect.withFiberRuntime((fiber) =>
      Effect.async((resume) => {
        const wake = () => resume(Effect.void)
        return Effect.sync(this.wait(this.now + Duration.toMillis(duration), wake, fiber))
        // Marks the wait as one of this program, not as I/O.
      }, fiber.id())
    )
  }

  private wait(deadline: number, wake: () => void, owner?: unknown): () => void {
    this.changes++
    const item = this.deadlines.add(Math.max(deadline, this.now), wake, owner)
    return () => {
      if (this.deadlines.remove(item)) this.changes++
    }
  }
}

/**
 * A new clock, not installed.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: Options = {}): Service => new Implementation(options.start ?? epoch)

/**
 * Whether a clock is a virtual clock.
 *
 * @since 0.1.0
 * @category guards
 */
export const isVirtualClock = (clock: Clock.Clock): clock is Service => "jump" in clock && "moveTo" in clock

/**
 * Makes the given clock the `Clock` of the effects below, and provides it.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerOf = (clock: Service): Layer.Layer<VirtualClock> =>
  Layer.merge(Layer.setClock(clock), Layer.succeed(VirtualClock, clock))

/**
 * A new clock as the `Clock` of the effects below; a test moves it with {@link advance}. It takes precedence
 * over a `TestClock`.
 *
 * @example
 * import { VirtualClock } from "@httpfx/testing"
 * import { Effect, Fiber } from "effect"
 *
 * const program = Effect.gen(function* () {
 *   const fiber = yield* Effect.fork(Effect.sleep("3 hours"))
 *   yield* VirtualClock.advance("3 hours")
 *   yield* Fiber.join(fiber)
 * }).pipe(Effect.provide(VirtualClock.layer()))
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options?: Options): Layer.Layer<VirtualClock> =>
  Layer.unwrapEffect(Effect.sync(() => layerOf(make(options))))

/**
 * Waits until everything that needs no time has happened: no fiber of Effect's default scheduler, microtask,
 * tick or message of a memory network is pending. I/O of the operating system is not covered.
 *
 * @since 0.1.0
 * @category time
 */
export const settle: Effect.Effect<void> = Effect.async((resume) => {
  // A message posted in the first turn arrives in the second; a connection may hold back for one turn.
  let left = 3
  const look = () => {
    left = pendingTurns() > 0 ? 3 : left - 1
    if (left > 0) nextTurn(look)
    else resume(Effect.void)
  }
  nextTurn(look)
})

/**
 * Moves time to a moment (ms since the epoch), from deadline to deadline, and lets fibers run after each. At
 * the end everything has come to rest.
 *
 * @since 0.1.0
 * @category time
 */
export const advanceTo = (time: number): Effect.Effect<void, never, VirtualClock> =>
  Effect.flatMap(VirtualClock, (clock) => {
    const due = () => clock.next !== undefined && clock.next <= time
    const step = Effect.zipRight(
      Effect.sync(() => clock.jump()),
      settle
    )
    return Effect.whileLoop({ while: due, body: () => step, step: () => {} }).pipe(
      Effect.zipRight(Effect.sync(() => clock.moveTo(time))),
      (moved) => Effect.zipRight(settle, moved)
    )
  })

/**
 * Moves time by a duration, as {@link advanceTo} does.
 *
 * @since 0.1.0
 * @category time
 */
export const advance = (by: Duration.DurationInput): Effect.Effect<void, never, VirtualClock> =>
  Effect.flatMap(VirtualClock, (clock) => advanceTo(clock.now + Duration.toMillis(by)))

/**
 * Sets the wall time forward by so many milliseconds, or back if negative; time itself stands still, and
 * nothing wakes.
 *
 * @example
 * import { VirtualClock } from "@httpfx/testing"
 * import { Clock, Effect } from "effect"
 *
 * const program = Effect.gen(function* () {
 *   yield* VirtualClock.step(-3_600_000)
 *   return yield* Clock.currentTimeMillis // an hour before VirtualClock.epoch
 * }).pipe(Effect.provide(VirtualClock.layer()))
 *
 * @since 0.1.0
 * @category time
 */
export const step = (millis: number): Effect.Effect<void, never, VirtualClock> =>
  Effect.map(VirtualClock, (clock) => clock.step(millis))

/**
 * Number of waits for the clock, and the next deadline: 0 and `undefined` if nothing was left behind.
 *
 * @since 0.1.0
 * @category accessors
 */
export const pending: Effect.Effect<
  { readonly size: number; readonly next: number | undefined },
  never,
  VirtualClock
> = Effect.map(VirtualClock, ({ next, size }) => ({ size, next }))
