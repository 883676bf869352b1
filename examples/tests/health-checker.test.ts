/**
 * A health checker: probes every service every ten seconds, and reports it down after three failures in a
 * row.
 */
import { HttpClient, HttpServerResponse } from "@effect/platform"
import { expect, it } from "@effect/vitest"
import { Client } from "@httpfx/core"
import { Fault, MemoryNetwork, Origin, Quiet } from "@httpfx/testing"
import { Clock, Effect, Layer, Schedule } from "effect"

interface Change {
  readonly second: number
  readonly service: string
  readonly up: boolean
}

const watch = (service: string, changed: (service: string, up: boolean) => Effect.Effect<void>) => {
  let failures = 0
  const check = HttpClient.get(`http://${service}/health`).pipe(
    Effect.map(({ status }) => status === 200),
    Effect.timeout("2 seconds"),
    Effect.orElseSucceed(() => false),
    Effect.scoped
  )
  const step = Effect.flatMap(check, (healthy) => {
    const wasDown = failures >= 3
    failures = healthy ? 0 : failures + 1
    if (healthy && wasDown) return changed(service, true)
    return failures === 3 ? changed(service, false) : Effect.void
  })
  return Effect.repeat(step, Schedule.fixed("10 seconds"))
}

const world = Layer.provideMerge(Client.layer, MemoryNetwork.layer())

it.scoped("tells what went down and what came back, whatever the kind of outage", () =>
  Effect.gen(function* () {
    for (const host of ["steady.test", "refusing.test", "silent.test", "failing.test"]) {
      yield* Origin.make({ host }, { path: "/health", reply: HttpServerResponse.text("ok") })
    }
    const begun = yield* Clock.currentTimeMillis
    const changes: Array<Change> = []
    const changed = (service: string, up: boolean) =>
      Effect.map(Clock.currentTimeMillis, (now) => {
        changes.push({ service, up, second: (now - begun) / 1000 })
      })
    for (const service of ["steady.test", "refusing.test", "silent.test"]) {
      yield* Effect.forkScoped(watch(service, changed))
    }
    // Each from the 15th to the 55th second.
    const outage = (fault: Fault.Fault) =>
      Effect.delay(Effect.scoped(Effect.zipRight(fault, Effect.sleep("40 seconds"))), "15 seconds")
    yield* Effect.forkScoped(
      outage(
        Effect.zipRight(MemoryNetwork.reset({ to: "refusing.test" }), Fault.refuse({ to: "refusing.test" }))
      )
    )
    yield* Effect.forkScoped(outage(Fault.partition("*", "silent.test")))

    yield* Quiet.complete(Effect.sleep("2 minutes"))
    expect(new Set(changes)).toEqual(
      new Set([
        { service: "refusing.test", up: false, second: 40 },
        { service: "silent.test", up: false, second: 42 },
        { service: "refusing.test", up: true, second: 60 },
        { service: "silent.test", up: true, second: 60 }
      ])
    )
  }).pipe(Effect.provide(world))
)
