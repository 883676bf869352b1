/**
 * Starts many fibers with equal fiber refs. Does the common part of `Runtime.runFork` only once.
 *
 * Every fiber gets the runtime's fiber refs and its own context, exactly as from `Runtime.runFork`. If a ref
 * has its own `fork`, or Effect forks in an unexpected way, `Runtime.runFork` starts the fiber.
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
type Stack = Stacks extends ReadonlyMap<infer K, infer V> ? readonly [K, V] : never

/** Whether a forked fiber has exactly the refs of its runtime, and in addition its own context. */
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
  /**
   * The refs that all fibers share, without the context. `undefined` if forking changes one of these refs.
   */
  private readonly kept: ReadonlyArray<Stack> | undefined
  private readonly refs: FiberRefs.FiberRefs

  constructor(
    runtime: Runtime.Runtime<never>,
    private readonly runtimeFlags: RuntimeFlags.RuntimeFlags
  ) {
    const kept = new Map(runtime.fiberRefs.locals)
    kept.delete(FiberRef.currentContext)
    // A ref with its own `fork` function may change when a fiber is forked. Fork once to detect such a
    // change.
    const forked = FiberRefs.forkAs(runtime.fiberRefs, FiberId.none).locals
    const isPlain = forksPlainly && [...kept].every(([ref, stack]) => forked.get(ref) === stack)
    // A map is made from an array faster than from another map.
    this.kept = isPlain ? Array.from(kept) : undefined
    this.refs = this.kept === undefined ? runtime.fiberRefs : FiberRefs.empty()
  }

  start<A, E>(services: Map<string, unknown>, effect: Effect.Effect<A, E>): Fiber.RuntimeFiber<A, E> {
    const { kept, refs: fiberRefs, runtimeFlags } = this
    const context = Context.unsafeMake<never>(services)
    const runtime = Runtime.make({ context, fiberRefs, runtimeFlags })
    if (kept === undefined || kept.length === 0) return Runtime.runFork(runtime, effect)
    const updateRefs = (_: FiberRefs.FiberRefs, id: FiberId.Runtime) =>
      FiberRefs.unsafeMake(new Map(kept).set(FiberRef.currentContext, [[id, context]]))
    return Runtime.runFork(runtime, effect, { updateRefs })
  }
}
