/** Crashes and restarts of a host, as its peers see them, and the wall clocks of hosts. */
import * as HttpServer from "@effect/platform/HttpServer"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import { Client, Network, Server, Timers, Transport } from "@httpfx/core"
import * as Host from "@httpfx/testing/Host"
import * as MemoryNetwork from "@httpfx/testing/MemoryNetwork"
import * as MemoryTls from "@httpfx/testing/MemoryTls"
import * as Quiet from "@httpfx/testing/Quiet"
import * as RawPeer from "@httpfx/testing/RawPeer"
import * as Simulation from "@httpfx/testing/Simulation"
import * as VirtualClock from "@httpfx/testing/VirtualClock"

type Env = Client.Client | Network.Network | MemoryNetwork.MemoryNetwork | Scope.Scope

/** Runs a program in virtual time. */
const simulated = <A, E>(program: Effect.Effect<A, E, Env>) =>
  Simulation.run(
    { seed: 1, maxTime: "1 hour" },
    Effect.provide(Effect.scoped(program), Layer.provideMerge(Client.layer, MemoryNetwork.layer()))
  )

const serving = (app: Effect.Effect<HttpServerResponse.HttpServerResponse, never, never>) =>
  Layer.build(Layer.provide(HttpServer.serve(app), Server.layer({ port: 80 })))
const hello = HttpServerResponse.text("hello")
const get = Effect.flatMap(Client.request({ url: "http://api.test/" }), (response) => response.text)
const post = Effect.flatMap(
  Client.request({ url: "http://api.test/", method: "POST", body: "x" }),
  (response) => response.text
)
const tagOf = <A, R>(effect: Effect.Effect<A, { readonly _tag: string }, R>) =>
  Effect.map(Effect.flip(effect), ({ _tag }) => _tag)

/** A raw peer limits its waits by real time, and a simulation fails on real timers, so remove the limit. */
const patient = { patience: Infinity }

const minute = { duration: "1 minute", onTimeout: () => ({ _tag: "nothing for a minute" }) } as const

/** The failures that a client sees when its server crashes. */
const rows: ReadonlyArray<{
  readonly name: string
  readonly as: Host.Crash
  /** The failure of a request in flight. */
  readonly underWay: string
  /**
   * `fresh` is the failure of a request while the host is down. `waiting` is the outcome of a request that
   * starts while the host is down and can wait for the restart.
   */
  readonly fresh: string
  readonly waiting: string
}> = [
  {
    name: "reset",
    as: "reset",
    underWay: "ConnectionReset",
    fresh: "ConnectionRefused",
    waiting: "ConnectionRefused"
  },
  {
    name: "silence",
    as: "silence",
    underWay: "nothing for a minute",
    fresh: "nothing for a minute",
    waiting: "answered"
  }
]

describe.each(rows)("A host that crashes as $name", ({ as, fresh, underWay, waiting }) => {
  it.live("fails its clients' requests in this way, and serves again after a restart", () =>
    simulated(
      Effect.gen(function* () {
        const interrupted: Array<string> = []
        let answers = true
        const app = Effect.suspend(() =>
          answers
            ? hello
            : Effect.onInterrupt(Effect.never, () => Effect.sync(() => interrupted.push("handler")))
        )
        const host = yield* Host.make("api.test", serving(app))
        assert.strictEqual(yield* get, "hello")
        answers = false
        const asked = yield* Effect.fork(tagOf(Effect.timeoutFail(post, minute)))
        yield* Effect.sleep("1 second")
        yield* host.crash(as)
        assert.isFalse(yield* host.running)
        assert.deepStrictEqual(interrupted, ["handler"])
        assert.lengthOf(yield* MemoryNetwork.listeners, 0)
        assert.strictEqual(yield* Fiber.join(asked), underWay)
        assert.strictEqual(yield* tagOf(Effect.timeoutFail(post, minute)), fresh)
        answers = true
        const later = yield* Effect.fork(Effect.either(post))
        yield* Effect.sleep("10 seconds")
        yield* host.start
        assert.isTrue(yield* host.running)
        assert.strictEqual(yield* host.starts, 2)
        const result = yield* Fiber.join(later)
        assert.strictEqual(result._tag === "Right" ? "answered" : result.left._tag, waiting)
        assert.strictEqual(yield* get, "hello")
      })
    )
  )

  it.live("sends nothing, even if its finalizers use the network", () =>
    simulated(
      Effect.gen(function* () {
        const peer = yield* RawPeer.listen({ host: "registry.test", port: 80, ...patient })
        const ends: Array<string> = []
        const program = Effect.gen(function* () {
          const client = yield* Client.make()
          const tell = (word: string) =>
            client.request({ url: `http://registry.test/${word}`, method: "POST" })
          yield* Effect.addFinalizer(() =>
            Effect.map(Effect.either(tell("goodbye")), (result) =>
              ends.push(result._tag === "Left" ? result.left._tag : "said goodbye")
            )
          )
          const network = yield* Network.Network
          const [{ address }] = yield* network.resolve("registry.test")
          const transport = yield* network.connect(Transport.tcp(address, 80))
          transport.start({
            data: () => {},
            end: () => {},
            drain: () => {},
            error: () => {},
            close: () => ends.push("closed")
          })
          transport.write("hello")
          const attempts = [
            network.connect(Transport.tcp(address, 80)),
            Effect.scoped(network.listen({ port: 81 }, () => {}))
          ]
          yield* Effect.addFinalizer(() =>
            Effect.forEach(attempts, (attempt: Effect.Effect<unknown, { readonly _tag: string }>) =>
              Effect.map(Effect.either(attempt), (result) =>
                ends.push(result._tag === "Left" ? result.left._tag : "the network is up")
              )
            )
          )
          yield* Effect.addFinalizer(() =>
            Effect.sync(() => {
              transport.write("goodbye")
              transport.end()
            })
          )
          yield* Effect.forkDaemon(
            Effect.onInterrupt(Effect.forever(Effect.sleep("1 second")), () =>
              Effect.sync(() => ends.push("daemon"))
            )
          )
        })
        const host = yield* Host.make("worker.test", Effect.orDie(program))
        const connection = yield* peer.accept
        yield* connection.expect("hello")
        yield* host.crash(as)
        yield* Effect.sleep("5 minutes")
        assert.sameMembers(ends, ["daemon", "closed", "NameNotResolved", "ConnectionFailed", "ListenFailed"])
        assert.strictEqual(peer.count(), 1)
        if (as === "reset") yield* connection.expectReset
        else {
          // Peers notice the crash only after the restart, when they send on the old connection.
          const silent = yield* Effect.timeoutOption(connection.expectReset, "1 minute")
          assert.deepStrictEqual(silent, Option.none())
          yield* connection.send("still there?")
          yield* host.start
          yield* connection.expectReset
        }
      })
    )
  )

  it.live("ends its requests at the server in this way if it is a client", () =>
    simulated(
      Effect.gen(function* () {
        const outcomes: Array<string> = []
        const server = yield* Server.make({ host: "api.test", port: 80, gracefulShutdownTimeout: 0 })
        yield* server.observe((event) => {
          if (event._tag === "ExchangeEnded") outcomes.push(event.outcome._tag)
        })
        yield* server.httpServer.serve(Effect.never)
        const program = Effect.gen(function* () {
          const client = yield* Client.make()
          yield* Effect.forkScoped(client.request({ url: "http://api.test/" }))
        })
        const host = yield* Host.make("worker.test", Effect.orDie(program))
        yield* Effect.sleep("1 second")
        assert.strictEqual(yield* server.connections, 1)
        yield* host.crash(as)
        yield* Effect.sleep("1 second")
        assert.deepStrictEqual(outcomes, as === "reset" ? ["ClientGone"] : [])
        assert.strictEqual(yield* server.connections, as === "reset" ? 0 : 1)
      })
    )
  )
})

describe("A host", () => {
  it.live("sends RST after the restart to peers that sent bytes or FIN while it was silent", () =>
    simulated(
      Effect.gen(function* () {
        const host = yield* Host.make(
          "api.test",
          Effect.flatMap(RawPeer.listen({ port: 80, ...patient }), ({ accept }) =>
            Effect.forkScoped(Effect.forever(accept))
          )
        )
        const connect = RawPeer.connect({ host: "api.test", port: 80 }, patient)
        const [bytes, fin, idle] = [yield* connect, yield* connect, yield* connect]
        yield* Effect.sleep("1 second")
        yield* host.crash("silence")
        yield* bytes.send("hello?")
        yield* fin.end
        yield* Effect.sleep("1 minute")
        yield* host.start
        yield* bytes.expectReset
        yield* fin.expectReset
        yield* idle.send("hello?")
        yield* idle.expectReset
      })
    )
  )

  it.live("can crash repeatedly", () =>
    simulated(
      Effect.gen(function* () {
        const host = yield* Host.make("api.test", serving(hello))
        for (const as of ["silence", "reset", "silence", "silence"] as const) {
          yield* host.crash(as)
          yield* host.crash(as)
          yield* host.start
          yield* host.start
          assert.strictEqual(yield* get, "hello")
        }
        assert.strictEqual(yield* host.starts, 5)
      })
    )
  )

  it.live("listens only on its own address, even if the program listens on all addresses", () =>
    simulated(
      Effect.gen(function* () {
        for (const name of ["a.test", "b.test"])
          yield* Host.make(name, serving(HttpServerResponse.text(name)))
        for (const name of ["a.test", "b.test"]) {
          const response = yield* Client.request({ url: `http://${name}/` })
          assert.strictEqual(yield* response.text, name)
        }
      })
    )
  )

  it.live("returns the result of its program; if the program fails, the host fails too and is down", () =>
    simulated(
      Effect.gen(function* () {
        let times = 0
        const program = Effect.suspend(() => (++times === 2 ? Effect.fail("no disk") : Effect.succeed(times)))
        const host = yield* Host.make("api.test", program)
        assert.strictEqual(yield* host.start, 1)
        yield* host.crash()
        assert.deepStrictEqual(yield* Effect.exit(host.start), Exit.fail("no disk"))
        assert.isFalse(yield* host.running)
        assert.strictEqual(yield* host.start, 3)
        assert.strictEqual(yield* Effect.flip(Host.make("other.test", Effect.fail("no disk"))), "no disk")
      })
    )
  )

  it.live("fails a pending start with HostCrashed when it crashes", () =>
    simulated(
      Effect.gen(function* () {
        let first = true
        const program = Effect.suspend(() => (first ? Effect.void : Effect.sleep("1 minute")))
        const host = yield* Host.make("api.test", program)
        first = false
        yield* host.crash()
        const started = yield* Effect.fork(Effect.flip(host.start))
        yield* Effect.sleep("1 second")
        yield* host.crash()
        assert.strictEqual((yield* Fiber.join(started))._tag, "HostCrashed")
      })
    )
  )

  it.effect("crashes when its scope closes, although the test clock never advances", () =>
    Effect.gen(function* () {
      let ended = false
      yield* Effect.scoped(
        Effect.gen(function* () {
          yield* Host.make(
            "api.test",
            Effect.zipRight(
              Effect.addFinalizer(() => Effect.sync(() => (ended = true))),
              serving(hello)
            )
          )
          assert.strictEqual(yield* get, "hello")
        })
      )
      assert.isTrue(ended)
      assert.lengthOf(yield* MemoryNetwork.listeners, 0)
    }).pipe(Effect.provide(Layer.provideMerge(Client.layer, MemoryNetwork.layer())))
  )

  it.effect.each(["TestClock", "VirtualClock"])(
    "has its own wall clock over a %s, and the same time for sleeps",
    (kind) =>
      Effect.gen(function* () {
        const seen: Array<{ readonly wall: number; readonly nanos: bigint; readonly timers: Timers.Timers }> =
          []
        const look = Effect.gen(function* () {
          const timers = yield* Timers.timers
          seen.push({
            wall: yield* Clock.currentTimeMillis,
            nanos: yield* Clock.currentTimeNanos,
            timers
          })
        })
        const lookAgain = (seconds: number) =>
          Effect.zipRight(look, Effect.forkScoped(Effect.zipRight(Effect.sleep(seconds * 1000), look)))
        const wall = yield* Clock.currentTimeMillis
        const nanos = yield* Clock.currentTimeNanos
        const ahead = yield* Host.make("ahead.test", lookAgain(30), { ahead: 3_600_000 })
        yield* Host.make("slow.test", lookAgain(60), { ahead: -1000, drift: -0.001 })
        yield* ahead.step(-7_200_000)
        yield* Quiet.run()
        assert.deepStrictEqual(
          seen.map((one) => [one.wall - wall, Number(one.nanos - nanos) / 1e6]),
          [
            [3_600_000, 0],
            [-1000, 0],
            [30_000 - 3_600_000, 30_000],
            [60_000 - 1000 - 60, 60_000]
          ]
        )
        const now = yield* Effect.map(Timers.timers, (timers) => timers.now())
        assert.deepStrictEqual(
          seen.map(({ timers }) => [timers.now() - now, timers.wallTime() - wall]),
          [
            [0, 60_000 - 3_600_000],
            [0, 60_000 - 1000 - 60],
            [0, 60_000 - 3_600_000],
            [0, 60_000 - 1000 - 60]
          ]
        )
      }).pipe(
        Effect.scoped,
        Effect.provide(MemoryNetwork.layer()),
        kind === "VirtualClock" ? Effect.provide(VirtualClock.layer()) : (test) => test
      )
  )

  it.live("uses its own clock to date responses and to check certificates", () =>
    simulated(
      Effect.gen(function* () {
        const day = 86_400_000
        const authority = MemoryTls.authority("Test CA")
        const tls = authority.certificate({
          names: "api.test",
          notAfter: VirtualClock.epoch + day
        })
        yield* Host.make(
          "api.test",
          Layer.build(Layer.provide(HttpServer.serve(hello), Server.layer({ port: 443, tls }))),
          { ahead: -3_600_000 }
        )
        const ask = Effect.gen(function* () {
          const client = yield* Client.make({ tls: { ca: authority.ca } })
          const response = yield* client.request({ url: "https://api.test/" })
          return response.header("date") ?? ""
        })
        const results: Array<string> = []
        const record = Effect.map(Effect.either(ask), (result) =>
          results.push(result._tag === "Right" ? result.right : result.left._tag)
        )
        yield* Host.make("right.test", record)
        yield* Host.make("tomorrow.test", record, { ahead: 2 * day })
        assert.deepStrictEqual(results, [
          new Date(VirtualClock.epoch - 3_600_000).toUTCString(),
          "TlsFailure"
        ])
      })
    )
  )
})
