/**
 * A proxy that streams bodies: it buffers little of them, ends with its client, and never turns a truncated
 * body into a complete one.
 */
import { HttpServer, HttpServerRequest, HttpServerResponse } from "@effect/platform"
import { expect, it } from "@effect/vitest"
import { Client, Server } from "@httpfx/core"
import { Fault, MemoryNetwork, Quiet, RawPeer } from "@httpfx/testing"
import { Effect, Fiber, Layer, Stream } from "effect"

const proxy = Effect.gen(function* () {
  const request = yield* HttpServerRequest.HttpServerRequest
  const response = yield* Client.request({ url: `http://upstream.test${request.url}` })
  return HttpServerResponse.stream(response.body, { status: response.status })
}).pipe(Effect.catchAll(() => HttpServerResponse.empty({ status: 502 })))

const world = HttpServer.serve(proxy).pipe(
  Layer.provideMerge(Server.layer({ host: "proxy.test", port: 80 })),
  Layer.provideMerge(Client.layer),
  Layer.provideMerge(MemoryNetwork.layer())
)

const pieceSize = 16 * 1024
const upstream = (pieces: number) =>
  Effect.gen(function* () {
    const state = { sent: 0, ended: false }
    const body = Stream.range(1, pieces).pipe(
      Stream.rechunk(1),
      Stream.map(() => new Uint8Array(pieceSize)),
      Stream.tap((piece) => Effect.sync(() => (state.sent += piece.length))),
      Stream.ensuring(Effect.sync(() => (state.ended = true)))
    )
    const { httpServer } = yield* Server.make({ host: "upstream.test", port: 80 })
    yield* httpServer.serve(Effect.sync(() => HttpServerResponse.stream(body)))
    return state
  })

it.scoped("passes a body on, whole", () =>
  Effect.gen(function* () {
    yield* upstream(100)
    const response = yield* Client.request({ url: "http://proxy.test/" })
    const size = yield* Stream.runFold(response.body, 0, (sum, piece) => sum + piece.length)
    expect(size).toBe(100 * pieceSize)
  }).pipe(Effect.provide(world))
)

it.scoped("is held back by a client that does not read, and lets go of upstream when it leaves", () =>
  Effect.gen(function* () {
    const state = yield* upstream(10_000)
    yield* Effect.scoped(
      Effect.gen(function* () {
        yield* Fault.stalledReader({ to: "proxy.test" })
        const client = yield* RawPeer.connect({ host: "proxy.test", port: 80 })
        yield* client.send("GET / HTTP/1.1\r\nHost: proxy.test\r\n\r\n")
        yield* Quiet.run({ until: () => state.sent > 0 })
        yield* Quiet.complete(Effect.sleep("10 seconds"))
        // Two connections with a window at each end, plus the buffers of each side.
        expect(state.sent).toBeLessThan(1024 * 1024)
        expect(state.ended).toBe(false)
        yield* client.reset
      })
    )
    yield* Quiet.run({ until: () => state.ended })
  }).pipe(Effect.provide(world))
)

it.scoped("an upstream that breaks off cuts the client's response too", () =>
  Effect.gen(function* () {
    yield* upstream(100)
    yield* Fault.resetAfterBytes(500_000, { to: "upstream.test" })
    const read = Effect.flatMap(Client.request({ url: "http://proxy.test/" }), (response) =>
      Stream.runDrain(response.body)
    )
    const reading = yield* Effect.fork(read)
    expect(yield* Effect.flip(Fiber.join(reading))).toMatchObject({ phase: "body" })
  }).pipe(Effect.provide(world))
)
