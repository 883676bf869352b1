/**
 * The scope of an exchange: one small object until something is added to it.
 *
 * Behaves like `Scope.make()` (finalizers in reverse order, a fork closes with its parent); the first
 * `addFinalizer` or `fork` creates the real scope. Never closes by itself: the driver closes it with the
 * exchange's exit.
 *
 * Has the unpublished members of Effect's scopes. If Effect's scopes have different ones, exchanges get a
 * real scope at once.
 */
import * as Effect from "effect/Effect"
import * as ExecutionStrategy from "effect/ExecutionStrategy"
import type * as Exit from "effect/Exit"
import { pipeArguments } from "effect/Pipeable"
import * as Scope from "effect/Scope"

const makeScope = Scope.make()

export interface ExchangeScope extends Scope.CloseableScope {
  /** Nothing was ever added, so closing needs no effect. */
  readonly unused: boolean
  /** Closes without a real scope: anything added later must run at once. */
  markClosed(exit: Exit.Exit<unknown, unknown>): void
}

export class LazyScope implements ExchangeScope {
  declare readonly [Scope.ScopeTypeId]: Scope.ScopeTypeId
  declare readonly [Scope.CloseableScopeTypeId]: Scope.CloseableScopeTypeId
  declare readonly strategy: ExecutionStrategy.ExecutionStrategy
  private real: Scope.CloseableScope | undefined = undefined
  private exit: Exit.Exit<unknown, unknown> | undefined = undefined

  /**
   * Read by `Effect.forkIn` and `forkScoped`: not in the public type of scopes, but in all scopes that Effect
   * creates.
   */
  get state(): unknown {
    return scopeOf(this).state
  }

  get unused(): boolean {
    return this.real === undefined
  }

  addFinalizer(finalizer: Scope.Scope.Finalizer): Effect.Effect<void> {
    return Effect.suspend(() => scopeOf(this).addFinalizer(finalizer))
  }

  fork(strategy: ExecutionStrategy.ExecutionStrategy): Effect.Effect<Scope.CloseableScope> {
    return Effect.suspend(() => scopeOf(this).fork(strategy))
  }

  close(exit: Exit.Exit<unknown, unknown>): Effect.Effect<void> {
    return Effect.suspend(() => {
      this.exit ??= exit
      return this.real === undefined ? Effect.void : Scope.close(this.real, exit)
    })
  }

  markClosed(exit: Exit.Exit<unknown, unknown>): void {
    this.exit ??= exit
  }

  /** @internal */
  make(): Scope.CloseableScope {
    if (this.real === undefined) {
      this.real = Effect.runSync(makeScope)
      if (this.exit !== undefined) Effect.runSync(Scope.close(this.real, this.exit))
    }
    return this.real
  }

  pipe() {
    return pipeArguments(this, arguments)
  }
}

// The methods of a scope are not in its public type; closeable scopes of Effect have them.
interface ScopeMethods {
  readonly state: unknown
  addFinalizer(finalizer: Scope.Scope.Finalizer): Effect.Effect<void>
  fork(strategy: ExecutionStrategy.ExecutionStrategy): Effect.Effect<Scope.CloseableScope>
}

const scopeOf = (self: LazyScope): ScopeMethods => self.make() as unknown as ScopeMethods

// One per exchange: what all of them share is on the prototype.
Object.assign(LazyScope.prototype, {
  [Scope.ScopeTypeId]: Scope.ScopeTypeId,
  [Scope.CloseableScopeTypeId]: Scope.CloseableScopeTypeId,
  strategy: ExecutionStrategy.sequential
})

/** Whether a lazy scope has all members of this one. */
export const isLike = (scope: object): boolean => {
  const lazy = new LazyScope()
  for (let at = scope; at !== Object.prototype; at = Object.getPrototypeOf(at) as object)
    if (!Reflect.ownKeys(at).every((key) => key in lazy)) return false
  return ["state", "addFinalizer", "fork"].every((key) => key in scope)
}

export const makeRealScope = (): ExchangeScope =>
  Object.assign(Effect.runSync(makeScope), { unused: false, markClosed: () => {} })

export const makeExchangeScope: () => ExchangeScope = isLike(Effect.runSync(makeScope))
  ? () => new LazyScope()
  : makeRealScope
