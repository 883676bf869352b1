/**
 * WebSockets of our servers. The client is the `ws` package, and the server uses platform's
 * `HttpServerRequest.upgrade`.
 */
import * as HttpServer from "@effect/platform/HttpServer"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as PlatformSocket from "@effect/platform/Socket"
import { assert, describe, it } from "@effect/vitest"
import * as Chunk from "effect/Chunk"
import * as Config from "effect/Config"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { Network, Server } from "@httpfx/core"
import { NodeDuplex, NodeHttpServer, NodeNetwork, NodeWebSocket } from "@httpfx/node"
import { MemoryNetwork, RawPeer } from "@httpfx/testing"
import { WebSocket } from "ws"

const handler = (use: (socket: PlatformSocket.Socket) => Effect.Effect<void, unknown>) =>
  HttpServerRequest.upgrade.pipe(Effect.flatMap(use), Effect.as(HttpServerResponse.text("never seen")))

const echo = handler((socket) =>
  Effect.scoped(
    Effect.flatMap(socket.writer, (write) =>
      socket.runRaw((message) =>
        typeof message === "string" ? write(`<${message}>`) : write(new Uint8Array([...message, 0]))
      )
    )
  )
)

type Seen = ReadonlyArray<string>

/**
 * Connects a `ws` client. Returns the messages that it receives, and its close code. `on` is called with each
 * message.
 */
const client = (open: () => WebSocket, on: (socket: WebSocket, message: string) => void) =>
  Effect.async<Seen>((resume) => {
    const socket = open()
    const seen: Array<string> = []
    const say = (what: string) => {
      seen.push(what)
      on(socket, what)
    }
    socket.on("open", () => say("open"))
    socket.on("message", (data: Buffer, binary) =>
      say(binary ? `bytes ${[...data].join(" ")}` : data.toString())
    )
    socket.on("unexpected-response", (_, response) => {
      seen.push(`status ${response.statusCode}`)
      socket.terminate()
    })
    socket.on("error", (error) => seen.push(`error ${(error as NodeJS.ErrnoException).code ?? ""}`))
    socket.on("close", (code, reason) => {
      seen.push(`close ${code} ${reason.toString()}`)
      resume(Effect.succeed(seen))
    })
    return Effect.sync(() => socket.terminate())
  })

const upgraderOf = { node: NodeNetwork.layer, memory: MemoryNetwork.layer() }

for (const [name, network] of Object.entries(upgraderOf)) {
  /** Serves `app`, and passes a function that opens a `ws` client to the test. */
  const served = <A, E>(
    app: Effect.Effect<HttpServerResponse.HttpServerResponse, unknown, HttpServerRequest.HttpServerRequest>,
    test: (open: (protocols?: Array<string>) => WebSocket) => Effect.Effect<A, E, Scope.Scope>
  ) =>
    Effect.gen(function* () {
      const { address } = yield* Server.Server
      const { connect } = yield* Network.Network
      const transport = yield* connect(address)
      const duplex = NodeDuplex.duplexFromTransport(transport).on("error", () => {})
      yield* Effect.addFinalizer(() => Effect.sync(() => transport.reset()))
      return yield* test(
        (protocols = []) =>
          new WebSocket("ws://test/chat", protocols, { createConnection: () => duplex as never })
      )
    }).pipe(
      Effect.scoped,
      Effect.provide(
        HttpServer.serve(app).pipe(
          Layer.provideMerge(Server.layer({ port: 0, host: "127.0.0.1" })),
          Layer.provide(NodeWebSocket.layer()),
          Layer.provideMerge(network)
        )
      )
    )

  describe(`WebSocket on ${name}`, () => {
    it.live("transfers text and bytes in both directions, and the client's close code", () =>
      served(echo, (open) =>
        Effect.gen(function* () {
          const seen = yield* client(open, (socket, what) => {
            if (what === "open") socket.send("hello")
            if (what === "<hello>") socket.send(new Uint8Array([1, 2]))
            if (what.startsWith("bytes")) socket.close(1000, "enough")
          })
          assert.deepStrictEqual(seen, ["open", "<hello>", "bytes 1 2 0", "close 1000 enough"])
        })
      )
    )

    it.live("reports the client's close code to the handler, and the handler's code to the client", () =>
      Effect.gen(function* () {
        const heard = yield* Deferred.make<unknown>()
        const listening = handler((socket) =>
          Effect.flatMap(Effect.flip(socket.run(() => {})), (error) => Deferred.succeed(heard, error))
        )
        yield* served(listening, (open) => client(open, (socket) => socket.close(4321, "mine")))
        const error = yield* Deferred.await(heard)
        assert(PlatformSocket.isSocketError(error) && error.reason === "Close")
        assert.deepInclude(error, { code: 4321, closeReason: "mine" })

        const closing = handler((socket) =>
          Effect.scoped(
            Effect.flatMap(socket.writer, (write) =>
              socket.run(() => write(new PlatformSocket.CloseEvent(4001, "go away")))
            )
          )
        )
        const seen = yield* served(closing, (open) => client(open, (socket) => socket.send("x")))
        assert.deepStrictEqual(seen, ["open", "close 4001 go away"])
      })
    )

    it.live("closes with 1011 when the handler fails, and with 1000 when it completes", () =>
      Effect.gen(function* () {
        for (const [use, code] of [
          [(socket) => socket.run(() => Effect.fail("no")), 1011],
          [
            (socket) =>
              Effect.race(
                socket.run(() => {}),
                Effect.sleep(20)
              ),
            1000
          ]
        ] as ReadonlyArray<readonly [Parameters<typeof handler>[0], number]>) {
          const seen = yield* served(handler(use), (open) => client(open, (socket) => socket.send("x")))
          assert.deepStrictEqual(seen, ["open", `close ${code} `])
        }
      })
    )

    it.live("works as a channel", () =>
      Effect.gen(function* () {
        const shout = Stream.make("one", "two").pipe(
          Stream.map((text) => new TextEncoder().encode(text)),
          Stream.concat(Stream.never),
          Stream.pipeThroughChannel(HttpServerRequest.upgradeChannel()),
          Stream.runDrain,
          Effect.as(HttpServerResponse.empty())
        )
        const seen = yield* served(shout, (open) =>
          client(open, (socket, what) => {
            if (what === "bytes 116 119 111") socket.close(1000)
          })
        )
        assert.deepStrictEqual(seen, ["open", "bytes 111 110 101", "bytes 116 119 111", "close 1000 "])
      })
    )

    it.live("delivers all messages written before the end, and a slow client pauses the writer", () =>
      served(
        handler(
          (socket) =>
            Effect.scoped(
              Effect.flatMap(socket.writer, (write) =>
                Effect.race(
                  socket.run(() => {}),
                  Effect.forEach(Chunk.range(1, 30), () => write("x".repeat(100_000)))
                )
              )
            ) as Effect.Effect<void, unknown>
        ),
        (open) =>
          Effect.gen(function* () {
            let length = 0
            const seen = yield* client(open, (socket, what) => {
              length += what === "open" ? 0 : what.length
              socket.pause()
              setImmediate(() => socket.resume())
            })
            assert.strictEqual(length, 3_000_000)
            assert.strictEqual(seen.at(-1), "close 1000 ")
          })
      )
    )

    it.live("chooses a subprotocol", () =>
      served(echo, (open) =>
        Effect.gen(function* () {
          let chosen = ""
          yield* client(
            () => open(["chat", "other"]),
            (socket) => {
              chosen = socket.protocol
              socket.close()
            }
          )
          assert.strictEqual(chosen, "chat")
        })
      )
    )

    it.live("sends a normal response if the handler does not upgrade", () =>
      served(Effect.succeed(HttpServerResponse.text("no", { status: 403 })), (open) =>
        Effect.gen(function* () {
          const seen = yield* client(open, () => {})
          assert.deepStrictEqual(seen.slice(0, 1), ["status 403"])
        })
      )
    )

    it.live("a client that resets its connection fails only its own handler", () =>
      Effect.gen(function* () {
        const heard = yield* Deferred.make<unknown>()
        const app = handler((socket) =>
          Effect.flatMap(Effect.exit(socket.run(() => {})), (exit) => Deferred.succeed(heard, exit._tag))
        )
        yield* served(app, (open) =>
          Effect.gen(function* () {
            yield* client(open, (socket) => socket.terminate())
            yield* Deferred.await(heard)
          })
        )
      })
    )
  })
}

// On other servers, this program ends with an uncaught `read ECONNRESET`.
it.live.each<readonly [string, "before" | "after"]>([
  ["before its handler takes the upgrade", "before"],
  ["right after its handler has taken it", "after"]
])("A client that resets %s fails only its handler, on real sockets", ([, moment]) =>
  Effect.gen(function* () {
    const uncaught: Array<unknown> = []
    const seeing = (error: unknown) => void uncaught.push(error)
    process.on("uncaughtException", seeing)
    yield* Effect.addFinalizer(() => Effect.sync(() => process.off("uncaughtException", seeing)))
    const begun = yield* Deferred.make<void>()
    const over = yield* Deferred.make<string>()
    const app = Effect.gen(function* () {
      const request = yield* HttpServerRequest.HttpServerRequest
      if (request.url === "/fine") return HttpServerResponse.text("<fine>")
      if (moment === "before") {
        yield* Deferred.succeed(begun, undefined)
        yield* Effect.never
      }
      const socket = yield* HttpServerRequest.upgrade
      yield* Deferred.succeed(begun, undefined)
      yield* socket.run(() => {})
      return HttpServerResponse.empty()
    }).pipe(
      Effect.onExit((exit) => Deferred.succeed(over, Exit.isInterrupted(exit) ? "interrupted" : exit._tag))
    )
    const layer = NodeHttpServer.layer({ port: 0, host: "127.0.0.1", gracefulShutdownTimeout: "1 second" })
    yield* Effect.gen(function* () {
      const { address, connections } = yield* Server.Server
      assert(address._tag === "TcpAddress")
      const { port } = address
      const raw = yield* RawPeer.connect(address)
      yield* raw.send(
        "GET /up HTTP/1.1\r\nHost: t\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
          "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
      )
      yield* Deferred.await(begun)
      yield* raw.reset
      // For platform's sockets, the loss of the connection without a close frame (1006) is a normal end.
      assert.strictEqual(yield* Deferred.await(over), moment === "before" ? "interrupted" : "Success")
      const answer = yield* Effect.promise(() =>
        fetch(`http://127.0.0.1:${port}/fine`, { headers: { connection: "close" } }).then((response) =>
          response.text()
        )
      )
      assert.strictEqual(answer, "<fine>")
      yield* Effect.repeat(Effect.zipLeft(connections, Effect.sleep("5 millis")), {
        until: (open) => open === 0
      })
      assert.deepStrictEqual(uncaught, [])
    }).pipe(Effect.provide(Layer.merge(Layer.provideMerge(HttpServer.serve(app), layer), NodeNetwork.layer)))
  }).pipe(Effect.scoped)
)

it.live("NodeHttpServer.layer includes WebSockets", () =>
  Effect.gen(function* () {
    const { address } = yield* Server.Server
    assert(address._tag === "TcpAddress")
    const seen = yield* client(
      () => new WebSocket(`ws://127.0.0.1:${address.port}/`),
      (socket, what) => (what === "open" ? socket.send("x") : socket.close(1000))
    )
    assert.deepStrictEqual(seen, ["open", "<x>", "close 1000 "])
  }).pipe(
    Effect.provide(
      Layer.provideMerge(HttpServer.serve(echo), NodeHttpServer.layer({ port: 0, host: "127.0.0.1" }))
    )
  )
)

it.effect("NodeWebSocket.layerConfig reads the options from the configuration", () =>
  Effect.gen(function* () {
    const layer = NodeWebSocket.layerConfig({ maxPayload: Config.integer("MAX_PAYLOAD") })
    const error = yield* Effect.flip(Effect.scoped(Layer.build(layer)))
    assert.deepInclude(error, { _tag: "InvalidOption", option: "maxPayload" })
  }).pipe(Effect.withConfigProvider(ConfigProvider.fromMap(new Map([["MAX_PAYLOAD", "-1"]]))))
)
