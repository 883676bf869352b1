// Errors of servers that cannot start, as log lines show them; and the URL of a server on IPv6.
import { HttpClient, HttpServer, HttpServerResponse } from "@effect/platform"
import { assert, describe, it } from "@effect/vitest"
import { NodeHttpClient, NodeHttpServer } from "@httpfx/node"
import { Cause, Effect, Layer } from "effect"

const on = (options: Partial<NodeHttpServer.Options>) =>
  NodeHttpServer.layer({ port: 0, host: "127.0.0.1", ...options } as NodeHttpServer.Options)

describe("NodeHttpServer", () => {
  it.scopedLive("names the address and EADDRINUSE if the port is in use", () =>
    Effect.gen(function* () {
      const { address } = yield* Effect.provide(HttpServer.HttpServer, yield* Layer.build(on({})))
      const port = address._tag === "TcpAddress" ? address.port : 0
      const error = yield* Effect.flip(Layer.build(on({ port })))
      assert.strictEqual(error.message, `listen EADDRINUSE: address already in use 127.0.0.1:${port}`)
      assert.include(Cause.pretty(Cause.fail(error)), error.message)
    })
  )

  it.scopedLive("names an invalid option of WebSockets", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(Layer.build(on({ webSocket: { maxPayload: -1 } })))
      assert.strictEqual(error._tag, "ServeError")
      assert.include(error.message, "webSocket.maxPayload")
    })
  )

  it.scopedLive("on ::1 has a URL to which a client can connect", () =>
    Effect.gen(function* () {
      const url = yield* HttpServer.addressFormattedWith(Effect.succeed)
      assert.match(url, /^http:\/\/\[::1\]:\d+$/)
      assert.strictEqual(yield* Effect.flatMap(HttpClient.get(url), ({ text }) => text), "hello")
    }).pipe(
      Effect.provide(
        HttpServer.serve(HttpServerResponse.text("hello")).pipe(
          Layer.provideMerge(on({ host: "::1", idleConnectionGrace: 0 })),
          Layer.merge(NodeHttpClient.layer)
        )
      )
    )
  )
})
