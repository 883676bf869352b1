// The TLS options of a client on real connections, one by one: what the server receives, and which handshakes
// fail.
import * as fs from "node:fs"
import * as https from "node:https"
import type { AddressInfo } from "node:net"
import type { TLSSocket } from "node:tls"
import { assert, describe, it } from "@effect/vitest"
import { Client, type Proxy, type Agent, type Network } from "@httpfx/core"
import { NodeHttpClient } from "@httpfx/node"
import * as Effect from "effect/Effect"

const file = (name: string) => fs.readFileSync(new URL(`../fixtures/${name}`, import.meta.url))
const pem = (name: string) => file(`${name}.pem`).toString()

const own = { cert: pem("server"), key: pem("server-key") }

/** The server's view of a connection. */
interface Seen {
  readonly name: string | undefined
  readonly alpn: string | false | null
  readonly protocol: string | null
  readonly cipher: string
  readonly reused: boolean
  readonly client: string | undefined
}

/** Starts a server that closes each connection after its response. */
const server = (
  options: https.ServerOptions = {},
  fields: Readonly<Record<string, string>> = { Connection: "close" }
) =>
  Effect.gen(function* () {
    const seen: Array<Seen> = []
    const listening = https.createServer({ ...own, ...options }, (request, response) => {
      const socket = request.socket as TLSSocket & { servername?: string | false }
      seen.push({
        name: socket.servername || undefined,
        alpn: socket.alpnProtocol,
        protocol: socket.getProtocol(),
        cipher: socket.getCipher().standardName,
        reused: socket.isSessionReused(),
        client: (socket.getPeerCertificate() as { subject?: { CN?: string } }).subject?.CN
      })
      response.writeHead(200, fields).end("secret")
    })
    listening.on("tlsClientError", () => {})
    yield* Effect.acquireRelease(
      Effect.async<void>((resume) => void listening.listen(0, "127.0.0.1", () => resume(Effect.void))),
      () =>
        Effect.sync(() => {
          listening.close()
          listening.closeAllConnections()
        })
    )
    return { url: `https://127.0.0.1:${(listening.address() as AddressInfo).port}/`, seen }
  })

type Tls = Omit<Network.TlsOptions, "role">

const trusting: Tls = { ca: pem("ca") }

const ask = (url: string, request: Partial<Client.Request> = {}) =>
  Effect.flatMap(Client.request({ url, ...request }), (response) => Effect.as(response.text, response))

const withAgent = (options: Agent.Options) => Effect.provide(NodeHttpClient.layerWith(options))

/** Sends a request with these TLS options. Returns the server's view of the connection. */
const sees = (tls: Tls, options: https.ServerOptions = {}) =>
  Effect.gen(function* () {
    const { seen, url } = yield* server(options)
    yield* ask(url).pipe(withAgent({ tls: { ...trusting, ...tls } }))
    return seen[0] as Seen
  })

const refused = (tls: Tls, options: https.ServerOptions = {}) =>
  Effect.gen(function* () {
    const { seen, url } = yield* server(options)
    const error = yield* Effect.flip(ask(url).pipe(withAgent({ tls: { ...trusting, ...tls } })))
    assert.deepInclude(error, { _tag: "TlsFailure", phase: "secure", written: "none" })
    assert.isEmpty(seen)
    return error as Effect.Effect.Error<ReturnType<typeof ask>> & { readonly code: string }
  })

describe("The TLS options of a client", () => {
  it.scopedLive("serverName is sent and verified, whatever the host is", () =>
    Effect.gen(function* () {
      assert.strictEqual((yield* sees({ serverName: "api.test" })).name, "api.test")
      // An IP address is verified, but never sent as SNI.
      assert.isUndefined((yield* sees({})).name)
      assert.strictEqual((yield* refused({ serverName: "other.test" })).code, "ERR_TLS_CERT_ALTNAME_INVALID")
    })
  )

  it.scopedLive("checkServerIdentity checks only trusted certificates", () =>
    Effect.gen(function* () {
      const asked: Array<unknown> = []
      const pinned: Tls["checkServerIdentity"] = (host, { fingerprint256, subjectaltname }) => {
        asked.push(host, subjectaltname)
        return fingerprint256.startsWith("no such") ? undefined : new Error("another certificate")
      }
      const error = yield* refused({ serverName: "other.test", checkServerIdentity: pinned })
      assert.include(error.message, "another certificate")
      assert.deepStrictEqual(asked, ["other.test", "DNS:api.test, DNS:localhost, IP Address:127.0.0.1"])
      yield* sees({ serverName: "other.test", checkServerIdentity: () => undefined })
      const throwing = () => {
        throw new Error("thrown by the judge")
      }
      assert.include((yield* refused({ checkServerIdentity: throwing })).message, "thrown by the judge")
      // `checkServerIdentity` is not called for certificates that are not trusted.
      assert.strictEqual(
        (yield* refused({ ca: pem("other"), checkServerIdentity: () => undefined })).code,
        "UNABLE_TO_VERIFY_LEAF_SIGNATURE"
      )
    })
  )

  it.scopedLive("ca and rejectUnauthorized decide which certificates are trusted", () =>
    Effect.gen(function* () {
      yield* sees({ ca: [pem("other"), pem("ca")] })
      assert.strictEqual((yield* refused({ ca: pem("other") })).code, "UNABLE_TO_VERIFY_LEAF_SIGNATURE")
      const { url } = yield* server()
      const response = yield* ask(url).pipe(
        withAgent({ tls: { ca: pem("other"), rejectUnauthorized: false } })
      )
      assert.deepInclude(response.tls, {
        authorized: false,
        authorizationError: "UNABLE_TO_VERIFY_LEAF_SIGNATURE"
      })
    })
  )

  const wanting = { requestCert: true, ca: pem("ca"), rejectUnauthorized: true }
  it.scopedLive("cert and key (with a passphrase) or pfx are sent to the server", () =>
    Effect.gen(function* () {
      const certified = { cert: pem("client"), key: pem("client-key") }
      const name = (yield* sees(certified, wanting)).client
      assert.isString(name)
      const encrypted = { cert: pem("client"), key: pem("client-key-encrypted"), passphrase: "secret" }
      assert.strictEqual((yield* sees(encrypted, wanting)).client, name)
      const pfx = { pfx: file("client.p12"), passphrase: "secret" }
      assert.strictEqual((yield* sees(pfx, wanting)).client, name)
      assert.match((yield* refused({ ...encrypted, passphrase: "wrong" }, wanting)).code, /^ERR_OSSL_/)
      assert.match((yield* refused({ ...pfx, passphrase: "wrong" }, wanting)).message, /mac verify failure/)
    })
  )

  it.scopedLive("crl refuses a revoked certificate", () =>
    Effect.gen(function* () {
      const revoked = { cert: pem("revoked"), key: pem("revoked-key") }
      const ca = pem("revoking-ca")
      yield* sees({ ca, crl: pem("not-revoked.crl") }, revoked)
      assert.strictEqual((yield* refused({ ca, crl: [pem("revoked.crl")] }, revoked)).code, "CERT_REVOKED")
    })
  )

  it.scopedLive("minVersion, maxVersion, ciphers, ecdhCurve, sigalgs and secureOptions reach OpenSSL", () =>
    Effect.gen(function* () {
      assert.strictEqual((yield* sees({})).protocol, "TLSv1.3")
      assert.strictEqual((yield* sees({ maxVersion: "TLSv1.2" })).protocol, "TLSv1.2")
      // SSL_OP_NO_TLSv1_3
      assert.strictEqual((yield* sees({ secureOptions: 0x20000000 })).protocol, "TLSv1.2")
      assert.match(
        (yield* refused({ minVersion: "TLSv1.3" }, { maxVersion: "TLSv1.2" })).code,
        /^ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION$/
      )
      const cipher = { maxVersion: "TLSv1.2", ciphers: "ECDHE-ECDSA-AES256-GCM-SHA384" } as const
      assert.strictEqual((yield* sees(cipher)).cipher, "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384")
      assert.match((yield* refused({ ecdhCurve: "P-384" }, { ecdhCurve: "P-256" })).code, /^ERR_SSL_/)
      yield* sees({ ecdhCurve: "P-384" }, { ecdhCurve: "P-384:P-256" })
      assert.match((yield* refused({ sigalgs: "RSA-PSS+SHA256" })).code, /^ERR_SSL_/)
      yield* sees({ sigalgs: "ECDSA+SHA256" })
    })
  )

  it.scopedLive("alpn is negotiated", () =>
    Effect.gen(function* () {
      assert.strictEqual((yield* sees({}, { ALPNProtocols: ["h2", "http/1.1"] })).alpn, "http/1.1")
      const own = { alpn: ["mine", "http/1.1"] }
      assert.strictEqual((yield* sees(own, { ALPNProtocols: ["mine"] })).alpn, "mine")
      assert.strictEqual(
        (yield* refused({ alpn: ["x"] }, { ALPNProtocols: ["y"] })).code,
        "ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL"
      )
    })
  )

  it.scopedLive("an unknown option of an agent is refused before a request", () =>
    Effect.gen(function* () {
      const { seen, url } = yield* server()
      for (const [tls, option] of [
        [{ servername: "api.test" }, "tls.servername"],
        [{ secureProtocol: "TLSv1_method" }, "tls.secureProtocol"]
      ] as const) {
        const error = yield* Effect.flip(ask(url).pipe(withAgent({ tls: { ...trusting, ...tls } as Tls })))
        assert.deepInclude(error, { _tag: "InvalidOption", option })
        assert.include(error.message, "is not known")
      }
      assert.isEmpty(seen)
    })
  )

  it.scopedLive("an unknown option of a request is refused, not ignored", () =>
    Effect.gen(function* () {
      const { seen, url } = yield* server()
      const tls = { ...trusting, servername: "api.test" } as Tls
      const error = yield* Effect.flip(ask(url, { connection: { tls } }).pipe(withAgent({})))
      assert.deepInclude(error, { _tag: "TlsFailure", code: "ERR_HTTPFX_TLS_OPTION", written: "none" })
      assert.include(error.message, "unknown TLS option servername; use serverName")
      assert.isEmpty(seen)
    })
  )

  it.scopedLive("an option of a request takes precedence over the same option of the agent", () =>
    Effect.gen(function* () {
      const { seen, url } = yield* server()
      yield* ask(url, { connection: { tls: { serverName: "localhost" } } }).pipe(
        withAgent({ tls: { ...trusting, serverName: "api.test", maxVersion: "TLSv1.2" } })
      )
      assert.deepInclude(seen[0], { name: "localhost", protocol: "TLSv1.2" })
    })
  )

  it.scopedLive("the response contains the facts of the TLS session", () =>
    Effect.gen(function* () {
      const { url } = yield* server()
      const { tls } = yield* ask(url).pipe(withAgent({ tls: trusting }))
      assert.deepInclude(tls, { protocol: "TLSv1.3", authorized: true, sessionReused: false })
      assert.include(tls?.peerCertificate?.subjectAltName, "DNS:api.test")
    })
  )
})

describe("TLS sessions", () => {
  for (const version of ["TLSv1.2", "TLSv1.3"] as const) {
    it.scopedLive(`are resumed on further connections: ${version}`, () =>
      Effect.gen(function* () {
        const { seen, url } = yield* server({ maxVersion: version })
        yield* Effect.gen(function* () {
          for (let i = 0; i < 3; i++) yield* ask(url)
          // A request with another name to verify needs a new connection.
          yield* ask(url, { connection: { tls: { serverName: "localhost" } } })
        }).pipe(withAgent({ tls: trusting }))
        assert.deepStrictEqual(
          seen.map(({ reused }) => reused),
          [false, true, true, false]
        )
      })
    )
  }

  it.scopedLive("are not cached if the agent's cache is disabled, or if the caller manages sessions", () =>
    Effect.gen(function* () {
      const { seen, url } = yield* server()
      const sessions: Array<Uint8Array> = []
      const onSession = (session: Uint8Array) => void sessions.push(session)
      yield* Effect.gen(function* () {
        yield* ask(url, { connection: { tls: { onSession } } })
        yield* ask(url)
        yield* ask(url, { connection: { tls: { session: sessions.at(-1) } } })
      }).pipe(withAgent({ tls: trusting, maxCachedSessions: 0 }))
      assert.deepStrictEqual(
        seen.map(({ reused }) => reused),
        [false, false, true]
      )
    })
  )

  it.scopedLive("the oldest is dropped if the cache is full, and a failed handshake drops its session", () =>
    Effect.gen(function* () {
      const one = yield* server()
      const two = yield* server()
      yield* Effect.gen(function* () {
        yield* ask(one.url)
        yield* ask(two.url)
        yield* ask(one.url)
      }).pipe(withAgent({ tls: trusting, maxCachedSessions: 1 }))
      assert.isFalse(one.seen[1]!.reused)
    })
  )
})

describe("Connections through a proxy", () => {
  it.scopedLive("are not shared if the proxy's TLS options differ", () =>
    Effect.gen(function* () {
      const { seen, url } = yield* server({}, {})
      const through = (tls: Tls): Proxy.Proxies => ({ http: { url, tls } })
      yield* Effect.gen(function* () {
        yield* ask("http://a.test/", { proxy: through(trusting) })
        yield* ask("http://a.test/", { proxy: through({ rejectUnauthorized: false }) })
        const strict = ask("http://a.test/", { proxy: through({ ca: pem("other") }) })
        assert.strictEqual((yield* Effect.flip(strict))._tag, "TlsFailure")
        assert.isTrue((yield* ask("http://b.test/", { proxy: through({ ...trusting }) })).reused)
      }).pipe(withAgent({}))
      assert.lengthOf(seen, 3)
    })
  )
})
