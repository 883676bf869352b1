/**
 * TLS over existing connections, as client and as server. The certificates in fixtures/ are valid for a
 * hundred years: an authority, a server (`api.test`, `localhost`) and a client signed by it.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import type * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as fs from "node:fs"
import * as HttpError from "@httpfx/core/HttpError"
import { Network, type TlsOptions } from "@httpfx/core/Network"
import * as Socket from "@httpfx/core/Socket"
import type { Transport } from "@httpfx/core/Transport"
import * as NodeNetwork from "@httpfx/node/NodeNetwork"
import * as MemoryNetwork from "@httpfx/testing/MemoryNetwork"

const pem = (name: string) => fs.readFileSync(new URL(`../fixtures/${name}.pem`, import.meta.url), "utf8")

const ca = pem("ca")
const serverOptions: TlsOptions = { role: "server", cert: pem("server"), key: pem("server-key") }
const clientOptions: TlsOptions = { role: "client", ca, serverName: "api.test" }

const text = (bytes: Option.Option<Uint8Array>) =>
  Option.map(bytes, (some) => Buffer.from(some).toString("latin1"))

/** Opens a connection on the network in the context, and returns both ends. */
const pair = Effect.gen(function* () {
  const network = yield* Network
  const accepted = yield* Deferred.make<Transport>()
  const listener = yield* network.listen({ port: 0, host: "127.0.0.1" }, (transport) => {
    Deferred.unsafeDone(accepted, Effect.succeed(transport))
  })
  const client = yield* network.connect(listener.address)
  return { client, server: yield* Deferred.await(accepted) }
})

const { secure } = NodeNetwork.live

const handshake = (client: TlsOptions, server: TlsOptions) =>
  Effect.gen(function* () {
    const plain = yield* pair
    return yield* Effect.all(
      [Effect.exit(secure(plain.client, client)), Effect.exit(secure(plain.server, server))],
      { concurrency: 2 }
    )
  })

const secured = (client = clientOptions, server = serverOptions) =>
  Effect.gen(function* () {
    const [left, right] = yield* handshake(client, server)
    return { client: yield* Socket.make(yield* left), server: yield* Socket.make(yield* right) }
  })

const failureOf = <A, E>(exit: Exit.Exit<A, E>): E => {
  assert(Exit.isFailure(exit) && exit.cause._tag === "Fail", `not a typed failure: ${String(exit)}`)
  return exit.cause.error
}

const overTcp = it.scopedLive
const tcp = Effect.provide(NodeNetwork.layer)

describe("secure", () => {
  const networks: ReadonlyArray<readonly [string, Layer.Layer<Network>]> = [
    ["TCP", NodeNetwork.layer],
    ["any other transport", MemoryNetwork.layer()]
  ]
  for (const [name, network] of networks) {
    overTcp(`bytes both ways, large ones too, over ${name}`, () =>
      Effect.gen(function* () {
        const { client, server } = yield* secured()
        yield* client.write("hello")
        assert.deepStrictEqual(text(yield* server.read), Option.some("hello"))
        const body = Buffer.alloc(1_000_000, "0123456789")
        yield* Effect.fork(Effect.zipRight(server.write(body), server.end))
        const chunks = yield* Stream.runCollect(client.stream)
        assert.isTrue(Buffer.concat([...chunks]).equals(body))
        yield* client.end
        yield* client.closed
        yield* server.closed
      }).pipe(Effect.provide(network))
    )
  }

  overTcp("keeps the addresses of the connection below", () =>
    Effect.gen(function* () {
      const { client, server } = yield* secured()
      assert.deepStrictEqual(client.local, server.remote)
      assert.deepStrictEqual(client.remote, server.local)
    }).pipe(tcp)
  )

  overTcp("a reset reaches the peer as a reset", () =>
    Effect.gen(function* () {
      const { client, server } = yield* secured()
      yield* client.write("x")
      yield* server.read
      const reading = yield* Effect.fork(Effect.flip(server.read))
      yield* client.reset
      assert.strictEqual((yield* Fiber.join(reading))._tag, "ConnectionReset")
    }).pipe(tcp)
  )

  overTcp("a reset while FIN is on its way leaves no socket open", () =>
    Effect.gen(function* () {
      const sockets = () => process.getActiveResourcesInfo().filter((name) => name === "TCPSocketWrap").length
      const before = sockets()
      for (let round = 0; round < 10; round++) {
        const { client, server } = yield* secured()
        yield* client.end
        yield* client.reset
        yield* client.closed
        yield* Effect.exit(Stream.runDrain(server.stream))
        yield* server.end
        yield* server.reset
        yield* server.closed
      }
      // The handle of a socket disappears one turn after the socket has closed.
      const turn = Effect.async<void>((resume) => void setImmediate(() => resume(Effect.void)))
      for (let turns = 0; turns < 20 && sockets() > before; turns++) yield* turn
      assert.strictEqual(sockets(), before)
    }).pipe(tcp)
  )

  const refusals: ReadonlyArray<readonly [string, TlsOptions, string]> = [
    ["an unknown authority", { role: "client", serverName: "api.test" }, "UNABLE_TO_VERIFY_LEAF_SIGNATURE"],
    [
      "a certificate for another name",
      { ...clientOptions, serverName: "other.test" },
      "ERR_TLS_CERT_ALTNAME_INVALID"
    ],
    ["an unreadable authority", { ...clientOptions, cert: "no certificate" }, "ERR_OSSL_PEM_NO_START_LINE"]
  ]
  for (const [name, options, code] of refusals) {
    overTcp(`a client refuses ${name}`, () =>
      Effect.gen(function* () {
        const plain = yield* pair
        yield* Effect.fork(Effect.exit(secure(plain.server, serverOptions)))
        const error = yield* Effect.flip(secure(plain.client, options))
        assert.deepStrictEqual([error._tag, error.code, error.phase], ["TlsFailure", code, "secure"])
        assert.isFalse(plain.client.writable)
      }).pipe(tcp)
    )
  }

  overTcp("a client that is told to, trusts anyone", () =>
    Effect.gen(function* () {
      const { client, server } = yield* secured({
        role: "client",
        serverName: "x.test",
        rejectUnauthorized: false
      })
      yield* client.write("hello")
      assert.deepStrictEqual(text(yield* server.read), Option.some("hello"))
    }).pipe(tcp)
  )

  const asking: TlsOptions = { ...serverOptions, ca, requestCert: true, rejectUnauthorized: true }

  overTcp("a server can demand a certificate of its client", () =>
    Effect.gen(function* () {
      const certified = { ...clientOptions, cert: pem("client"), key: pem("client-key") }
      const { client, server } = yield* secured(certified, asking)
      yield* client.write("it is me")
      assert.deepStrictEqual(text(yield* server.read), Option.some("it is me"))
      const [, refused] = yield* handshake(clientOptions, asking)
      assert.strictEqual(failureOf(refused)._tag, "TlsFailure")
    }).pipe(tcp)
  )

  overTcp("the session is described to both ends", () =>
    Effect.gen(function* () {
      const certified = { ...clientOptions, cert: pem("client"), key: pem("client-key") }
      const asked = { ...serverOptions, ca, requestCert: true, rejectUnauthorized: false }
      const [client, server] = yield* Effect.flatMap(handshake(certified, asked), Effect.all)
      assert.deepInclude(server.tls!, {
        protocol: "TLSv1.3",
        alpnProtocol: "http/1.1",
        serverName: "api.test",
        sessionReused: false,
        authorized: true,
        authorizationError: undefined
      })
      const { peerCertificate } = server.tls!
      assert.match(peerCertificate!.fingerprint256, /^([0-9A-F]{2}:){31}[0-9A-F]{2}$/)
      assert.isAbove(peerCertificate!.validTo!, peerCertificate!.validFrom!)
      assert.include(client.tls!.peerCertificate!.subjectAltName, "DNS:api.test")
      assert.isTrue(client.tls!.authorized)
      client.reset()
      server.reset()
    }).pipe(tcp)
  )

  overTcp("a client without a certificate, and one that is not trusted but let in", () =>
    Effect.gen(function* () {
      const asked = { ...serverOptions, ca, requestCert: true, rejectUnauthorized: false }
      const stranger = { ...clientOptions, cert: pem("client"), key: pem("client-key") }
      for (const [client, server, code] of [
        [clientOptions, asked, undefined],
        [stranger, { ...asked, ca: pem("server") }, "SELF_SIGNED_CERT_IN_CHAIN"]
      ] as const) {
        const ends = yield* Effect.flatMap(handshake(client, server), Effect.all)
        assert.deepInclude(ends[1].tls!, { authorized: false, authorizationError: code })
        for (const end of ends) end.reset()
      }
    }).pipe(tcp)
  )

  overTcp("a peer that does not speak TLS is a TlsFailure, in either role", () =>
    Effect.gen(function* () {
      for (const options of [clientOptions, serverOptions]) {
        const plain = yield* pair
        plain.server.write("HTTP/1.1 400 Bad Request\r\n\r\n")
        const error = yield* Effect.flip(secure(plain.client, options))
        assert.strictEqual(error._tag, "TlsFailure")
        assert.match(error.code, /^ERR_SSL_/)
      }
    }).pipe(tcp)
  )

  overTcp("a peer that leaves during the handshake: HangUp; that resets: ConnectionReset", () =>
    Effect.gen(function* () {
      for (const options of [clientOptions, serverOptions]) {
        for (const [leave, tag] of [
          ["end", "HangUp"],
          ["reset", "ConnectionReset"]
        ] as const) {
          const plain = yield* pair
          const trying = yield* Effect.fork(Effect.flip(secure(plain.client, options)))
          yield* Effect.yieldNow()
          plain.server[leave]()
          assert.strictEqual((yield* Fiber.join(trying))._tag, tag, `${options.role}, ${leave}`)
        }
      }
    }).pipe(tcp)
  )

  overTcp("interruption gives the connection up", () =>
    Effect.gen(function* () {
      const plain = yield* pair
      const server = yield* Socket.make(plain.server)
      const trying = yield* Effect.fork(secure(plain.client, clientOptions))
      assert.isTrue(Option.isSome(yield* server.read), "the handshake has begun")
      yield* Fiber.interrupt(trying)
      const rest = yield* Effect.exit(Stream.runDrain(server.stream))
      if (Exit.isFailure(rest)) assert.instanceOf(failureOf(rest), HttpError.ConnectionReset)
      yield* server.end
      yield* server.closed
    }).pipe(tcp)
  )
})
