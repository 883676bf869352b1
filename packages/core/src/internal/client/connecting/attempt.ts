/**
 * Opens a connection in its own fiber. If an interruption races with success, the fiber's observer still gets
 * the connection, so that the connection cannot leak.
 */
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Runtime from "effect/Runtime"
import * as RuntimeFlags from "effect/RuntimeFlags"

// The observer handles a failure, so prevent Effect from logging it as unhandled.
const quietly = Effect.withUnhandledErrorLogLevel(Option.none())

/**
 * Runs an attempt in a fiber in which only the parts marked `interruptible` can be interrupted. An attempt
 * can therefore succeed after its fiber was interrupted. The fiber's observer must then use or reset the new
 * connection.
 */
export const attempt = <A, E>(
  runtime: Runtime.Runtime<never>,
  effect: Effect.Effect<A, E>
): Fiber.RuntimeFiber<A, E> =>
  Runtime.runFork(Runtime.disableRuntimeFlag(runtime, RuntimeFlags.Interruption), quietly(effect))
