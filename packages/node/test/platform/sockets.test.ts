// The layers of `NodeSocket`, whose names are those of platform-node, connect to our server by WebSocket and
// by TCP.
import * as HttpServer from "@effect/platform/HttpServer"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Socket from "@effect/platform/Socket"
import { assert, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { Server } from "@httpfx/core"
import { NodeHttpServer, NodeSocket } from "@httpfx/node"

const shouting = Effect.gen(function* () {
  const socket = yield* HttpServerRequest.upgrade
  const write = yield* socket.writer
  yield* socket.runRaw((message) => write(String(message).toUpperCase()))
  return HttpServerResponse.empty()
}).pipe(Effect.scoped)

const world = HttpServer.serve(shouting).pipe(
  Layer.provideMerge(NodeHttpServer.layer({ host: "127.0.0.1", port: 0, idleConnectionGrace: 0 }))
)
const port = Effect.map(Server.Server, ({ address }) => (address._tag === "TcpAddress" ? address.port : 0))

/** Sends a message, and returns the first bytes of the response. */
const answerTo = (message: string) =>
  Effect.gen(function* () {
    const socket = yield* Socket.Socket
    const answered = yield* Deferred.make<string>()
    yield* Effect.forkScoped(
      socket.runRaw((data) =>
        Deferred.succeed(answered, typeof data === "string" ? data : new TextDecoder().decode(data))
      )
    )
    const write = yield* socket.writer
    yield* write(message)
    return yield* Deferred.await(answered)
  }).pipe(Effect.scoped)

it.scopedLive("NodeSocket.layerWebSocket connects a WebSocket", () =>
  Effect.gen(function* () {
    const layer = NodeSocket.layerWebSocket(`ws://127.0.0.1:${yield* port}/`)
    assert.strictEqual(yield* Effect.provide(answerTo("hello"), layer), "HELLO")
  }).pipe(Effect.provide(world))
)

it.scopedLive("NodeSocket.layerWebSocketConstructor serves Socket.makeWebSocket", () =>
  Effect.gen(function* () {
    const socket = yield* Socket.makeWebSocket(`ws://127.0.0.1:${yield* port}/`)
    assert.strictEqual(yield* Effect.provideService(answerTo("hello"), Socket.Socket, socket), "HELLO")
  }).pipe(Effect.provide(NodeSocket.layerWebSocketConstructor), Effect.provide(world))
)

it.scopedLive("NodeSocket.layerNet connects by TCP", () =>
  Effect.gen(function* () {
    const layer = NodeSocket.layerNet({ host: "127.0.0.1", port: yield* port })
    const answer = yield* Effect.provide(answerTo("GET / HTTP/1.1\r\nHost: a\r\n\r\n"), layer)
    assert.match(answer, /^HTTP\/1\.1 426 |^HTTP\/1\.1 400 /)
  }).pipe(Effect.provide(world))
)
