/** The leak check finds and names everything that a test can leave behind, and nothing else. */
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpServer from "@effect/platform/HttpServer"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/TestClock"
import { Client, type Network, Server } from "@httpfx/core"
import { NodeNetwork } from "@httpfx/node"
import * as Leaks from "@httpfx/testing/Leaks"
import * as MemoryNetwork from "@httpfx/testing/MemoryNetwork"
import * as RawPeer from "@httpfx/testing/RawPeer"
import * as TestServer from "@httpfx/testing/TestServer"

const quick: Leaks.Options = { patience: "20 millis" }

const networks: ReadonlyArray<readonly [string, Layer.Layer<Network.Network>]> = [
  ["memory", MemoryNetwork.layer()],
  ["node", NodeNetwork.layer]
]

const app = Effect.map(HttpServerRequest.HttpServerRequest, ({ url }) => HttpServerResponse.text(url))

/** Runs a test under the check, and returns the kinds of its leaks. */
const kinds = <A, E, R>(test: Effect.Effect<A, E, R>) =>
  Effect.map(Effect.flip(Leaks.check(test, quick)), (error) =>
    error instanceof Leaks.Leaked ? error.left.map(({ kind }) => kind) : error
  )

describe("Leaks", () => {
  it.effect("passes a test that leaves nothing, with its value", () =>
    Effect.gen(function* () {
      const sleeper = yield* Effect.fork(Effect.sleep("1 second"))
      yield* TestClock.adjust("1 second")
      yield* Fiber.join(sleeper)
      return 42
    }).pipe(
      (test) => Leaks.check(test, quick),
      Effect.map((value) => assert.strictEqual(value, 42))
    )
  )

  it.effect("keeps a failure of the test", () =>
    Effect.gen(function* () {
      const exit = yield* Effect.exit(
        Leaks.check(Effect.zipRight(Effect.forkDaemon(Effect.never), Effect.fail("no")), quick)
      )
      assert.deepStrictEqual(exit, Exit.fail("no"))
    })
  )

  it.effect("finds fibers, sleeping ones too", () =>
    Effect.gen(function* () {
      const daemon = Effect.forkDaemon(Effect.withSpan(Effect.never, "lost"))
      const error = yield* Effect.flip(Leaks.check(daemon, quick))
      assert.match(error.message, /^1 leaked:\n {2}fiber: #\d+ in span "lost"$/)
      assert.deepStrictEqual(yield* kinds(Effect.forkDaemon(Effect.sleep("1 hour"))), ["fiber", "timer"])
    })
  )

  it.effect("finds a request in flight, but not the idle connection of a pool", () =>
    Effect.gen(function* () {
      yield* HttpServer.serveEffect(
        Effect.flatMap(app, (response) => (response.status === 200 ? Effect.succeed(response) : Effect.never))
      )
      const client = yield* HttpClient.HttpClient
      yield* Leaks.check(
        Effect.flatMap(client.get("/"), (response) => response.text),
        quick
      )
      const scope = yield* Scope.make()
      const raw = yield* Scope.extend(RawPeer.listen({ port: 81, host: "raw.test" }), scope)
      const request = Effect.gen(function* () {
        yield* Effect.forkDaemon(client.get("http://raw.test:81/"))
        yield* Effect.zipRight(raw.accept, Effect.void)
      })
      const left = yield* kinds(request)
      assert.includeMembers(left as Array<string>, ["fiber", "request", "socket"])
      yield* Scope.close(scope, Exit.void)
    }).pipe(Effect.scoped, Effect.provide(TestServer.layer()))
  )

  it.effect("checks at the end of a layer", () =>
    Effect.gen(function* () {
      const careless = Layer.scopedDiscard(Effect.forkDaemon(Effect.never))
      const exit = yield* Effect.exit(Effect.provide(Effect.void, Leaks.checkLayer(careless, quick)))
      assert.include(Exit.isFailure(exit) ? Cause.pretty(exit.cause) : "", "1 leaked")
      const careful = Layer.scopedDiscard(Effect.forkScoped(Effect.never))
      yield* Effect.provide(Effect.void, Leaks.checkLayer(careful, quick))
    })
  )
})

describe.each(networks)("Leaks on %s", (_, network) => {
  it.effect("finds a connection and a listener", () =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const left = yield* kinds(
        Effect.gen(function* () {
          const server = yield* RawPeer.listen()
          yield* RawPeer.connect(server.address)
          yield* server.accept
        }).pipe(Scope.extend(scope))
      )
      assert.deepStrictEqual([...new Set(left as Array<string>)].sort(), ["listener", "socket"])
      yield* Scope.close(scope, Exit.void)
    }).pipe(Effect.provide(network))
  )

  it.live("finds nothing after a server and a client have closed", () =>
    Leaks.checkScoped(
      Effect.gen(function* () {
        const server = yield* Server.make({ port: 0, host: "127.0.0.1" })
        yield* server.httpServer.serve(app)
        const client = yield* Client.make()
        const port = (server.address as { readonly port: number }).port
        const response = yield* client.request({ url: `http://127.0.0.1:${port}/x` })
        assert.strictEqual(yield* response.text, "/x")
      })
    ).pipe(Effect.provide(network))
  )
})
