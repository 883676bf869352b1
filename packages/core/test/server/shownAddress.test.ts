// The address of a server in URLs and messages, and the messages of errors that have a cause.
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpServer from "@effect/platform/HttpServer"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import { Agent, Client, Server, Transport, type HttpError } from "@httpfx/core"
import { MemoryNetwork, RawPeer } from "@httpfx/testing"
import { post } from "../support/served.js"

const hello = HttpServer.serve(HttpServerResponse.text("hello"))
const on = (host: string, port = 80) => Server.layer({ host, port, idleConnectionGrace: 0 })

describe("The address of a server", () => {
  const shown: ReadonlyArray<readonly [string, string]> = [
    ["127.0.0.1", "http://127.0.0.1:80"],
    ["::1", "http://[::1]:80"],
    ["2001:db8::7", "http://[2001:db8::7]:80"],
    ["::ffff:127.0.0.1", "http://[::ffff:127.0.0.1]:80"],
    ["::", "http://0.0.0.0:80"]
  ]
  it.effect.each(shown)("%s is %s", ([host, url]) =>
    HttpServer.addressFormattedWith((formatted) =>
      Effect.sync(() => assert.strictEqual(formatted, url))
    ).pipe(Effect.provide(Layer.provide(Layer.provideMerge(hello, on(host)), MemoryNetwork.layer())))
  )

  it.scoped("of IPv6 is a URL that can be requested, and an address to connect to", () =>
    Effect.gen(function* () {
      const url = yield* HttpServer.addressFormattedWith(Effect.succeed)
      const response = yield* HttpClient.get(url)
      assert.strictEqual(yield* response.text, "hello")
      const server = yield* Server.Server
      assert.deepInclude(server.address, { hostname: "::1" })
      const { address } = yield* HttpServer.HttpServer
      const client = yield* RawPeer.connect(address)
      yield* client.send("GET / HTTP/1.0\r\n\r\n")
      assert.include(yield* client.rest, "hello")
    }).pipe(
      Effect.provide(
        Layer.provideMerge(hello, Layer.merge(on("::1"), Client.layer)).pipe(
          Layer.provideMerge(MemoryNetwork.layer())
        )
      )
    )
  )

  it.scoped("of IPv6 is in brackets in the keys of agents and in timeouts", () =>
    Effect.gen(function* () {
      const keys: Array<string> = []
      yield* (yield* Agent.Agent).observe(({ key }) => keys.push(key))
      const error = yield* Effect.flip(Client.request({ url: "http://[::1]:81/", timeouts: { connect: 0 } }))
      assert.include([...new Set(keys)], "http://[::1]:81")
      assert.include((error as HttpError.ConnectTimedOut).address, "[::1]:81")
    }).pipe(
      Effect.provide(
        Layer.provideMerge(Client.layerAgent(), Agent.layer()).pipe(Layer.provideMerge(MemoryNetwork.layer()))
      )
    )
  )
})

describe("The message of an error with a cause", () => {
  it.effect("names the address and EADDRINUSE if a port is in use", () =>
    Effect.gen(function* () {
      yield* Layer.build(on("127.0.0.1"))
      const error = yield* Effect.flip(Layer.build(on("127.0.0.1")))
      assert.strictEqual(error._tag, "ServeError")
      assert.include(error.message, "EADDRINUSE")
      assert.include(error.message, "127.0.0.1:80")
      assert.include(String(error), error.message)
    }).pipe(Effect.scoped, Effect.provide(MemoryNetwork.layer()))
  )

  const options: ReadonlyArray<readonly [Server.ServerOptions, string]> = [
    [{ maxConnections: -1 }, "maxConnections"],
    [{ gracefulShutdownTimeout: "soon" as never }, "gracefulShutdownTimeout"]
  ]
  it.effect.each(options)("names an invalid option: %j", ([option, name]) =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(Layer.build(Server.layer({ host: "127.0.0.1", port: 80, ...option })))
      assert.include(error.message, name)
      assert.include(error.message, (error.cause as Error).message)
    }).pipe(Effect.scoped, Effect.provide(MemoryNetwork.layer()))
  )

  const messageOf = (failing: Effect.Effect<unknown, Error>) =>
    Effect.map(Effect.flip(failing), ({ message }) => message)

  const decoding: ReadonlyArray<readonly [string, string, RegExp]> = [
    ["json", "{", /^Decode: .*JSON.* \(POST \/\)$/],
    ["multipart", "nothing of a form", /^Parse: .{5,}/]
  ]
  it.scoped.each(decoding)("describes the error of a body: %s", ([what, body, message]) => {
    const app = Effect.flatMap(HttpServerRequest.HttpServerRequest, ({ json, multipartStream }) =>
      Effect.map(what === "json" ? messageOf(json) : messageOf(Stream.runDrain(multipartStream)), (message) =>
        HttpServerResponse.text(message)
      )
    )
    const type = what === "json" ? "application/json" : "multipart/form-data; boundary=b"
    return Effect.gen(function* () {
      const client = yield* RawPeer.connect(Transport.tcp("127.0.0.1", 80))
      yield* client.send(post("/", body, `Content-Type: ${type}\r\nConnection: close\r\n`))
      assert.match((yield* client.rest).split("\r\n\r\n")[1]!, message)
    }).pipe(
      Effect.provide(
        Layer.provideMerge(HttpServer.serve(app), on("127.0.0.1")).pipe(
          Layer.provideMerge(MemoryNetwork.layer())
        )
      )
    )
  })

  it.scoped("describes the error of a response", () =>
    Effect.gen(function* () {
      const response = yield* HttpClient.get("http://127.0.0.1/")
      const { message } = yield* Effect.flip(response.json)
      assert.match(message, /^Decode: .*JSON.*/)
    }).pipe(
      Effect.provide(
        Layer.merge(Layer.provide(hello, on("127.0.0.1")), Client.layer).pipe(
          Layer.provideMerge(MemoryNetwork.layer())
        )
      )
    )
  )
})
