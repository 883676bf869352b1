/**
 * An idle connection and its timer do not keep a process alive. This test has its own file, because it counts
 * the resources of the process, and resources of other tests in the file would be released late.
 */
import * as net from "node:net"
import { HttpClient } from "@effect/platform"
import { assert, it } from "@effect/vitest"
import { NodeHttpClient } from "@httpfx/node"
import * as Effect from "effect/Effect"

const answer = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"

// Do not count the server's ends of the connections, which are in this process too.
const server = Effect.acquireRelease(
  Effect.async<net.Server>((resume) => {
    const server = net.createServer((socket) => {
      socket.unref()
      socket.on("data", () => void socket.write(answer))
    })
    server.listen(0, "127.0.0.1", () => resume(Effect.succeed(server)))
  }),
  (server) => Effect.sync(() => void server.close())
)

const alive = () => {
  const names = process.getActiveResourcesInfo()
  const count = (name: string) => names.filter((one) => one === name).length
  return { sockets: count("TCPSocketWrap"), timers: count("Timeout") }
}

// Allow fewer resources than before, because earlier resources, such as a timer of the runner, may be gone.
const noMore = (now: ReturnType<typeof alive>, before: ReturnType<typeof alive>) => {
  assert.isAtMost(now.sockets, before.sockets)
  assert.isAtMost(now.timers, before.timers)
}

it.scopedLive("an idle connection does not keep the process alive; a connection in use does", () =>
  Effect.gen(function* () {
    const { port } = (yield* server).address() as net.AddressInfo
    const before = alive()
    const request = Effect.flatMap(HttpClient.get(`http://127.0.0.1:${port}/`), (response) => response.text)
    yield* request
    noMore(alive(), before)
    const second = yield* Effect.fork(request)
    yield* Effect.yieldNow()
    noMore(alive(), { sockets: before.sockets + 1, timers: before.timers })
    assert.isAbove(alive().sockets, before.sockets)
    yield* second
    noMore(alive(), before)
  }).pipe(Effect.provide(NodeHttpClient.layer))
)
