/** Timeouts of a callback server whose `clientError` listener keeps the connection open. */
import { assert, it } from "@effect/vitest"
import * as bridge from "@httpfx/node/bridge"
import { MemoryNetwork, RawPeer, VirtualClock } from "@httpfx/testing"
import { Effect, Layer } from "effect"
import { once } from "node:events"
import type { Socket } from "node:net"

const world = Layer.provideMerge(MemoryNetwork.layer(), VirtualClock.layer())

it.live("a connection that exceeds headersTimeout is reported once per timeout, not at each check", () =>
  Effect.gen(function* () {
    const http = yield* bridge.makeHttp
    const late: Array<unknown> = []
    const server = http.createServer(
      { headersTimeout: 1000, requestTimeout: 0, connectionsCheckingInterval: 50 },
      (_, res) => res.end("hello")
    )
    server.on("clientError", (error: Error & { code?: string }, socket: Socket) => {
      late.push(error.code)
      socket.on("error", () => {})
    })
    yield* Effect.promise(() => once(server.listen(80, "api.test"), "listening"))
    const peer = yield* RawPeer.connect({ host: "api.test", port: 80 }, { patience: "1 hour" })
    yield* peer.send("GET / HT")
    yield* VirtualClock.advance(999)
    assert.deepStrictEqual(late, [])
    yield* VirtualClock.advance(101)
    assert.deepStrictEqual(late, ["ERR_HTTP_REQUEST_TIMEOUT"])
    yield* VirtualClock.advance(850)
    assert.lengthOf(late, 1)
    // The connection still serves a request.
    yield* peer.send("TP/1.1\r\nHost: test\r\n\r\n")
    assert.match(yield* peer.head, /^HTTP\/1\.1 200 /)
    yield* peer.until("hello")
  }).pipe(Effect.scoped, Effect.provide(world))
)
