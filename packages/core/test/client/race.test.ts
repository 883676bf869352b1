// The addresses of a name are raced by the clock. The first connection wins, and nothing is left of the other
// attempts.
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import * as TestClock from "effect/TestClock"
import { Client, HttpError, Network } from "@httpfx/core"
import type { Address } from "@httpfx/core/Transport"
import { MemoryNetwork, RawPeer } from "@httpfx/testing"
import { alternate } from "../../src/internal/client/connecting/race.js"

const hosts = { "dual.test": ["fd00::1", "fd00::2", "10.1.0.1", "10.1.0.2"] }

interface Step {
  readonly address: string
  readonly at: number
}

/**
 * The network in memory. `steps` records the attempts to connect, `given` records the cancelled attempts, and
 * `slow` has the durations of attempts, ms.
 */
const watched = (steps: Array<Step>, slow: Readonly<Record<string, number>>, given: Array<string>) =>
  Layer.effect(
    Network.Network,
    Effect.gen(function* () {
      const network = yield* Network.Network
      const connect: Network.Service["connect"] = (address, options) =>
        Effect.gen(function* () {
          const at = yield* Effect.clockWith((clock) => clock.currentTimeMillis)
          const { hostname } = address as { readonly hostname: string }
          steps.push({ address: hostname, at })
          yield* Effect.sleep(slow[hostname] ?? 0).pipe(
            Effect.onInterrupt(() => Effect.sync(() => given.push(hostname)))
          )
          return yield* network.connect(address, options)
        })
      return { ...network, connect }
    })
  ).pipe(Layer.provideMerge(MemoryNetwork.layer({ hosts })))

const run = (
  slow: Readonly<Record<string, number>>,
  test: (seen: {
    readonly steps: Array<Step>
    readonly given: Array<string>
  }) => Effect.Effect<
    void,
    unknown,
    Client.Client | Network.Network | MemoryNetwork.MemoryNetwork | Scope.Scope
  >
) => {
  const steps: Array<Step> = []
  const given: Array<string> = []
  return Effect.scoped(test({ steps, given })).pipe(
    Effect.provide(Layer.provideMerge(Client.layer, watched(steps, slow, given)))
  )
}

const never = 1e9
const listens = (host: string) => RawPeer.listen({ host, port: 80 })
const request = Client.request({ url: "http://dual.test/" })
const answered = (server: RawPeer.RawServer) =>
  Effect.gen(function* () {
    const fiber = yield* Effect.fork(request)
    const peer = yield* Effect.fork(server.accept)
    return { fiber, peer }
  })

const remoteOf = (remote: Address | undefined) =>
  remote?._tag === "TcpAddress" ? remote.hostname : undefined

describe("Addresses of a name", () => {
  it("alternate between families, each in the resolver's order", () => {
    const list = ["fd00::1", "fd00::2", "fd00::3", "10.0.0.1", "10.0.0.2"].map((address) => ({
      address,
      family: address.includes(":") ? (6 as const) : (4 as const)
    }))
    assert.deepStrictEqual(
      alternate(list).map(({ address }) => address),
      ["fd00::1", "10.0.0.1", "fd00::2", "10.0.0.2", "fd00::3"]
    )
    assert.deepStrictEqual(alternate(list.slice(3)), list.slice(3))
  })

  it.effect("are tried 250 ms after one another; a slow one is not cancelled", () =>
    run({ "fd00::1": 600, "10.1.0.1": never, "fd00::2": never, "10.1.0.2": never }, ({ given, steps }) =>
      Effect.gen(function* () {
        const { fiber, peer } = yield* answered(yield* listens("fd00::1"))
        yield* TestClock.adjust("249 millis")
        assert.deepStrictEqual(steps, [{ address: "fd00::1", at: 0 }])
        yield* TestClock.adjust("351 millis")
        const raw = yield* peer
        yield* raw.expectMatch(/^[^]*\r\n\r\n/)
        yield* raw.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        assert.strictEqual(remoteOf((yield* fiber).remote), "fd00::1")
        assert.deepStrictEqual(steps, [
          { address: "fd00::1", at: 0 },
          { address: "10.1.0.1", at: 250 },
          { address: "fd00::2", at: 500 }
        ])
        // Both pending attempts were cancelled, and the fourth address is never tried.
        assert.deepStrictEqual(given, ["10.1.0.1", "fd00::2"])
        yield* TestClock.adjust("10 seconds")
        assert.strictEqual(steps.length, 3)
      })
    )
  )

  it.effect("continue at once when one fails; if all fail, each is named with its reason", () =>
    run({ "10.1.0.1": 100 }, ({ steps }) =>
      Effect.gen(function* () {
        const fiber = yield* Effect.fork(Effect.flip(request))
        yield* TestClock.adjust("1 second")
        const error = yield* fiber
        assert.deepStrictEqual(
          steps.map(({ at }) => at),
          [0, 0, 100, 100]
        )
        if (error._tag !== "ConnectionRefused") return assert.fail(error._tag)
        assert.deepStrictEqual(
          error.attempts?.map(({ address, code, millis }) => [address, code, millis]),
          [
            ["[fd00::1]:80", "ECONNREFUSED", 0],
            ["10.1.0.1:80", "ECONNREFUSED", 100],
            ["[fd00::2]:80", "ECONNREFUSED", 0],
            ["10.1.0.2:80", "ECONNREFUSED", 0]
          ]
        )
        assert.include(error.message, "before it [fd00::1]:80: ECONNREFUSED, 10.1.0.1:80: ECONNREFUSED")
      })
    )
  )

  it.effect("of two connections established at the same moment one serves, the other is closed", () =>
    run({ "fd00::1": 300, "10.1.0.1": 50 }, ({ steps }) =>
      Effect.gen(function* () {
        const six = yield* listens("fd00::1")
        const four = yield* listens("10.1.0.1")
        const fiber = yield* Effect.fork(request)
        yield* TestClock.adjust("300 millis")
        const raw = yield* Effect.raceFirst(six.accept, four.accept)
        yield* raw.expectMatch(/^[^]*\r\n\r\n/)
        yield* raw.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        yield* fiber
        yield* TestClock.adjust("1 second")
        assert.strictEqual(steps.length, 2)
        const { open } = yield* Effect.flatMap(Client.Client, ({ connections }) => connections)
        assert.strictEqual(open, 1)
        assert.strictEqual((yield* MemoryNetwork.connections).length, 1)
      })
    )
  )

  it.effect("interruption cancels every attempt, and leaves none", () =>
    run({ "fd00::1": never, "10.1.0.1": never, "fd00::2": never }, ({ given, steps }) =>
      Effect.gen(function* () {
        const fiber = yield* Effect.fork(request)
        yield* TestClock.adjust("600 millis")
        assert.strictEqual(steps.length, 3)
        yield* Fiber.interrupt(fiber)
        assert.deepStrictEqual(given, ["fd00::1", "10.1.0.1", "fd00::2"])
        yield* TestClock.adjust("10 seconds")
        assert.strictEqual(steps.length, 3)
        const { connecting, open } = yield* Effect.flatMap(Client.Client, ({ connections }) => connections)
        assert.deepStrictEqual([open, connecting], [0, 0])
      })
    )
  )

  it.effect("a single address is one attempt, which the error lists", () =>
    run({}, () =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(Client.request({ url: "http://10.9.9.9:81/" }))
        assert.instanceOf(error, HttpError.ConnectionRefused)
        assert.deepStrictEqual(
          error.attempts?.map(({ address }) => address),
          ["10.9.9.9:81"]
        )
        assert.strictEqual(error.address, "10.9.9.9:81")
      })
    )
  )
})
