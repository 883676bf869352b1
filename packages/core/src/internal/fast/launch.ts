/**
 * Starts fibers, many of the same kind: what `Runtime.runFork` does for each, done once where it is the same
 * for all.
 *
 * Each gets the fiber refs of a runtime as a fork of it would have them, but a context of its own. Never
 * starts a fiber whose refs would differ from those that `Runtime.runFork` gives it: where a ref has a `fork`
 * of its own, or Effect forks otherwise than expected, `Runtime.runFork` does all of it.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as FiberId from "effect/FiberId"
import * as FiberRef from "effect/FiberRef"
import * as FiberRefs from "effect/FiberRefs"
import * as Runtime from "effect/Runtime"
import type * as RuntimeFlags from "effect/RuntimeFlags"

type Stacks = FiberRefs.FiberRefs["locals"]

/** A fork has the refs of its runtime, its own context, and nothing else. */
export const forksPlainly = ((): boolean => {
  const { runtimeFlags } = Runtime.defaultRuntime
  const ref = FiberRef.unsafeMake(0)
  const stack = [[FiberId.none, 1]] as const
  const context = Context.empty()
  const fiberRefs = FiberRefs.unsafeMake(new Map([[ref, stack]]))
  let plainly = false
  const updateRefs = (refs: FiberRefs.FiberRefs, fiber: FiberId.Runtime) => {
    const [own, ...more] = refs.locals.get(FiberRef.currentContext) ?? []
    plainly =
      refs.locals.size === 2 &&
      refs.locals.get(ref) === stack &&
      more.length === 0 &&
      own?.[0] === fiber &&
      own[1] === context
    return refs
  }
  Runtime.runFork(Runtime.make({ context, fiberRefs, runtimeFlags }), Effect.void, { updateRefs })
  return plainly
})()

export class Launcher {
  /** Those of every fiber, besides its context. `undefined`: a fork changes some. */
  private readonly kept: Stacks | undefined
  private readonly refs: FiberRefs.FiberRefs

  constructor(
    runtime: Runtime.Runtime<never>,
    private readonly runtimeFlags: RuntimeFlags.RuntimeFlags
  ) {
    const kept = new Map(runtime.fiberRefs.locals)
    kept.delete(FiberRef.currentContext)
    // A fork gives most refs on as they are.
    const forked = FiberRefs.forkAs(runtime.fiberRefs, FiberId.none).locals
    const isPlain = forksPlainly && [...kept].every(([ref, stack]) => forked.get(ref) === stack)
    this.kept = isPlain ? kept : undefined
    this.refs = this.kept === undefined ? runtime.fiberRefs : FiberRefs.empty()
  }

  start<A, E>(services: Map<string, unknown>, effect: Effect.Effect<A, E>): Fiber.RuntimeFiber<A, E> {
    const { kept, refs: fiberRefs, runtimeFlags } = this
    const context = Context.unsafeMake<never>(services)
    const runtime = Runtime.make({ context, fiberRefs, runtimeFlags })
    if (kept === undefined || kept.size === 0) return Runtime.runFork(runtime, effect)
    const updateRefs = (_: FiberRefs.FiberRefs, id: FiberId.Runtime) =>
      FiberRefs.unsafeMake(new Map(kept).set(FiberRef.currentContext, [[id, context]]))
    return Runtime.runFork(runtime, effect, { updateRefs })
  }
}
