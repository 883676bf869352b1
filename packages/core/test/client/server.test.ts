// Our client with our server: programs for platform's API run through both, over memory and over real
// sockets.
import {
  HttpBody,
  HttpClient,
  HttpRouter,
  HttpServer,
  HttpServerRequest,
  HttpServerResponse
} from "@effect/platform"
import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Ref from "effect/Ref"
import * as Stream from "effect/Stream"
import { Client, Network, Server } from "@httpfx/core"
import { MemoryNetwork } from "@httpfx/testing"
import { networks } from "../support/networks.js"

const patterned = (size: number, count: number) =>
  Stream.map(Stream.range(0, count - 1), (i) => new Uint8Array(size).fill(i % 251))

const router = HttpRouter.empty.pipe(
  HttpRouter.get("/hello", HttpServerResponse.text("hello")),
  HttpRouter.all(
    "/echo",
    Effect.map(HttpServerRequest.HttpServerRequest, (request) => HttpServerResponse.stream(request.stream))
  ),
  HttpRouter.get("/down", HttpServerResponse.stream(patterned(65_536, 160))),
  HttpRouter.post(
    "/count",
    Effect.flatMap(HttpServerRequest.HttpServerRequest, (request) =>
      Effect.map(
        Stream.runFold(request.stream, 0, (sum, chunk) => sum + chunk.length),
        (length) => HttpServerResponse.text(String(length))
      )
    )
  )
)

/** Runs a client and a server on one network. `test` gets the URL of the server. */
const together = <A, E>(
  network: Layer.Layer<Network.Network>,
  app: Layer.Layer<never, never, HttpServer.HttpServer>,
  test: (url: string) => Effect.Effect<A, E, Client.Client | HttpClient.HttpClient>
) => {
  const server = Server.layer({ port: 0, host: "127.0.0.1" })
  const both = Layer.merge(Client.layer, Layer.provideMerge(app, server))
  return Effect.provide(
    Effect.flatMap(HttpServer.HttpServer, ({ address }) =>
      test(`http://127.0.0.1:${(address as { readonly port: number }).port}`)
    ),
    Layer.provideMerge(both, network)
  )
}

describe.each(networks)("Client and server on %s", (_, network) => {
  const run = <A, E>(test: (url: string) => Effect.Effect<A, E, Client.Client | HttpClient.HttpClient>) =>
    together(network, HttpServer.serve(router), test)

  it.effect("talk, on one connection", () =>
    run((url) =>
      Effect.gen(function* () {
        for (let i = 0; i < 10; i++) {
          const response = yield* HttpClient.get(`${url}/hello`)
          assert.strictEqual(yield* response.text, "hello")
        }
        const client = yield* Client.Client
        assert.strictEqual((yield* client.connections).open, 1)
      })
    )
  )

  it.effect("echo any body in any pieces, each exchange like the first", () =>
    run((url) =>
      Effect.gen(function* () {
        const seed = Date.now()
        const pieces = fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 12 })
        for (const sent of fc.sample(pieces, { numRuns: 60, seed })) {
          const body = HttpBody.stream(Stream.fromIterable(sent))
          const response = yield* HttpClient.post(`${url}/echo`, { body })
          const echoed = Buffer.from(yield* response.arrayBuffer)
          assert.deepStrictEqual(echoed, Buffer.concat(sent), `seed ${seed}`)
        }
      })
    )
  )

  it.effect("10 MB down, each byte in its place", () =>
    run((url) =>
      Effect.gen(function* () {
        const response = yield* HttpClient.get(`${url}/down`)
        let length = 0
        let wrong = 0
        yield* Stream.runForEach(response.stream, (chunk) =>
          Effect.sync(() => {
            for (const byte of chunk) if (byte !== Math.floor(length++ / 65_536) % 251) wrong++
          })
        )
        assert.deepStrictEqual([length, wrong], [160 * 65_536, 0])
      })
    )
  )

  it.effect("10 MB up", () =>
    run((url) =>
      Effect.gen(function* () {
        const body = HttpBody.stream(patterned(65_536, 160))
        const response = yield* HttpClient.post(`${url}/count`, { body })
        assert.strictEqual(yield* response.text, String(160 * 65_536))
      })
    )
  )

  it.effect("an interrupted request interrupts its handler", () =>
    Effect.gen(function* () {
      const begun = yield* Deferred.make<void>()
      const gone = yield* Deferred.make<void>()
      const app = Deferred.succeed(begun, undefined).pipe(
        Effect.zipRight(Effect.never),
        Effect.onInterrupt(() => Deferred.succeed(gone, undefined)),
        Effect.as(HttpServerResponse.empty())
      )
      yield* together(network, HttpServer.serve(app), (url) =>
        Effect.gen(function* () {
          const fiber = yield* Effect.fork(HttpClient.get(url))
          yield* Deferred.await(begun)
          yield* Fiber.interrupt(fiber)
          yield* Deferred.await(gone)
        })
      )
    })
  )

  it.effect("many requests at once, each with its own response", () =>
    run((url) =>
      Effect.gen(function* () {
        const texts = yield* Effect.forEach(
          Array.from({ length: 100 }, (_, i) => `number ${i}`),
          (text) =>
            Effect.flatMap(HttpClient.post(`${url}/echo`, { body: HttpBody.text(text) }), (response) =>
              Effect.map(response.text, (answer) => answer === text)
            ),
          { concurrency: 16 }
        )
        assert.isTrue(texts.every((same) => same))
        const client = yield* Client.Client
        assert.isAtMost((yield* client.connections).open, 16)
      })
    )
  )
})

describe("Client and server in memory", () => {
  it.scoped("leave nothing on the network when both are closed", () =>
    Effect.gen(function* () {
      const memory = yield* MemoryNetwork.make()
      const network = Layer.succeed(Network.Network, memory.network)
      const served = yield* Ref.make(0)
      const app = Effect.as(
        Ref.update(served, (n) => n + 1),
        HttpServerResponse.text("hello")
      )
      yield* Effect.scoped(
        together(network, HttpServer.serve(app), (url) =>
          Effect.forEach([1, 2, 3], () => HttpClient.get(url), { concurrency: 3 })
        )
      )
      assert.strictEqual(yield* Ref.get(served), 3)
      assert.lengthOf(yield* memory.connections, 0)
      assert.lengthOf(yield* memory.listeners, 0)
    })
  )
})
