/**
 * A clock for simulations, whose time jumps from one deadline to the next.
 *
 * Time advances only when `Simulation.run` or a test advances it (`advance`, `advanceTo`). Equal deadlines
 * expire in the order of their registration, and an interrupted wait is removed. The clock never reads real
 * time and never waits for real time.
 *
 * Like an operating system, the clock has two times. All sleeps and timeouts use `now`, the monotonic time.
 * The wall time is separate, and {@link step} can set it forward or back.
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
 * Options of a virtual clock.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** Time at the start, in milliseconds since the epoch. Default {@link epoch}. */
  readonly start?: number | undefined
}

/**
 * A sleep or a timer that waits for the clock.
 *
 * @since 0.1.0
 * @category models
 */
export interface Wait {
  /** Time at which the wait ends, in milliseconds since the epoch. `Infinity` for an endless sleep. */
  readonly deadline: number
  /** The sleeping fiber. `undefined` for a timer, which calls a callback. */
  readonly fiber: Fiber.RuntimeFiber<unknown, unknown> | undefined
}

/**
 * Effect's `Clock` and core's `Timers`, with the same time and the same deadlines, and methods that advance
 * the time. These methods return without waiting.
 *
 * @since 0.1.0
 * @category models
 */
export interface Service extends Clock.Clock, Timers.TimedClock {
  /**
   * The monotonic time that sleeps and timeouts use, in milliseconds since the epoch. `step` does not change
   * this time.
   */
  readonly now: number
  /** The wall time in milliseconds since the epoch, which Effect's `Clock.currentTimeMillis` returns. */
  readonly wallTime: number
  /**
   * Sets the wall time forward by this many milliseconds. A negative value sets it back. (An NTP correction
   * or the resume of a virtual machine has the same effect.) Wakes no wait, because `now` and all deadlines
   * stay the same.
   */
  readonly step: (millis: number) => void
  /** Number of sleeps and timers that wait for the clock. */
  readonly size: number
  /**
   * The next finite deadline, in milliseconds since the epoch. `undefined` if all deadlines are infinite, or
   * if nothing waits.
   */
  readonly next: number | undefined
  /** Returns all waits, in the order in which they will expire. */
  readonly waits: () => ReadonlyArray<Wait>
  /** A counter that is incremented whenever a wait begins or ends. */
  readonly changes: number
  /**
   * Advances the time to the next deadline and wakes the waits that are due. Waits that are added meanwhile
   * keep waiting. Woken fibers run later, in the tasks of their scheduler. Returns `false` and changes
   * nothing if no deadline is left.
   */
  readonly jump: () => boolean
  /**
   * Advances the time to the given time, but never back. Wakes all waits that are due by then. Woken fibers
   * do not run between two deadlines.
   */
  readonly moveTo: (time: number) => void
}

/**
 * The tag of the virtual clock in use.
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
        // The fiber id (`blockingOn`) marks the sleep as a wait within the program. Without it, `fibersNow`
        // would count the sleep as a wait for I/O.
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
 * Creates a clock without installing it.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: Options = {}): Service => new Implementation(options.start ?? epoch)

/**
 * Returns whether a clock is a virtual clock.
 *
 * @since 0.1.0
 * @category guards
 */
export const isVirtualClock = (clock: Clock.Clock): clock is Service => "jump" in clock && "moveTo" in clock

/**
 * Installs the given clock as the `Clock` of all effects that use this layer. Also provides the clock as
 * `VirtualClock`.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerOf = (clock: Service): Layer.Layer<VirtualClock> =>
  Layer.merge(Layer.setClock(clock), Layer.succeed(VirtualClock, clock))

/**
 * Installs a new clock as the `Clock` of all effects that use this layer. A test advances the clock with
 * {@link advance}. The new clock has precedence over a `TestClock`.
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
 * Waits until all work that needs no time is done. No fiber of Effect's default scheduler, no microtask, no
 * tick and no message of a memory network is pending then. Does not wait for I/O of the operating system.
 *
 * @since 0.1.0
 * @category time
 */
export const settle: Effect.Effect<void> = Effect.async((resume) => {
  // Wait for three quiet turns. A message that is posted in the first turn arrives in the second, and a
  // connection may defer its work by another turn.
  let left = 3
  const look = () => {
    left = pendingTurns() > 0 ? 3 : left - 1
    if (left > 0) nextTurn(look)
    else resume(Effect.void)
  }
  nextTurn(look)
})

/**
 * Advances time to the given time (in milliseconds since the epoch). Stops at each deadline on the way, and
 * lets fibers run. When this effect completes, no fiber or message is pending.
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
 * Advances time by a duration, as {@link advanceTo} does.
 *
 * @since 0.1.0
 * @category time
 */
export const advance = (by: Duration.DurationInput): Effect.Effect<void, never, VirtualClock> =>
  Effect.flatMap(VirtualClock, (clock) => advanceTo(clock.now + Duration.toMillis(by)))

/**
 * Sets the wall time forward by this many milliseconds. A negative value sets it back. The time of sleeps and
 * timeouts does not change, so no wait ends.
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
 * The number of waits for the clock, and the next deadline. If nothing waits, the values are 0 and
 * `undefined`.
 *
 * @since 0.1.0
 * @category accessors
 */
export const pending: Effect.Effect<
  { readonly size: number; readonly next: number | undefined },
  never,
  VirtualClock
> = Effect.map(VirtualClock, ({ next, size }) => ({ size, next }))
