/**
 * The effect of each verdict on bytes, FIN, RST and attempts to connect, observed at both ends of a
 * connection in virtual time.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as fc from "fast-check"
import { Network, type ListenOptions } from "@httpfx/core/Network"
import type { Transport, TransportHandlers } from "@httpfx/core/Transport"
import * as Fault from "@httpfx/testing/Fault"
import * as MemoryNetwork from "@httpfx/testing/MemoryNetwork"
import * as Simulation from "@httpfx/testing/Simulation"
import * as Verdict from "@httpfx/testing/Verdict"

type Env = Network | MemoryNetwork.MemoryNetwork | Scope.Scope | Simulation.Simulation

const world = <A, E>(program: Effect.Effect<A, E, Env>, options: MemoryNetwork.Options = {}) =>
  Simulation.run(
    { seed: 5, maxTime: "1 hour" },
    Effect.scoped(program).pipe(Effect.provide(MemoryNetwork.layer(options)))
  )

const pair = (options: ListenOptions = { host: "api.internal", port: 80 }) =>
  Effect.gen(function* () {
    const network = yield* Network
    const accepted = yield* Deferred.make<Transport>()
    const { address } = yield* network.listen(options, (transport) => {
      Deferred.unsafeDone(accepted, Effect.succeed(transport))
    })
    const client = yield* network.connect(address)
    return { client, server: yield* Deferred.await(accepted) }
  })

/** Records the events of an end, each with the milliseconds since this call. */
const watch = (transport: Transport) =>
  Effect.map(Effect.clock, (clock) => {
    const begun = clock.unsafeCurrentTimeMillis()
    const log: Array<string> = []
    const told = (what: string) => void log.push(`${what} ${clock.unsafeCurrentTimeMillis() - begun}`)
    const handlers: TransportHandlers = {
      data: (chunk) => told(new TextDecoder().decode(chunk)),
      end: () => told("end"),
      drain: () => {},
      error: ({ code }) => told(code),
      close: () => told("close")
    }
    transport.start(handlers)
    return log
  })

/**
 * Applies a verdict to the first event of the given kind, while the client sends "abcdef" and then FIN (if
 * the kind is `Fin`) or RST. Returns the events at both ends.
 */
const seen = (kind: Verdict.Passing["kind"], verdict: Verdict.Verdict) =>
  Effect.gen(function* () {
    const { client, server } = yield* pair()
    let spoken = false
    const silent = yield* Effect.scoped(
      Effect.gen(function* () {
        yield* MemoryNetwork.rule((passing) => {
          if (spoken || passing.kind !== kind || passing.from !== "client") return Verdict.Pass()
          spoken = true
          return verdict
        })
        const [atClient, atServer] = [yield* watch(client), yield* watch(server)]
        client.write("abc")
        client.write("def")
        yield* Effect.sleep(100)
        if (kind === "Fin") client.end()
        yield* Effect.sleep(900)
        if (kind !== "Fin") client.reset()
        yield* Effect.sleep(1000)
        return { atClient, atServer }
      })
    )
    yield* Effect.sleep(3000)
    server.reset()
    yield* Effect.sleep(1)
    assert.deepStrictEqual(yield* MemoryNetwork.connections, [])
    return [silent.atServer.join(", "), silent.atClient.join(", ").replace("ECONNRESET 5000, close 5000", "")]
  })

describe("a verdict", () => {
  const nothing = "abc 0, def 0, ECONNRESET 1000, close 1000"
  const mine = "close 1000"
  const table: ReadonlyArray<[Verdict.Passing["kind"], Verdict.Verdict, string, string]> = [
    ["Segment", Verdict.Pass(), nothing, mine],
    ["Segment", Verdict.Delay(50), "abc 50, def 50, ECONNRESET 1000, close 1000", mine],
    [
      "Segment",
      Verdict.Delay(50, { after: 1, size: 1 }),
      "a 0, b 50, c 50, def 50, ECONNRESET 1000, close 1000",
      mine
    ],
    ["Segment", Verdict.Drop(), "abc 200, def 200, ECONNRESET 1000, close 1000", mine],
    ["Segment", Verdict.Reset(), "ECONNRESET 0, close 0", "ECONNRESET 0, close 0"],
    ["Segment", Verdict.Reset({ after: 2 }), "ab 0, ECONNRESET 0, close 0", "ECONNRESET 0, close 0"],
    ["Segment", Verdict.Reset({ after: 99 }), "abc 0, ECONNRESET 0, close 0", "ECONNRESET 0, close 0"],
    ["Segment", Verdict.Fail("EHOSTUNREACH"), "ECONNRESET 0, close 0", "ECONNRESET 0, close 0"],
    ["Segment", Verdict.Truncate({ after: 2 }), "ab 0, end 0, close 5000", mine],
    ["Segment", Verdict.Silence({ after: 2 }), "ab 0, ECONNRESET 2000, close 2000", mine],
    ["Segment", Verdict.Stall(300), "abc 300, def 300, ECONNRESET 1000, close 1000", mine],
    ["Segment", Verdict.Stall(300, { after: 3 }), "abc 0, def 300, ECONNRESET 1000, close 1000", mine],
    ["Segment", Verdict.Stall(), "abc 2000, def 2000, ECONNRESET 2000, close 2000", mine],
    ["Fin", Verdict.Delay(50), "abc 0, def 0, end 150, close 5000", ""],
    ["Fin", Verdict.Drop(), "abc 0, def 0, end 300, close 5000", ""],
    ["Fin", Verdict.Reset(), "abc 0, def 0, ECONNRESET 100, close 100", "ECONNRESET 100, close 100"],
    ["Fin", Verdict.Silence(), "abc 0, def 0, end 2000, close 5000", ""],
    ["Rst", Verdict.Delay(50), "abc 0, def 0, ECONNRESET 1050, close 1050", mine],
    ["Rst", Verdict.Silence(), "abc 0, def 0, ECONNRESET 2000, close 2000", mine],
    ["Rst", Verdict.Drop(), "abc 0, def 0, close 5000", mine]
  ]
  for (const [kind, verdict, server, client] of table) {
    it.live(`${JSON.stringify(verdict)} on ${kind}`, () =>
      world(Effect.map(seen(kind, verdict), (found) => assert.deepStrictEqual(found, [server, client])))
    )
  }

  it.live(
    "nothing follows a reset, even before the sender knows it and while the receiver does not read",
    () =>
      world(
        Effect.gen(function* () {
          const { client, server } = yield* pair()
          yield* MemoryNetwork.rule(({ offset, size }) =>
            size > 0 && offset === 0 ? Verdict.Reset({ after: 2 }) : Verdict.Pass()
          )
          const atClient = yield* watch(client)
          client.write("abc")
          yield* Effect.sleep(5)
          client.write("def")
          yield* Effect.sleep(45)
          const atServer = yield* watch(server)
          yield* Effect.sleep(1)
          assert.deepStrictEqual(
            [atServer, atClient],
            [
              ["ab 0", "ECONNRESET 0", "close 0"],
              ["ECONNRESET 10", "close 10"]
            ]
          )
        }),
        { latency: 10 }
      )
  )

  it.live("on an attempt to connect", () =>
    world(
      Effect.gen(function* () {
        const network = yield* Network
        const { address } = yield* network.listen({ host: "api.internal", port: 80 }, () => {})
        const attempt = (verdict: Verdict.Verdict) =>
          Effect.scoped(
            Effect.gen(function* () {
              yield* MemoryNetwork.rule(({ kind }) => (kind === "Connect" ? verdict : Verdict.Pass()))
              const clock = yield* Effect.clock
              const begun = clock.unsafeCurrentTimeMillis()
              const result = yield* Effect.either(network.connect(address))
              if (result._tag === "Right") result.right.reset()
              return `${result._tag === "Right" ? "ok" : result.left.code} ${clock.unsafeCurrentTimeMillis() - begun}`
            })
          )
        const found: Array<string> = []
        for (const verdict of [
          Verdict.Pass(),
          Verdict.Refuse(),
          Verdict.Reset(),
          Verdict.Fail("ENETUNREACH"),
          Verdict.Fail("EMFILE"),
          Verdict.Drop(),
          Verdict.Drop(5000),
          Verdict.Delay(300),
          Verdict.Silence(),
          Verdict.Stall(10)
        ]) {
          found.push(yield* attempt(verdict))
        }
        assert.deepStrictEqual(found, [
          "ok 20",
          "ECONNREFUSED 20",
          "ECONNRESET 20",
          "ENETUNREACH 20",
          "EMFILE 20",
          "ETIMEDOUT 127000",
          "ETIMEDOUT 5000",
          "ok 320",
          "ETIMEDOUT 127000",
          "ok 20"
        ])
      }),
      { latency: 10 }
    )
  )

  it.live("on a lookup", () =>
    world(
      Effect.gen(function* () {
        const network = yield* Network
        const ask = (verdict: Verdict.Verdict) =>
          Effect.scoped(
            Effect.gen(function* () {
              yield* MemoryNetwork.rule(() => verdict)
              const clock = yield* Effect.clock
              const begun = clock.unsafeCurrentTimeMillis()
              const result = yield* Effect.either(network.resolve("localhost"))
              return `${result._tag === "Right" ? "ok" : result.left.code} ${clock.unsafeCurrentTimeMillis() - begun}`
            })
          )
        const verdicts = [
          Verdict.Pass(),
          Verdict.Fail("ENODATA"),
          Verdict.Refuse(),
          Verdict.Drop(),
          Verdict.Drop(30),
          Verdict.Delay(70)
        ]
        assert.deepStrictEqual(yield* Effect.forEach(verdicts, ask), [
          "ok 0",
          "ENODATA 0",
          "ENOTFOUND 0",
          "EAI_AGAIN 10000",
          "EAI_AGAIN 30",
          "ok 70"
        ])
      })
    )
  )

  it.live("a pattern matches the path of a Unix socket", () =>
    world(
      Effect.gen(function* () {
        yield* Fault.refuse({ to: "/run/*.sock" })
        assert.strictEqual((yield* Effect.flip(pair({ path: "/run/api.sock" })))._tag, "ConnectionRefused")
        yield* pair({ path: "/var/api.sock" })
      })
    )
  )
})

describe("any rules that are removed in the end", () => {
  it.live("all bytes arrive, once, in order, and then FIN", () =>
    Effect.promise(async () => {
      const seed = Date.now()
      console.log(`Verdict.test seed ${seed}`)
      const verdict = fc.oneof(
        fc.constant(Verdict.Pass()),
        fc
          .record({ millis: fc.nat(40), after: fc.nat(20), size: fc.nat(20) })
          .map(({ millis, ...rest }) => Verdict.Delay(millis, rest)),
        fc.constant(Verdict.Drop()),
        fc.nat(20).map((after) => Verdict.Silence({ after })),
        fc
          .record({ millis: fc.option(fc.nat(40), { nil: undefined }), after: fc.nat(20) })
          .map(({ after, millis }) => Verdict.Stall(millis, { after }))
      )
      const conditions = fc.record({
        latency: fc.nat(9),
        jitter: fc.nat(9),
        bandwidth: fc.constantFrom(Infinity, 50_000),
        segmentSize: fc.constantFrom(65536, 7, { min: 1, max: 30 }),
        receiveWindow: fc.constantFrom(65536, 25)
      })
      const schedule = fc.tuple(
        fc.array(fc.array(verdict, { maxLength: 12 }), { minLength: 1, maxLength: 3 }),
        fc.array(fc.string({ unit: "grapheme-ascii", minLength: 1, maxLength: 40 }), { maxLength: 12 }),
        conditions
      )
      await fc.assert(
        fc.asyncProperty(schedule, ([rules, writes, given]) =>
          Effect.runPromise(
            world(
              Effect.gen(function* () {
                const { client, server } = yield* pair()
                let text = ""
                let ended = false
                server.start({
                  data: (chunk) => void (text += new TextDecoder().decode(chunk)),
                  end: () => (ended = true),
                  drain: () => {},
                  error: () => assert.fail("reset"),
                  close: () => {}
                })
                client.start({ data() {}, end() {}, drain() {}, error() {}, close() {} })
                for (const verdicts of rules) {
                  const left = [...verdicts]
                  yield* Effect.fork(
                    Effect.scoped(
                      Effect.zipRight(
                        MemoryNetwork.rule(() => left.shift() ?? Verdict.Pass()),
                        Effect.sleep(100)
                      )
                    )
                  )
                }
                for (const write of writes) {
                  client.write(write)
                  yield* Effect.sleep(7)
                }
                client.end()
                yield* Effect.sleep("1 minute")
                assert.deepStrictEqual([text, ended], [writes.join(""), true])
                server.end()
                yield* Simulation.settled
                yield* Effect.sleep(1000)
                assert.deepStrictEqual(yield* MemoryNetwork.connections, [])
              }),
              given
            )
          )
        ),
        { seed, numRuns: 60 }
      )
    })
  )
})
