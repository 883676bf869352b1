/** Limits of the callback API expire after the same time even if the system clock is set while they run. */
import { assert, describe, it } from "@effect/vitest"
import * as bridge from "@httpfx/node/bridge"
import { MemoryNetwork, RawPeer, VirtualClock } from "@httpfx/testing"
import type { Network } from "@httpfx/core"
import { Effect, Fiber, Layer, type Scope } from "effect"
import { once } from "node:events"
import type { RequestListener } from "node:http"

type Http = Effect.Effect.Success<typeof bridge.makeHttp>

const hour = 3_600_000
const world = Layer.provideMerge(MemoryNetwork.layer(), VirtualClock.layer())

/**
 * Runs a server with these options, and sends it these bytes. Returns the bytes that came back and the time
 * until the connection was closed.
 */
const served =
  (options: object, bytes: string, listener: RequestListener = (_, res) => res.end("hello")) =>
  (http: Http) =>
    Effect.gen(function* () {
      const server = http.createServer({ connectionsCheckingInterval: 50, ...options }, listener)
      yield* Effect.promise(() => once(server.listen(80, "api.test"), "listening"))
      const peer = yield* RawPeer.connect({ host: "api.test", port: 80 }, { patience: "1 hour" })
      yield* peer.send(bytes)
      yield* peer.rest
    })

/**
 * Sends a request to a server that sends these bytes and then nothing. Completes when the request emits
 * `timeout`.
 */
const asked = (bytes: string) => (http: Http) =>
  Effect.gen(function* () {
    const { accept } = yield* RawPeer.listen({ host: "api.test", port: 80, patience: "1 hour" })
    yield* Effect.forkScoped(
      Effect.flatMap(accept, (server) => Effect.zipRight(server.head, server.send(bytes)))
    )
    yield* Effect.async<void>((resume) => {
      const req = http.get({ host: "api.test", timeout: 1000, agent: false }, (res) => res.resume())
      req.on("timeout", () => resume(Effect.void)).on("error", () => {})
    })
  })

const get = "GET / HTTP/1.1\r\nHost: test\r\n\r\n"
const half = "POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 10\r\n\r\n12345"
const silent: RequestListener = () => {}

const waits = [
  ["headersTimeout", 1000, served({ headersTimeout: 1000 }, "GET / HT")],
  ["requestTimeout", 1000, served({ headersTimeout: 1000, requestTimeout: 1000 }, half, silent)],
  ["keepAliveTimeout", 2000, served({ keepAliveTimeout: 1000 }, get)],
  [
    "a response's setTimeout",
    1000,
    served({}, get, (_, res) => void res.setTimeout(1000, () => res.socket!.destroy()))
  ],
  ["a request's timeout, for a head", 1000, asked("")],
  ["a request's timeout, for a body", 1000, asked("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n123")]
] as const

describe.each([-24 * hour, -hour, hour, 24 * hour])("The system clock is set by %d ms during", (step) => {
  it.live.each(waits)("%s", ([, millis, wait]) =>
    Effect.gen(function* () {
      const http = yield* bridge.makeHttp
      const fiber = yield* Effect.fork(
        wait(http) as Effect.Effect<void, unknown, Scope.Scope | Network.Network>
      )
      yield* VirtualClock.advance(250)
      yield* VirtualClock.step(step)
      yield* VirtualClock.advance(millis - 251)
      assert.isNull(fiber.unsafePoll(), "ended too early")
      yield* VirtualClock.advance(101)
      assert.isNotNull(fiber.unsafePoll(), "still waits")
      yield* Fiber.join(fiber)
    }).pipe(Effect.scoped, Effect.provide(world))
  )
})

it.live("the Date field shows that the clock was set back by an hour", () =>
  Effect.gen(function* () {
    const http = yield* bridge.makeHttp
    yield* VirtualClock.step(-hour)
    const server = http.createServer((_, res) => res.end("hello"))
    yield* Effect.promise(() => once(server.listen(80, "api.test"), "listening"))
    const peer = yield* RawPeer.connect({ host: "api.test", port: 80 })
    yield* peer.send(get)
    const date = new Date(VirtualClock.epoch - hour).toUTCString()
    assert.include(yield* peer.head, `Date: ${date}\r\n`)
  }).pipe(Effect.scoped, Effect.provide(world))
)
