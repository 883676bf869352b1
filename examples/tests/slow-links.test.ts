/**
 * Five hundred clients, each on its own slow link: none waits for another, all get complete responses, and
 * nothing is left.
 */
import { HttpServerRequest, HttpServerResponse } from "@effect/platform"
import { expect, it } from "@effect/vitest"
import { Client, Network, Server } from "@httpfx/core"
import { Leaks, MemoryNetwork, Quiet, TestServer } from "@httpfx/testing"
import { Duration, Effect, Stream } from "effect"

const clients = 500
const page = "x".repeat(8_000)

const app = Effect.map(HttpServerRequest.HttpServerRequest, ({ url }) =>
  url === "/stream"
    ? HttpServerResponse.stream(Stream.rechunk(Stream.make(page, page), 1).pipe(Stream.encodeText))
    : HttpServerResponse.text(page)
)

it.effect("all of them are served", () =>
  Effect.gen(function* () {
    // 56 kbit/s, 300 ms latency.
    yield* MemoryNetwork.condition({}, { bandwidth: 7_000, latency: "300 millis" })
    const memory = yield* MemoryNetwork.MemoryNetwork
    const server = yield* Server.Server
    let most = 0
    const person = (name: number) =>
      Effect.gen(function* () {
        const client = yield* Effect.provideService(
          Client.make(),
          Network.Network,
          memory.from(`client-${name}`)
        )
        const read = (path: string) =>
          Effect.flatMap(client.request({ url: `http://server.test${path}` }), (response) => response.text)
        yield* Effect.sleep((name % 10) * 100)
        const whole = yield* read("/")
        most = Math.max(most, yield* server.connections)
        return [whole.length, (yield* read("/stream")).length]
      }).pipe(Effect.scoped)

    const people = Array.from({ length: clients }, (_, name) => person(name))
    const everybody = Effect.timed(Effect.all(people, { concurrency: "unbounded" }))
    const [took, sizes] = yield* Quiet.complete(everybody, { maxTime: "1 minute" })
    expect(sizes).toEqual(Array(clients).fill([8_000, 16_000]))
    expect(most).toBe(clients)
    // Each has a link of its own: 24 kB at 7 kB per second.
    expect(Duration.toSeconds(took)).toBeLessThan(8)
  }).pipe(Effect.scoped, Effect.provide(TestServer.serve(app)), Leaks.check)
)
