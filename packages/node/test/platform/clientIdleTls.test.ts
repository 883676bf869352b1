/**
 * An idle TLS connection does not keep a process alive. This test has its own file for the same reason as
 * clientIdle.test.ts.
 */
import * as fs from "node:fs"
import type * as net from "node:net"
import * as tls from "node:tls"
import { HttpClient } from "@effect/platform"
import { assert, it } from "@effect/vitest"
import { NodeHttpClient } from "@httpfx/node"
import * as Effect from "effect/Effect"

const pem = (name: string) => fs.readFileSync(new URL(`../fixtures/${name}.pem`, import.meta.url), "utf8")

const server = Effect.acquireRelease(
  Effect.async<tls.Server>((resume) => {
    const server = tls.createServer({ cert: pem("server"), key: pem("server-key") }, (socket) => {
      socket.unref()
      socket.on("error", () => {})
      socket.on("data", () => void socket.write("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"))
    })
    server.listen(0, "127.0.0.1", () => resume(Effect.succeed(server)))
  }),
  (server) => Effect.sync(() => void server.close())
)

const alive = () =>
  process
    .getActiveResourcesInfo()
    .filter((name) => name === "TCPSocketWrap" || name === "Timeout")
    .sort()

it.scopedLive("an idle TLS connection does not keep the process alive", () =>
  Effect.gen(function* () {
    const { port } = (yield* server).address() as net.AddressInfo
    const before = alive()
    const request = Effect.flatMap(HttpClient.get(`https://localhost:${port}/`), (response) => response.text)
    for (let i = 0; i < 2; i++) {
      assert.strictEqual(yield* request, "hello")
      // Allow fewer resources than before, because earlier resources, such as a timer of the runner, may be
      // gone.
      assert.isAtMost(alive().length, before.length)
    }
  }).pipe(Effect.provide(NodeHttpClient.layerWith({ tls: { ca: pem("ca") } })))
)
