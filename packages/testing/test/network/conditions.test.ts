/**
 * Link conditions, measured in virtual time: their effect on arrival times, the connections that they match,
 * their precedence, and the seed of random values.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { Network } from "@httpfx/core/Network"
import { tcp, type Transport, type TransportHandlers } from "@httpfx/core/Transport"
import type { Conditions, Where } from "@httpfx/testing/Conditions"
import * as MemoryNetwork from "@httpfx/testing/MemoryNetwork"
import * as Simulation from "@httpfx/testing/Simulation"

const nothing: TransportHandlers = { data() {}, end() {}, drain() {}, error() {}, close() {} }

type Env = Network | MemoryNetwork.MemoryNetwork | Scope.Scope | Simulation.Simulation

const world = <A, E>(program: Effect.Effect<A, E, Env>, options?: MemoryNetwork.Options, seed = 3) =>
  Simulation.run({ seed }, Effect.scoped(program).pipe(Effect.provide(MemoryNetwork.layer(options))))

const pair = (host = "api.internal") =>
  Effect.gen(function* () {
    const network = yield* Network
    const accepted = yield* Deferred.make<Transport>()
    const { address } = yield* network.listen({ host, port: 0 }, (transport) => {
      Deferred.unsafeDone(accepted, Effect.succeed(transport))
    })
    const client = yield* network.connect(address)
    return { client, server: yield* Deferred.await(accepted) }
  })

/**
 * Sends `total` bytes and then FIN. Returns each arrival as its number of bytes and the milliseconds since
 * the start.
 */
const arrivals = (from: Transport, to: Transport, total: number, pieces = 1) =>
  Effect.gen(function* () {
    const clock = yield* Effect.clock
    const begun = clock.unsafeCurrentTimeMillis()
    const since = () => clock.unsafeCurrentTimeMillis() - begun
    const done = yield* Deferred.make<void>()
    const log: Array<[number, number]> = []
    to.start({
      ...nothing,
      data: ({ length }) => void log.push([length, since()]),
      end: () => {
        log.push([0, since()])
        Deferred.unsafeDone(done, Effect.void)
      }
    })
    from.start(nothing)
    for (let piece = 0; piece < pieces; piece++) from.write(new Uint8Array(total / pieces))
    from.end()
    yield* Deferred.await(done)
    return log
  })

const measured = (where: Where, conditions: Conditions, total = 1000) =>
  Effect.gen(function* () {
    yield* MemoryNetwork.condition(where, conditions)
    const { client, server } = yield* pair()
    return yield* arrivals(client, server, total)
  })

const last = <A>(list: ReadonlyArray<A>) => list[list.length - 1]!

describe("bandwidth", () => {
  for (const bandwidth of [1000, 1_000_000, 8_000_000]) {
    it.live(`a megabyte at ${bandwidth} bytes per second takes its size divided by the bandwidth`, () =>
      world(
        Effect.gen(function* () {
          const log = yield* measured({}, { bandwidth }, 1_000_000)
          const [, millis] = last(log)
          const wanted = (1_000_000 / bandwidth) * 1000
          const segment = Math.ceil((1460 / bandwidth) * 1000)
          assert.isTrue(Math.abs(millis - wanted) <= segment, `${millis} ms instead of ${wanted}`)
          const half = log.find(
            (_, index) => log.slice(0, index + 1).reduce((sum, [n]) => sum + n, 0) >= 500_000
          )!
          assert.isTrue(Math.abs(half[1] - wanted / 2) <= segment, `half of it after ${half[1]} ms`)
        })
      )
    )
  }

  it.live("applies to each direction separately", () =>
    world(
      Effect.gen(function* () {
        yield* MemoryNetwork.condition({ sender: "server" }, { bandwidth: 10_000 })
        const one = yield* pair()
        assert.strictEqual(last(yield* arrivals(one.client, one.server, 100_000))[1], 0)
        const other = yield* pair("other.internal")
        assert.strictEqual(last(yield* arrivals(other.server, other.client, 100_000))[1], 10_000)
      })
    )
  )
})

describe("latency", () => {
  it.live("each property comes from the newest matching condition, for open connections too", () =>
    world(
      Effect.gen(function* () {
        const { client, server } = yield* pair()
        yield* MemoryNetwork.condition({ to: "api.internal" }, { latency: "20 millis" })
        const rest = Effect.scoped(
          Effect.gen(function* () {
            yield* MemoryNetwork.condition({ to: "api.*" }, { latency: "50 millis", segmentSize: undefined })
            yield* MemoryNetwork.condition({ to: "other.internal" }, { latency: "90 millis" })
            yield* MemoryNetwork.condition({}, { segmentSize: 400 })
            return yield* arrivals(client, server, 1000)
          })
        )
        assert.deepStrictEqual(yield* rest, [
          [400, 50],
          [400, 50],
          [200, 50],
          [0, 50]
        ])
        const again = yield* pair("api.internal")
        assert.deepStrictEqual(yield* arrivals(again.client, again.server, 1000), [
          [1000, 20],
          [0, 20]
        ])
      })
    )
  )

  it.live("never reorders bytes when it decreases", () =>
    world(
      Effect.gen(function* () {
        const clock = yield* Effect.clock
        const { client, server } = yield* pair()
        const begun = clock.unsafeCurrentTimeMillis()
        const log: Array<[number, number]> = []
        server.start({
          ...nothing,
          data: ({ length }) => log.push([length, clock.unsafeCurrentTimeMillis() - begun])
        })
        client.start(nothing)
        yield* Effect.scoped(
          Effect.gen(function* () {
            yield* MemoryNetwork.condition({}, { latency: "1 second" })
            client.write("a")
            yield* Effect.sleep("300 millis")
          })
        )
        client.write("bc")
        yield* Effect.sleep("2 seconds")
        assert.deepStrictEqual(log, [
          [1, 1000],
          [2, 1000]
        ])
      })
    )
  )

  it.live("a connection takes a round trip of its link", () =>
    world(
      Effect.gen(function* () {
        yield* MemoryNetwork.condition({ sender: "client" }, { latency: 30 })
        yield* MemoryNetwork.condition({ sender: "server" }, { latency: 70 })
        const begun = yield* Clock.currentTimeMillis
        yield* pair()
        assert.strictEqual((yield* Clock.currentTimeMillis) - begun, 100)
      })
    )
  )

  it.live("can be changed over time by an effect", () =>
    world(
      Effect.gen(function* () {
        const script = Effect.forEach([10, 200, 30], (latency) =>
          Effect.scoped(Effect.zipRight(MemoryNetwork.condition({}, { latency }), Effect.sleep("1 second")))
        )
        const { client, server } = yield* pair()
        const clock = yield* Effect.clock
        const log: Array<number> = []
        server.start({
          ...nothing,
          data: (chunk) => {
            for (const sent of new Float64Array(chunk.slice().buffer))
              log.push(clock.unsafeCurrentTimeMillis() - sent)
          }
        })
        client.start(nothing)
        yield* Effect.fork(script)
        yield* Effect.sleep(1)
        for (let second = 0; second < 4; second++) {
          client.write(new Uint8Array(new Float64Array([clock.unsafeCurrentTimeMillis()]).buffer))
          yield* Effect.sleep("1 second")
        }
        assert.deepStrictEqual(log, [10, 200, 30, 0])
      })
    )
  )
})

describe("a connection of web.internal to api.internal:80", () => {
  const table: ReadonlyArray<[Where, boolean]> = [
    [{ to: "api.internal" }, true],
    [{ to: "api.internal:80" }, true],
    [{ to: "api.internal:81" }, false],
    [{ to: "*.internal:*" }, true],
    [{ to: "*:80" }, true],
    [{ to: ["db.internal", "api.internal"] }, true],
    [{ to: "API.internal" }, true],
    [{ to: "10.*" }, true],
    [{ to: "pi.internal" }, false],
    [{ from: "web.internal" }, true],
    [{ from: "batch.internal", to: "api.internal" }, false],
    [{ connection: 1 }, true],
    [{ connection: 2 }, false]
  ]
  for (const [where, meant] of table) {
    it.live(`${JSON.stringify(where)}: ${meant ? "matches" : "does not match"}`, () =>
      world(
        Effect.gen(function* () {
          yield* (yield* Network).listen({ host: "api.internal", port: 80 }, () => {})
          const web = (yield* MemoryNetwork.MemoryNetwork).from("web.internal")
          const [first] = yield* web.resolve("api.internal")
          const client = yield* web.connect(tcp(first.address, 80))
          client.start(nothing)
          assert.strictEqual(yield* MemoryNetwork.reset(where), meant ? 1 : 0)
        })
      )
    )
  }
})

describe("randomness", () => {
  const drawn = { segmentSize: { min: 10, max: 300 }, latency: 5, jitter: "40 millis" } as const
  const run = (options: MemoryNetwork.Options, seed: number) =>
    world(
      Effect.gen(function* () {
        const { client, server } = yield* pair()
        return yield* arrivals(client, server, 3000, 30)
      }),
      options,
      seed
    )

  it.live("random values depend only on the seed of the simulation, or on the given seed", () =>
    Effect.gen(function* () {
      const one = yield* run(drawn, 1)
      assert.deepStrictEqual(yield* run(drawn, 1), one)
      assert.notDeepEqual(yield* run(drawn, 2), one)
      const own = yield* run({ ...drawn, seed: "mine" }, 1)
      assert.deepStrictEqual(yield* run({ ...drawn, seed: "mine" }, 2), own)
      assert.notDeepEqual(own, one)
    })
  )

  it.live("splits and joins writes to sizes within the bounds", () =>
    Effect.gen(function* () {
      const log = yield* run(drawn, 1)
      const sizes = log.slice(0, -1).map(([size]) => size)
      assert.strictEqual(
        sizes.reduce((sum, size) => sum + size, 0),
        3000
      )
      assert.isTrue(sizes.some((size) => size > 100) && sizes.some((size) => size < 100))
      assert.isTrue(sizes.every((size) => size <= 300))
      for (const [, at] of log) assert.isTrue(at >= 5 && at <= 45, `${at} ms`)
      assert.isTrue(last(log)[1] > 5)
    })
  )

  it.live("the seed can be read", () =>
    world(
      Effect.gen(function* () {
        assert.strictEqual(yield* MemoryNetwork.seed, 99)
      }),
      { seed: 99 }
    )
  )
})

describe("linger: unsent bytes of an end that closes", () => {
  /**
   * Sends 20,000 bytes at 1,000 bytes per second. Returns how many the peer receives, and how the connection
   * ends.
   */
  const left = (conditions: Conditions) =>
    world(
      Effect.gen(function* () {
        yield* MemoryNetwork.condition({ sender: "client" }, { bandwidth: 1_000, receiveWindow: 1_000 })
        yield* MemoryNetwork.condition({}, conditions)
        const { client, server } = yield* pair()
        const done = yield* Deferred.make<string>()
        let received = 0
        server.start({
          ...nothing,
          data: ({ length }) => void (received += length),
          end: () => Deferred.unsafeDone(done, Effect.succeed("end")),
          error: ({ code }) => Deferred.unsafeDone(done, Effect.succeed(code))
        })
        client.start({ ...nothing, end: () => client.end() })
        client.write(new Uint8Array(20_000))
        server.end()
        const ended = yield* Deferred.await(done)
        const { clock } = yield* Simulation.Simulation
        yield* Simulation.settled
        return { ended, received, waits: clock.size }
      })
    )

  it.effect("by default all bytes are sent, however long that takes", () =>
    Effect.map(left({}), (seen) => assert.deepStrictEqual(seen, { ended: "end", received: 20_000, waits: 0 }))
  )

  it.effect("with 0, the connection is reset at once", () =>
    Effect.map(left({ linger: 0 }), ({ ended, received }) => {
      assert.strictEqual(ended, "ECONNRESET")
      assert.isAtMost(received, 1_000)
    })
  )

  it.effect("with a duration, the connection is reset when it expires", () =>
    Effect.map(left({ linger: "5 seconds" }), ({ ended, received }) => {
      assert.strictEqual(ended, "ECONNRESET")
      assert.isAbove(received, 3_000)
      assert.isAtMost(received, 6_000)
    })
  )

  it.effect("has no effect if all bytes are sent in time", () =>
    Effect.map(left({ linger: "1 minute" }), (seen) =>
      assert.deepStrictEqual(seen, { ended: "end", received: 20_000, waits: 0 })
    )
  )
})
