// `LazyScope` has all members of Effect's scopes. If a future Effect adds a member, an exchange gets a real
// scope.
import * as Effect from "effect/Effect"
import * as ExecutionStrategy from "effect/ExecutionStrategy"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import { describe, expect, it } from "vitest"
import {
  isLike,
  LazyScope,
  makeExchangeScope,
  makeRealScope,
  type ExchangeScope
} from "../../src/internal/fast/lazyScope.js"

describe("A lazy scope", () => {
  const scope = Effect.runSync(Scope.make())

  it("is used by exchanges, and creates no real scope until needed", () => {
    const lazy = makeExchangeScope()
    expect(lazy).toBeInstanceOf(LazyScope)
    expect(lazy.unused).toBe(true)
  })

  it("matches Effect's scopes, but none with further members or without state", () => {
    expect(isLike(scope)).toBe(true)
    expect(isLike(Object.assign(Object.create(scope) as object, { more: 1 }))).toBe(false)
    expect(isLike({ addFinalizer: () => {}, fork: () => {} })).toBe(false)
  })
})

describe.each<[kind: string, make: () => ExchangeScope]>([
  ["lazy", () => new LazyScope()],
  ["real", makeRealScope]
])("A %s scope", (_, make) => {
  it("runs finalizers in reverse order, including forks, and later ones at once", () => {
    const told: Array<string> = []
    const note = (what: string) => Effect.sync(() => void told.push(what))
    const scope = make()
    Effect.runSync(Scope.addFinalizer(scope, note("first")))
    const child = Effect.runSync(Scope.fork(scope, ExecutionStrategy.sequential))
    Effect.runSync(Scope.addFinalizer(child, note("fork")))
    Effect.runSync(Scope.addFinalizer(scope, note("last")))
    expect(scope.unused).toBe(false)
    Effect.runSync(Scope.close(scope, Exit.void))
    Effect.runSync(Scope.addFinalizer(scope, note("late")))
    expect(told).toEqual(["last", "fork", "first", "late"])
  })

  it("ends the fibers forked in it", async () => {
    const scope = make()
    const fiber = Effect.runSync(Effect.forkIn(Effect.never, scope))
    await Effect.runPromise(Scope.close(scope, Exit.void))
    expect(Exit.isInterrupted(await Effect.runPromise(fiber.await))).toBe(true)
    const late = Effect.runSync(Effect.forkIn(Effect.never, scope))
    expect(Exit.isInterrupted(await Effect.runPromise(late.await))).toBe(true)
  })
})
