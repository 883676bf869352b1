// HTTPS on the network in memory: the same options, handshakes and failures as on a real network, in virtual
// time.
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import { Exchange, Network, Server, Transport, type ServerEvent } from "@httpfx/core"
import { MemoryNetwork, MemoryTls, RawPeer, VirtualClock } from "@httpfx/testing"
import { get } from "../support/served.js"

const address = Transport.tcp("127.0.0.1", 443)
const inMemory = Layer.provideMerge(MemoryNetwork.layer(), VirtualClock.layer())
const internal = MemoryTls.authority("Internal CA")
const main = internal.certificate({ names: "main.test" })

const serving = (tls: Network.ServerTls, options: Server.ServerOptions = {}) =>
  Effect.gen(function* () {
    const scope = yield* Scope.make()
    const server = yield* Scope.extend(Server.make({ port: 443, host: "127.0.0.1", ...options, tls }), scope)
    const events: Array<ServerEvent.ServerEvent> = []
    yield* server.observe((event) => events.push(event))
    const app = Effect.map(Exchange.exchange, ({ connection }) =>
      HttpServerResponse.text(`<${connection.tls?.serverName ?? "no name"}>`)
    )
    yield* Scope.extend(server.httpServer.serve(app), scope)
    return { server, events, close: Scope.close(scope, Exit.void) }
  })

const secured = (serverName: string, more: Partial<Network.TlsOptions> = {}) =>
  Effect.gen(function* () {
    const network = yield* Network.Network
    const options = { role: "client", serverName, ca: internal.ca, ...more } as const
    const transport = yield* network.secure(yield* network.connect(address), options)
    return yield* RawPeer.make(transport)
  })

const asks = (serverName: string, more?: Partial<Network.TlsOptions>) =>
  Effect.scoped(
    Effect.gen(function* () {
      const peer = yield* secured(serverName, more)
      yield* peer.send(get("/", "Connection: close\r\n"))
      return yield* peer.rest
    })
  )

describe("A server with TLS", () => {
  it.live("has a certificate for each name, and one for all other names", () =>
    Effect.gen(function* () {
      yield* serving({
        ...main,
        certificates: {
          "a.test": internal.certificate({ names: "a.test" }),
          "*.b.test": internal.certificate({ names: "*.b.test" })
        }
      })
      for (const name of ["main.test", "a.test", "A.test", "x.b.test"]) {
        expect(yield* asks(name)).toMatch(/^HTTP\/1.1 200 /)
      }
      for (const name of ["b.test", "y.x.b.test", "other.test"]) {
        expect(yield* Effect.flip(asks(name))).toMatchObject({ code: "ERR_TLS_CERT_ALTNAME_INVALID" })
      }
    }).pipe(Effect.scoped, Effect.provide(inMemory))
  )

  it.live("replaces certificates for new connections, and keeps the old ones if the new are unusable", () =>
    Effect.gen(function* () {
      const { server } = yield* serving(main)
      const before = yield* secured("main.test")
      const next = internal.certificate({ names: "next.test" })
      expect(yield* Effect.flip(server.reloadTls({ ...next, key: main.key }))).toMatchObject({
        _tag: "TlsFailure"
      })
      expect(yield* asks("main.test")).toMatch(/^HTTP\/1.1 200 /)
      yield* server.reloadTls(next)
      expect(yield* asks("next.test")).toMatch(/^HTTP\/1.1 200 /)
      expect(yield* Effect.flip(asks("main.test"))).toMatchObject({ code: "ERR_TLS_CERT_ALTNAME_INVALID" })
      yield* before.send(get())
      expect(yield* before.head).toMatch(/^HTTP\/1.1 200 /)
    }).pipe(Effect.scoped, Effect.provide(inMemory))
  )

  it.live("requests the client's certificate", () =>
    Effect.gen(function* () {
      const { events } = yield* serving({
        ...main,
        ca: internal.ca,
        requestCert: true
      })
      expect(yield* asks("main.test", internal.certificate({ names: "a client" }))).toMatch(/^HTTP\/1.1 200 /)
      yield* Effect.exit(asks("main.test"))
      const stranger = MemoryTls.authority("Others").certificate({ names: "a client" })
      yield* Effect.exit(asks("main.test", stranger))
      yield* VirtualClock.settle
      const errors = events.flatMap((event) => (event._tag === "ClientError" ? [event] : []))
      expect(errors).toMatchObject([
        { connection: 0, error: { code: "ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE" } },
        { connection: 0, error: { code: "UNABLE_TO_VERIFY_LEAF_SIGNATURE" } }
      ])
    }).pipe(Effect.scoped, Effect.provide(inMemory))
  )

  it.live("does not start with missing or unusable certificates", () =>
    Effect.gen(function* () {
      const starting = (tls: Network.ServerTls) =>
        Effect.flip(Server.make({ port: 443, host: "127.0.0.1", tls }))
      expect((yield* starting({})).cause).toMatchObject({ code: "ERR_HTTPFX_NO_CERTIFICATE" })
      expect((yield* starting({ cert: main.cert, key: "no key" })).cause).toMatchObject({
        _tag: "TlsFailure"
      })
    }).pipe(Effect.scoped, Effect.provide(inMemory))
  )

  it.live("limits a handshake in time, and ends it at the latest with the grace period", () =>
    Effect.gen(function* () {
      const { close, events, server } = yield* serving({ ...main, handshakeTimeout: "30 seconds" })
      const silent = yield* RawPeer.connect(address)
      yield* VirtualClock.advance("29 seconds")
      yield* silent.expectNothing()
      yield* VirtualClock.advance("1 second")
      yield* silent.expectReset
      expect(events.at(-1)).toMatchObject({
        _tag: "ClientError",
        error: { code: "ERR_TLS_HANDSHAKE_TIMEOUT" }
      })
      const other = yield* RawPeer.connect(address)
      const closing = yield* Effect.fork(close)
      yield* VirtualClock.advance("500 millis")
      yield* other.expectReset
      yield* Fiber.join(closing)
      expect(yield* server.state).toBe("closed")
    }).pipe(Effect.scoped, Effect.provide(inMemory))
  )

  it.live("counts a handshake against maxConnections like a connection, however it ends", () =>
    Effect.gen(function* () {
      const { events, server } = yield* serving(
        { ...main, handshakeTimeout: "30 seconds" },
        { maxConnections: 2 }
      )
      const silent = yield* RawPeer.connect(address)
      const first = yield* secured("main.test")
      yield* first.send(get())
      expect(yield* first.head).toMatch(/^HTTP\/1.1 200 /)
      expect(yield* server.connections).toBe(1)
      expect(yield* asks("main.test")).toMatch(/^HTTP\/1.1 503 [^]*Retry-After/)
      const dropped = events.flatMap((event) => (event._tag === "ExchangeEnded" ? [event.outcome] : []))
      expect(dropped.at(-1)).toMatchObject({ _tag: "Dropped", reason: "maxConnections" })
      // A handshake that fails or times out releases its slot.
      yield* silent.reset
      yield* VirtualClock.settle
      expect(yield* asks("main.test")).toMatch(/^HTTP\/1.1 200 /)
      const slow = yield* RawPeer.connect(address)
      yield* VirtualClock.settle
      expect(yield* asks("main.test")).toMatch(/^HTTP\/1.1 503 /)
      yield* VirtualClock.advance("30 seconds")
      yield* slow.expectReset
      expect(yield* asks("main.test")).toMatch(/^HTTP\/1.1 200 /)
    }).pipe(Effect.scoped, Effect.provide(inMemory))
  )

  it.live("begins no handshake without a slot for its response", () =>
    Effect.gen(function* () {
      yield* serving(main, { maxConnections: 1, whenFull: "reset" })
      const silent = yield* RawPeer.connect(address)
      const other = yield* RawPeer.connect(address)
      yield* other.expectReset
      yield* silent.end
      yield* VirtualClock.settle
      expect(yield* asks("main.test")).toMatch(/^HTTP\/1.1 200 /)
    }).pipe(Effect.scoped, Effect.provide(inMemory))
  )

  it.live("counts handshakes and connections per address", () =>
    Effect.gen(function* () {
      yield* serving(main, { maxConnectionsPerAddress: 1, host: "0.0.0.0" } as Server.ServerOptions)
      const memory = yield* MemoryNetwork.MemoryNetwork
      const from = (host: string) => Effect.provideService(Network.Network, memory.from(host))
      yield* RawPeer.connect(address).pipe(from("a.test"))
      expect(yield* asks("main.test").pipe(from("a.test"))).toMatch(/^HTTP\/1.1 503 /)
      expect(yield* asks("main.test").pipe(from("b.test"))).toMatch(/^HTTP\/1.1 200 /)
      // The connection keeps the slot that its handshake has reserved.
      const open = yield* secured("main.test").pipe(from("b.test"))
      expect(yield* asks("main.test").pipe(from("b.test"))).toMatch(/^HTTP\/1.1 503 /)
      yield* open.reset
      yield* VirtualClock.settle
      expect(yield* asks("main.test").pipe(from("b.test"))).toMatch(/^HTTP\/1.1 200 /)
    }).pipe(Effect.scoped, Effect.provide(inMemory))
  )
})
