// A client resets its connection while the server has paused reading, on real sockets and in virtual time.
// The server notices at its progress timeout, although it reads nothing.
import type * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { Server, ServerTimeouts } from "@httpfx/core"
import { NodeNetwork } from "@httpfx/node"
import { VirtualClock } from "@httpfx/testing"
import { readFileSync } from "node:fs"
import * as net from "node:net"
import * as tls from "node:tls"

const layer = Layer.provideMerge(NodeNetwork.layer, VirtualClock.layer())
const pem = (name: string) => readFileSync(new URL(`../fixtures/${name}.pem`, import.meta.url), "utf8")
const secure = { cert: pem("server"), key: pem("server-key") }
const upload = "POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 4000000\r\n\r\n" + "x".repeat(4_000_000)

/** Sends the upload, and waits until backpressure stops it. */
const heldBack = (socket: net.Socket) =>
  Effect.async<void>((resume) => {
    socket.write(upload)
    let before = -1
    const look = setInterval(() => {
      const now = socket.bytesWritten - socket.writableLength
      if (now === before) {
        clearInterval(look)
        resume(Effect.void)
      }
      before = now
    }, 50)
  })

describe("A client under backpressure that resets the connection", () => {
  it.live.each<readonly [string, Server.ServerOptions]>([
    ["over TCP", {}],
    ["over TLS", { tls: secure }]
  ])("is gone at the progress deadline, %s", ([, options]) =>
    Effect.gen(function* () {
      const outcomes: Array<string> = []
      const settings = { port: 0, host: "127.0.0.1", gracefulShutdownTimeout: 0, ...options }
      const server = yield* Server.make(settings).pipe(
        Effect.provideServiceEffect(ServerTimeouts.ServerTimeouts, ServerTimeouts.make({ requestTimeout: 0 }))
      )
      yield* server.observe((event) => {
        if (event._tag === "ExchangeEnded") outcomes.push(event.outcome._tag)
      })
      yield* server.httpServer.serve(Effect.never as Effect.Effect<HttpServerResponse.HttpServerResponse>)
      const { port } = server.address as { readonly port: number }
      const below = net.connect(port, "127.0.0.1")
      const client =
        options.tls === undefined ? below : tls.connect({ socket: below, rejectUnauthorized: false })
      client.on("error", () => {})
      yield* heldBack(client)
      yield* VirtualClock.advance("4 minutes")
      expect(outcomes).toEqual([])
      below.resetAndDestroy()
      yield* Effect.promise(() => new Promise((resolve) => below.once("close", resolve)))
      // The system delivers the reset at once. Wait for some turns of the event loop, in which the server
      // must not notice it.
      yield* Effect.promise(() => new Promise((resolve) => setTimeout(resolve, 20)))
      expect(outcomes).toEqual([])
      for (let minutes = 0; minutes < 6 && outcomes.length === 0; minutes++)
        yield* VirtualClock.advance("1 minute")
      yield* Effect.promise(() => new Promise((resolve) => setTimeout(resolve, 20)))
      expect(outcomes).toEqual(["ClientGone"])
      expect(yield* server.connections).toBe(0)
    }).pipe(Effect.scoped, Effect.provide(layer))
  )
})
