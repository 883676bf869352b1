// When a listener closes, connections that wait to be accepted still get their responses.
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as fs from "node:fs"
import * as net from "node:net"
import * as os from "node:os"
import * as path from "node:path"
import { Server } from "@httpfx/core"
import { NodeNetwork } from "@httpfx/node"

const temporaryPath = Effect.map(
  Effect.acquireRelease(
    Effect.sync(() => fs.mkdtempSync(path.join(os.tmpdir(), "httpfx-"))),
    (folder) => Effect.sync(() => fs.rmSync(folder, { recursive: true }))
  ),
  (folder) => path.join(folder, "s")
)

/** Connects and sends a request. The system establishes the connection before this function returns. */
const ask = (options: net.NetConnectOpts): Promise<string> => {
  const socket = net.connect(options)
  socket.write("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
  let text = ""
  socket.setEncoding("latin1").on("data", (part: string) => (text += part))
  return new Promise((resolve) => {
    socket.on("error", (error) => (text += error.message))
    socket.on("close", () => resolve(text))
  })
}

describe("A listener that closes", () => {
  it.scopedLive.each([["TCP"], ["a Unix socket"]])(
    "serves the connections that wait to be accepted: %s",
    ([kind]) =>
      Effect.gen(function* () {
        const listening = kind === "TCP" ? { host: "127.0.0.1", port: 0 } : { path: yield* temporaryPath }
        const server = yield* Server.make(listening)
        yield* server.httpServer.serve(HttpServerResponse.text("served"))
        const { address } = server
        const to = address._tag === "TcpAddress" ? { host: "127.0.0.1", port: address.port } : address
        // Open all connections in one turn of the event loop, so that none is accepted before the shutdown
        // begins.
        const responses = Array.from({ length: 50 }, () => ask(to))
        yield* server.shutdown
        const texts = yield* Effect.promise(() => Promise.all(responses))
        for (const text of texts) assert.match(text, /^HTTP\/1\.1 200 [^]*served$/)
        assert.match(yield* Effect.promise(() => ask(to)), /ECONNREFUSED|ENOENT/)
      }).pipe(Effect.provide(NodeNetwork.layer))
  )
})
