/**
 * The scope of one exchange: costs one small object until something is added to it.
 *
 * Behaves as `Scope.make()` does (finalizers in reverse order, a fork closes with its parent); the real scope
 * is made by the first `addFinalizer` or `fork`. It never closes by itself: the driver closes it with the
 * exchange's exit.
 *
 * Has the members that Effect gives its scopes and does not publish. Where Effect's have others, an exchange
 * has a real scope from the beginning.
 */
import * as Effect from "effect/Effect"
import * as ExecutionStrategy from "effect/ExecutionStrategy"
import type * as Exit from "effect/Exit"
import { pipeArguments } from "effect/Pipeable"
import * as Scope from "effect/Scope"

const makeScope = Scope.make()

export interface ExchangeScope extends Scope.CloseableScope {
  /** Nothing was ever added: closing is not worth an effect. */
  readonly unused: boolean
  /** Closed without a real scope: what is added from now on must run at once. */
  markClosed(exit: Exit.Exit<unknown, unknown>): void
}

export class LazyScope implements ExchangeScope {
  declare readonly [Scope.ScopeTypeId]: Scope.ScopeTypeId
  declare readonly [Scope.CloseableScopeTypeId]: Scope.CloseableScopeTypeId
  declare readonly strategy: ExecutionStrategy.ExecutionStrategy
  private real: Scope.CloseableScope | undefined = undefined
  private exit: Exit.Exit<unknown, unknown> | undefined = undefined

  /**
   * What `Effect.forkIn` and `forkScoped` look at: not part of a scope's public type, but of every scope that
   * Effect makes.
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

// The methods of a scope are not part of its public type; a closeable scope made by Effect has them.
interface ScopeMethods {
  readonly state: unknown
  addFinalizer(finalizer: Scope.Scope.Finalizer): Effect.Effect<void>
  fork(strategy: ExecutionStrategy.ExecutionStrategy): Effect.Effect<Scope.CloseableScope>
}

const scopeOf = (self: LazyScope): ScopeMethods => self.make() as unknown as ScopeMethods

// One is made per exchange: what is the same in all of them is not stored in each.
Object.assign(LazyScope.prototype, {
  [Scope.ScopeTypeId]: Scope.ScopeTypeId,
  [Scope.CloseableScopeTypeId]: Scope.CloseableScopeTypeId,
  strategy: ExecutionStrategy.sequential
})

/** A lazy scope has all that a scope of Effect has. */
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
