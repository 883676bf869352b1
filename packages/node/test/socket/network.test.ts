/**
 * Guarantees of the operating system's network that the battery does not test: name resolution, errors, and
 * connections with Node's own sockets.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import { once } from "node:events"
import * as net from "node:net"
import { Network } from "@httpfx/core/Network"
import { tcp, unix, type Transport, type TransportHandlers } from "@httpfx/core/Transport"
import { createServer } from "../../src/socket/tcpTransport.js"
import * as NodeNetwork from "@httpfx/node/NodeNetwork"

const nothing: TransportHandlers = { data() {}, end() {}, drain() {}, error() {}, close() {} }
const provided = Effect.provide(NodeNetwork.layer)
const loopback = { port: 0, host: "127.0.0.1" }
const portOf = (address: net.AddressInfo | string | null) => (address as net.AddressInfo).port

describe("resolve", () => {
  it.live("localhost resolves to loopback addresses", () =>
    Effect.gen(function* () {
      const found = yield* Effect.flatMap(Network, (network) => network.resolve("localhost"))
      assert.includeMembers(
        ["127.0.0.1", "::1"],
        found.map(({ address }) => address)
      )
      assert.isTrue(found.every(({ address, family }) => net.isIP(address) === family))
    }).pipe(provided)
  )

  it.live("a name that cannot exist (RFC 6761) fails with NameNotResolved", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(
        Effect.flatMap(Network, (network) => network.resolve("nobody.invalid"))
      )
      assert.strictEqual(error._tag, "NameNotResolved")
      assert.strictEqual(error.host, "nobody.invalid")
      assert.include(["ENOTFOUND", "EAI_AGAIN", "EAI_FAIL"], error.code)
    }).pipe(provided)
  )

  it.live("keeps the zone of an IPv6 address, with or without the escaping of URLs", () =>
    Effect.gen(function* () {
      const network = yield* Network
      for (const host of ["fe80::1%lo", "[fe80::1%25lo]"]) {
        assert.deepStrictEqual(yield* network.resolve(host), [{ address: "fe80::1%lo", family: 6 }])
      }
    }).pipe(provided)
  )
})

describe("errors are typed", () => {
  it.scopedLive("of connecting", () =>
    Effect.gen(function* () {
      const network = yield* Network
      const range = yield* Effect.flip(network.connect(tcp("127.0.0.1", 65536)))
      assert.deepStrictEqual(
        [range._tag, "code" in range && range.code],
        ["ConnectionFailed", "ERR_SOCKET_BAD_PORT"]
      )
      const own = yield* Effect.flip(network.connect(tcp("127.0.0.1", 9), { localAddress: "192.0.2.1" }))
      assert.deepStrictEqual([own._tag, "code" in own && own.code], ["Unreachable", "EADDRNOTAVAIL"])
      const missing = yield* Effect.flip(network.connect(unix("/nowhere/at/all.sock")))
      assert.deepStrictEqual([missing._tag, missing.phase], ["ConnectionFailed", "connect"])
    }).pipe(provided)
  )

  it.scopedLive("of listening", () =>
    Effect.gen(function* () {
      const network = yield* Network
      const foreign = yield* Effect.flip(network.listen({ port: 0, host: "192.0.2.1" }, () => {}))
      assert.deepStrictEqual([foreign._tag, foreign.code], ["ListenFailed", "EADDRNOTAVAIL"])
      const range = yield* Effect.flip(network.listen({ port: 65536 }, () => {}))
      assert.deepStrictEqual([range._tag, range.code], ["ListenFailed", "ERR_SOCKET_BAD_PORT"])
      const path = yield* Effect.flip(network.listen({ path: "/nowhere/at/all.sock" }, () => {}))
      assert.deepStrictEqual([path._tag, path.address], ["ListenFailed", "/nowhere/at/all.sock"])
    }).pipe(provided)
  )
})

describe("transports", () => {
  it.scopedLive("the peer sees the requested local port", () =>
    Effect.gen(function* () {
      const network = yield* Network
      const free = yield* Effect.scoped(
        Effect.map(
          network.listen(loopback, () => {}),
          ({ address }) => address
        )
      )
      const accepted = yield* Deferred.make<Transport>()
      const { address } = yield* network.listen(loopback, (transport) => {
        Deferred.unsafeDone(accepted, Effect.succeed(transport))
      })
      const localPort = free._tag === "TcpAddress" ? free.port : 0
      const client = yield* network.connect(address, { localPort })
      const server = yield* Deferred.await(accepted)
      assert.deepStrictEqual(server.remote, tcp("127.0.0.1", localPort))
      client.reset()
      server.reset()
    }).pipe(provided)
  )

  it.scopedLive("received chunks of a large transfer do not change afterwards", () =>
    Effect.gen(function* () {
      const network = yield* Network
      const total = 20 * 1024 * 1024
      const body = Buffer.alloc(total)
      for (let index = 0; index < total; index += 4) body.writeUInt32LE(index, index)
      const { address } = yield* network.listen(loopback, (transport) => {
        transport.start(nothing)
        transport.write("", body)
        transport.end()
      })
      const client = yield* network.connect(address)
      const chunks: Array<Uint8Array> = []
      yield* Effect.async<void>((resume) => {
        client.start({ ...nothing, data: (chunk) => chunks.push(chunk), end: () => resume(Effect.void) })
      })
      client.end()
      assert.isTrue(Buffer.concat(chunks).equals(body))
    }).pipe(provided)
  )

  it.scopedLive("a listener serves a socket of Node, and a transport connects to a server of Node", () =>
    Effect.gen(function* () {
      const network = yield* Network
      const { address } = yield* network.listen(loopback, (transport) =>
        transport.start({
          ...nothing,
          data: (chunk) => void transport.write(chunk),
          end: () => transport.end()
        })
      )
      const socket = net.connect(address._tag === "TcpAddress" ? address.port : 0, "127.0.0.1")
      socket.end("hello")
      const [echo] = (yield* Effect.promise(() => once(socket, "data"))) as [Buffer]
      assert.strictEqual(echo.toString(), "hello")

      const server = net.createServer((peer) => peer.pipe(peer)).listen(0, "127.0.0.1")
      yield* Effect.promise(() => once(server, "listening"))
      const client = yield* network.connect(tcp("127.0.0.1", portOf(server.address())))
      const got = yield* Effect.async<string>((resume) => {
        client.start({ ...nothing, data: (chunk) => resume(Effect.succeed(Buffer.from(chunk).toString())) })
        client.write("over there")
      })
      assert.strictEqual(got, "over there")
      client.end()
      server.close()
    }).pipe(provided)
  )

  it.live("a server without the expected internals still serves, with sockets that it makes itself", () =>
    Effect.gen(function* () {
      const server = createServer(
        () => undefined,
        (transport) =>
          transport.start({
            ...nothing,
            data: (chunk) => void transport.write(chunk),
            end: () => transport.end()
          })
      ).listen(0, "127.0.0.1")
      yield* Effect.promise(() => once(server, "listening"))
      const socket = net.connect(portOf(server.address()), "127.0.0.1")
      socket.end("hello")
      const [echo] = (yield* Effect.promise(() => once(socket, "data"))) as [Buffer]
      assert.strictEqual(echo.toString(), "hello")
      yield* Effect.promise(() => once(socket, "close"))
      server.close()
      yield* Effect.promise(() => once(server, "close"))
    })
  )
})
