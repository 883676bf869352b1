/**
 * Tells whether a handler has ejected its scope (`HttpApp.ejectDefaultScopeClose`). The handler itself then
 * closes the scope, and the server must leave it open.
 *
 * Platform keeps the ejected scopes in a set under an unpublished key. If a future version has no such set,
 * requests run in a scope that platform creates, and platform decides whether to close it.
 */
import * as HttpApp from "@effect/platform/HttpApp"
import * as HttpMiddleware from "@effect/platform/HttpMiddleware"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { globalValue } from "effect/GlobalValue"
import * as Scope from "effect/Scope"

const ejected = globalValue("@effect/platform/HttpApp/ejectedScopes", () => new WeakSet<Scope.Scope>())

export const isEjected = (scope: Scope.Scope): boolean => ejected.has(scope)

/** Whether `isEjected` recognises a scope that platform's own function has ejected. */
export const knowsEjected = ((): boolean => {
  const scope = Effect.runSync(Scope.make())
  HttpApp.ejectDefaultScopeClose(scope)
  return isEjected(scope)
})()

/** Runs a request's program in a scope that platform creates, without platform's span. */
export const inScopeOfPlatform = <E, R>(
  program: Effect.Effect<unknown, E, R>
): Effect.Effect<unknown, E, R> =>
  Effect.uninterruptibleMask((restore) =>
    Effect.withFiberRuntime((fiber) => {
      const untraced = fiber.getFiberRef(HttpMiddleware.currentTracerDisabledWhen)
      let exit: Exit.Exit<unknown, E> = Exit.void
      const app = restore(program).pipe(
        Effect.locally(HttpMiddleware.currentTracerDisabledWhen, untraced),
        Effect.onExit((own) => Effect.sync(() => (exit = own))),
        Effect.as(HttpServerResponse.empty())
      )
      return HttpApp.toHandled(app, () => Effect.void).pipe(
        Effect.locally(HttpMiddleware.currentTracerDisabledWhen, () => true),
        Effect.exit,
        Effect.zipRight(Effect.suspend(() => exit))
      ) as Effect.Effect<unknown, E, R>
    })
  )

/** Makes a request's program respect ejected scopes. Returns the program unchanged if `isEjected` works. */
export const mayEject: typeof inScopeOfPlatform = knowsEjected ? (program) => program : inScopeOfPlatform
