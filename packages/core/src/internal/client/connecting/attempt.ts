/**
 * The making of a connection in a fiber of its own, so that what was made is never lost: an interruption that
 * comes when it is there leaves it to the observer of the fiber.
 */
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Runtime from "effect/Runtime"
import * as RuntimeFlags from "effect/RuntimeFlags"

// What an attempt ended with is told to its observer; the fiber's own end is nobody's to log.
const quietly = Effect.withUnhandledErrorLogLevel(Option.none())

/**
 * Runs an attempt. What waits in it says so by being `interruptible`; the rest is not, nor is the fiber's
 * end. The observer decides what becomes of a connection that comes too late.
 */
export const attempt = <A, E>(
  runtime: Runtime.Runtime<never>,
  effect: Effect.Effect<A, E>
): Fiber.RuntimeFiber<A, E> =>
  Runtime.runFork(Runtime.disableRuntimeFlag(runtime, RuntimeFlags.Interruption), quietly(effect))
