/**
 * `@effect/rpc` on our server and client, over HTTP and over WebSocket, on a network in memory. The client's
 * end of a WebSocket is the `ws` package.
 */
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as HttpRouter from "@effect/platform/HttpRouter"
import * as PlatformSocket from "@effect/platform/Socket"
import * as Rpc from "@effect/rpc/Rpc"
import * as RpcClient from "@effect/rpc/RpcClient"
import type { RpcClientError } from "@effect/rpc/RpcClientError"
import * as RpcGroup from "@effect/rpc/RpcGroup"
import * as RpcSerialization from "@effect/rpc/RpcSerialization"
import * as RpcServer from "@effect/rpc/RpcServer"
import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Chunk from "effect/Chunk"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { Network, Server } from "@httpfx/core"
import { NodeDuplex, NodeWebSocket } from "@httpfx/node"
import { MemoryNetwork, TestServer } from "@httpfx/testing"
import { WebSocket } from "ws"

class NoSuchUser extends Schema.TaggedError<NoSuchUser>()("NoSuchUser", { id: Schema.Number }) {}

class Users extends RpcGroup.make(
  Rpc.make("find", {
    payload: { id: Schema.Number },
    success: Schema.Struct({ id: Schema.Number, born: Schema.Date }),
    error: NoSuchUser
  }),
  Rpc.make("count", { payload: { to: Schema.Number }, success: Schema.Number, stream: true }),
  Rpc.make("endless", { success: Schema.Number, stream: true }),
  Rpc.make("never"),
  Rpc.make("broken"),
  Rpc.make("header", { success: Schema.String })
) {}

/** Deferreds by which the handlers notify the test. */
interface Told {
  readonly started: Deferred.Deferred<void>
  readonly interrupted: Deferred.Deferred<void>
  readonly streamEnded: Deferred.Deferred<void>
}
const Told = Context.GenericTag<Told>("Told")
const told = Layer.effect(
  Told,
  Effect.all({
    started: Deferred.make<void>(),
    interrupted: Deferred.make<void>(),
    streamEnded: Deferred.make<void>()
  })
)

const born = new Date("2000-01-02T03:04:05.006Z")
const handlers = Users.toLayer(
  Effect.map(Told, ({ interrupted, started, streamEnded }) =>
    Users.of({
      find: ({ id }) => (id > 0 ? Effect.succeed({ id, born }) : Effect.fail(new NoSuchUser({ id }))),
      count: ({ to }) => Stream.range(1, to),
      endless: () =>
        Stream.ensuring(
          Stream.iterate(0, (n) => n + 1),
          Deferred.succeed(streamEnded, undefined)
        ),
      never: () =>
        Effect.zipRight(Deferred.succeed(started, undefined), Effect.never).pipe(
          Effect.onInterrupt(() => Deferred.succeed(interrupted, undefined))
        ),
      broken: () => Effect.die("a defect"),
      header: (_, { headers }) => Effect.succeed(headers["x-who"] ?? "nobody")
    })
  )
)

class UsersClient extends Context.Tag("UsersClient")<
  UsersClient,
  RpcClient.RpcClient<RpcGroup.Rpcs<typeof Users>, RpcClientError>
>() {
  static readonly layer = Layer.scoped(UsersClient, RpcClient.make(Users))
}

const serializations = {
  ndjson: RpcSerialization.layerNdjson,
  json: RpcSerialization.layerJson,
  msgpack: RpcSerialization.layerMsgPack,
  jsonrpc: RpcSerialization.layerNdJsonRpc()
}
type Serialization = keyof typeof serializations

const rpcs = RpcServer.layer(Users).pipe(Layer.provide(handlers))

const overHttp = (serialization: Serialization) =>
  UsersClient.layer.pipe(
    Layer.provide(
      RpcClient.layerProtocolHttp({
        url: "",
        transformClient: HttpClient.mapRequest(HttpClientRequest.appendUrl("/rpc"))
      })
    ),
    Layer.merge(
      HttpRouter.Default.serve().pipe(
        Layer.provide(rpcs),
        Layer.provide(RpcServer.layerProtocolHttp({ path: "/rpc" }))
      )
    ),
    Layer.provide(TestServer.layer()),
    Layer.provide(serializations[serialization]),
    Layer.provideMerge(told)
  )

// Connects `ws` over the network in memory.
const constructor = Layer.scoped(
  PlatformSocket.WebSocketConstructor,
  Effect.gen(function* () {
    const { connect } = yield* Network.Network
    const transport = yield* connect((yield* Server.Server).address)
    yield* Effect.addFinalizer(() => Effect.sync(() => transport.reset()))
    const duplex = NodeDuplex.duplexFromTransport(transport).on("error", () => {})
    return (url) =>
      new WebSocket(url, { createConnection: () => duplex as never }) as unknown as globalThis.WebSocket
  })
)

const overWebSocket = (serialization: Serialization) =>
  UsersClient.layer.pipe(
    Layer.provide(RpcClient.layerProtocolSocket()),
    Layer.provide(PlatformSocket.layerWebSocket("ws://test/rpc")),
    Layer.provide(constructor),
    Layer.merge(
      HttpRouter.Default.serve().pipe(
        Layer.provide(rpcs),
        Layer.provide(RpcServer.layerProtocolWebsocket({ path: "/rpc" }))
      )
    ),
    Layer.provide(Server.layer({ port: 80, host: "test", idleConnectionGrace: 0 })),
    Layer.provide(NodeWebSocket.layer()),
    Layer.provide(MemoryNetwork.layer()),
    Layer.provide(serializations[serialization]),
    Layer.provideMerge(told)
  )

const worlds = [
  ["HTTP, ndjson", overHttp("ndjson")],
  ["HTTP, msgpack", overHttp("msgpack")],
  ["HTTP, jsonrpc", overHttp("jsonrpc")],
  ["WebSocket, ndjson", overWebSocket("ndjson")],
  ["WebSocket, json", overWebSocket("json")],
  ["WebSocket, msgpack", overWebSocket("msgpack")],
  ["WebSocket, jsonrpc", overWebSocket("jsonrpc")]
] as const

describe.each(worlds)("RPC over %s", (_, world) => {
  it.live("calls return values, typed errors and defects, and send headers", () =>
    Effect.gen(function* () {
      const client = yield* UsersClient
      assert.deepStrictEqual(yield* client.find({ id: 1 }), { id: 1, born })
      assert.deepStrictEqual(yield* Effect.flip(client.find({ id: 0 })), new NoSuchUser({ id: 0 }))
      const exit = yield* Effect.exit(client.broken())
      assert.isTrue(Exit.isFailure(exit) && Cause.isDie(exit.cause))
      assert.strictEqual(yield* client.header().pipe(RpcClient.withHeaders({ "x-who": "ada" })), "ada")
    }).pipe(Effect.scoped, Effect.provide(world))
  )

  it.live("streams complete, or are interrupted by their reader", () =>
    Effect.gen(function* () {
      const client = yield* UsersClient
      const whole = yield* Stream.runCollect(client.count({ to: 1000 }))
      assert.strictEqual(
        Chunk.reduce(whole, 0, (a, b) => a + b),
        500_500
      )
      const some = yield* Stream.runCollect(Stream.take(client.endless(), 3))
      assert.deepStrictEqual([...some], [0, 1, 2])
      yield* Deferred.await((yield* Told).streamEnded)
    }).pipe(Effect.scoped, Effect.provide(world))
  )

  it.live("interrupting a call interrupts its handler, and no other handler", () =>
    Effect.gen(function* () {
      const client = yield* UsersClient
      const { interrupted, started } = yield* Told
      const call = yield* Effect.fork(client.never())
      yield* Deferred.await(started)
      yield* Fiber.interrupt(call)
      yield* Deferred.await(interrupted)
      assert.propertyVal(yield* client.find({ id: 2 }), "id", 2)
    }).pipe(Effect.scoped, Effect.provide(world))
  )

  it.live("many calls run at the same time", () =>
    Effect.gen(function* () {
      const client = yield* UsersClient
      const ids = Array.from({ length: 100 }, (_, index) => index + 1)
      const found = yield* Effect.forEach(ids, (id) => client.find({ id }), { concurrency: "unbounded" })
      assert.deepStrictEqual(
        found.map(({ id }) => id),
        ids
      )
    }).pipe(Effect.scoped, Effect.provide(world))
  )
})
