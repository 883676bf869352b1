// The facts of the TLS session and the client certificate in a handler, for HTTPS exchanges on real sockets.
import * as HttpServer from "@effect/platform/HttpServer"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { X509Certificate } from "node:crypto"
import { readFileSync } from "node:fs"
import * as tls from "node:tls"
import { Exchange, Server, type Transport } from "@httpfx/core"
import { NodeHttpServer } from "@httpfx/node"

const pem = (name: string) => readFileSync(new URL(`../fixtures/${name}.pem`, import.meta.url), "utf8")
const ca = pem("ca")
const own = { cert: pem("server"), key: pem("server-key") }
const client = { cert: pem("client"), key: pem("client-key") }
const stranger = { cert: pem("other"), key: pem("other-key") }

/** Sends two requests on one connection of Node's own client. Returns the facts in the handler of each. */
const told = (server: Partial<Server.Options["tls"]>, options: tls.ConnectionOptions) =>
  Effect.gen(function* () {
    const facts: Array<Transport.TlsFacts | undefined> = []
    const app = Effect.map(Exchange.connection, (connection) => {
      facts.push(connection.tls)
      return HttpServerResponse.text(`<${connection.exchange}>`)
    })
    const layer = NodeHttpServer.layer({ port: 0, host: "127.0.0.1", tls: { ...own, ...server } })
    yield* Effect.flatMap(Server.Server, ({ address }) =>
      Effect.async<void, Error>((resume) => {
        const { port } = address as Transport.TcpAddress
        const socket = tls.connect({ host: "127.0.0.1", port, servername: "api.test", ca, ...options })
        let text = ""
        socket.setEncoding("latin1")
        socket.on("data", (chunk: string) => {
          text += chunk
          if (text.includes("<2>")) return resume(Effect.void)
          if (text.includes("<1>")) socket.write("GET / HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n")
        })
        socket.on("error", (error) => resume(Effect.fail(error)))
        socket.write("GET / HTTP/1.1\r\nHost: t\r\n\r\n")
        return Effect.sync(() => socket.destroy())
      })
    ).pipe(Effect.provide(Layer.provideMerge(HttpServer.serve(app), layer)))
    expect(facts).toHaveLength(2)
    expect(facts[1]).toEqual(facts[0])
    return facts[0]!
  })

const asking = { ca, requestCert: true, rejectUnauthorized: false } as const

describe("An HTTPS exchange", () => {
  it.live.each(["TLSv1.3", "TLSv1.2"] as const)("has protocol, cipher, ALPN and SNI name: %s", (version) =>
    Effect.gen(function* () {
      const facts = yield* told({}, { ALPNProtocols: ["h2", "http/1.1"], maxVersion: version })
      expect(facts).toMatchObject({
        protocol: version,
        alpnProtocol: "http/1.1",
        serverName: "api.test",
        sessionReused: false,
        authorized: false,
        peerCertificate: undefined
      })
      expect(facts.cipher).toMatch(version === "TLSv1.3" ? /^TLS_/ : /^ECDHE-/)
    })
  )

  it.live("has neither server name nor ALPN protocol if the client sends none", () =>
    Effect.gen(function* () {
      const facts = yield* told({}, { servername: "", rejectUnauthorized: false })
      expect(facts).toMatchObject({ serverName: undefined, alpnProtocol: undefined })
    })
  )

  it.live("has the certificate of a verified client", () =>
    Effect.gen(function* () {
      const { authorizationError, authorized, peerCertificate } = yield* told(asking, client)
      expect({ authorized, authorizationError }).toEqual({ authorized: true, authorizationError: undefined })
      const real = new X509Certificate(client.cert)
      expect(Buffer.from(peerCertificate!.raw).equals(real.raw)).toBe(true)
      expect(peerCertificate).toMatchObject({
        fingerprint256: real.fingerprint256,
        serialNumber: real.serialNumber,
        validFrom: Date.parse(real.validFrom),
        validTo: Date.parse(real.validTo)
      })
      expect(real.subject).toBe(`CN=${String(peerCertificate!.subject["CN"])}`)
      expect(real.issuer).toBe(`CN=${String(peerCertificate!.issuer["CN"])}`)
    })
  )

  it.live("has the reason if an accepted client is not verified", () =>
    Effect.gen(function* () {
      const facts = yield* told(asking, stranger)
      expect(facts).toMatchObject({ authorized: false, authorizationError: "DEPTH_ZERO_SELF_SIGNED_CERT" })
      expect(facts.peerCertificate!.fingerprint256).toBe(new X509Certificate(stranger.cert).fingerprint256)
    })
  )

  it.live("has no client certificate if the server requested none", () =>
    Effect.gen(function* () {
      const facts = yield* told({}, client)
      expect(facts).toMatchObject({ authorized: false, peerCertificate: undefined })
    })
  )
})
