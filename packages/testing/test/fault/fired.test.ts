/**
 * A fault counts how often it fires. A fault that never fired is reported when its scope closes, unless it is
 * optional.
 */
import * as HttpServer from "@effect/platform/HttpServer"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import { afterEach, assert, beforeEach, describe, it, vi } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as Client from "@httpfx/core/Client"
import * as Server from "@httpfx/core/Server"
import * as Fault from "@httpfx/testing/Fault"
import * as MemoryNetwork from "@httpfx/testing/MemoryNetwork"
import * as Simulation from "@httpfx/testing/Simulation"
import * as Verdict from "@httpfx/testing/Verdict"
import * as VirtualClock from "@httpfx/testing/VirtualClock"

const printed: Array<string> = []
beforeEach(() => {
  printed.length = 0
  vi.spyOn(console, "error").mockImplementation((line) => void printed.push(String(line)))
})
afterEach(() => {
  vi.restoreAllMocks()
})

const app = HttpServerResponse.stream(Stream.make("one", "two").pipe(Stream.rechunk(1), Stream.encodeText))

const world = Client.layer.pipe(
  Layer.merge(
    Layer.provide(HttpServer.serve(app), Server.layer({ host: "api.test", port: 80, idleConnectionGrace: 0 }))
  ),
  Layer.provideMerge(MemoryNetwork.layer())
)

type Env = Client.Client | MemoryNetwork.MemoryNetwork | Scope.Scope | Simulation.Simulation

/** Runs a program in virtual time. */
const simulated = <A, E>(program: Effect.Effect<A, E, Env>) =>
  Simulation.run({ seed: 1 }, Effect.provide(Effect.scoped(program), world))

const get = Client.request({ url: "http://api.test/" }).pipe(
  Effect.flatMap((response) => response.text),
  Effect.timeout("5 minutes"),
  Effect.exit
)

interface Row {
  readonly fault: Fault.Fault
  /** Name of the fault in the report. */
  readonly name: string
  /** How often the fault fires during one exchange. */
  readonly fired: number
}
const to = "api.test"
const rows: ReadonlyArray<Row> = [
  { fault: Fault.refuse(), name: "refuse()", fired: 1 },
  { fault: Fault.refuse({ to }, { times: 3 }), name: 'refuse({"to":"api.test"}, {"times":3})', fired: 1 },
  {
    fault: Fault.connectFailure("EHOSTUNREACH", { to }),
    name: 'connectFailure("EHOSTUNREACH", {"to":"api.test"})',
    fired: 1
  },
  { fault: Fault.connectTimeout({ to }), name: 'connectTimeout({"to":"api.test"})', fired: 1 },
  { fault: Fault.dnsFailure(to), name: 'dnsFailure("api.test")', fired: 1 },
  { fault: Fault.resetAfterBytes(20), name: "resetAfterBytes(20)", fired: 1 },
  { fault: Fault.truncate(20, { to }), name: 'truncate(20, {"to":"api.test"})', fired: 1 },
  {
    fault: Fault.resetAt(VirtualClock.epoch + 1_000, { to }),
    name: `resetAt(${VirtualClock.epoch + 1_000}, {"to":"api.test"})`,
    fired: 1
  },
  { fault: Fault.halfOpen({ to }), name: 'halfOpen({"to":"api.test"})', fired: 1 },
  { fault: Fault.partition("*", [to]), name: 'partition("*", ["api.test"])', fired: 1 },
  {
    fault: Fault.stalledReader({ to }, Duration.nanos(5n)),
    name: `stalledReader({"to":"api.test"}, ${JSON.stringify(Duration.nanos(5n))})`,
    fired: 1
  },
  {
    fault: Fault.stalledReader({ to }, 5_000_000_000n),
    name: 'stalledReader({"to":"api.test"}, "5000000000")',
    fired: 1
  },
  {
    fault: Fault.http({ origin: "api.test:80", target: /^\// }, () => Verdict.Reset()),
    name: 'http({"origin":"api.test:80","target":"/^\\\\//"}, "a function")',
    fired: 1
  },
  {
    fault: Fault.http({ origin: "api.test:80", afterChunk: 1 }, Verdict.Delay("1 second")),
    name: 'http({"origin":"api.test:80","afterChunk":1}, {"_tag":"Delay","millis":1000,"after":0,"size":"Infinity"})',
    fired: 1
  }
]

describe.each(rows)("$name", ({ fault, fired, name }) => {
  it.live("counts how often it fires, and is not reported after it has fired", () =>
    simulated(
      Effect.gen(function* () {
        const installed = yield* fault
        assert.strictEqual(installed.name, name)
        assert.strictEqual(yield* installed.fired, 0)
        yield* Effect.flip(installed.assertFired)
        yield* Effect.scoped(get)
        yield* Effect.sleep("2 minutes")
        assert.strictEqual(yield* installed.fired, fired)
        yield* installed.assertFired
      })
    ).pipe(Effect.ensuring(Effect.sync(() => assert.deepStrictEqual(printed, []))))
  )

  it.live("is reported if it never fired", () =>
    simulated(
      Effect.gen(function* () {
        const { message } = yield* Effect.scoped(
          Effect.flatMap(fault, ({ assertFired }) => Effect.flip(assertFired))
        )
        assert.strictEqual(message, `the fault never fired: ${name}`)
        assert.deepStrictEqual(printed, [message])
      })
    )
  )

  it.live("is not reported if it is optional", () =>
    simulated(
      Effect.gen(function* () {
        yield* Effect.scoped(Fault.optional(fault))
        assert.deepStrictEqual(printed, [])
      })
    )
  )
})

describe("A fault", () => {
  it.live("counts each installation separately", () =>
    simulated(
      Effect.gen(function* () {
        const fault = Fault.resetAfterBytes(1, {}, { times: 1 })
        const first = yield* fault
        const second = yield* fault
        const later = yield* fault
        yield* get
        yield* get
        assert.deepStrictEqual([yield* first.fired, yield* second.fired, yield* later.fired], [1, 1, 0])
      })
    ).pipe(Effect.ensuring(Effect.sync(() => assert.lengthOf(printed, 1))))
  )
})
