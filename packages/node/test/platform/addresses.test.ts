// Addresses of servers as URLs, and arguments of the shape that platform-node has.
import * as HttpServer from "@effect/platform/HttpServer"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import { assert, describe, it } from "@effect/vitest"
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import { readFileSync } from "node:fs"
import { createServer } from "node:http"
import { Client, Server } from "@httpfx/core"
import https from "@httpfx/node/https"
import { NodeHttpClient, NodeHttpServer } from "@httpfx/node"

// No `Buffer`: bytes as any runtime has them.
const bytes = (name: string) =>
  Uint8Array.from(readFileSync(new URL(`../fixtures/${name}.pem`, import.meta.url)))
const tls = { key: bytes("server-key"), cert: bytes("server") }
const ca = bytes("ca")
const hello = HttpServer.serve(HttpServerResponse.text("hello"))

const logged = (lines: Array<unknown>) =>
  Logger.replace(
    Logger.defaultLogger,
    Logger.make(({ message }) => void lines.push(message))
  )

describe("the URL of a server", () => {
  it.scopedLive.each<readonly [host: string, secure: boolean, expected: RegExp]>([
    ["127.0.0.1", false, /^http:\/\/127\.0\.0\.1:\d+$/],
    ["127.0.0.1", true, /^https:\/\/127\.0\.0\.1:\d+$/],
    ["::1", false, /^http:\/\/\[::1\]:\d+$/],
    ["::1", true, /^https:\/\/\[::1\]:\d+$/]
  ])("on %s, TLS: %s, is logged and can be requested", ([host, secure, expected]) =>
    Effect.gen(function* () {
      const lines: Array<unknown> = []
      const world = hello.pipe(
        Server.withLogAddress,
        Layer.provideMerge(
          NodeHttpServer.layer({ host, port: 0, idleConnectionGrace: 0, ...(secure ? { tls } : {}) })
        ),
        Layer.provide(logged(lines))
      )
      const context = yield* Layer.build(world)
      const url = yield* Effect.provide(Server.url, context)
      assert.match(url, expected)
      assert.deepStrictEqual(lines.flat(), [`Listening on ${url}`])
      const connection = { tls: { ca, serverName: "localhost" } }
      const response = yield* Effect.provide(Client.request({ url, connection }), NodeHttpClient.layer)
      assert.strictEqual(yield* response.text, "hello")
      const { hostname, port } = new URL(url)
      const protocol = secure ? "https:" : "http:"
      // With the brackets of the URL.
      const parts = { url: { protocol, host: hostname, port: Number(port) }, connection } as const
      const again = yield* Effect.provide(Client.request(parts), NodeHttpClient.layer)
      assert.strictEqual(yield* again.text, "hello")
    })
  )
})

describe("TLS options of the callback API", () => {
  it.scopedLive("are bytes of any kind", () =>
    Effect.gen(function* () {
      // The types of Node.js name `Buffer` only.
      const [own, trusted] = [tls, ca] as unknown as [{ key: Buffer; cert: Buffer }, Buffer]
      const server = https.createServer(own, (_req, res) => res.end("hello"))
      yield* Effect.async<void>((resume) => void server.listen(0, "127.0.0.1", () => resume(Effect.void)))
      yield* Effect.addFinalizer(() => Effect.sync(() => server.close().closeAllConnections()))
      const { port } = server.address() as { readonly port: number }
      const text = yield* Effect.async<string, Error>((resume) => {
        https
          .get({ port, host: "127.0.0.1", servername: "localhost", ca: trusted, agent: false }, (res) => {
            let text = ""
            res.on("data", (data) => (text += String(data))).on("end", () => resume(Effect.succeed(text)))
          })
          .on("error", (error) => resume(Effect.fail(error)))
      })
      assert.strictEqual(text, "hello")
    })
  )
})

describe("arguments of platform-node's shape", () => {
  const make = createServer as never
  const {
    make: makeServer,
    layer,
    layerConfig,
    layerServer
  } = NodeHttpServer as unknown as Readonly<Record<string, (...given: ReadonlyArray<unknown>) => never>>
  it.scoped.each<readonly [string, Effect.Effect<unknown, { readonly message: string }, never>]>([
    ["NodeHttpServer.layer({ port: 3000 })", Layer.launch(layer!(make, { port: 0 }))],
    ["NodeHttpServer.layer({ port: 3000 })", Layer.launch(layer!(() => createServer(), { port: 0 }))],
    ["NodeHttpServer.layer({ port: 3000 })", Layer.launch(layer!(createServer(), { port: 0 }))],
    ["NodeHttpServer.layer({ port: 3000 })", Layer.launch(layer!())],
    ["NodeHttpServer.layer({ port: 3000 })", Layer.launch(layerServer!(make, { port: 0 }))],
    ["NodeHttpServer.make({ port: 3000 })", Effect.scoped(makeServer!(make, { port: 0 }))],
    [
      'NodeHttpServer.layerConfig({ port: Config.integer("PORT") })',
      Layer.launch(layerConfig!(make, { port: Config.succeed(0) }))
    ]
  ])("are answered with %s", ([written, failing]) =>
    Effect.map(Effect.flip(failing), (error) => {
      assert.match(error.message, /^The options must be a record, without a server of node:http: write /)
      assert.include(error.message, written)
      assert.strictEqual((error as Error).stack, `ServeError: ${error.message}`)
    })
  )
})
