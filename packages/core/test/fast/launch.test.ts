// A fiber from `Launcher` has the same fiber refs as a fiber from `Runtime.runFork`, for any runtime.
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as FiberId from "effect/FiberId"
import * as FiberRef from "effect/FiberRef"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as Runtime from "effect/Runtime"
import { describe, expect, it } from "vitest"
import { forksPlainly, Launcher } from "../../src/internal/fast/launch.js"

const counted = FiberRef.unsafeMake(0, { fork: (n) => n + 1 })
const plain = FiberRef.unsafeMake("initial")
const tag = Context.GenericTag<string>("test/launched")

const runtimeWith = (
  around: (effect: Effect.Effect<Runtime.Runtime<never>>) => Effect.Effect<Runtime.Runtime<never>>
) => Effect.runSync(around(Effect.runtime<never>()))

/** Returns the refs of a fiber. Omits the inherited entries of the context, because no code reads them. */
const refsOf = (fiber: Fiber.RuntimeFiber<unknown, unknown>) =>
  new Map(
    [...fiber.getFiberRefs().locals].map(([ref, stack]) => [
      ref,
      (ref === FiberRef.currentContext ? stack.slice(0, 1) : stack).map(
        ([id, value]) => [id === fiber.id() ? "self" : FiberId.threadName(id), value] as const
      )
    ])
  )

describe("A launched fiber", () => {
  it("does not copy the refs that all fibers share", () => {
    expect(forksPlainly).toBe(true)
  })

  it.each<[runtime: string, runtime: Runtime.Runtime<never>]>([
    ["plain", runtimeWith((effect) => effect)],
    ["with a ref", runtimeWith(Effect.locally(plain, "set"))],
    ["with a ref that has its own fork", runtimeWith(Effect.locally(counted, 5))],
    ["with loggers", runtimeWith((effect) => Effect.provide(effect, Logger.minimumLogLevel(LogLevel.Error)))]
  ])("has the refs of any fork, from a runtime %s", (_, runtime) => {
    const context = Context.make(tag, "launched")
    const launched = new Launcher(runtime, runtime.runtimeFlags).start(
      new Map(context.unsafeMap),
      Effect.void
    )
    const forked = Runtime.runFork(Runtime.make({ ...runtime, context }), Effect.void)
    expect(refsOf(launched)).toEqual(refsOf(forked))
  })

  it("sees the result of a ref's `fork`", () => {
    const runtime = runtimeWith(Effect.locally(counted, 5))
    const launcher = new Launcher(runtime, runtime.runtimeFlags)
    const fiber = launcher.start(new Map(), FiberRef.get(counted))
    expect(fiber.unsafePoll()).toMatchObject({ _tag: "Success", value: 6 })
  })

  it("has its own services, and sets refs only for itself", () => {
    const runtime = runtimeWith(Effect.locally(plain, "set"))
    const launcher = new Launcher(runtime, runtime.runtimeFlags)
    const program = Effect.zipRight(
      FiberRef.set(plain, "changed"),
      Effect.zip(FiberRef.get(plain), tag)
    ) as Effect.Effect<unknown>
    const services = (value: string) => new Map<string, unknown>([[tag.key, value]])
    for (const name of ["one", "two"]) {
      expect(launcher.start(services(name), program).unsafePoll()).toMatchObject({ value: ["changed", name] })
    }
    expect(launcher.start(new Map(), FiberRef.get(plain)).unsafePoll()).toMatchObject({ value: "set" })
  })
})
