// Upgrade and CONNECT. The caller gets the connection with the bytes after the head, or an HTTP response.
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import { Client, type Network, type Socket } from "@httpfx/core"
import { MemoryNetwork, RawPeer } from "@httpfx/testing"

const run = <A, E>(
  test: Effect.Effect<A, E, Client.Client | Network.Network | MemoryNetwork.MemoryNetwork | Scope.Scope>
) => Effect.scoped(test).pipe(Effect.provide(Layer.provideMerge(Client.layer, MemoryNetwork.layer())))

const url = "http://api.test/chat"
const listen = RawPeer.listen({ host: "api.test", port: 80 })
const switching = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n"
const text = (read: Option.Option<Uint8Array>) =>
  Option.match(read, { onNone: () => "FIN", onSome: (bytes) => new TextDecoder().decode(bytes) })
const connections = Effect.flatMap(Client.Client, (client) => client.connections)

const upgrading = (request: Client.UpgradeRequest = { url, protocol: "echo" }) =>
  Effect.gen(function* () {
    const server = yield* listen
    const fiber = yield* Effect.fork(Client.upgrade(request))
    const peer = yield* server.accept
    return { head: yield* peer.head, peer, fiber }
  })

const taken = (result: Client.Upgrade): Socket.Socket => {
  if (result._tag === "Switched") return result.socket
  throw new Error("the server did not switch")
}

describe("Upgrade", () => {
  it.effect(
    "returns the socket, which reads the bytes after the head first; the client no longer owns it",
    () =>
      run(
        Effect.gen(function* () {
          const { fiber, head, peer } = yield* upgrading()
          assert.match(head, /^GET \/chat HTTP\/1\.1\r\n.*Upgrade: echo\r\nConnection: Upgrade\r\n\r\n$/s)
          yield* peer.send(`${switching}first`)
          const result = yield* fiber
          const socket = taken(result)
          assert.strictEqual(result.response.status, 101)
          assert.strictEqual(result.response.headers["upgrade"], "echo")
          assert.strictEqual(text(yield* socket.read), "first")
          yield* socket.write("ping")
          yield* peer.expect("ping")
          yield* peer.send("pong")
          assert.strictEqual(text(yield* socket.read), "pong")
          assert.deepStrictEqual(yield* connections, { open: 0, idle: 0, connecting: 0 })
          yield* socket.end
          yield* peer.expectFin
          yield* peer.end
          assert.strictEqual(text(yield* socket.read), "FIN")
        })
      )
  )

  it.effect("refused: a normal response, and the connection is kept", () =>
    run(
      Effect.gen(function* () {
        const { fiber, peer } = yield* upgrading()
        yield* peer.send("HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno")
        const result = yield* fiber
        assert.strictEqual(result._tag, "Answered")
        assert.deepStrictEqual([result.response.status, yield* result.response.text], [403, "no"])
        assert.deepStrictEqual(yield* connections, { open: 1, idle: 1, connecting: 0 })
      })
    )
  )

  it.effect("closing the scope resets the socket", () =>
    run(
      Effect.gen(function* () {
        const scope = yield* Scope.make()
        const server = yield* listen
        const fiber = yield* Effect.fork(Scope.extend(Client.upgrade({ url, protocol: "echo" }), scope))
        const peer = yield* server.accept
        yield* peer.head
        yield* peer.send(switching)
        taken(yield* fiber)
        yield* Scope.close(scope, Exit.void)
        yield* peer.expectReset
      })
    )
  )

  it.effect("interrupted at any moment: leaves no connection", () =>
    run(
      Effect.gen(function* () {
        const { fiber, peer } = yield* upgrading()
        yield* peer.send(switching)
        yield* Fiber.interrupt(fiber)
        yield* peer.expectReset
        assert.deepStrictEqual(yield* connections, { open: 0, idle: 0, connecting: 0 })
      })
    )
  )

  it.effect("an unrequested 101 is refused", () =>
    run(
      Effect.gen(function* () {
        const server = yield* listen
        const fiber = yield* Effect.fork(Effect.flip(Client.request({ url })))
        const peer = yield* server.accept
        yield* peer.head
        yield* peer.send(switching)
        assert.strictEqual((yield* fiber)._tag, "UpgradeNotAsked")
        yield* peer.expectReset
      })
    )
  )
})

describe("CONNECT", () => {
  const connect = { method: "CONNECT", url: { host: "api.test", path: "far.test:443" } } as const

  it.effect("a tunnel: the socket, whatever fields describe a body", () =>
    run(
      Effect.gen(function* () {
        const { fiber, head, peer } = yield* upgrading(connect)
        assert.match(head, /^CONNECT far\.test:443 HTTP\/1\.1\r\nHost: far\.test:443\r\n/)
        yield* peer.send("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nhello")
        const result = yield* fiber
        assert.strictEqual(text(yield* taken(result).read), "hello")
        assert.strictEqual(yield* result.response.text, "")
      })
    )
  )

  it.effect("refused: the response", () =>
    run(
      Effect.gen(function* () {
        const { fiber, peer } = yield* upgrading(connect)
        yield* peer.send("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")
        assert.deepInclude(yield* fiber, { _tag: "Answered" })
      })
    )
  )

  it.effect("as an ordinary request: a 2xx fails, because no caller takes the connection over", () =>
    run(
      Effect.gen(function* () {
        const server = yield* listen
        const fiber = yield* Effect.fork(Effect.flip(Client.request(connect)))
        const peer = yield* server.accept
        yield* peer.head
        yield* peer.send("HTTP/1.1 200 OK\r\n\r\n")
        assert.strictEqual((yield* fiber)._tag, "OutOfOrder")
      })
    )
  )
})
