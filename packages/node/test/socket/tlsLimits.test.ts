// Limits of connections and of TLS handshakes on real sockets.
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import { describe, expect, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import { Server, type Transport } from "@httpfx/core"
import { NodeNetwork } from "@httpfx/node"
import { readFileSync } from "node:fs"
import * as net from "node:net"
import * as tls from "node:tls"

const pem = (name: string) => readFileSync(new URL(`../fixtures/${name}.pem`, import.meta.url), "utf8")
const own = { cert: pem("server"), key: pem("server-key") }

const closing = (socket: net.Socket) =>
  Effect.async<void>((resume) => {
    socket.on("error", () => {})
    socket.once("close", () => resume(Effect.void))
  })

/**
 * Sends a request. Returns the status line, or an empty text if the connection was closed without a response.
 */
const asks = (port: number) =>
  Effect.async<string>((resume) => {
    const socket = tls.connect({ host: "127.0.0.1", port, rejectUnauthorized: false })
    let text = ""
    socket.setEncoding("latin1")
    socket.on("data", (chunk: string) => (text += chunk))
    socket.on("error", () => {})
    socket.on("close", () => resume(Effect.succeed(text.split("\r\n")[0]!)))
    socket.write("GET / HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n")
    return Effect.sync(() => socket.destroy())
  })

const serving = (options: Server.ServerOptions, tlsOptions: Partial<Server.Options["tls"]> = {}) =>
  Effect.gen(function* () {
    const settings = { port: 0, host: "127.0.0.1", gracefulShutdownTimeout: 0 }
    const server = yield* Server.make({ ...settings, ...options, tls: { ...own, ...tlsOptions } })
    const failed = yield* Deferred.make<string>()
    yield* server.observe((event) => {
      if (event._tag === "ClientError") Deferred.unsafeDone(failed, Effect.succeed(event.error.code))
    })
    yield* server.httpServer.serve(Effect.succeed(HttpServerResponse.text("hello")))
    return { failed: Deferred.await(failed), port: (server.address as Transport.TcpAddress).port }
  })

/**
 * Opens a connection that never starts the handshake. Completes when the server has accepted the connection.
 */
const silent = (port: number) =>
  Effect.async<net.Socket>((resume) => {
    const socket = net.connect(port, "127.0.0.1", () => setImmediate(() => resume(Effect.succeed(socket))))
  })

describe("Handshakes of a server on real sockets", () => {
  it.live.each<readonly [string, Server.ServerOptions]>([
    ["maxConnections", { maxConnections: 1 }],
    ["maxConnectionsPerAddress", { maxConnectionsPerAddress: 1 }]
  ])("count against %s until they have failed", ([, options]) =>
    Effect.gen(function* () {
      const { failed, port } = yield* serving(options)
      const socket = yield* silent(port)
      expect(yield* asks(port)).toBe("HTTP/1.1 503 Service Unavailable")
      socket.destroy()
      yield* failed
      expect(yield* asks(port)).toBe("HTTP/1.1 200 OK")
    }).pipe(Effect.scoped, Effect.provide(NodeNetwork.layer))
  )

  it.live("are not started for connections over maxConnections that get no 503", () =>
    Effect.gen(function* () {
      const { failed, port } = yield* serving({ maxConnections: 1, whenFull: "reset" })
      const socket = yield* silent(port)
      expect(yield* asks(port)).toBe("")
      socket.destroy()
      yield* failed
      expect(yield* asks(port)).toBe("HTTP/1.1 200 OK")
    }).pipe(Effect.scoped, Effect.provide(NodeNetwork.layer))
  )

  it.live("are reset if they take too long, and free their connection slot", () =>
    Effect.gen(function* () {
      const { failed, port } = yield* serving({ maxConnections: 1 }, { handshakeTimeout: "50 millis" })
      const socket = yield* silent(port)
      yield* closing(socket)
      expect(yield* failed).toBe("ERR_TLS_HANDSHAKE_TIMEOUT")
      expect(yield* asks(port)).toBe("HTTP/1.1 200 OK")
    }).pipe(Effect.scoped, Effect.provide(NodeNetwork.layer))
  )
})
