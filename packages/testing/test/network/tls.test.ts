/**
 * Simulated TLS on a memory network: trust in certificates, failures of handshakes, and unchanged bytes after
 * the handshake.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Runtime from "effect/Runtime"
import type * as Scope from "effect/Scope"
import * as Client from "@httpfx/core/Client"
import { Network, type TlsOptions } from "@httpfx/core/Network"
import * as Socket from "@httpfx/core/Socket"
import type { Transport } from "@httpfx/core/Transport"
import * as Fault from "@httpfx/testing/Fault"
import * as MemoryNetwork from "@httpfx/testing/MemoryNetwork"
import * as MemoryTls from "@httpfx/testing/MemoryTls"
import * as Simulation from "@httpfx/testing/Simulation"
import * as Verdict from "@httpfx/testing/Verdict"
import * as VirtualClock from "@httpfx/testing/VirtualClock"

type Env = Network | MemoryNetwork.MemoryNetwork | Scope.Scope | Simulation.Simulation

const world = <A, E>(program: Effect.Effect<A, E, Env>, options: MemoryNetwork.Options = {}) =>
  Simulation.run(
    { seed: 5, maxTime: "1 hour" },
    Effect.scoped(program).pipe(Effect.provide(MemoryNetwork.layer(options)))
  )

const pair = Effect.gen(function* () {
  const network = yield* Network
  const accepted = yield* Deferred.make<Transport>()
  const { address } = yield* network.listen({ host: "api.internal", port: 443 }, (transport) => {
    Deferred.unsafeDone(accepted, Effect.succeed(transport))
  })
  const client = yield* network.connect(address)
  return { client, server: yield* Deferred.await(accepted) }
})

type Given = Omit<TlsOptions, "role">

const shake = (client: Given, server: Given) =>
  Effect.gen(function* () {
    const network = yield* Network
    const both = yield* pair
    return yield* Effect.all(
      [
        Effect.either(network.secure(both.client, { role: "client", ...client })),
        Effect.either(network.secure(both.server, { role: "server", ...server }))
      ],
      { concurrency: 2 }
    )
  })

const name = "api.internal"
const good = MemoryTls.certificate({ names: [name, "*.wild.internal", "10.1.1.1"] })
const own = MemoryTls.selfSigned({ names: name })
const company = MemoryTls.authority("Company")
const issued = company.certificate({ names: name })
const year = 365 * 24 * 3600_000

describe("a handshake", () => {
  const refused = "ConnectionReset ECONNRESET"
  const table: ReadonlyArray<[string, Given, Given, string, string]> = [
    ["of the platform's authority", { serverName: name }, good, "ok", "ok"],
    ["of a name in full", { serverName: `${name}.` }, good, "ok", "ok"],
    ["with a wildcard", { serverName: "a.wild.internal" }, good, "ok", "ok"],
    ["with an address", { serverName: "10.1.1.1" }, good, "ok", "ok"],
    [
      "for another name",
      { serverName: "other.internal" },
      good,
      "TlsFailure ERR_TLS_CERT_ALTNAME_INVALID",
      refused
    ],
    [
      "with a wildcard for two labels",
      { serverName: "a.b.wild.internal" },
      good,
      "TlsFailure ERR_TLS_CERT_ALTNAME_INVALID",
      refused
    ],
    [
      "for another name, accepted by checkServerIdentity",
      { serverName: "other.internal", checkServerIdentity: () => undefined },
      good,
      "ok",
      "ok"
    ],
    [
      "rejected by checkServerIdentity",
      {
        serverName: name,
        checkServerIdentity: (host, { subject, subjectaltname, valid_to }) =>
          Object.assign(new Error("not this one"), {
            code: [host, subject["CN"], subjectaltname, valid_to].join("; ")
          })
      },
      MemoryTls.certificate({ names: name, notAfter: Date.UTC(2030, 1, 3, 4, 5, 6) }),
      "TlsFailure api.internal; api.internal; DNS:api.internal; Feb  3 04:05:06 2030 GMT",
      refused
    ],
    [
      "self-signed, which checkServerIdentity cannot accept",
      { serverName: name, checkServerIdentity: () => undefined },
      own,
      "TlsFailure DEPTH_ZERO_SELF_SIGNED_CERT",
      refused
    ],
    ["that nobody issued", { serverName: name }, own, "TlsFailure DEPTH_ZERO_SELF_SIGNED_CERT", refused],
    ["that nobody issued, trusted", { serverName: name, ca: own.cert }, own, "ok", "ok"],
    ["that nobody issued, unchecked", { serverName: name, rejectUnauthorized: false }, own, "ok", "ok"],
    [
      "issued by an unknown authority",
      { serverName: name },
      issued,
      "TlsFailure UNABLE_TO_VERIFY_LEAF_SIGNATURE",
      refused
    ],
    ["of a known authority", { serverName: name, ca: ["", company.ca] }, issued, "ok", "ok"],
    [
      "issued by the platform's authority, with another one trusted",
      { serverName: name, ca: company.ca },
      good,
      "TlsFailure UNABLE_TO_VERIFY_LEAF_SIGNATURE",
      refused
    ],
    [
      "after its validity",
      { serverName: name },
      MemoryTls.certificate({ names: name, notAfter: VirtualClock.epoch - 1 }),
      "TlsFailure CERT_HAS_EXPIRED",
      refused
    ],
    [
      "before its validity",
      { serverName: name },
      MemoryTls.certificate({ names: name, notBefore: VirtualClock.epoch + year }),
      "TlsFailure CERT_NOT_YET_VALID",
      refused
    ],
    [
      "without a certificate",
      { serverName: name },
      {},
      "TlsFailure ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE",
      "TlsFailure ERR_SSL_NO_SHARED_CIPHER"
    ],
    [
      "without a common ALPN protocol",
      { serverName: name, alpn: ["h2"] },
      good,
      "TlsFailure ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL",
      "TlsFailure ERR_SSL_NO_APPLICATION_PROTOCOL"
    ],
    ["with one of two protocols", { serverName: name, alpn: ["h2", "http/1.1"] }, good, "ok", "ok"],
    [
      "with the key of another certificate",
      { serverName: name },
      { cert: good.cert, key: issued.key },
      refused,
      "TlsFailure ERR_OSSL_X509_KEY_VALUES_MISMATCH"
    ],
    [
      "with a real PEM text",
      { serverName: name },
      { cert: "-----BEGIN CERTIFICATE-----", key: "" },
      refused,
      "TlsFailure ERR_OSSL_PEM_NO_START_LINE"
    ],
    ["of both", { serverName: name, ...issued }, { ...good, requestCert: true, ca: company.ca }, "ok", "ok"],
    [
      "of both, the client's not trusted",
      { serverName: name, ...own },
      { ...good, requestCert: true, ca: company.ca },
      "ok",
      "TlsFailure DEPTH_ZERO_SELF_SIGNED_CERT"
    ],
    [
      "of both, the client's missing",
      { serverName: name },
      { ...good, requestCert: true, rejectUnauthorized: true },
      "ok",
      "TlsFailure ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE"
    ]
  ]
  for (const segmentSize of [65536, 1]) {
    for (const [what, client, server, clientSees, serverSees] of table) {
      it.live(`${what}, in segments of ${segmentSize}`, () =>
        world(
          Effect.gen(function* () {
            const results = yield* shake(client, server)
            assert.deepStrictEqual(
              results.map((result) =>
                result._tag === "Right" ? "ok" : `${result.left._tag} ${result.left.code}`
              ),
              [clientSees, serverSees]
            )
            for (const result of results) if (result._tag === "Right") result.right.reset()
            yield* Simulation.settled
            assert.deepStrictEqual(yield* MemoryNetwork.connections, [])
          }),
          { segmentSize }
        )
      )
    }
  }

  it.live("accepts a certificate until it expires, by the network's clock", () =>
    world(
      Effect.gen(function* () {
        const credentials = MemoryTls.certificate({ names: name, notAfter: VirtualClock.epoch + 60_000 })
        const once = Effect.scoped(
          Effect.map(shake({ serverName: name }, credentials), ([client]) => client._tag)
        )
        assert.strictEqual(yield* once, "Right")
        yield* Effect.sleep("2 minutes")
        assert.strictEqual(yield* once, "Left")
      })
    )
  )
})

describe("a session", () => {
  it.live("is reported to both ends", () =>
    world(
      Effect.scoped(
        Effect.gen(function* () {
          const [client, server] = yield* shake(
            { serverName: name, ...issued },
            { ...good, requestCert: true, rejectUnauthorized: false, ca: company.ca }
          )
          assert(client._tag === "Right" && server._tag === "Right")
          const seen = server.right.tls!
          assert.deepInclude(seen, { serverName: name, alpnProtocol: "http/1.1", authorized: true })
          assert.include(seen.peerCertificate!.subjectAltName, "DNS:")
          assert.deepInclude(client.right.tls!, { alpnProtocol: "http/1.1", authorized: true })
          assert.strictEqual(client.right.tls!.peerCertificate!.subject["CN"], name)
          assert.notStrictEqual(
            client.right.tls!.peerCertificate!.fingerprint256,
            seen.peerCertificate!.fingerprint256
          )
        })
      )
    )
  )

  it.live("reports why the certificate of an accepted client is not trusted", () =>
    world(
      Effect.scoped(
        Effect.gen(function* () {
          const [, server] = yield* shake(
            { serverName: name, ...own },
            { ...good, requestCert: true, rejectUnauthorized: false, ca: company.ca }
          )
          assert(server._tag === "Right")
          assert.deepInclude(server.right.tls!, {
            authorized: false,
            authorizationError: "DEPTH_ZERO_SELF_SIGNED_CERT"
          })
        })
      )
    )
  )
})

describe("peers without TLS", () => {
  it.live("fail the handshake: a plain client of a TLS server, and a TLS client of a plain server", () =>
    world(
      Effect.gen(function* () {
        const network = yield* Network
        const plain = yield* Effect.scoped(
          Effect.gen(function* () {
            const { client, server } = yield* pair
            const socket = yield* Socket.make(client)
            yield* socket.write("GET / HTTP/1.1\r\n\r\n")
            return yield* Effect.flip(network.secure(server, { role: "server", ...good }))
          })
        )
        assert.deepStrictEqual([plain._tag, plain.code], ["TlsFailure", "ERR_SSL_HTTP_REQUEST"])
        const { client, server } = yield* pair
        const socket = yield* Socket.make(server)
        yield* socket.write("HTTP/1.1 400 Bad Request\r\n\r\n")
        const error = yield* Effect.flip(network.secure(client, { role: "client", serverName: name }))
        assert.deepStrictEqual([error._tag, error.code], ["TlsFailure", "ERR_SSL_WRONG_VERSION_NUMBER"])
      })
    )
  )

  it.live("fail the handshake: a peer that closes, and an interruption", () =>
    world(
      Effect.gen(function* () {
        const network = yield* Network
        const gone = Effect.gen(function* () {
          const { client, server } = yield* pair
          const socket = yield* Socket.make(server)
          yield* socket.end
          return yield* Effect.flip(network.secure(client, { role: "client", serverName: name }))
        })
        assert.strictEqual((yield* Effect.scoped(gone))._tag, "HangUp")
        const other = yield* pair
        const fiber = yield* Effect.fork(network.secure(other.client, { role: "client", serverName: name }))
        yield* Simulation.settled
        assert.isTrue(Exit.isInterrupted(yield* Fiber.interrupt(fiber)))
        other.server.reset()
        yield* Simulation.settled
        assert.deepStrictEqual(yield* MemoryNetwork.connections, [])
      })
    )
  )
})

describe("after the handshake", () => {
  it.live("bytes pass both ways unchanged, also through TLS inside TLS", () =>
    world(
      Effect.gen(function* () {
        const network = yield* Network
        const { client, server } = yield* pair
        const both = (a: Transport, b: Transport) =>
          Effect.all(
            [
              network.secure(a, { role: "client", serverName: name }),
              network.secure(b, { role: "server", ...good })
            ],
            { concurrency: 2 }
          )
        const [outerClient, outerServer] = yield* both(client, server)
        const [one, other] = yield* both(outerClient, outerServer)
        one.write("right behind the handshake")
        const left = yield* Socket.make(one)
        const right = yield* Socket.make(other)
        const read = (socket: Socket.Socket) =>
          Effect.map(socket.read, (chunk) => new TextDecoder().decode(Option.getOrUndefined(chunk)))
        assert.strictEqual(yield* read(right), "right behind the handshake")
        yield* right.write("answer")
        assert.strictEqual(yield* read(left), "answer")
        yield* left.end
        assert.isTrue(Option.isNone(yield* right.read))
      })
    )
  )

  it.live("a client can use https, and a fault finds the position in its response", () =>
    world(
      Effect.gen(function* () {
        const network = yield* Network
        const serve = (transport: Transport) =>
          Effect.scoped(
            Effect.gen(function* () {
              const socket = yield* Socket.make(yield* network.secure(transport, { role: "server", ...good }))
              while (Option.isSome(yield* socket.read)) {
                yield* socket.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
              }
              yield* socket.end
            })
          )
        const runtime = yield* Effect.runtime()
        yield* network.listen({ host: name, port: 443 }, (transport) => {
          Runtime.runFork(runtime)(Effect.ignore(serve(transport)))
        })
        yield* Fault.http({ origin: `${name}:443`, response: 2, at: "body" }, Verdict.Reset())
        const client = yield* Client.Client
        const get = Effect.flatMap(client.request({ url: `https://${name}/` }), (response) => response.text)
        assert.strictEqual(yield* get, "ok")
        assert.strictEqual((yield* Effect.flip(get))._tag, "ConnectionReset")
      }).pipe(Effect.provide(Layer.fresh(Client.layer)))
    )
  )
})
