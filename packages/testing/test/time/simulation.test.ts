/**
 * A simulation is repeatable, never waits for real time, and lists everything that waits if it cannot
 * proceed.
 */
import { readFile } from "node:fs/promises"
import { lookup } from "node:dns/promises"
import { assert, describe, it } from "@effect/vitest"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Random from "effect/Random"
import * as Client from "@httpfx/core/Client"
import { Network } from "@httpfx/core/Network"
import * as Server from "@httpfx/core/Server"
import * as MemoryNetwork from "@httpfx/testing/MemoryNetwork"
import * as Simulation from "@httpfx/testing/Simulation"
import { epoch } from "@httpfx/testing/VirtualClock"

const quiet = { report: () => {} }
const failureOf = <A, E>(options: Simulation.Options, effect: Effect.Effect<A, E, Simulation.Simulation>) =>
  Effect.map(Effect.flip(Simulation.run({ ...quiet, ...options }, effect)), (error) => {
    if (!(error instanceof Simulation.SimulationFailed))
      throw new Error(`no SimulationFailed: ${String(error)}`)
    return error
  })

/** Runs six fibers that sleep and yield at random. Returns their actions in order. */
const bustle = Effect.gen(function* () {
  const trace: Array<string> = []
  const actor = (name: number) =>
    Effect.gen(function* () {
      for (let round = 0; round < 5; round++) {
        yield* Effect.sleep(yield* Random.nextIntBetween(0, 5))
        yield* Effect.yieldNow()
        trace.push(`${(yield* Clock.currentTimeMillis) - epoch}:${name}:${Math.floor(Math.random() * 1000)}`)
      }
    })
  yield* Effect.forEach([1, 2, 3, 4, 5, 6], actor, { concurrency: "unbounded", discard: true })
  const { steps } = yield* Simulation.Simulation
  return [...trace, `${steps()} steps`].join(" ")
})

describe("time", () => {
  it.live("passes at once in real time, and by its full length for the program", () =>
    Effect.gen(function* () {
      const before = Date.now()
      const hours = yield* Simulation.run(
        {},
        Effect.gen(function* () {
          const ticking = yield* Effect.fork(Effect.forever(Effect.sleep("1 minute")))
          yield* Effect.sleep("10 hours")
          yield* Fiber.interrupt(ticking)
          return ((yield* Clock.currentTimeMillis) - epoch) / 3_600_000
        })
      )
      assert.strictEqual(hours, 10)
      assert.isBelow(Date.now() - before, 60_000)
    })
  )

  it.effect("advances only when no fiber or message is pending", () =>
    Simulation.run(
      {},
      Effect.gen(function* () {
        let done = 0
        yield* Effect.fork(
          Effect.andThen(
            Effect.promise(async () => {
              for (let turn = 0; turn < 500; turn++) await Promise.resolve()
            }),
            Effect.sync(() => done++)
          )
        )
        yield* Effect.fork(
          Effect.delay(
            Effect.sync(() => done++),
            50
          )
        )
        yield* Simulation.settled
        assert.strictEqual(done, 1)
        yield* Simulation.until(() => done === 2)
        assert.strictEqual(yield* Clock.currentTimeMillis, epoch + 50)
      })
    )
  )
})

describe("time does not advance", () => {
  const turns = (count: number) =>
    Effect.promise(async () => {
      for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve))
    })
  const messages = (count: number) =>
    Effect.promise(async () => {
      for (let turn = 0; turn < count; turn++) {
        const { port1, port2 } = new MessageChannel()
        await new Promise((resolve) => {
          port1.onmessage = resolve
          port2.postMessage(0)
        })
        port1.close()
      }
    })
  const transfer = Effect.gen(function* () {
    const size = 8 * 1024 * 1024
    const network = yield* Network
    let received = 0
    const done = yield* Deferred.make<void>()
    const listener = yield* network.listen({ port: 80, host: "a.test" }, (transport) => {
      transport.start({
        data(chunk) {
          received += chunk.length
          if (received === size) Deferred.unsafeDone(done, Effect.void)
        },
        end() {},
        drain() {},
        error() {},
        close() {}
      })
    })
    const client = yield* network.connect(listener.address)
    client.start({ data() {}, end() {}, drain() {}, error() {}, close() {} })
    client.write(new Uint8Array(size))
    yield* Deferred.await(done)
  }).pipe(
    Effect.scoped,
    Effect.provide(MemoryNetwork.layer({ segmentSize: 500, sendWindow: 1000, receiveWindow: 1000 }))
  )
  const busy: ReadonlyArray<[string, Effect.Effect<void, unknown>]> = [
    ["immediates", turns(20)],
    ["messages", messages(20)],
    ["a long transfer that takes no time", transfer]
  ]
  for (const [name, effect] of busy) {
    it.effect(`during ${name}`, () =>
      Simulation.run(
        {},
        Effect.gen(function* () {
          const first = yield* Effect.raceFirst(
            Effect.as(effect, "busy"),
            Effect.as(Effect.sleep(1), "the clock")
          )
          assert.strictEqual(first, "busy")
        })
      )
    )
  }
})

describe("randomness", () => {
  it.effect("the same seed gives the same run, another seed another run", () =>
    Effect.gen(function* () {
      for (const anyOrder of [false, true]) {
        const of = (seed: number) => Simulation.run({ seed, anyOrder }, bustle)
        const first = yield* of(1)
        assert.strictEqual(yield* of(1), first)
        assert.notStrictEqual(yield* of(2), first)
      }
    })
  )

  it.effect("restores Math.random, and reports the seed of a failure", () =>
    Effect.gen(function* () {
      const { random } = Math
      const lines: Array<string> = []
      const report = (line: string) => void lines.push(line)
      const exit = yield* Effect.exit(Simulation.run({ seed: 77, report }, Effect.fail("no")))
      assert.deepStrictEqual(exit, Exit.fail("no"))
      assert.strictEqual(Math.random, random)
      assert.deepStrictEqual(lines, ["A simulation failed. To repeat it: { seed: 77 }"])
      yield* Simulation.run({ seed: 78, report }, Effect.void)
      assert.lengthOf(lines, 1)
    })
  )
})

describe("a run that cannot proceed", () => {
  it.effect("lists fibers by name, waits and conditions", () =>
    Effect.gen(function* () {
      let released = false
      const { elapsed, message, picture, reason, seed } = yield* failureOf(
        { seed: 5 },
        Effect.gen(function* () {
          const deferred = yield* Deferred.make<void>()
          yield* Effect.fork(Effect.withLogSpan(Deferred.await(deferred), "waiter"))
          yield* Effect.sleep(2000)
          yield* Simulation.explain(() => ["queue: 3"])
          yield* Simulation.until(() => false, "the moon is blue")
        }).pipe(
          Effect.scoped,
          Effect.ensuring(
            Effect.delay(
              Effect.sync(() => (released = true)),
              10
            )
          )
        )
      )
      assert.deepStrictEqual([reason, seed, elapsed, released], ["stuck", 5, 2000, true])
      assert.include(picture, 'fiber 1 "waiter": suspended')
      assert.include(picture, "fibers: 2")
      assert.include(picture, "queue: 3")
      assert.include(picture, "wanted: the moon is blue")
      assert.include(message, "seed 5")
    })
  )

  it.effect("fails if time exceeds the limit", () =>
    Effect.gen(function* () {
      const { elapsed, picture, reason } = yield* failureOf(
        { maxTime: "1 hour" },
        Effect.forever(Effect.sleep("7 minutes"))
      )
      assert.deepStrictEqual([reason, elapsed], ["time", 56 * 60_000])
      assert.include(picture, "+420000 ms fiber 0")
    })
  )

  it.effect("fails on endless work while no time passes", () =>
    Effect.gen(function* () {
      const { reason } = yield* failureOf({ maxSteps: 20_000 }, Effect.forever(Effect.yieldNow()))
      assert.strictEqual(reason, "steps")
      const refusing = Effect.uninterruptible(Effect.forever(Effect.yieldNow()))
      assert.strictEqual((yield* failureOf({ maxSteps: 20_000 }, refusing)).reason, "steps")
    })
  )
})

describe("interruption", () => {
  it.live("of a run interrupts the program, whose finalizers may take virtual time", () =>
    Effect.gen(function* () {
      const started = yield* Deferred.make<void>()
      let released = 0
      const program = Effect.andThen(
        Deferred.succeed(started, undefined),
        Effect.forever(Effect.sleep("1 second"))
      ).pipe(
        Effect.ensuring(
          Effect.andThen(
            Effect.sleep("1 hour"),
            Effect.map(Clock.currentTimeMillis, (now) => (released = now))
          )
        )
      )
      const run = yield* Effect.fork(Simulation.run({ ...quiet, maxTime: "1000 days" }, program))
      yield* Deferred.await(started)
      const exit = yield* Fiber.interrupt(run)
      assert.isTrue(Exit.isInterrupted(exit))
      assert.isAtLeast(released, epoch + 3_600_000)
    })
  )

  it.effect("of an uninterruptible program is abandoned", () =>
    Effect.gen(function* () {
      const { reason } = yield* failureOf({}, Effect.uninterruptible(Effect.never))
      assert.strictEqual(reason, "stuck")
    })
  )
})

describe("fails if the program uses", () => {
  const real: ReadonlyArray<[string, Effect.Effect<unknown, unknown>, string]> = [
    ["a file", Effect.tryPromise(() => readFile(import.meta.filename)), "FSREQ"],
    ["a name", Effect.tryPromise(() => lookup("localhost")), "GETADDRINFO"],
    ["a thread", Effect.tryPromise(() => crypto.subtle.digest("SHA-256", new Uint8Array(9))), "HASH"],
    [
      "a timer of the platform",
      Effect.async((resume) => void setTimeout(() => resume(Effect.void), 2)),
      "Timeout"
    ]
  ]
  for (const [name, effect, word] of real) {
    it.effect(name, () =>
      Effect.gen(function* () {
        const { detail, message, reason } = yield* failureOf(
          {},
          Effect.race(effect, Effect.sleep("1 second"))
        )
        assert.strictEqual(reason, "realAsync", message)
        assert.include(detail, word)
        assert.include(detail, "simulation.test")
      })
    )
  }

  it.effect("an operation that was started before the simulation", () =>
    Effect.gen(function* () {
      let awaited = false
      const promise = new Promise<void>((resolve) => {
        // The promise resolves some turns later, when the program is at rest.
        let turns = 5
        const timer = setInterval(() => {
          if (!awaited || --turns > 0) return
          clearInterval(timer)
          resolve()
        }, 1)
      })
      const { reason } = yield* failureOf(
        {},
        Effect.promise(() => {
          awaited = true
          return promise
        })
      )
      assert.strictEqual(reason, "realAsync")
    })
  )

  it.effect("but completes if the program only prints or waits for a turn of the event loop", () =>
    Simulation.run(
      {},
      Effect.gen(function* () {
        console.debug("")
        yield* Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))
        yield* Effect.promise(() => new Promise<void>((resolve) => process.nextTick(resolve)))
      })
    )
  )
})

describe("a server and its clients in memory", () => {
  const app = Effect.gen(function* () {
    const request = yield* HttpServerRequest.HttpServerRequest
    yield* Effect.sleep(yield* Random.nextIntBetween(1, 2000))
    return HttpServerResponse.text(`${request.url} ${(yield* Clock.currentTimeMillis) - epoch}`)
  })
  const system = (clients: number, requests: number) =>
    Effect.gen(function* () {
      const { httpServer } = yield* Server.make({ port: 80, host: "api.internal" })
      yield* httpServer.serve(app)
      const client = yield* Client.make()
      const one = (name: number) =>
        Effect.forEach(
          Array.from({ length: requests }, (_, index) => index),
          (index) =>
            Effect.scoped(
              Effect.flatMap(
                client.request({ url: `http://api.internal/${name}/${index}` }),
                ({ text }) => text
              )
            )
        )
      return (yield* Effect.all(
        Array.from({ length: clients }, (_, name) => one(name)),
        { concurrency: "unbounded" }
      )).flat()
    }).pipe(Effect.scoped, Effect.provide(MemoryNetwork.layer({ latency: 3 })))

  it.effect("the same seed gives the same responses at the same times", () =>
    Effect.gen(function* () {
      const first = yield* Simulation.run({ seed: "a" }, system(10, 10))
      assert.lengthOf(first, 100)
      assert.deepStrictEqual(yield* Simulation.run({ seed: "a" }, system(10, 10)), first)
      assert.notDeepEqual(yield* Simulation.run({ seed: "b" }, system(10, 10)), first)
    })
  )

  it.effect("a silent peer is listed when the run is stuck", () =>
    Effect.gen(function* () {
      const { picture, reason } = yield* failureOf(
        {},
        Effect.gen(function* () {
          const network = yield* Network
          yield* network.listen({ port: 80, host: "dead.internal" }, () => {})
          const [address] = yield* network.resolve("dead.internal")
          const transport = yield* network.connect({
            _tag: "TcpAddress",
            hostname: address.address,
            port: 80
          })
          transport.write("GET / HTTP/1.1\r\n\r\n")
          yield* Effect.never
        }).pipe(Effect.scoped, Effect.provide(MemoryNetwork.layer()))
      )
      assert.strictEqual(reason, "stuck")
      assert.match(picture, /connections: 1\n {2}#1 10\.0\.0\.1:\d+ > 10\.[\d.]+:80: .*unread 18/)
      assert.include(picture, "listeners: 1")
    })
  )
})
