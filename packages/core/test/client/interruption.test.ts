// A request that is interrupted at any step leaves no connection, no fiber and no timer, and the client still
// works.
import { assert, describe, it } from "@effect/vitest"
import { HttpClient } from "@effect/platform"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { Client, Network } from "@httpfx/core"
import { MemoryNetwork, RawPeer } from "@httpfx/testing"
import { networks } from "../support/networks.js"
import { ok, withClient } from "../support/withClient.js"

const nothing: Client.Connections = { open: 0, idle: 0, connecting: 0 }
const connections = Effect.flatMap(Client.Client, (client) => client.connections)
const turn = Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))

/** Asserts that the client can still make a request, on a new connection. */
const works = Effect.gen(function* () {
  const { accept, url } = yield* RawPeer.listen()
  const fiber = yield* Effect.fork(Effect.flatMap(Client.request({ url }), (response) => response.text))
  const raw = yield* accept
  yield* raw.head
  yield* raw.send(ok("works"))
  assert.strictEqual(yield* fiber, "works")
})

describe.each(networks)("An interrupted request on %s", (_, network) => {
  const run = withClient(network)

  it.effect("before it starts", () =>
    run(
      Effect.gen(function* () {
        const { count, url } = yield* RawPeer.listen()
        const fiber = yield* Effect.fork(Client.request({ url }))
        yield* Fiber.interrupt(fiber)
        assert.deepStrictEqual(yield* connections, nothing)
        assert.strictEqual(count(), 0)
        yield* works
      })
    )
  )

  it.effect("while it waits for the head", () =>
    run(
      Effect.gen(function* () {
        const { accept, url } = yield* RawPeer.listen()
        const fiber = yield* Effect.fork(Client.request({ url }))
        const raw = yield* accept
        yield* raw.head
        yield* Fiber.interrupt(fiber)
        yield* raw.expectClosed
        yield* Effect.repeat(connections, { until: ({ open }) => open === 0 })
        yield* works
      })
    )
  )

  it.effect("while it waits on a reused connection: the connection is not reused again", () =>
    run(
      Effect.gen(function* () {
        const { accept, count, url } = yield* RawPeer.listen()
        const first = yield* Effect.fork(Effect.flatMap(Client.request({ url }), (response) => response.text))
        const raw = yield* accept
        yield* raw.head
        yield* raw.send(ok("one"))
        yield* first
        const second = yield* Effect.fork(Client.request({ url }))
        yield* raw.head
        yield* Fiber.interrupt(second)
        // The late response to the interrupted request must not reach the next request.
        yield* Effect.ignore(raw.send(ok("two")))
        const third = yield* Effect.fork(Effect.flatMap(Client.request({ url }), (response) => response.text))
        const fresh = yield* accept
        yield* fresh.head
        yield* fresh.send(ok("three"))
        assert.strictEqual(yield* third, "three")
        assert.strictEqual(count(), 2)
      })
    )
  )

  it.effect("in the middle of its upload: completes when the stream's finalizers have run", () =>
    run(
      Effect.gen(function* () {
        const { accept, url } = yield* RawPeer.listen()
        let finalized = false
        const body = Stream.repeatEffect(Effect.as(turn, new Uint8Array(1_000))).pipe(
          Stream.ensuring(
            Effect.zipRight(
              turn,
              Effect.sync(() => (finalized = true))
            )
          )
        )
        const fiber = yield* Effect.fork(Client.request({ url, method: "POST", body }))
        const raw = yield* accept
        yield* raw.wait("some of the body", (unread) => unread.length > 3_000)
        yield* Fiber.interrupt(fiber)
        assert.isTrue(finalized)
        yield* raw.expectClosed
        assert.notInclude(raw.received(), "0\r\n\r\n")
        yield* Effect.repeat(connections, { until: ({ open }) => open === 0 })
        yield* works
      })
    )
  )

  it.effect("in the middle of its upload, while the server does not read", () =>
    run(
      Effect.gen(function* () {
        const { accept, url } = yield* RawPeer.listen()
        let finalized = false
        const body = Stream.repeatValue(new Uint8Array(65_536)).pipe(
          Stream.ensuring(Effect.sync(() => (finalized = true)))
        )
        const fiber = yield* Effect.fork(Client.request({ url, method: "POST", body }))
        const raw = yield* accept
        yield* raw.pause
        yield* Effect.repeatN(turn, 20)
        yield* Fiber.interrupt(fiber)
        assert.isTrue(finalized)
        yield* raw.resume
        yield* raw.expectClosed
        yield* works
      })
    )
  )

  it.effect("in the middle of its response", () =>
    run(
      Effect.gen(function* () {
        const { accept, url } = yield* RawPeer.listen()
        const fiber = yield* Effect.fork(Effect.flatMap(Client.request({ url }), (response) => response.text))
        const raw = yield* accept
        yield* raw.head
        yield* raw.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345")
        yield* Effect.repeatN(turn, 10)
        yield* Fiber.interrupt(fiber)
        yield* raw.expectClosed
        yield* Effect.repeat(connections, { until: ({ open }) => open === 0 })
        yield* works
      })
    )
  )
})

/** The network in memory, with this `connect`. */
const unconnected = (connect: Effect.Effect<never>) =>
  Layer.effect(
    Network.Network,
    Effect.map(Network.Network, (network) => ({ ...network, connect: () => connect }))
  ).pipe(Layer.provide(MemoryNetwork.layer()))

describe("An interrupted request while it connects", () => {
  it.effect("aborts the attempt, and waits until it has ended", () =>
    Effect.gen(function* () {
      const reached = yield* Deferred.make<void>()
      let given = false
      const never = Effect.zipRight(Deferred.succeed(reached, undefined), Effect.never).pipe(
        Effect.onInterrupt(() => Effect.sync(() => (given = true)))
      )
      yield* withClient(unconnected(never))(
        Effect.gen(function* () {
          const fiber = yield* Effect.fork(Client.request({ url: "http://127.0.0.1/" }))
          yield* Deferred.await(reached)
          assert.deepStrictEqual(yield* connections, { open: 0, idle: 0, connecting: 1 })
          yield* Fiber.interrupt(fiber)
          assert.isTrue(given)
          assert.deepStrictEqual(yield* connections, nothing)
        })
      )
    })
  )

  it.effect(
    "aborts the attempt also when the scope of the request closes, through platform's withScope",
    () =>
      Effect.gen(function* () {
        const reached = yield* Deferred.make<void>()
        const given = yield* Deferred.make<void>()
        const never = Effect.zipRight(Deferred.succeed(reached, undefined), Effect.never).pipe(
          Effect.onInterrupt(() => Deferred.succeed(given, undefined))
        )
        yield* withClient(unconnected(never))(
          Effect.gen(function* () {
            const scope = yield* Scope.make()
            const client = HttpClient.withScope(yield* HttpClient.HttpClient)
            const request = Scope.extend(client.get("http://127.0.0.1/"), scope)
            const fiber = yield* Effect.fork(Effect.flip(request))
            yield* Deferred.await(reached)
            yield* Scope.close(scope, Exit.void)
            assert.propertyVal((yield* fiber).cause, "code", "ABORT_ERR")
            yield* Deferred.await(given)
            assert.deepStrictEqual(yield* connections, nothing)
            const late = yield* Effect.flip(request)
            assert.propertyVal(late.cause, "code", "ABORT_ERR")
            const own = yield* Client.Client
            const scoped = yield* Effect.flip(
              Scope.extend(own.requestScoped({ url: "http://127.0.0.1/" }), scope)
            )
            assert.propertyVal(scoped, "code", "ABORT_ERR")
          })
        )
      })
  )

  it.effect("leaves nothing on the network, in whatever turn it is interrupted", () =>
    Effect.gen(function* () {
      const network = MemoryNetwork.layer()
      const test = Effect.gen(function* () {
        const { accept, url } = yield* RawPeer.listen()
        // Accept and read every connection, because a server notices a reset only while it reads.
        yield* Effect.forkScoped(Effect.forever(accept))
        for (let turns = 0; turns < 40; turns++) {
          const fiber = yield* Effect.fork(
            Effect.flatMap(
              Client.request({ url, method: "POST", body: Stream.repeatValue(new Uint8Array(100)) }),
              (response) => response.text
            )
          )
          for (let i = 0; i < turns; i++) yield* Effect.yieldNow()
          yield* Fiber.interrupt(fiber)
          for (let i = 0; i < 5; i++) yield* turn
          assert.deepStrictEqual(yield* connections, nothing)
        }
        assert.lengthOf(yield* MemoryNetwork.connections, 0)
      })
      yield* Effect.provide(Effect.scoped(test), Layer.provideMerge(Client.layer, network))
    })
  )

  it.effect.each([
    ["over TCP: nothing is sent", "http"],
    ["over TLS: no handshake begins", "https"]
  ])("closes a connection that is established at the moment of the interruption: %s", ([, scheme]) =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      // Closes the scope in the same turn in which the connection is established, before the pool gets it.
      const network = Layer.effect(
        Network.Network,
        Effect.map(Network.Network, (network) => ({
          ...network,
          connect: (...asked: Parameters<typeof network.connect>) =>
            Effect.map(network.connect(...asked), (transport) => {
              Effect.runSync(Scope.close(scope, Exit.void))
              return transport
            })
        }))
      ).pipe(Layer.provideMerge(MemoryNetwork.layer()))
      yield* Effect.gen(function* () {
        const { accept, url } = yield* RawPeer.listen()
        const client = yield* Client.Client
        const fiber = yield* Effect.fork(
          Effect.flip(Scope.extend(client.requestScoped({ url: url.replace("http:", `${scheme}:`) }), scope))
        )
        const raw = yield* accept
        assert.propertyVal(yield* fiber, "code", "ABORT_ERR")
        yield* raw.expectClosed
        assert.strictEqual(raw.received(), "")
        for (let i = 0; i < 5; i++) yield* turn
        assert.deepStrictEqual(yield* connections, nothing)
        assert.lengthOf(yield* MemoryNetwork.connections, 0)
      }).pipe(Effect.scoped, Effect.provide(Layer.provideMerge(Client.layer, network)))
    })
  )
})
