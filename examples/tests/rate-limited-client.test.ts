/**
 * A client of an API that allows ten requests per second: it limits itself, and obeys `Retry-After` if others
 * have used up the quota.
 */
import { HttpServerResponse } from "@effect/platform"
import { expect, it } from "@effect/vitest"
import { Client, RateLimit, Retry } from "@httpfx/core"
import { MemoryNetwork, Origin, Quiet } from "@httpfx/testing"
import { Effect, Layer, pipe } from "effect"

const world = Layer.provideMerge(Client.layer, MemoryNetwork.layer())
const ok = HttpServerResponse.text("ok")
const tooMany = HttpServerResponse.empty({ status: 429, headers: { "retry-after": "20" } })

const limitedClient = Effect.gen(function* () {
  const limits = yield* RateLimit.make({ requests: 10, interval: "1 second", maxRetryAfter: "1 minute" })
  const policy = yield* Retry.make({ maxRetryAfter: "1 minute", base: 0 })
  const client = pipe(yield* Client.Client, RateLimit.client(limits), Retry.client(policy))
  return (path: string) =>
    Effect.flatMap(client.request({ url: `http://api.test${path}` }), ({ status, text }) =>
      Effect.as(text, status)
    )
})

it.scoped("a hundred requests take nine seconds, ten in each", () =>
  Effect.gen(function* () {
    const api = yield* Origin.make({ host: "api.test" }, { reply: ok })
    const get = yield* limitedClient
    const paths = Array.from({ length: 100 }, (_, i) => `/${i}`)
    const statuses = yield* Quiet.complete(Effect.forEach(paths, get, { concurrency: "unbounded" }))
    expect(new Set(statuses)).toEqual(new Set([200]))
    const calls = yield* api.calls
    const begun = calls[0]!.time
    const perSecond = Array.from(
      { length: 10 },
      (_, second) => calls.filter(({ time }) => Math.floor((time - begun) / 1000) === second).length
    )
    expect(perSecond).toEqual(Array(10).fill(10))
  }).pipe(Effect.provide(world))
)

it.scoped("waits as long as the API asks for", () =>
  Effect.gen(function* () {
    const api = yield* Origin.make({ host: "api.test" }, { path: "/busy", reply: [tooMany, ok] })
    const get = yield* limitedClient
    expect(yield* Quiet.complete(get("/busy"))).toBe(200)
    const [first, second] = yield* api.calls
    expect(second!.time - first!.time).toBe(20_000)
  }).pipe(Effect.provide(world))
)
