/**
 * Measures calls. A call is one request of the user, with all attempts and waits that the features of the
 * client add (retries, redirects, rate limits). `timeouts.total` limits a whole call.
 *
 * Never ends a call: each attempt fails by its own limits, and a feature asks how much time is left.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as FiberRef from "effect/FiberRef"
import { globalValue } from "effect/GlobalValue"
import { unlimited, type TimeLimits } from "../../connection/client/limits.js"
import type { Timeouts } from "../options/request.js"
import * as Timers from "../timers.js"

interface Call {
  readonly timers: Timers.Timers
  readonly began: number
  /**
   * The limit of the call, ms. If the caller has set no limit, `total` is `undefined` until the first attempt
   * reports the client's default.
   */
  total: number | undefined
}

const currentCall: FiberRef.FiberRef<Call | undefined> = globalValue("@httpfx/core/Client/currentCall", () =>
  FiberRef.unsafeMake<Call | undefined>(undefined)
)

type AnyFiber = Pick<Fiber.RuntimeFiber<unknown, unknown>, "getFiberRef">

const totalOf = (timeouts: Timeouts | undefined): number | undefined =>
  timeouts?.total === undefined ? undefined : Duration.toMillis(timeouts.total)

/**
 * Runs the attempts and waits of a feature as one call. Inside another feature's call, they become part of
 * that call.
 */
export const asCall = <A, E, R>(
  fiber: AnyFiber,
  timeouts: Timeouts | undefined,
  attempts: Effect.Effect<A, E, R>
): Effect.Effect<A, E, R> =>
  fiber.getFiberRef(currentCall) !== undefined
    ? attempts
    : Effect.flatMap(Timers.timers, (timers) =>
        Effect.locally(attempts, currentCall, { timers, began: timers.now(), total: totalOf(timeouts) })
      )

/**
 * Runs an effect of the user outside the current call, so that every request of the effect is a separate
 * call.
 */
export const outsideCall = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.locally(effect, currentCall, undefined)

const left = ({ began, timers, total = Infinity }: Call): number => began + total - timers.now()

/**
 * Returns the limit of the current call and the time that is left, ms. Both are `Infinity` without a limit.
 */
export const timeLeft: Effect.Effect<{ readonly total: number; readonly left: number }> = Effect.map(
  FiberRef.get(currentCall),
  (call) => ({ total: call?.total ?? Infinity, left: call === undefined ? Infinity : left(call) })
)

/** The limits of an attempt. `spent` is the time that its call had used before the attempt, ms. */
export interface AttemptLimits {
  readonly limits: TimeLimits | undefined
  readonly spent: number
}

/**
 * Returns the limits of an attempt. `own` contains the timeouts of the request, and `limits` also contains
 * the defaults of the client. If less time is left in the call, the call's limit replaces `total`.
 */
export const limitsOfAttempt = (
  fiber: AnyFiber,
  own: Timeouts | undefined,
  limits: TimeLimits | undefined
): AttemptLimits => {
  const call = fiber.getFiberRef(currentCall)
  if (call === undefined) return { limits, spent: 0 }
  const total = limits?.total ?? Infinity
  if (call.total === undefined && own?.total === undefined) call.total = total
  const rest = left(call)
  return call.total === undefined || rest >= total
    ? { limits, spent: 0 }
    : { limits: { ...(limits ?? unlimited), total: call.total }, spent: call.total - rest }
}
