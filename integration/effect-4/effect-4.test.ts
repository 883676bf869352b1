/**
 * Effect 4's own server layer on `createServer` of `node:http` and of our callback API, and its client of
 * `node:http`, with and without the register hook. Each program behaves the same on both.
 */
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import * as NodeWS from "@effect/platform-node/NodeWS"
import { Server, createServer } from "@httpfx/node/http"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { HttpBody, HttpClient, HttpClientRequest, HttpServer } from "effect/http"
import * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Socket from "effect/socket/Socket"
import * as Stream from "effect/Stream"
import { spawnSync } from "node:child_process"
import * as builtIn from "node:http"
import { connect } from "node:net"
import { fileURLToPath } from "node:url"
import { assert, describe, it } from "vitest"
import { makeApp, parts } from "./app.js"

const large = new Uint8Array(3_000_000).map((_, index) => index * 31)

/** Serves the app, runs `use` with a client of the server, and closes the server. */
const serving = async <A>(
  create: typeof createServer,
  use: (
    port: number,
    app: ReturnType<typeof makeApp>,
    close: () => Promise<void>
  ) => Effect.Effect<A, unknown, HttpClient.HttpClient | Socket.WebSocketConstructor>
): Promise<A> => {
  let server: builtIn.Server | undefined
  const made = makeApp()
  const layer = NodeHttpServer.layer(() => (server = create() as builtIn.Server), {
    port: 0,
    host: "127.0.0.1"
  })
  const serverRuntime = ManagedRuntime.make(Layer.provideMerge(made.app, layer))
  const clientRuntime = ManagedRuntime.make(
    Layer.merge(NodeHttpClient.layerNodeHttp, NodeWS.layerWebSocketConstructor)
  )
  try {
    const { address } = await serverRuntime.runPromise(HttpServer.HttpServer)
    assert.strictEqual(server instanceof Server, create === createServer)
    const port = "port" in address ? address.port : assert.fail("a port was expected")
    return await clientRuntime.runPromise(use(port, made, () => serverRuntime.dispose()))
  } finally {
    await clientRuntime.dispose()
    await serverRuntime.dispose()
  }
}

const bytesOf = (request: HttpClientRequest.HttpClientRequest) =>
  Effect.map(
    Effect.flatMap(HttpClient.execute(request), (response) => response.arrayBuffer),
    (bytes) => new Uint8Array(bytes)
  )

const refuses = (port: number) =>
  Effect.callback<boolean>((resume) => {
    const socket = connect(port, "127.0.0.1")
    socket.on("connect", () => {
      socket.destroy()
      resume(Effect.succeed(false))
    })
    socket.on("error", () => resume(Effect.succeed(true)))
  })

describe.each([
  ["node:http", builtIn.createServer as unknown as typeof createServer],
  ["@httpfx/node/http", createServer]
])("the server of Effect 4 on %s", (_, create) => {
  it("hello: a route, and one that does not exist", () =>
    serving(create, (port) =>
      Effect.gen(function* () {
        const found = yield* HttpClient.get(`http://127.0.0.1:${port}/`)
        const missing = yield* HttpClient.get(`http://127.0.0.1:${port}/nothing`)
        assert.deepStrictEqual(
          [found.status, found.headers["content-type"], yield* found.text, missing.status],
          [200, "text/plain", "Hello, World!", 404]
        )
      })
    ))

  it("streams: a response in many parts, and an echo of a large upload", () =>
    serving(create, (port) =>
      Effect.gen(function* () {
        const response = yield* HttpClient.get(`http://127.0.0.1:${port}/numbers`)
        const lines = yield* response.stream.pipe(Stream.decodeText, Stream.splitLines, Stream.runCollect)
        assert.deepStrictEqual(
          lines,
          Array.from({ length: parts }, (_, index) => `${index + 1}`)
        )
        const pieces = Array.from({ length: 30 }, (_, n) => large.subarray(n * 100_000, (n + 1) * 100_000))
        const echoed = yield* bytesOf(
          HttpClientRequest.post(`http://127.0.0.1:${port}/echo`, {
            body: HttpBody.stream(Stream.fromIterable(pieces))
          })
        )
        assert.ok(Buffer.from(echoed).equals(large), "the bytes differ")
      })
    ))

  it("uploads: a form with a field and a file", () =>
    serving(create, (port) =>
      Effect.gen(function* () {
        const form = new FormData()
        form.append("title", "numbers")
        form.append("file", new Blob([large]), "numbers.bin")
        const request = HttpClientRequest.post(`http://127.0.0.1:${port}/upload`, {
          body: HttpBody.formData(form)
        })
        const response = yield* HttpClient.execute(request)
        assert.deepStrictEqual(yield* response.json, {
          title: "numbers",
          name: "numbers.bin",
          size: large.length
        })
      })
    ))

  it("WebSocket: messages come back", () =>
    serving(create, (port) =>
      Effect.gen(function* () {
        const socket = yield* Socket.makeWebSocket(`ws://127.0.0.1:${port}/louder`)
        const { pull } = yield* socket.reader
        const { write } = yield* socket.writer
        let received = ""
        for (const text of ["one", "two"]) {
          yield* write(text)
          received += (yield* pull).map(String).join("")
        }
        assert.strictEqual(received, "ONETWO")
      }).pipe(Effect.scoped)
    ))

  it("abort: a client that leaves interrupts the handler", () =>
    serving(create, (port, { arrived, interrupted }) =>
      Effect.gen(function* () {
        const request = yield* Effect.forkChild(HttpClient.get(`http://127.0.0.1:${port}/waits`))
        yield* arrived
        yield* Fiber.interrupt(request)
        yield* interrupted
      })
    ))

  it("drain: a server that closes completes the response that it has begun, and accepts no more", () =>
    serving(create, (port, { arrived, open }, close) =>
      Effect.gen(function* () {
        const request = yield* Effect.forkChild(
          Effect.flatMap(HttpClient.get(`http://127.0.0.1:${port}/waits`), (response) => response.text)
        )
        yield* arrived
        const closing = close()
        while (!(yield* refuses(port))) yield* Effect.yieldNow
        yield* open
        assert.strictEqual(yield* Fiber.join(request), "late")
        yield* Effect.promise(() => closing)
      })
    ))
})

describe("a program of Effect 4, server and client", () => {
  const run = (...hook: ReadonlyArray<string>) => {
    const program = fileURLToPath(new URL("program.mjs", import.meta.url))
    const { stderr, stdout } = spawnSync(process.execPath, [...hook, program], { encoding: "utf8" })
    assert.strictEqual(stderr, "")
    return JSON.parse(stdout) as unknown
  }
  const result = { hello: "Hello, World!", echoed: 3_000_000 }

  it("runs unchanged on the built-in modules", () =>
    assert.deepStrictEqual(run(), { ...result, engine: "built in" }))

  it("runs on ours with the register hook", () =>
    assert.deepStrictEqual(run("--import", "@httpfx/node/register"), { ...result, engine: "ours" }))
})
