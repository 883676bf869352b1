/** WebSockets on the network in memory need one layer, and work although the test clock never advances. */
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Socket from "@effect/platform/Socket"
import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { NodeWebSocket } from "@httpfx/node"
import * as MemoryNetwork from "@httpfx/testing/MemoryNetwork"
import * as Quiet from "@httpfx/testing/Quiet"
import * as TestServer from "@httpfx/testing/TestServer"

const louder = Effect.gen(function* () {
  const socket = yield* HttpServerRequest.upgrade
  const write = yield* socket.writer
  yield* socket.runRaw((message) =>
    write(typeof message === "string" ? message.toUpperCase() : message.slice().reverse())
  )
  return HttpServerResponse.empty()
}).pipe(Effect.scoped)

const framed = <A, E>(world: Layer.Layer<A, E>) => Layer.provide(world, NodeWebSocket.layer())
const first = (url: string, message: string | Uint8Array) =>
  Effect.flatMap(Socket.makeWebSocket(url), (socket) =>
    Stream.make(message).pipe(
      Stream.concat(Stream.never),
      Stream.pipeThroughChannel(Socket.toChannel(socket)),
      Stream.runHead,
      Effect.map(Option.map((bytes) => new TextDecoder().decode(bytes)))
    )
  )

describe("A WebSocket of a TestServer", () => {
  it.effect.each(["/", "/chat?name=a", "ws://server.test/"])("opens at %s and sends both ways", (url) =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* first(url, "hello"), Option.some("HELLO"))
      assert.deepStrictEqual(yield* first(url, new TextEncoder().encode("abc")), Option.some("cba"))
    }).pipe(Effect.scoped, Effect.provide(framed(TestServer.serve(louder))))
  )

  it.effect("closes with its client, and with its server", () => {
    const closed: Array<string> = []
    const app = Effect.gen(function* () {
      const socket = yield* HttpServerRequest.upgrade
      yield* Effect.exit(socket.runRaw(() => {})).pipe(
        Effect.map((exit) => closed.push(Exit.isSuccess(exit) ? "in order" : Cause.pretty(exit.cause)))
      )
      return HttpServerResponse.empty()
    }).pipe(Effect.scoped)
    return Effect.gen(function* () {
      const socket = yield* Socket.makeWebSocket("/")
      const write = yield* socket.writer
      const running = yield* Effect.fork(socket.runRaw(() => {}))
      yield* write(new Socket.CloseEvent(1000, "bye"))
      yield* Fiber.await(running)
      yield* Quiet.run()
      assert.deepStrictEqual(closed, ["in order"])
      assert.lengthOf(yield* MemoryNetwork.connections, 0)
    }).pipe(Effect.scoped, Effect.provide(framed(TestServer.serve(app))))
  })

  it.effect("does not delay the end of the test if it is still open", () =>
    Effect.gen(function* () {
      const socket = yield* Socket.makeWebSocket("/")
      let open = false
      yield* Effect.forkScoped(socket.runRaw(() => {}, { onOpen: Effect.sync(() => (open = true)) }))
      yield* Quiet.run({ until: () => open })
      assert.lengthOf(yield* MemoryNetwork.connections, 1)
    }).pipe(Effect.scoped, Effect.provide(framed(TestServer.serve(louder))))
  )

  it.effect("uses the test's clock for its server's limits", () =>
    Effect.gen(function* () {
      const socket = yield* Socket.makeWebSocket("/", { openTimeout: "3 seconds" })
      const running = yield* Effect.fork(socket.runRaw(() => {}))
      const passed = yield* Quiet.run({ until: () => running.unsafePoll() !== null })
      assert.strictEqual(passed, 3000)
      const exit = yield* Fiber.await(running)
      assert.include(Exit.isFailure(exit) ? Cause.pretty(exit.cause) : "", "OpenTimeout")
    }).pipe(Effect.scoped, Effect.provide(framed(TestServer.serve(Effect.never))))
  )

  it.effect("fails without the layer for framing, and names that layer", () =>
    Effect.gen(function* () {
      const exit = yield* Effect.exit(first("/", "hello"))
      assert.include(Exit.isFailure(exit) ? Cause.pretty(exit.cause) : "", "provide NodeWebSocket.layer()")
      assert.strictEqual((yield* HttpClient.get("/")).status, 501)
    }).pipe(Effect.scoped, Effect.provide(TestServer.serve(louder)))
  )

  it.effect("reaches any server of the network through its own layer", () =>
    Effect.gen(function* () {
      const exit = yield* first("ws://server.test/", "hello").pipe(
        Effect.provide(NodeWebSocket.layerConstructor)
      )
      assert.deepStrictEqual(exit, Option.some("HELLO"))
    }).pipe(Effect.scoped, Effect.provide(framed(TestServer.serve(louder))))
  )
})
