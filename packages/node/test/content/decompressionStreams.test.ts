// Decoded bodies: when pieces arrive, what a reader does to the connection, other combinators of clients, and
// real servers.
import {
  Cookies,
  HttpClient,
  HttpClientRequest,
  HttpClientResponse,
  HttpServerRequest,
  HttpServerResponse
} from "@effect/platform"
import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Queue from "effect/Queue"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import * as http from "node:http"
import type * as net from "node:net"
import * as zlib from "node:zlib"
import { Client, Retry, Server, ServerSentEvents } from "@httpfx/core"
import { NodeCompression, NodeDecompression, NodeHttpClient } from "@httpfx/node"
import { MemoryNetwork, RawPeer, Simulation, TestServer, VirtualClock } from "@httpfx/testing"
import { freePort, hasNginx, startNginx } from "../../../../test/nginx.js"
import { incompressible } from "../support/incompressible.js"

const text = "tea and more tea, ".repeat(2_000)
const gzip = zlib.gzipSync(text)
const url = "http://api.test/"
const world = Layer.provideMerge(Client.layer, MemoryNetwork.layer())
const decompressing = Effect.map(Client.Client, NodeDecompression.decompress())
const head = (content: Uint8Array, ...lines: ReadonlyArray<string>) =>
  [`HTTP/1.1 200 OK`, "Content-Encoding: gzip", `Content-Length: ${content.length}`, ...lines, "", ""].join(
    "\r\n"
  )

/** Starts a scripted server and sends one request to it. Returns the response. */
const exchange = <A, E>(
  serve: (peer: RawPeer.RawPeer) => Effect.Effect<A, E>,
  { content = gzip, request = {} }: { content?: Uint8Array; request?: Omit<Client.Request, "url"> } = {}
) =>
  Effect.gen(function* () {
    const server = yield* RawPeer.listen({ host: "api.test", port: 80 })
    const client = yield* decompressing
    const asked = yield* Effect.fork(client.request({ url, ...request }))
    const peer = yield* server.accept
    yield* peer.head
    yield* peer.send(head(content))
    yield* serve(peer)
    return { client, peer, response: yield* asked }
  })

const toText = (pieces: Iterable<Uint8Array>) => Buffer.concat([...pieces]).toString()

describe("a decoded body", () => {
  it.scoped("arrives in the pieces that the server flushed", () =>
    Effect.gen(function* () {
      const coder = zlib.createGzip({ flush: zlib.constants.Z_SYNC_FLUSH })
      const server = yield* RawPeer.listen({ host: "api.test", port: 80 })
      const client = yield* decompressing
      const asked = yield* Effect.fork(client.request({ url }))
      const peer = yield* server.accept
      yield* peer.head
      yield* peer.send("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nConnection: close\r\n\r\n")
      const response = yield* asked
      const received = yield* Queue.unbounded<string>()
      const reader = yield* Effect.fork(
        Stream.runForEach(response.body, (piece) => Queue.offer(received, Buffer.from(piece).toString()))
      )
      for (const event of ["data: 1\n\n", "data: 2\n\n"]) {
        const flushed = yield* Effect.async<Uint8Array>((resume) => {
          coder.once("data", (bytes: Uint8Array) => resume(Effect.succeed(bytes)))
          coder.write(event)
        })
        yield* peer.send(flushed)
        let got = ""
        while (got.length < event.length) got += yield* Queue.take(received)
        assert.strictEqual(got, event)
      }
      const rest = yield* Effect.async<Uint8Array>((resume) => {
        coder.once("data", (bytes: Uint8Array) => resume(Effect.succeed(bytes)))
        coder.end()
      })
      yield* peer.send(rest)
      yield* peer.end
      yield* reader
    }).pipe(Effect.provide(world))
  )

  it.scoped("is read as text, as bytes, and again", () =>
    Effect.gen(function* () {
      const { response } = yield* exchange((peer) => peer.send(gzip))
      assert.strictEqual(yield* response.text, text)
      assert.strictEqual(Buffer.from(yield* response.bytes).toString(), text)
      assert.strictEqual(toText(yield* Stream.runCollect(response.body)), text)
      assert.isTrue(response.complete)
      assert.strictEqual(response.status, 200)
      assert.strictEqual(response.statusMessage, "OK")
      assert.strictEqual(response.httpVersion, "1.1")
    }).pipe(Effect.provide(world))
  )

  it.scoped("that was read as a stream cannot be read again", () =>
    Effect.gen(function* () {
      const { response } = yield* exchange((peer) => peer.send(gzip))
      assert.strictEqual(toText(yield* Stream.runCollect(response.body)), text)
      assert.deepInclude(yield* Effect.flip(response.text), { code: "ERR_HTTPFX_BODY_READ" })
      assert.deepInclude(yield* Effect.flip(Stream.runDrain(response.body)), { code: "ERR_HTTPFX_BODY_READ" })
    }).pipe(Effect.provide(world))
  )

  it.scoped("fails with HangUp if the connection is lost", () =>
    Effect.gen(function* () {
      const { response } = yield* exchange((peer) =>
        Effect.zipRight(peer.send(gzip.subarray(0, 50)), peer.end)
      )
      assert.strictEqual((yield* Effect.flip(Stream.runDrain(response.body)))._tag, "HangUp")
    }).pipe(Effect.provide(world))
  )
})

describe("the connection", () => {
  const again = (client: Client.Service) => client.request({ url })

  it.scoped("is reused after a body that was read completely", () =>
    Effect.gen(function* () {
      const { client, peer, response } = yield* exchange((peer) => peer.send(gzip))
      yield* Stream.runDrain(response.body)
      const second = yield* Effect.fork(again(client))
      yield* peer.until("\r\n\r\n")
      yield* peer.send(head(gzip))
      yield* peer.send(gzip)
      assert.isTrue((yield* second).reused)
    }).pipe(Effect.provide(world))
  )

  it.scoped("is closed if the reader stops before the end", () =>
    Effect.gen(function* () {
      const { peer, response } = yield* exchange((peer) => peer.send(gzip.subarray(0, 100)))
      const [piece] = yield* Stream.runCollect(Stream.take(response.body, 1))
      assert.isAbove(piece!.length, 0)
      yield* peer.expectClosed
    }).pipe(Effect.provide(world))
  )

  it.scoped("is closed if the reader is interrupted", () =>
    Effect.gen(function* () {
      for (const read of [
        (response: Client.Response) => Stream.runDrain(response.body),
        (response: Client.Response) => Effect.asVoid(response.text)
      ]) {
        yield* Effect.gen(function* () {
          const { peer, response } = yield* exchange((peer) => peer.send(gzip.subarray(0, 100)))
          const fiber = yield* Effect.fork(read(response))
          yield* VirtualClock.settle
          assert.isTrue(Exit.isInterrupted(yield* Fiber.interrupt(fiber)))
          yield* peer.expectClosed
        }).pipe(Effect.scoped)
      }
    }).pipe(Effect.provide(world))
  )

  it.scoped("is closed if the content cannot be decoded, or is too large", () =>
    Effect.gen(function* () {
      const bad = Buffer.concat([Buffer.from("no gzip"), Buffer.alloc(100_000)])
      const { peer, response } = yield* exchange((peer) => peer.send(bad.subarray(0, 1_000)), {
        content: bad
      })
      assert.strictEqual((yield* Effect.flip(Stream.runDrain(response.body)))._tag, "InvalidContent")
      yield* peer.expectClosed
    }).pipe(Effect.provide(world))
  )

  it.scoped("is closed if there are too many codings", () =>
    Effect.gen(function* () {
      const server = yield* RawPeer.listen({ host: "api.test", port: 80 })
      const client = NodeDecompression.decompress(yield* Client.Client, { maxCodings: 1 })
      const asks: ReadonlyArray<Effect.Effect<unknown, unknown>> = [
        client.request({ url }),
        client.httpClient.get(url)
      ]
      for (const ask of asks) {
        const asked = yield* Effect.fork(Effect.flip(ask))
        const peer = yield* server.accept
        yield* peer.head
        yield* peer.send(head(gzip, "Content-Encoding: br"))
        const error = yield* asked
        assert.include(String(error), "2 codings")
        yield* peer.expectClosed
      }
    }).pipe(Effect.provide(world))
  )

  it.scoped("applies backpressure while the reader does not read, even if the coded content is small", () =>
    Effect.gen(function* () {
      // The content is 100 MB, coded in 100 kB. All coded bytes arrive at once, but are decoded piece by
      // piece.
      const bomb = zlib.gzipSync(new Uint8Array(100_000_000))
      const server = yield* RawPeer.listen({ host: "api.test", port: 80 })
      const client = NodeDecompression.decompress(yield* Client.Client, { maxRatio: Infinity })
      const asked = yield* Effect.fork(client.request({ url }))
      const peer = yield* server.accept
      yield* peer.send(head(bomb))
      yield* peer.send(bomb)
      const response = yield* asked
      const before = process.memoryUsage().arrayBuffers
      const sizes: Array<number> = []
      yield* Stream.runForEach(Stream.take(response.body, 20), (piece) =>
        Effect.zipRight(
          Effect.sync(() => sizes.push(piece.length)),
          VirtualClock.settle
        )
      )
      assert.isAtMost(Math.max(...sizes), 200_000)
      assert.isBelow(process.memoryUsage().arrayBuffers - before, 50_000_000)
    }).pipe(Effect.provide(world))
  )
})

describe("with other combinators", () => {
  // Larger than the amount that a client receives of an unread body.
  const large = zlib.gzipSync(incompressible(500_000, 1))
  let busy = 0
  const app = Effect.map(HttpServerRequest.HttpServerRequest, ({ url }) => {
    const content = HttpServerResponse.uint8Array(url === "/" ? gzip : large, { contentType: "text/plain" })
    const coded = HttpServerResponse.setHeader(content, "content-encoding", "gzip")
    if (url === "/old")
      return HttpServerResponse.setHeaders(HttpServerResponse.setStatus(coded, 302), { location: "/" })
    if (url === "/busy" && busy-- > 0) return HttpServerResponse.setStatus(coded, 503)
    return coded
  })
  const base = "http://server.test"

  it.effect("follows redirects, with both client APIs", () =>
    Effect.gen(function* () {
      const client = Client.followRedirects(yield* decompressing)
      const response = yield* client.request({ url: `${base}/old` })
      assert.strictEqual(yield* response.text, text)
      assert.strictEqual(Client.redirectsOf(response).length, 1)
      const platforms = client.httpClient
      const other = yield* platforms.get(`${base}/old`)
      assert.strictEqual(yield* other.text, text)
      assert.strictEqual(Client.redirectsOf(other)[0]?.to, `${base}/`)
      assert.deepStrictEqual(yield* client.connections, { open: 1, idle: 1, connecting: 0 })
    }).pipe(Effect.provide(TestServer.serve(app)))
  )

  it.effect("retries, with both client APIs", () =>
    Effect.gen(function* () {
      const retried: Array<number> = []
      const policy = yield* Retry.make({
        times: 1,
        base: 0,
        onRetry: ({ attempt }) => Effect.sync(() => retried.push(attempt))
      })
      const client = Retry.client(policy)(yield* decompressing)
      busy = 1
      const response = yield* client.request({ url: `${base}/busy` })
      yield* response.bytes
      busy = 1
      const other = yield* client.httpClient.get(`${base}/busy`)
      yield* other.arrayBuffer
      assert.deepStrictEqual(retried, [1, 1])
      assert.deepStrictEqual([response.status, other.status], [200, 200])
      // The unread bodies of earlier responses no longer hold connections.
      assert.deepStrictEqual(yield* client.connections, { open: 1, idle: 1, connecting: 0 })
    }).pipe(Effect.provide(TestServer.serve(app)))
  )
})

describe("platform's response", () => {
  const reply = HttpServerResponse.uint8Array(zlib.gzipSync('{"tea":1}'), {
    contentType: "application/json"
  }).pipe(
    HttpServerResponse.setHeaders({ "content-encoding": "gzip", "x-a": "b" }),
    HttpServerResponse.unsafeSetCookies([
      ["a", "1", undefined],
      ["b", "2", undefined]
    ])
  )
  const platforms = Effect.map(HttpClient.HttpClient, NodeDecompression.decompress())

  it.effect("has the fields, cookies and formats of the original response", () =>
    Effect.gen(function* () {
      const response = yield* (yield* platforms).get("/")
      assert.deepStrictEqual(yield* response.json, { tea: 1 })
      assert.strictEqual(response.headers["x-a"], "b")
      assert.strictEqual(response.headers["set-cookie"], "a=1, b=2")
      assert.isUndefined(response.headers["content-encoding"])
      assert.deepStrictEqual(Cookies.toRecord(response.cookies), { a: "1", b: "2" })
      const source = Option.getOrThrow(Client.fromHttpClientResponse(response))
      assert.strictEqual(yield* source.text, '{"tea":1}')
      assert.include(JSON.stringify(response), '"status":200')
    }).pipe(Effect.provide(TestServer.serve(reply)))
  )

  it.effect("fails with the reason Decode, which retryTransient does not retry", () =>
    Effect.gen(function* () {
      const response = yield* (yield* platforms).get("/")
      const error = yield* Effect.flip(response.text)
      assert.deepInclude(error, { _tag: "ResponseError", reason: "Decode" })
      assert.deepInclude(error.cause, { _tag: "InvalidContent" })
    }).pipe(
      Effect.provide(
        TestServer.serve(
          HttpServerResponse.setHeader(HttpServerResponse.text("no gzip"), "content-encoding", "gzip")
        )
      )
    )
  )

  it.effect("of another client stays the same", () =>
    Effect.gen(function* () {
      const other = HttpClient.make((request) =>
        Effect.succeed(
          HttpClientResponse.fromWeb(request, new Response(text, { headers: { "content-encoding": "gzip" } }))
        )
      )
      const response = yield* NodeDecompression.decompress(other).execute(
        HttpClientRequest.get("http://a.test/")
      )
      assert.strictEqual(yield* response.text, text)
      assert.strictEqual(response.headers["content-encoding"], "gzip")
    })
  )

  it.effect("errors name no credentials of the URL", () =>
    Effect.gen(function* () {
      const client = NodeDecompression.decompress(yield* HttpClient.HttpClient, { maxCodings: 0 })
      const exit = yield* Effect.exit(client.get("http://user:secret@server.test/"))
      assert.isTrue(Exit.isFailure(exit))
      if (Exit.isFailure(exit)) assert.notInclude(Cause.pretty(exit.cause), "secret")
    }).pipe(Effect.provide(TestServer.serve(reply)))
  )
})

describe("both compressing and decompressing", () => {
  const program = Effect.gen(function* () {
    const { httpServer } = yield* Server.make({ host: "server.test", port: 80 })
    const pieces = Stream.range(1, 50).pipe(Stream.map((n) => new TextEncoder().encode(`${n} ${text}\n`)))
    yield* httpServer.serve(
      NodeCompression.compress()(HttpServerResponse.stream(pieces, { contentType: "text/plain" }))
    )
    const client = NodeDecompression.decompress(yield* Client.make(), { maxRatio: Infinity })
    const read = Effect.gen(function* () {
      const response = yield* client.request({ url: "http://server.test/" })
      const content = toText(yield* Stream.runCollect(response.body))
      return [content.length, response.rawHeaders.join().includes("Accept-Encoding")]
    })
    return yield* Effect.all([read, read, read], { concurrency: "unbounded" })
  }).pipe(Effect.scoped, Effect.provide(MemoryNetwork.layer()))
  const length = Array.from({ length: 50 }, (_, n) => `${n + 1} ${text}\n`).join("").length

  it.effect("a compressed response is decompressed, in a simulation", () =>
    Effect.gen(function* () {
      const all = yield* Simulation.run({ seed: 1, anyOrder: true }, program)
      assert.deepStrictEqual(all, [
        [length, true],
        [length, true],
        [length, true]
      ])
    })
  )
})

describe("server-sent events, compressed and decompressed", () => {
  const ticks = Stream.map(Stream.range(1, 3), (n) => ({ data: `${n}` })).pipe(
    Stream.schedule(Schedule.spaced("1 minute"))
  )
  const app = NodeCompression.compress()(ServerSentEvents.response(ticks, { heartbeat: "20 seconds" }))
  const program = Effect.gen(function* () {
    const server = yield* Server.make({ host: "server.test", port: 80 })
    yield* server.httpServer.serve(app)
    const client = NodeDecompression.decompress(yield* Client.make())
    const seen: Array<string> = []
    const head = yield* client.requestScoped({ url: "http://server.test/" })
    assert.isTrue(head.rawHeaders.includes("Accept-Encoding"))
    yield* head.discard
    yield* ServerSentEvents.request({ url: "http://server.test/" }).pipe(
      Stream.take(3),
      Stream.runForEach(({ data }) =>
        Effect.map(
          Effect.clockWith((clock) => clock.currentTimeMillis),
          (at) => seen.push(`${data} ${at - VirtualClock.epoch}`)
        )
      ),
      Effect.provideService(Client.Client, client)
    )
    return seen
  }).pipe(Effect.scoped, Effect.provide(MemoryNetwork.layer()))

  it.effect("arrive as they are sent", () =>
    Effect.gen(function* () {
      const seen = yield* Simulation.run({ seed: 1 }, program)
      assert.deepStrictEqual(seen, ["1 60000", "2 120000", "3 180000"])
    })
  )
})

const listening = <S extends net.Server>(server: S) =>
  Effect.acquireRelease(
    Effect.async<number>((resume) => {
      server.listen(0, "127.0.0.1", () => resume(Effect.succeed((server.address() as net.AddressInfo).port)))
    }),
    () =>
      Effect.sync(() => {
        server.close()
        if (server instanceof http.Server) server.closeAllConnections()
      })
  )
describe("responses of other servers are decoded", () => {
  it.scopedLive("node:http with streams of node:zlib", () =>
    Effect.gen(function* () {
      const coders = { gzip: zlib.createGzip, deflate: zlib.createDeflate, br: zlib.createBrotliCompress }
      const server = http.createServer((request, response) => {
        const coding = request.url!.slice(1) as keyof typeof coders
        response.writeHead(200, { "Content-Encoding": coding, "X-Asked": request.headers["accept-encoding"] })
        const coder = coders[coding]()
        coder.pipe(response)
        coder.end(text.repeat(10))
      })
      const port = yield* listening(server)
      const client = yield* decompressing
      for (const coding of Object.keys(coders)) {
        const response = yield* client.request({ url: `http://127.0.0.1:${port}/${coding}` })
        assert.strictEqual(yield* response.text, text.repeat(10))
        assert.include(response.header("x-asked"), coding)
      }
    }).pipe(Effect.provide(NodeHttpClient.layer))
  )

  it.scopedLive.skipIf(!hasNginx)(hasNginx ? "nginx" : "nginx (not installed on this machine)", () =>
    Effect.gen(function* () {
      const port = yield* Effect.promise(freePort)
      yield* Effect.acquireRelease(
        Effect.promise(() =>
          startNginx({
            http: `gzip on; gzip_types *; server { listen 127.0.0.1:${port}; root www; }`,
            files: { "index.html": text }
          })
        ),
        (stop) => Effect.promise(stop)
      )
      const client = yield* decompressing
      const file = { url: `http://127.0.0.1:${port}/` }
      const response = yield* client.request(file)
      assert.strictEqual(yield* response.text, text)
      const raw = yield* Client.without("decompression")(
        client.request({ ...file, headers: { "Accept-Encoding": "gzip" } })
      )
      assert.strictEqual(raw.header("content-encoding"), "gzip")
      assert.strictEqual(zlib.gunzipSync(yield* raw.bytes).toString(), text)
      assert.isTrue(raw.reused)
    }).pipe(Effect.provide(NodeHttpClient.layer))
  )
})
