/**
 * The client on real sockets, against Node's own server.
 */
import * as http from "node:http"
import * as net from "node:net"
import { HttpBody, HttpClient, HttpClientRequest } from "@effect/platform"
import { assert, describe, it } from "@effect/vitest"
import { Client } from "@httpfx/core"
import { NodeHttpClient } from "@httpfx/node"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"

interface Peer {
  readonly url: string
  readonly server: http.Server
  /** Connections accepted so far. */
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

const rawServer = (onConnection: (socket: net.Socket) => void) =>
  Effect.acquireRelease(
    Effect.gen(function* () {
      const sockets = new Set<net.Socket>()
      const server = net.createServer((socket) => {
        sockets.add(socket)
        socket.on("error", () => {})
        onConnection(socket)
      })
      const port = yield* listening(server)
      return { url: `http://127.0.0.1:${port}`, server, sockets }
    }),
    ({ server, sockets }) =>
      Effect.async<void>((resume) => {
        server.close(() => resume(Effect.void))
        for (const socket of sockets) socket.destroy()
      })
  )

const readAll = (request: http.IncomingMessage) =>
  new Promise<Buffer>((resolve) => {
    const parts: Array<Buffer> = []
    request.on("data", (part: Buffer) => parts.push(part))
    request.on("end", () => resolve(Buffer.concat(parts)))
  })

describe("NodeHttpClient against node:http", () => {
  it.scopedLive("reads what the server says", () =>
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

  it.scopedLive("uses one connection for one request after the other", () =>
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
})
