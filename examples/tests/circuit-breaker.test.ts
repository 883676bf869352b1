/**
 * A circuit breaker around a client: after three failures in a row it blocks requests for half a minute, then
 * lets one through as a probe.
 */
import { HttpClient, HttpServerResponse } from "@effect/platform"
import { expect, it } from "@effect/vitest"
import { Client } from "@httpfx/core"
import { Fault, MemoryNetwork, Origin, Quiet } from "@httpfx/testing"
import { Clock, Data, Effect, Layer, Ref } from "effect"

class CircuitOpen extends Data.TaggedError("CircuitOpen")<{ readonly until: number }> {}

const circuitBreaker = (failures: number, pause: number) =>
  Effect.gen(function* () {
    const state = yield* Ref.make({ failed: 0, until: 0 })
    return <A, E, R>(request: Effect.Effect<A, E, R>): Effect.Effect<A, E | CircuitOpen, R> =>
      Effect.gen(function* () {
        const { failed, until } = yield* Ref.get(state)
        const now = yield* Clock.currentTimeMillis
        if (now < until) return yield* new CircuitOpen({ until })
        // One request probes the service; meanwhile others fail at once.
        if (failed >= failures) yield* Ref.set(state, { failed, until: now + pause })
        return yield* request.pipe(
          Effect.tap(() => Ref.set(state, { failed: 0, until: 0 })),
          Effect.tapError(() =>
            Ref.update(state, ({ failed }) => ({
              failed: failed + 1,
              until: failed + 1 >= failures ? now + pause : 0
            }))
          )
        )
      })
  })

const get = Effect.flatMap(HttpClient.get("http://stock.test/"), (response) => response.text)
const world = Layer.provideMerge(Client.layer, MemoryNetwork.layer())

it.scoped("opens after three failures, tries again after half a minute, and closes", () =>
  Effect.gen(function* () {
    const stock = yield* Origin.make({ host: "stock.test" }, { reply: HttpServerResponse.text("7 shoes") })
    const guarded = (yield* circuitBreaker(3, 30_000))(get)

    yield* Effect.scoped(
      Effect.gen(function* () {
        const outage = yield* Fault.refuse({ to: "stock.test" })
        for (let i = 0; i < 3; i++) expect((yield* Effect.flip(guarded))._tag).toBe("RequestError")
        for (let i = 0; i < 100; i++) expect((yield* Effect.flip(guarded))._tag).toBe("CircuitOpen")
        expect(yield* outage.fired).toBe(3)
      })
    )

    expect((yield* Effect.flip(guarded))._tag).toBe("CircuitOpen")
    yield* Quiet.complete(Effect.sleep("30 seconds"))
    expect(yield* guarded).toBe("7 shoes")
    expect(yield* guarded).toBe("7 shoes")
    expect(yield* stock.connections).toBe(1)
  }).pipe(Effect.provide(world))
)

it.scoped("a trial that fails opens it again", () =>
  Effect.gen(function* () {
    yield* Origin.make(
      { host: "stock.test" },
      {
        reply: [
          Origin.reset(),
          Origin.reset(),
          Origin.reset(),
          Origin.reset(),
          HttpServerResponse.text("back")
        ]
      }
    )
    const once = Client.request({ url: "http://stock.test/", agent: false })
    const guarded = (yield* circuitBreaker(3, 30_000))(Effect.flatMap(once, (response) => response.text))
    for (const pause of [0, 0, 0, 30_000]) {
      yield* Quiet.complete(Effect.sleep(pause))
      expect((yield* Effect.flip(guarded))._tag).toBe("ConnectionReset")
    }
    expect((yield* Effect.flip(guarded))._tag).toBe("CircuitOpen")
    yield* Quiet.complete(Effect.sleep(30_000))
    expect(yield* guarded).toBe("back")
  }).pipe(Effect.provide(world))
)
