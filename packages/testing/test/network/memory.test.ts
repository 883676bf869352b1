/**
 * Guarantees of the network in memory that the battery does not test: names, time, windows, determinism, and
 * the lists of connections and listeners.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/TestClock"
import * as fc from "fast-check"
import { Network } from "@httpfx/core/Network"
import { tcp, unix, type Transport, type TransportHandlers } from "@httpfx/core/Transport"
import * as MemoryNetwork from "@httpfx/testing/MemoryNetwork"

const nothing: TransportHandlers = { data() {}, end() {}, drain() {}, error() {}, close() {} }

const memory =
  (options?: MemoryNetwork.Options) =>
  <A, E>(effect: Effect.Effect<A, E, Network | MemoryNetwork.MemoryNetwork | Scope.Scope>) =>
    Effect.provide(effect, MemoryNetwork.layer(options))

const pair = Effect.gen(function* () {
  const network = yield* Network
  const accepted = yield* Deferred.make<Transport>()
  const listener = yield* network.listen({ port: 0, host: "127.0.0.1" }, (transport) => {
    Deferred.unsafeDone(accepted, Effect.succeed(transport))
  })
  const client = yield* network.connect(listener.address)
  return { client, server: yield* Deferred.await(accepted) }
})

const macrotask = Effect.async<void>((resume) => void setTimeout(() => resume(Effect.void), 0))

describe("names", () => {
  it.scoped("a name with a listener gets its own address, which is the same in every network", () =>
    Effect.gen(function* () {
      const listenAndResolve = memory()(
        Effect.gen(function* () {
          const network = yield* Network
          yield* network.listen({ host: "other.internal", port: 80 }, () => {})
          const { address } = yield* network.listen({ host: "API.internal", port: 80 }, (transport) => {
            transport.start(nothing)
            transport.write("hi")
          })
          const [first] = yield* network.resolve("api.internal")
          assert.deepStrictEqual(address, tcp(first.address, 80))
          assert.strictEqual(first.family, 4)
          const client = yield* network.connect(tcp(first.address, 80))
          const data = yield* Deferred.make<void>()
          client.start({ ...nothing, data: () => void Deferred.unsafeDone(data, Effect.void) })
          yield* Deferred.await(data)
          return first.address
        })
      )
      const address = yield* listenAndResolve
      assert.match(address, /^10\.\d+\.\d+\.\d+$/)
      assert.strictEqual(yield* listenAndResolve, address)
    })
  )

  it.scoped("a name still resolves after its listener has closed, and connections are then refused", () =>
    Effect.gen(function* () {
      const network = yield* Network
      const { address } = yield* Effect.scoped(network.listen({ host: "api.internal", port: 80 }, () => {}))
      const [first] = yield* network.resolve("api.internal")
      assert.deepStrictEqual(address, tcp(first.address, 80))
      assert.strictEqual((yield* Effect.flip(network.connect(address)))._tag, "ConnectionRefused")
    }).pipe(memory())
  )

  it.scoped("an unknown name does not resolve, a configured one resolves to its addresses", () =>
    Effect.gen(function* () {
      const network = yield* Network
      const error = yield* Effect.flip(network.resolve("nobody.internal"))
      assert.deepStrictEqual(
        [error._tag, error.code, error.host, error.message],
        ["NameNotResolved", "ENOTFOUND", "nobody.internal", "getaddrinfo ENOTFOUND nobody.internal"]
      )
      assert.deepStrictEqual(yield* network.resolve("db.internal"), [
        { address: "fd00::7", family: 6 },
        { address: "192.0.2.7", family: 4 }
      ])
      assert.deepStrictEqual(yield* network.resolve("db.internal", { family: 4 }), [
        { address: "192.0.2.7", family: 4 }
      ])
    }).pipe(memory({ hosts: { "db.internal": ["fd00::7", "192.0.2.7"] } }))
  )

  it.scoped("a port is in use if some address would reach two listeners, otherwise free", () =>
    Effect.gen(function* () {
      const network = yield* Network
      const taken = (host: string | undefined, ipv6Only = false) =>
        Effect.map(
          Effect.exit(
            Effect.scoped(
              network.listen({ port: 80, ipv6Only, ...(host === undefined ? {} : { host }) }, () => {})
            )
          ),
          Exit.isFailure
        )
      yield* network.listen({ port: 80, host: "10.1.1.1" }, () => {})
      assert.deepStrictEqual(
        yield* Effect.all([
          taken("10.1.1.1"),
          taken("10.1.1.2"),
          taken("0.0.0.0"),
          taken(undefined),
          taken("::", true),
          taken("fd00::1")
        ]),
        [true, false, true, true, false, false]
      )
    }).pipe(memory())
  )
})

describe("time", () => {
  it.scoped("connecting takes one round trip, bytes take the one-way latency", () =>
    Effect.gen(function* () {
      const connecting = yield* Effect.fork(pair)
      yield* TestClock.adjust(199)
      assert.isNull(yield* Effect.map(Fiber.poll(connecting), (exit) => (exit._tag === "None" ? null : exit)))
      yield* TestClock.adjust(1)
      const { client, server } = yield* Fiber.join(connecting)
      const log: Array<string> = []
      const now = yield* Effect.clockWith((clock) => Effect.succeed(() => clock.unsafeCurrentTimeMillis()))
      server.start({
        ...nothing,
        data: (chunk) => log.push(`${chunk.length} at ${now()}`),
        end: () => log.push(`end at ${now()}`)
      })
      client.start(nothing)
      client.write("abc")
      yield* TestClock.adjust(50)
      client.write("defg")
      client.end()
      yield* TestClock.adjust(49)
      assert.deepStrictEqual(log, [])
      yield* TestClock.adjust(1)
      assert.deepStrictEqual(log, ["3 at 300"])
      yield* TestClock.adjust(50)
      assert.deepStrictEqual(log, ["3 at 300", "4 at 350", "end at 350"])
    }).pipe(memory({ latency: 100 }))
  )

  it.scoped("a refusal takes a round trip", () =>
    Effect.gen(function* () {
      const network = yield* Network
      const connecting = yield* Effect.fork(Effect.flip(network.connect(tcp("127.0.0.1", 1))))
      yield* TestClock.adjust(199)
      assert.strictEqual((yield* Fiber.poll(connecting))._tag, "None")
      yield* TestClock.adjust(1)
      assert.strictEqual((yield* Fiber.join(connecting))._tag, "ConnectionRefused")
    }).pipe(memory({ latency: 100 }))
  )

  it.scoped("two ends that reply to each other endlessly do not starve the process's timers", () =>
    Effect.gen(function* () {
      const { client, server } = yield* pair
      let rounds = 0
      server.start({ ...nothing, data: () => void server.write("pong") })
      client.start({ ...nothing, data: () => void (rounds++, client.write("ping")) })
      client.write("ping")
      for (let turn = 0; turn < 3; turn++) yield* macrotask
      assert.isAbove(rounds, 100)
      client.reset()
    }).pipe(memory())
  )
})

describe("bytes", () => {
  it.scoped("a written buffer may be changed afterwards", () =>
    Effect.gen(function* () {
      const { client, server } = yield* pair
      const received: Array<number> = []
      server.start({ ...nothing, data: (chunk) => received.push(...chunk) })
      for (const size of [3, 5000]) {
        const bytes = new Uint8Array(size).fill(1)
        client.write(bytes)
        client.write("", bytes)
        bytes.fill(2)
      }
      while (received.length < 10_006) yield* macrotask
      assert.isTrue(received.every((byte) => byte === 1))
    }).pipe(memory())
  )

  it("any writes, windows and segments: the same bytes in order, never more than the windows hold", async () => {
    const seed = Date.now()
    console.info(`MemoryNetwork.test seed ${seed}`)
    const settings = fc.record({
      writes: fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 30 }),
      pauses: fc.array(fc.boolean(), { minLength: 1, maxLength: 10 }),
      sendWindow: fc.integer({ min: 1, max: 500 }),
      receiveWindow: fc.integer({ min: 1, max: 500 }),
      segmentSize: fc.integer({ min: 1, max: 200 })
    })
    await fc.assert(
      fc.asyncProperty(settings, async ({ pauses, writes, ...options }) => {
        const received: Array<number> = []
        let largest = 0
        let unread = 0
        const program = Effect.gen(function* () {
          const { client, server } = yield* pair
          const ended = yield* Deferred.make<void>()
          let turn = 0
          const look = Effect.map(MemoryNetwork.connections, ([connection]) => {
            unread = Math.max(unread, connection?.server.unread ?? 0)
          })
          server.start({
            ...nothing,
            data: (chunk) => {
              largest = Math.max(largest, chunk.length)
              received.push(...chunk)
              if (pauses[turn++ % pauses.length]) {
                server.pause()
                void Promise.resolve().then(() => server.resume())
              }
            },
            end: () => void Deferred.unsafeDone(ended, Effect.void)
          })
          for (const bytes of writes) {
            const more = client.write(bytes)
            assert.strictEqual(more, client.buffered === 0)
            yield* look
          }
          client.end()
          yield* Deferred.await(ended)
        })
        await Effect.runPromise(Effect.scoped(memory(options)(program)))
        assert.deepStrictEqual(
          received,
          writes.flatMap((bytes) => Array.from(bytes))
        )
        assert.isAtMost(largest, options.segmentSize)
        assert.isAtMost(unread, options.receiveWindow)
      }),
      { seed, numRuns: 200 }
    )
  })

  it.scoped("write returns false, and drain comes, as the windows fill and empty", () =>
    Effect.gen(function* () {
      const { client, server } = yield* pair
      const log: Array<string> = []
      client.start({ ...nothing, drain: () => log.push("drain") })
      assert.deepStrictEqual([client.write("x".repeat(100)), client.buffered], [true, 0])
      yield* macrotask
      // The receive window has taken the first 100 bytes. 100 more bytes fill both windows.
      assert.deepStrictEqual([client.write("x".repeat(100)), client.buffered], [true, 0])
      assert.deepStrictEqual([client.write("y"), client.buffered], [false, 1])
      yield* macrotask
      assert.deepStrictEqual(log, [])
      server.start(nothing)
      yield* macrotask
      assert.deepStrictEqual([log, client.buffered], [["drain"], 0])
    }).pipe(memory({ sendWindow: 100, receiveWindow: 100 }))
  )
})

describe("listening", () => {
  it.scoped("attempts to connect wait if the backlog is full, and do not fail", () =>
    Effect.gen(function* () {
      const network = yield* Network
      let accepted = 0
      const { address } = yield* network.listen({ port: 0, backlog: 1 }, () => accepted++)
      yield* Effect.all(
        Array.from({ length: 20 }, () => network.connect(address)),
        { concurrency: "unbounded" }
      )
      assert.strictEqual(accepted, 20)
    }).pipe(memory())
  )

  it.scoped("a client gets the requested local address and port, or an ephemeral port", () =>
    Effect.gen(function* () {
      const network = yield* Network
      const { address } = yield* network.listen({ port: 80, host: "10.1.1.1" }, () => {})
      const asked = yield* network.connect(address, { localAddress: "10.9.9.9", localPort: 1234 })
      assert.deepStrictEqual(asked.local, tcp("10.9.9.9", 1234))
      const ports = yield* Effect.forEach([1, 2, 3], () =>
        Effect.map(network.connect(address), ({ local }) => local)
      )
      assert.strictEqual(new Set(ports.map((local) => JSON.stringify(local))).size, 3)
    }).pipe(memory())
  )
})

describe("listing open resources", () => {
  it.scoped("connections are listed with their states and bytes until both ends are closed", () =>
    Effect.gen(function* () {
      const { client, server } = yield* pair
      const now = Effect.map(MemoryNetwork.connections, (list) =>
        list.map(({ client, server }) => [
          client.state,
          client.unsent,
          client.unread,
          server.state,
          server.unsent,
          server.unread
        ])
      )
      client.start(nothing)
      client.write("12345")
      yield* macrotask
      assert.deepStrictEqual(yield* now, [["established", 0, 0, "established", 0, 5]])
      client.end()
      server.start(nothing)
      yield* macrotask
      assert.deepStrictEqual(yield* now, [["finWait", 0, 0, "closeWait", 0, 0]])
      server.write("6")
      server.end()
      yield* macrotask
      assert.deepStrictEqual(yield* now, [])
      const next = yield* pair
      next.client.reset()
      yield* macrotask
      assert.deepStrictEqual(yield* now, [["closed", 0, 0, "established", 0, 0]])
      next.server.start(nothing)
      yield* macrotask
      assert.deepStrictEqual(yield* now, [])
    }).pipe(memory())
  )

  it.scoped("listeners are listed", () =>
    Effect.gen(function* () {
      const network = yield* Network
      yield* network.listen({ path: "/run/a.sock" }, () => {})
      yield* Effect.scoped(network.listen({ port: 80 }, () => {}))
      assert.deepStrictEqual(yield* MemoryNetwork.listeners, [unix("/run/a.sock")])
    }).pipe(memory())
  )

  it.scoped("closing the network closes every connection", () =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const { network } = yield* Scope.extend(MemoryNetwork.make(), scope)
      const { client } = yield* Scope.extend(Effect.provideService(pair, Network, network), scope)
      const closed = yield* Deferred.make<void>()
      client.start({ ...nothing, close: () => void Deferred.unsafeDone(closed, Effect.void) })
      yield* Scope.close(scope, Exit.void)
      yield* Deferred.await(closed)
    })
  )
})

it.effect("the same program sees the same events in the same order", () =>
  Effect.gen(function* () {
    const program = Effect.gen(function* () {
      const network = yield* Network
      const log: Array<string> = []
      const { address } = yield* network.listen({ port: 0 }, (transport) => {
        transport.start({
          ...nothing,
          data: (chunk) => void transport.write(chunk),
          end: () => transport.end()
        })
      })
      const talk = (id: number) =>
        Effect.gen(function* () {
          const transport = yield* network.connect(address)
          const closed = yield* Deferred.make<void>()
          transport.start({
            data: (chunk) => log.push(`${id} data ${chunk.length}`),
            end: () => log.push(`${id} end`),
            drain: () => log.push(`${id} drain`),
            error: () => log.push(`${id} error`),
            close: () => void Deferred.unsafeDone(closed, Effect.void)
          })
          for (let size = 1; size < 100_000; size *= 7) transport.write(new Uint8Array(size * (id + 1)))
          transport.end()
          yield* Deferred.await(closed)
        })
      yield* Effect.all([0, 1, 2, 3, 4].map(talk), { concurrency: "unbounded" })
      return log
    })
    for (const latency of [0, 1]) {
      const run = Effect.gen(function* () {
        const running = yield* Effect.fork(
          program.pipe(memory({ latency, segmentSize: 1460 }), Effect.scoped)
        )
        while ((yield* Fiber.poll(running))._tag === "None") yield* TestClock.adjust(1)
        return yield* Fiber.join(running)
      })
      const first = yield* run
      assert.isAbove(first.length, 100)
      assert.deepStrictEqual(yield* run, first)
    }
  })
)
