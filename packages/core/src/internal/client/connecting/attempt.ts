/**
 * Opens a connection in its own fiber, so that an interruption that races with success cannot leak it: the
 * fiber's observer takes it.
 */
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Runtime from "effect/Runtime"
import * as RuntimeFlags from "effect/RuntimeFlags"

// The observer handles the exit, so do not log it as unhandled.
const quietly = Effect.withUnhandledErrorLogLevel(Option.none())

/**
 * Runs an attempt uninterruptibly, except for the parts marked `interruptible`. The observer decides about a
 * connection that succeeds too late.
 */
export const attempt = <A, E>(
  runtime: Runtime.Runtime<never>,
  effect: Effect.Effect<A, E>
): Fiber.RuntimeFiber<A, E> =>
  Runtime.runFork(Runtime.disableRuntimeFlag(runtime, RuntimeFlags.Interruption), quietly(effect))
