/** Our client on real sockets, with Node's own server. */
import * as fs from "node:fs"
import * as http from "node:http"
import * as https from "node:https"
import type * as net from "node:net"
import type * as tls from "node:tls"
import { HttpBody, HttpClient } from "@effect/platform"
import { assert, describe, it } from "@effect/vitest"
import { Client } from "@httpfx/core"
import { NodeHttpClient } from "@httpfx/node"
import * as Config from "effect/Config"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"

interface Peer {
  readonly url: string
  readonly server: http.Server
  /** All connections that the server has accepted. */
  readonly connections: Set<net.Socket>
}

const listening = (server: net.Server): Effect.Effect<number> =>
  Effect.async((resume) => {
    server.listen(0, "127.0.0.1", () => resume(Effect.succeed((server.address() as net.AddressInfo).port)))
  })

const nodeServer = (handler: http.RequestListener, options: http.ServerOptions = {}) =>
  Effect.acquireRelease(
    Effect.gen(function* () {
      const server = http.createServer(options, handler)
      const connections = new Set<net.Socket>()
      server.on("connection", (socket) => connections.add(socket))
      const port = yield* listening(server)
      return { url: `http://127.0.0.1:${port}`, server, connections } satisfies Peer
    }),
    ({ server }) =>
      Effect.async<void>((resume) => {
        server.close(() => resume(Effect.void))
        server.closeAllConnections()
      })
  )

const readAll = (request: http.IncomingMessage) =>
  new Promise<Buffer>((resolve) => {
    const parts: Array<Buffer> = []
    request.on("data", (part: Buffer) => parts.push(part))
    request.on("end", () => resolve(Buffer.concat(parts)))
  })

describe("NodeHttpClient against node:http", () => {
  it.scopedLive("reads the server's response", () =>
    Effect.gen(function* () {
      const { url } = yield* nodeServer((request, response) => {
        response.writeHead(201, "Made", { "Content-Type": "application/json", "Set-Cookie": ["a=1", "b=2"] })
        response.end(JSON.stringify({ method: request.method, url: request.url, host: request.headers.host }))
      })
      const response = yield* HttpClient.get(`${url}/a/b?c=d`)
      assert.strictEqual(response.status, 201)
      assert.strictEqual(response.headers["content-type"], "application/json")
      assert.deepStrictEqual(Object.keys(response.cookies.cookies), ["a", "b"])
      assert.deepStrictEqual(yield* response.json, {
        method: "GET",
        url: "/a/b?c=d",
        host: url.slice("http://".length)
      })
    }).pipe(Effect.provide(NodeHttpClient.layer))
  )

  it.scopedLive("reuses one connection for consecutive requests", () =>
    Effect.gen(function* () {
      const { url, connections } = yield* nodeServer((_, response) => response.end("hello"))
      const client = yield* Client.Client
      for (let i = 0; i < 20; i++) {
        const response = yield* client.request({ url })
        assert.strictEqual(response.reused, i > 0)
        assert.strictEqual(yield* response.text, "hello")
      }
      assert.strictEqual(connections.size, 1)
      assert.deepStrictEqual(yield* client.connections, { open: 1, idle: 1, connecting: 0 })
    }).pipe(Effect.provide(NodeHttpClient.layer))
  )

  it.scopedLive("sends bodies of every kind", () =>
    Effect.gen(function* () {
      const { url } = yield* nodeServer((request, response) => {
        void readAll(request).then((body) => {
          const {
            "content-length": length,
            "transfer-encoding": coding,
            "content-type": type
          } = request.headers
          response.end(JSON.stringify({ length, coding, type, body: body.toString() }))
        })
      })
      const post = (body: HttpBody.HttpBody) =>
        Effect.flatMap(HttpClient.post(url, { body }), (response) => response.json)
      const chunks = Stream.map(Stream.make("ab", "", "cde"), (text) => new TextEncoder().encode(text))

      assert.deepStrictEqual(yield* post(HttpBody.empty), { length: "0", body: "" })
      assert.deepStrictEqual(yield* post(HttpBody.text("abcde")), {
        length: "5",
        type: "text/plain",
        body: "abcde"
      })
      assert.deepStrictEqual(yield* post(HttpBody.stream(chunks)), {
        coding: "chunked",
        type: "application/octet-stream",
        body: "abcde"
      })
      assert.deepStrictEqual(yield* post(HttpBody.stream(chunks, "text/x", 5)), {
        length: "5",
        type: "text/x",
        body: "abcde"
      })
      assert.deepStrictEqual(yield* post(HttpBody.raw("abcde")), { length: "5", body: "abcde" })
      assert.deepStrictEqual(yield* post(HttpBody.raw(new URLSearchParams({ a: "b c" }))), {
        length: "5",
        type: "application/x-www-form-urlencoded;charset=UTF-8",
        body: "a=b+c"
      })
      const form = (yield* post(HttpBody.formDataRecord({ field: "value" }))) as {
        type: string
        body: string
      }
      assert.match(form.type, /^multipart\/form-data; boundary=/)
      assert.include(form.body, 'name="field"\r\n\r\nvalue')
    }).pipe(Effect.provide(NodeHttpClient.layer))
  )

  it.scopedLive("transfers 20 MB in each direction, with backpressure", () =>
    Effect.gen(function* () {
      const { url } = yield* nodeServer((request, response) => void request.pipe(response))
      const size = 65_536
      const count = 320
      const sent = Stream.map(Stream.range(0, count - 1), (i) => new Uint8Array(size).fill(i % 251))
      const response = yield* HttpClient.post(url, { body: HttpBody.stream(sent) })
      let length = 0
      let wrong = 0
      yield* Stream.runForEach(response.stream, (chunk) =>
        Effect.sync(() => {
          for (const byte of chunk) {
            if (byte !== Math.floor(length / size) % 251) wrong++
            length++
          }
        })
      )
      assert.strictEqual(length, size * count)
      assert.strictEqual(wrong, 0)
    }).pipe(Effect.provide(NodeHttpClient.layer))
  )

  it.scopedLive("closes the connection of an interrupted download, and the server sees the close", () =>
    Effect.gen(function* () {
      let closed: () => void = () => {}
      const gone = new Promise<void>((resolve) => (closed = resolve))
      const { url } = yield* nodeServer((_, response) => {
        response.on("close", closed)
        response.write("begun")
      })
      const fiber = yield* Effect.fork(Effect.flatMap(HttpClient.get(url), (response) => response.text))
      const client = yield* Client.Client
      yield* Effect.repeat(Effect.zipRight(Effect.sleep(1), client.connections), {
        until: ({ open }) => open === 1
      })
      yield* Fiber.interrupt(fiber)
      yield* Effect.promise(() => gone)
      yield* Effect.repeat(Effect.zipRight(Effect.yieldNow(), client.connections), {
        until: ({ open }) => open === 0
      })
    }).pipe(Effect.provide(NodeHttpClient.layer))
  )

  it.scopedLive("reads responses to HEAD, 1xx, 304 and trailers of Node's server", () =>
    Effect.gen(function* () {
      const { url } = yield* nodeServer((request, response) => {
        if (request.method === "HEAD") return response.writeHead(200, { "Content-Length": 10 }).end()
        if (request.url === "/304") return response.writeHead(304, { ETag: "x" }).end()
        response.writeEarlyHints({ link: "</a>; rel=preload" })
        response.writeHead(200, { Trailer: "X-Sum" })
        response.write("abc")
        response.addTrailers({ "X-Sum": "6" })
        return response.end("def")
      })
      const client = yield* Client.Client
      const informational: Array<number> = []
      const head = yield* client.request({ url, method: "HEAD" })
      assert.strictEqual(head.header("content-length"), "10")
      assert.strictEqual(yield* head.text, "")
      const unchanged = yield* client.request({ url: `${url}/304` })
      assert.strictEqual(unchanged.status, 304)
      assert.strictEqual(yield* unchanged.text, "")
      const whole = yield* client.request({
        url,
        onInformational: ({ status }) => informational.push(status)
      })
      assert.strictEqual(yield* whole.text, "abcdef")
      assert.deepStrictEqual(whole.rawTrailers, ["X-Sum", "6"])
      assert.deepStrictEqual(informational, [103])
      assert.strictEqual((yield* client.connections).open, 1)
    }).pipe(Effect.provide(NodeHttpClient.layer))
  )

  it.scopedLive("fails for an unknown name with RequestError, whose cause is NameNotResolved", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(HttpClient.get("http://nowhere.invalid/"))
      assert.deepInclude(error, { _tag: "RequestError", reason: "Transport" })
      assert.propertyVal(error.cause, "_tag", "NameNotResolved")
    }).pipe(Effect.provide(NodeHttpClient.layer))
  )
})

describe("NodeHttpClient against node:https", () => {
  const pem = (name: string) => fs.readFileSync(new URL(`../fixtures/${name}.pem`, import.meta.url), "utf8")

  const httpsServer = Effect.acquireRelease(
    Effect.gen(function* () {
      const server = https.createServer(
        { cert: pem("server"), key: pem("server-key") },
        (request, response) =>
          response.end(`hello ${(request.socket as tls.TLSSocket).servername || "nobody"}`)
      )
      return { server, port: yield* listening(server) }
    }),
    ({ server }) =>
      Effect.async<void>((resume) => {
        server.close(() => resume(Effect.void))
        server.closeAllConnections()
      })
  )

  it.scopedLive("verifies the certificate for the host of the URL, and reuses the connection", () =>
    Effect.gen(function* () {
      const { port } = yield* httpsServer
      const client = yield* Client.Client
      for (let i = 0; i < 3; i++) {
        const response = yield* client.request({ url: `https://localhost:${port}/` })
        assert.strictEqual(response.reused, i > 0)
        assert.strictEqual(yield* response.text, "hello localhost")
      }
    }).pipe(Effect.provide(NodeHttpClient.layerWith({ tls: { ca: pem("ca") } })))
  )

  it.effect("takes its options from the configuration", () =>
    Effect.gen(function* () {
      const layer = NodeHttpClient.layerConfig({ maxSockets: Config.integer("MAX_SOCKETS") })
      const error = yield* Effect.flip(Effect.scoped(Layer.build(layer)))
      assert.deepInclude(error, { _tag: "InvalidOption", option: "maxSockets" })
    }).pipe(Effect.withConfigProvider(ConfigProvider.fromMap(new Map([["MAX_SOCKETS", "0"]]))))
  )

  it.scopedLive("fails with TlsFailure if the server's certificate is not trusted", () =>
    Effect.gen(function* () {
      const { port } = yield* httpsServer
      const client = yield* Client.Client
      const error = yield* Effect.flip(client.request({ url: `https://localhost:${port}/` }))
      assert.deepInclude(error, { _tag: "TlsFailure", phase: "secure" })
      assert.deepStrictEqual(yield* client.connections, { open: 0, idle: 0, connecting: 0 })
    }).pipe(Effect.provide(NodeHttpClient.layer))
  )
})
