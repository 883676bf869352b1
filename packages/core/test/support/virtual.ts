/** A server on the network in memory and in virtual time, with scripted clients, for tests of waits. */
import type * as HttpApp from "@effect/platform/HttpApp"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import { Server, ServerTimeouts, Transport } from "@httpfx/core"
import { MemoryNetwork, RawPeer, VirtualClock } from "@httpfx/testing"

export const address = Transport.tcp("127.0.0.1", 80)
export const connect = RawPeer.connect(address)
export const after = VirtualClock.advance

export const inMemory = Layer.provideMerge(MemoryNetwork.layer(), VirtualClock.layer())

/** Starts a server. Closing the scope closes the server. */
export const serving = (
  app: HttpApp.Default<unknown, Scope.Scope>,
  timeouts: ServerTimeouts.Options = {},
  options: Server.ServerOptions = {}
) =>
  Effect.gen(function* () {
    const server = yield* Server.make({ port: 80, host: "127.0.0.1", ...options }).pipe(
      Effect.provideServiceEffect(ServerTimeouts.ServerTimeouts, ServerTimeouts.make(timeouts))
    )
    yield* server.httpServer.serve(app as HttpApp.Default<unknown>)
    return server
  })

/**
 * Runs a test with a separate network and virtual clock, in a scope. Time advances while the scope closes,
 * because the server may wait for handlers that do not end.
 */
export const inVirtualTime = <A, E, R>(
  test: Effect.Effect<A, E, R>
): Effect.Effect<A, E, Exclude<R, unknown>> =>
  Effect.acquireUseRelease(
    Scope.make(),
    (scope) => Scope.extend(test as Effect.Effect<A, E, never>, scope),
    (scope, exit) =>
      Effect.gen(function* () {
        const closing = yield* Effect.forkDaemon(Scope.close(scope, exit))
        yield* after("1 minute")
        yield* Fiber.join(closing)
      })
  ).pipe(Effect.provide(inMemory))
