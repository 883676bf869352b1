/**
 * An idle connection, and the timer that will close it, do not keep a process alive. A file of its own: the
 * resources of the process are counted, and other tests' leave later than these tests end.
 */
import * as net from "node:net"
import { HttpClient } from "@effect/platform"
import { assert, it } from "@effect/vitest"
import { NodeHttpClient } from "@httpfx/node"
import * as Effect from "effect/Effect"

const answer = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"

// The server's ends are not counted: they are this process's too, but not the client's doing.
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

// What the process had before may be gone by now: a timer of the runner's.
const noMore = (now: ReturnType<typeof alive>, before: ReturnType<typeof alive>) => {
  assert.isAtMost(now.sockets, before.sockets)
  assert.isAtMost(now.timers, before.timers)
}

it.scopedLive("an idle connection does not keep the process alive; one in use does", () =>
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
