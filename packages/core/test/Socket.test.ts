/**
 * `Socket` over memory and TCP: reading pulls bytes, writing waits under backpressure, and every wait ends.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Chunk from "effect/Chunk"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import type * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Scheduler from "effect/Scheduler"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { Network } from "@httpfx/core/Network"
import * as Socket from "@httpfx/core/Socket"
import type { Transport } from "@httpfx/core/Transport"
import * as NodeNetwork from "@httpfx/node/NodeNetwork"
import * as MemoryNetwork from "@httpfx/testing/MemoryNetwork"

const pair = Effect.gen(function* () {
  const network = yield* Network
  const accepted = yield* Deferred.make<Transport>()
  const listener = yield* network.listen({ port: 0, host: "127.0.0.1" }, (transport) => {
    Deferred.unsafeDone(accepted, Effect.succeed(transport))
  })
  const client = yield* network.connect(listener.address)
  return { client, server: yield* Deferred.await(accepted) }
})

const sockets = Effect.gen(function* () {
  const { client, server } = yield* pair
  return {
    client: yield* Socket.make(client),
    server: yield* Socket.make(server),
    transports: { client, server }
  }
})

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes)

const readText = (socket: Socket.Socket) => Effect.map(socket.read, Option.map(text))

const readAll = (socket: Socket.Socket) =>
  Effect.map(Stream.runCollect(socket.stream), (chunks) => Chunk.toReadonlyArray(chunks).map(text).join(""))

/** Waits until flow control has stopped a writer, which is so when `buffered` stays the same for 20 ms. */
const stuck = (transport: Transport) =>
  Effect.gen(function* () {
    let before = 0
    for (let still = 0; still < 20; still++) {
      yield* Effect.sleep(1)
      if (transport.buffered === 0 || transport.buffered !== before) still = 0
      before = transport.buffered
    }
  })

const networks: ReadonlyArray<readonly [string, Layer.Layer<Network>]> = [
  ["memory", MemoryNetwork.layer()],
  [
    "memory that is slow and small",
    MemoryNetwork.layer({ latency: 1, sendWindow: 10_000, receiveWindow: 10_000, segmentSize: 1460 })
  ],
  ["TCP", NodeNetwork.layer]
]

for (const [name, network] of networks) {
  const test = (title: string, effect: Effect.Effect<unknown, unknown, Network | Scope.Scope>) =>
    it.scopedLive(title, () => Effect.asVoid(Effect.provide(effect, network)))

  describe(name, () => {
    test(
      "reads the bytes that the peer writes, then None forever",
      Effect.gen(function* () {
        const { client, server } = yield* sockets
        yield* client.write("hello")
        assert.deepStrictEqual(yield* readText(server), Option.some("hello"))
        yield* client.end
        assert.deepStrictEqual(yield* server.read, Option.none())
        assert.deepStrictEqual(yield* server.read, Option.none())
        yield* server.write("the other direction is open")
        yield* server.end
        assert.strictEqual(yield* readAll(client), "the other direction is open")
        yield* Effect.all([client.closed, server.closed])
        assert.deepStrictEqual(yield* server.read, Option.none())
      })
    )

    test(
      "a large stream arrives completely, and the writer waits for the reader",
      Effect.gen(function* () {
        const { client, server, transports } = yield* sockets
        const chunk = new Uint8Array(50_000).map((_, index) => index)
        let most = 0
        const writing = yield* Effect.fork(
          Effect.zipRight(
            Effect.forEach(Array.from({ length: 100 }), () => {
              most = Math.max(most, transports.client.buffered)
              return client.write(chunk)
            }),
            client.end
          )
        )
        let total = 0
        let right = true
        yield* Stream.runForEach(server.stream, (bytes) =>
          Effect.sync(() => {
            for (const byte of bytes) right &&= byte === ((total++ % 50_000) & 255)
          })
        )
        yield* Fiber.join(writing)
        assert.deepStrictEqual([total, right], [5_000_000, true])
        assert.isAtMost(most, 50_000)
      })
    )

    test(
      "bytes already taken from the transport are read first",
      Effect.gen(function* () {
        const { client, server } = yield* pair
        const peer = yield* Socket.make(client)
        yield* peer.write("second")
        yield* peer.end
        const socket = yield* Socket.make(server, new TextEncoder().encode("first, "))
        assert.strictEqual(yield* readAll(socket), "first, second")
      })
    )

    test(
      "interrupting a read loses nothing",
      Effect.gen(function* () {
        const { client, server } = yield* sockets
        for (let round = 0; round < 20; round++) {
          const reading = yield* Effect.fork(server.read)
          yield* Effect.yieldNow()
          yield* client.write("x")
          if (round % 2 === 0) yield* Effect.yieldNow()
          const exit = yield* Fiber.interrupt(reading)
          if (Exit.isSuccess(exit)) assert.deepStrictEqual(Option.map(exit.value, text), Option.some("x"))
          else assert.deepStrictEqual(yield* readText(server), Option.some("x"))
        }
      })
    )

    test(
      "overlapping reads share the bytes, and all see the end",
      Effect.gen(function* () {
        const { client, server } = yield* sockets
        const reads = yield* Effect.fork(
          Effect.all([server.read, server.read, server.read], { concurrency: 3 })
        )
        yield* client.write("once")
        yield* client.end
        const got = (yield* Fiber.join(reads)).map(Option.map(text))
        assert.deepStrictEqual(got.filter(Option.isSome), [Option.some("once")])
        assert.strictEqual(got.length, 3)
      })
    )

    test(
      "a reset by the peer fails reads and later writes",
      Effect.gen(function* () {
        const { client, server } = yield* sockets
        const reading = yield* Effect.fork(Effect.flip(server.read))
        yield* client.reset
        const error = yield* Fiber.join(reading)
        assert.deepStrictEqual(
          [error._tag, error.code, error.phase],
          ["ConnectionReset", "ECONNRESET", "idle"]
        )
        assert.strictEqual((yield* Effect.flip(server.write("x")))._tag, "ConnectionReset")
        assert.strictEqual((yield* Effect.flip(client.read))._tag, "ConnectionReset")
        yield* Effect.all([client.closed, server.closed])
      })
    )

    test(
      "a write that waits fails when the peer resets",
      Effect.gen(function* () {
        const { client, server, transports } = yield* sockets
        const writing = yield* Effect.fork(Effect.flip(Effect.forever(client.write(new Uint8Array(100_000)))))
        yield* stuck(transports.client)
        yield* server.reset
        const error = yield* Fiber.join(writing)
        assert.match(error.code, /^(ECONNRESET|EPIPE)$/)
      })
    )

    test(
      "a waiting write completes at `end`, and its bytes go out before FIN",
      Effect.gen(function* () {
        const { client, server, transports } = yield* sockets
        let written = 0
        const chunk = new Uint8Array(100_000)
        const write = Effect.suspend(() => {
          written += chunk.length
          return client.write(chunk)
        })
        const writing = yield* Effect.fork(Effect.flip(Effect.forever(write)))
        yield* stuck(transports.client)
        yield* client.end
        assert.strictEqual((yield* Fiber.join(writing))._tag, "BrokenPipe")
        const total = yield* Stream.runFold(server.stream, 0, (sum, bytes) => sum + bytes.length)
        // The loop counted one more chunk, whose write failed because `end` had been called.
        assert.strictEqual(total, written - chunk.length)
      })
    )

    test(
      "closing the scope resets an open connection and wakes all waiters",
      Effect.gen(function* () {
        const { client, server } = yield* pair
        const peer = yield* Socket.make(server)
        const scope = yield* Scope.make()
        const socket = yield* Scope.extend(Socket.make(client), scope)
        const reading = yield* Effect.fork(Effect.flip(socket.read))
        yield* Effect.yieldNow()
        yield* Scope.close(scope, Exit.void)
        assert.strictEqual((yield* Fiber.join(reading))._tag, "ConnectionReset")
        assert.strictEqual((yield* Effect.flip(peer.read))._tag, "ConnectionReset")
        assert.strictEqual((yield* Effect.flip(socket.write("x")))._tag, "BrokenPipe")
      })
    )

    test(
      "waiting for the end can be interrupted",
      Effect.gen(function* () {
        const { client } = yield* sockets
        const waiting = yield* Effect.fork(client.closed)
        yield* Effect.yieldNow()
        assert.isTrue(Exit.isInterrupted(yield* Fiber.interrupt(waiting)))
      })
    )
  })
}

it.scoped("reads ahead 64 KiB, not more: the rest stays with the peer", () =>
  Effect.gen(function* () {
    const { client, server } = yield* sockets
    let written = 0
    const chunk = new Uint8Array(4096)
    const write = Effect.suspend(() => {
      written += chunk.length
      return client.write(chunk)
    })
    const writing = yield* Effect.fork(Effect.forever(write))
    const report = Effect.map(MemoryNetwork.connections, ([connection]) => connection!)
    let now = yield* report
    while (now.client.unsent <= 64 * 1024) {
      yield* Effect.yieldNow()
      now = yield* report
    }
    assert.strictEqual(written - now.client.unsent - now.server.unread, 64 * 1024)
    // Reading makes room again.
    for (let read = 0; read < 64 * 1024 + 1;) {
      read += Option.match(yield* server.read, {
        onNone: () => assert.fail("no end was sent"),
        onSome: (bytes) => bytes.length
      })
    }
    yield* Fiber.interrupt(writing)
  }).pipe(Effect.provide(MemoryNetwork.layer()))
)

// A scheduler can make a fiber yield between its check and its wait. An event in between must not be missed.
describe("a fiber that yields before it waits", () => {
  /** A scheduler that makes a fiber yield once, at its runtime step `at`. */
  const pausing = (at: number): Scheduler.Scheduler => {
    let asked = 0
    return {
      scheduleTask: (task, priority) => Scheduler.defaultScheduler.scheduleTask(task, priority),
      shouldYield: () => (++asked === at ? 0 : false)
    }
  }
  const everywhere = (
    waits: (server: Socket.Socket) => Effect.Effect<unknown, unknown>,
    wakes: (client: Socket.Socket) => Effect.Effect<unknown, unknown>
  ) =>
    Effect.forEach(
      Array.from({ length: 100 }, (_, index) => [1 + (index % 20), 1 + Math.floor(index / 20)] as const),
      ([at, turns]) =>
        Effect.gen(function* () {
          const { client, server } = yield* sockets
          yield* Effect.fork(Effect.zipRight(Effect.repeatN(Effect.yieldNow(), turns), wakes(client)))
          const waiting = yield* Effect.fork(Effect.withScheduler(waits(server), pausing(at)))
          yield* Effect.exit(Fiber.join(waiting)).pipe(
            Effect.timeoutFail({ duration: "1 minute", onTimeout: () => `hangs: ${at}, ${turns}` })
          )
        }).pipe(Effect.scoped),
      { discard: true }
    ).pipe(Effect.provide(MemoryNetwork.layer()))

  it.live("reads the bytes that arrived", () =>
    everywhere(
      (server) => server.read,
      (client) => client.write("x")
    )
  )

  it.live("notices FIN", () =>
    everywhere(
      (server) => server.read,
      (client) => client.end
    )
  )

  it.live("notices that the connection has closed", () =>
    everywhere(
      (server) => server.closed,
      (client) => client.reset
    )
  )

  it.live("continues to write", () =>
    everywhere(
      (server) => server.write(new Uint8Array(150_000)),
      (client) => Stream.runDrain(client.stream)
    )
  )
})
