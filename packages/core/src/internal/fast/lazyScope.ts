/**
 * The scope of an exchange, which is one small object until a finalizer is added.
 *
 * Behaves as `Scope.make()`: finalizers run in reverse order, and a fork closes with its parent. The first
 * `addFinalizer` or `fork` creates a real scope. Only the driver closes the scope, with the exchange's exit.
 *
 * Implements the unpublished members of Effect's scopes too. If a future version of Effect has scopes with
 * other members, every exchange gets a real scope immediately.
 */
import * as Effect from "effect/Effect"
import * as ExecutionStrategy from "effect/ExecutionStrategy"
import type * as Exit from "effect/Exit"
import { pipeArguments } from "effect/Pipeable"
import * as Scope from "effect/Scope"

const makeScope = Scope.make()

export interface ExchangeScope extends Scope.CloseableScope {
  /** Whether the scope never had a finalizer or fork. An unused scope closes without running an effect. */
  readonly unused: boolean
  /** Closes the scope without creating a real scope. A finalizer that is added later runs immediately. */
  markClosed(exit: Exit.Exit<unknown, unknown>): void
}

export class LazyScope implements ExchangeScope {
  declare readonly [Scope.ScopeTypeId]: Scope.ScopeTypeId
  declare readonly [Scope.CloseableScopeTypeId]: Scope.CloseableScopeTypeId
  declare readonly strategy: ExecutionStrategy.ExecutionStrategy
  private real: Scope.CloseableScope | undefined = undefined
  private exit: Exit.Exit<unknown, unknown> | undefined = undefined

  /**
   * The state of the scope, which `Effect.forkIn` and `forkScoped` read. All scopes of Effect have this
   * member, but the public type omits it.
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

// These methods are not in the public type of scopes, but all closeable scopes of Effect have them.
interface ScopeMethods {
  readonly state: unknown
  addFinalizer(finalizer: Scope.Scope.Finalizer): Effect.Effect<void>
  fork(strategy: ExecutionStrategy.ExecutionStrategy): Effect.Effect<Scope.CloseableScope>
}

const scopeOf = (self: LazyScope): ScopeMethods => self.make() as unknown as ScopeMethods

// A scope is created per exchange, so the constant members are on the prototype instead of in every object.
Object.assign(LazyScope.prototype, {
  [Scope.ScopeTypeId]: Scope.ScopeTypeId,
  [Scope.CloseableScopeTypeId]: Scope.CloseableScopeTypeId,
  strategy: ExecutionStrategy.sequential
})

/** Returns whether a `LazyScope` has every member that `scope`, a scope of Effect, has. */
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
