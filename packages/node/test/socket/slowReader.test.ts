// Large responses to slow readers, on real sockets and in virtual time. A response that the client reads
// steadily is never aborted, although Node reports a write only when all of its bytes are sent.
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { Server, ServerTimeouts } from "@httpfx/core"
import { NodeNetwork } from "@httpfx/node"
import { VirtualClock } from "@httpfx/testing"
import { readFileSync } from "node:fs"
import * as net from "node:net"
import * as tls from "node:tls"

const size = 24 * 1024 * 1024
const layer = Layer.provideMerge(NodeNetwork.layer, VirtualClock.layer())
// No event reports the progress of the system's buffers, so wait for some turns of the real event loop.
const pause = Effect.promise(() => new Promise((resolve) => setTimeout(resolve, 20)))
const pem = (name: string) => readFileSync(new URL(`../fixtures/${name}.pem`, import.meta.url), "utf8")
const secure = { cert: pem("server"), key: pem("server-key") }

const serving = (options: Server.ServerOptions) =>
  Effect.gen(function* () {
    const server = yield* Server.make({
      port: 0,
      host: "127.0.0.1",
      gracefulShutdownTimeout: 0,
      ...options
    })
    yield* server.httpServer.serve(Effect.sync(() => HttpServerResponse.uint8Array(new Uint8Array(size))))
    const { address } = server.httpServer
    return { server, port: (address as { readonly port: number }).port }
  })

const connecting = (port: number, options: Server.ServerOptions) =>
  Effect.async<net.Socket>((resume) => {
    const connected = () => resume(Effect.succeed(socket))
    const socket: net.Socket =
      options.tls === undefined
        ? net.connect({ port, host: "127.0.0.1" }, connected)
        : tls.connect({ port, host: "127.0.0.1", rejectUnauthorized: false }, connected)
    socket.pause()
  })

/** Reads this many bytes after each interval. Returns the total and the error code, if any. */
const read = (socket: net.Socket, atOnce: number, every: "50 seconds") =>
  Effect.gen(function* () {
    let received = 0
    let round = 0
    let over = false
    let code: string | undefined
    socket.on("data", (chunk: Buffer) => {
      received += chunk.length
      round += chunk.length
      if (round >= atOnce) socket.pause()
    })
    socket.on("end", () => (over = true))
    socket.on("close", () => (over = true))
    socket.on("error", (error: NodeJS.ErrnoException) => (code = error.code))
    socket.pause()
    for (let i = 0; i < 200 && !over && received <= size; i++) {
      round = 0
      socket.resume()
      yield* pause
      if (received < size) yield* VirtualClock.advance(every)
    }
    return { received, code }
  })

describe("A client that reads a large response slowly and steadily", () => {
  it.live.each([
    ["on a kept connection", "keep-alive", {}],
    ["on one that closes after it", "close", {}],
    ["on a kept connection with TLS", "keep-alive", { tls: secure }],
    ["on one that closes, with TLS", "close", { tls: secure }]
  ] as const)("has all of it %s", ([, connection, options]) =>
    Effect.gen(function* () {
      const { port } = yield* serving(options)
      const socket = yield* connecting(port, options)
      socket.write(`GET / HTTP/1.1\r\nHost: t\r\nConnection: ${connection}\r\n\r\n`)
      yield* pause
      const { code, received } = yield* read(socket, 2 * 1024 * 1024, "50 seconds")
      expect({ code, whole: received > size }).toEqual({ code: undefined, whole: true })
      socket.destroy()
      yield* pause
    }).pipe(
      Effect.provideServiceEffect(
        ServerTimeouts.ServerTimeouts,
        ServerTimeouts.make({ keepAliveTimeout: 0 })
      ),
      Effect.scoped,
      Effect.provide(layer)
    )
  )

  it.live("is reset when it has read nothing for progressTimeout, even if the connection is closing", () =>
    Effect.gen(function* () {
      const { port, server } = yield* serving({})
      const sockets = [yield* connecting(port, {}), yield* connecting(port, {})]
      sockets.forEach((socket) => socket.on("error", () => {}))
      sockets.forEach((socket, i) =>
        socket.write(`GET / HTTP/1.1\r\nHost: t\r\nConnection: ${i === 0 ? "close" : "keep-alive"}\r\n\r\n`)
      )
      yield* pause
      yield* VirtualClock.advance("100 seconds")
      yield* pause
      expect(yield* server.connections).toBe(2)
      yield* VirtualClock.advance("80 seconds")
      yield* pause
      expect(yield* server.connections).toBe(0)
      sockets.forEach((socket) => socket.destroy())
    }).pipe(Effect.scoped, Effect.provide(layer))
  )
})
