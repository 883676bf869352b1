/**
 * An existing client: axios, with its interceptors and its timeout, on the network in memory and in virtual
 * time.
 */
import { HttpServerResponse } from "@effect/platform"
import { expect, it } from "@effect/vitest"
import * as bridge from "@httpfx/node/bridge"
import { MemoryNetwork, Origin, Quiet } from "@httpfx/testing"
import axios, { isAxiosError } from "axios"
import { Effect } from "effect"

/** As in the existing code: it gets its `http` injected, and retries transient failures twice. */
const makeApi = (transport: object) => {
  const api = axios.create({
    adapter: "http",
    transport,
    baseURL: "http://api.test",
    timeout: 5_000,
    maxRedirects: 0
  })
  api.interceptors.response.use(undefined, async (error: unknown) => {
    if (!isAxiosError(error) || error.config === undefined) throw error
    const config = error.config as typeof error.config & { tries?: number }
    config.tries = (config.tries ?? 0) + 1
    if (config.tries > 2 || (error.response?.status ?? 500) < 500) throw error
    return api.request(config)
  })
  return api
}

const api = Effect.map(bridge.makeHttp, makeApi)
const ask = <A>(f: () => Promise<A>) => Effect.tryPromise({ try: f, catch: (error) => error as Error })

it.scoped("tries again after a reset, a timeout and a failure", () =>
  Effect.gen(function* () {
    const origin = yield* Origin.make(
      { host: "api.test" },
      {
        path: "/users",
        query: { page: "2" },
        reply: [Origin.reset(), Effect.never, HttpServerResponse.unsafeJson(["Ada"])]
      }
    )
    const client = yield* api
    const { data } = yield* Quiet.complete(
      ask(() => client.get<ReadonlyArray<string>>("/users", { params: { page: 2 } }))
    )
    expect(data).toEqual(["Ada"])
    const times = (yield* origin.calls).map(({ time }) => time)
    expect(times[2]! - times[1]!).toBe(5_000)
  }).pipe(Effect.provide(MemoryNetwork.layer()))
)

it.scoped("says what went wrong", () =>
  Effect.gen(function* () {
    yield* Origin.make(
      { host: "api.test" },
      {
        method: "POST",
        json: { name: "" },
        reply: HttpServerResponse.unsafeJson({ field: "name" }, { status: 422 })
      }
    )
    const client = yield* api
    const error = yield* Effect.flip(Quiet.complete(ask(() => client.post("/users", { name: "" }))))
    expect(isAxiosError(error) && error.response?.data).toEqual({ field: "name" })
  }).pipe(Effect.provide(MemoryNetwork.layer()))
)
