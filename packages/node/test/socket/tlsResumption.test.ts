// Resumption of a server's TLS sessions: by which clients, under which options, and the facts in the handler.
import * as HttpServer from "@effect/platform/HttpServer"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { execFile, spawnSync } from "node:child_process"
import * as fs from "node:fs"
import * as builtIn from "node:https"
import * as net from "node:net"
import * as tls from "node:tls"
import { fileURLToPath } from "node:url"
import { Client, Exchange, Server, type Network } from "@httpfx/core"
import { NodeHttpClient, NodeHttpServer } from "@httpfx/node"
import ours from "@httpfx/node/https"

const file = (name: string) => fileURLToPath(new URL(`../fixtures/${name}.pem`, import.meta.url))
const pem = (name: string) => fs.readFileSync(file(name), "utf8")
const ca = pem("ca")
const own = { cert: pem("server"), key: pem("server-key") }
const certified = { cert: pem("client"), key: pem("client-key") }
const host = "127.0.0.1"

type Version = "TLSv1.2" | "TLSv1.3"

/**
 * An app that responds with the name of the client and whether its TLS session was resumed. `/reload` first
 * replaces the certificates.
 */
const app = (options: Network.ServerTls) =>
  Effect.gen(function* () {
    const { connection } = yield* Exchange.exchange
    const request = yield* HttpServerRequest.HttpServerRequest
    if (request.url === "/reload") yield* (yield* Server.Server).reloadTls({ ...own, ...options })
    const { authorized, peerCertificate, sessionReused } = connection.tls!
    const who =
      peerCertificate === undefined ? "nobody" : `${String(peerCertificate.subject["CN"])} ${authorized}`
    return HttpServerResponse.text(`${sessionReused ? "resumed" : "new"} ${who}`)
  })

const served = <A, E>(options: Network.ServerTls, test: (port: number) => Effect.Effect<A, E>) =>
  Effect.flatMap(Server.Server, ({ address }) => test(address._tag === "TcpAddress" ? address.port : 0)).pipe(
    Effect.provide(
      Layer.provideMerge(
        HttpServer.serve(app(options)),
        NodeHttpServer.layer({ port: 0, host, tls: { ...own, ...options } })
      )
    )
  )

interface Asked {
  readonly port: number
  readonly paths: ReadonlyArray<string>
  readonly version: Version
  /** Whether the client sends a certificate. */
  readonly certificate: boolean
}

/**
 * Sends requests one by one, each on a new connection. Returns the response bodies, or fails with an error
 * code.
 */
type Asks = (asked: Asked) => Effect.Effect<ReadonlyArray<string>, unknown>

const byCallbacks =
  (https: Pick<typeof builtIn, "Agent" | "get">): Asks =>
  ({ certificate, paths, port, version }) => {
    const options = { ca, servername: "api.test", maxVersion: version, ...(certificate && certified) }
    const agent = new https.Agent({ ...options, keepAlive: false })
    const one = (path: string) =>
      Effect.async<string>((resume) => {
        const request = https.get({ host, port, path, agent }, (response) => {
          let text = ""
          response.setEncoding("latin1").on("data", (chunk: string) => (text += chunk))
          response.on("end", () => resume(Effect.succeed(text)))
        })
        request.on("error", (error: NodeJS.ErrnoException) => resume(Effect.succeed(String(error.code))))
      })
    return Effect.forEach(paths, one)
  }

const byClient: Asks = ({ certificate, paths, port, version }) =>
  Effect.forEach(paths, (path) =>
    Client.request({ url: `https://${host}:${port}${path}`, headers: { connection: "close" } }).pipe(
      Effect.flatMap((response) => response.text),
      Effect.catchAll((error) => Effect.succeed(String(error.code)))
    )
  ).pipe(
    Effect.provide(
      NodeHttpClient.layerWith({
        tls: { ca, serverName: "api.test", maxVersion: version, ...(certificate && certified) }
      })
    )
  )

// One curl process sends all requests, because curl does not share sessions between processes.
const byCurl: Asks = ({ certificate, paths, port, version }) =>
  Effect.async((resume) => {
    const key = certificate ? ["--cert", file("client"), "--key", file("client-key")] : []
    const ofTls = [
      "--cacert",
      file("ca"),
      "--resolve",
      `api.test:${port}:${host}`,
      "--tls-max",
      version.slice(4)
    ]
    const urls = paths.map((path) => `https://api.test:${port}${path}`)
    const written = [
      "--silent",
      "--header",
      "Connection: close",
      "--write-out",
      "%{onerror}failed\\n%{stderr}\\n"
    ]
    execFile("curl", [...written, ...ofTls, ...key, ...urls], (error, out) => {
      const lines = out
        .replace(/(?<=.)(?=new |resumed )/g, "\n")
        .trim()
        .split("\n")
      resume(Effect.succeed(error === null ? lines : [...lines, `exit ${String(error.code)}`]))
    })
  })

const hasCurl = spawnSync("curl", ["--version"]).status === 0

/**
 * Whether each of five connections resumes a session, if the third one replaces the certificates. `undefined`
 * allows both.
 */
type Resumes = (version: Version) => ReadonlyArray<boolean | undefined>
const each: Resumes = () => [false, true, true, false, true]
// curl requests no tickets in TLS 1.2. In TLS 1.3 it does not use tickets that it got on a resumed
// connection.
const asCurl: Resumes = (version) =>
  version === "TLSv1.2" ? each(version).map(() => false) : [false, true, undefined, false, true]

const clients: ReadonlyArray<readonly [string, Asks, Resumes, present: boolean]> = [
  ["node:https", byCallbacks(builtIn), each, true],
  ["the callback API", byCallbacks(ours), each, true],
  ["the client", byClient, each, true],
  [hasCurl ? "curl" : "curl (not found on this machine)", byCurl, asCurl, hasCurl]
]

const modes: ReadonlyArray<readonly [string, Network.ServerTls, certificate: boolean, who: string]> = [
  ["no certificate requested", {}, false, "nobody"],
  [
    "an optional certificate, not sent",
    { ca, requestCert: true, rejectUnauthorized: false },
    false,
    "nobody"
  ],
  ["an optional certificate", { ca, requestCert: true, rejectUnauthorized: false }, true, "client.test true"],
  ["a required certificate", { ca, requestCert: true }, true, "client.test true"]
]

describe("A session is resumed, but not after reloadTls", () => {
  for (const [client, asks, resumes, present] of clients) {
    for (const [mode, options, certificate, who] of modes) {
      for (const version of ["TLSv1.2", "TLSv1.3"] as const) {
        it.live.skipIf(!present)(`${client}: ${mode}, ${version}`, () =>
          Effect.gen(function* () {
            const paths = ["/", "/", "/reload", "/", "/"]
            const seen = yield* served(options, (port) => asks({ port, paths, version, certificate }))
            const resumed = resumes(version)
            assert.strictEqual(seen.length, paths.length)
            seen.forEach((each, i) => {
              const is = resumed[i] === undefined ? each.split(" ")[0] : resumed[i] ? "resumed" : "new"
              assert.strictEqual(each, `${is} ${who}`, `connection ${i + 1}`)
            })
          })
        )
      }
    }
  }
})

describe("Servers with the same ticketKeys", () => {
  const keys = { ticketKeys: new Uint8Array(48).fill(7) }
  const asking = { ca, requestCert: true }
  const rows: ReadonlyArray<readonly [string, Network.ServerTls, Network.ServerTls, string]> = [
    ["resume each other's sessions", keys, keys, "resumed nobody"],
    [
      "with client certificates too",
      { ...asking, ...keys },
      { ...asking, ...keys },
      "resumed client.test true"
    ],
    ["not under another sessionIdContext", keys, { ...keys, sessionIdContext: "b" }, "new nobody"],
    ["not with other verification options", keys, { ...asking, ...keys }, "new client.test true"],
    [
      "not with another trusted authority",
      { ...asking, ...keys },
      { ...asking, ...keys, ca: pem("other"), rejectUnauthorized: false },
      "new client.test false"
    ]
  ]
  for (const version of ["TLSv1.2", "TLSv1.3"] as const) {
    for (const [name, first, second, expected] of rows) {
      it.live(`${name}: ${version}`, () =>
        served(first, (one) =>
          served(second, (other) =>
            Effect.gen(function* () {
              const session = yield* connected(one, version)
              const again = yield* connected(other, version, session.session)
              assert.strictEqual(again.text, expected)
            })
          )
        )
      )
    }
  }

  it.live("refuse a client that the new authority does not know, although it has a session", () =>
    served({ ...asking, ...keys }, (one) =>
      served({ ...asking, ...keys, ca: pem("other") }, (other) =>
        Effect.gen(function* () {
          const { session } = yield* connected(one, "TLSv1.3")
          assert.strictEqual((yield* connected(other, "TLSv1.3", session)).text, "")
        })
      )
    )
  )
})

/**
 * Sends a request with `tls.connect`. Returns the response's body (empty if the server closed the connection)
 * and the session.
 */
const connected = (port: number, maxVersion: Version, session?: Buffer, more: tls.ConnectionOptions = {}) =>
  Effect.async<{ readonly text: string; readonly session: Buffer; readonly socket: tls.TLSSocket }>(
    (resume) => {
      const options = { host, port, ca, servername: "api.test", maxVersion, session, ...certified, ...more }
      const socket = tls.connect(options)
      let text = ""
      let last: Buffer = Buffer.alloc(0)
      socket.on("session", (made: Buffer) => (last = made))
      socket.setEncoding("latin1").on("data", (chunk: string) => (text += chunk))
      socket.on("error", () => {})
      socket.on("close", () =>
        resume(Effect.succeed({ text: text.split("\r\n\r\n")[1] ?? "", session: last, socket }))
      )
      socket.write("GET / HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n")
      return Effect.sync(() => socket.destroy())
    }
  )

describe("The TLS options of a server", () => {
  it.live("sessionTimeout sets the lifetime of tickets, in whole seconds", () =>
    served({ sessionTimeout: "76.5 seconds" }, (port) =>
      Effect.gen(function* () {
        const { session } = yield* connected(port, "TLSv1.2")
        // In OpenSSL's encoding of a session, the lifetime hint is field [9], here INTEGER 77.
        assert.isTrue(session.includes(Buffer.from([0xa9, 3, 2, 1, 77])))
      })
    )
  )

  const suites = ["ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-ECDSA-AES128-GCM-SHA256"]
  const agreed = (options: Network.ServerTls, ciphers: ReadonlyArray<string>) =>
    served(options, (port) =>
      Effect.async<string>((resume) => {
        const socket = tls.connect({
          ...{ host, port, rejectUnauthorized: false, maxVersion: "TLSv1.2" },
          ciphers: ciphers.join(":")
        })
        socket.on("secureConnect", () => resume(Effect.succeed(socket.getCipher().name)))
        socket.on("error", (error: NodeJS.ErrnoException) => resume(Effect.succeed(String(error.code))))
        return Effect.sync(() => socket.destroy())
      })
    )

  it.live("honorCipherOrder: the server's order applies by default", () =>
    Effect.gen(function* () {
      const reversed = [...suites].reverse()
      const ciphers = suites.join(":")
      assert.strictEqual(yield* agreed({ ciphers }, reversed), suites[0])
      assert.strictEqual(yield* agreed({ ciphers, honorCipherOrder: false }, reversed), suites[1])
    })
  )

  it.live("dhparam: enables finite-field Diffie-Hellman", () =>
    Effect.gen(function* () {
      const anonymous = ["ADH-AES128-GCM-SHA256", "@SECLEVEL=0"]
      const ciphers = anonymous.join(":")
      assert.match(yield* agreed({ ciphers }, anonymous), /^ERR_SSL_/)
      assert.strictEqual(yield* agreed({ ciphers, dhparam: "auto" }, anonymous), anonymous[0])
      // Node ignores parameters that it cannot parse, so our server must refuse them.
      const refused = yield* Effect.flip(served({ dhparam: "no PEM" }, () => Effect.void))
      assert.deepInclude((refused as { cause: object }).cause, {
        _tag: "InvalidOption",
        option: "tls.dhparam"
      })
    })
  )

  it.live("rejectUnauthorized: a server that requests a certificate refuses clients without one", () =>
    served({ ca, requestCert: true }, (port) =>
      Effect.gen(function* () {
        assert.strictEqual((yield* connected(port, "TLSv1.3")).text, "new client.test true")
        const none = { cert: undefined, key: undefined }
        assert.strictEqual((yield* connected(port, "TLSv1.3", undefined, none)).text, "")
      })
    )
  )
})

describe("A client whose session a server refuses after the handshake", () => {
  // A server that requests certificates without a session id context sends a fatal alert to a client that
  // resumes a session.
  const refusing = Effect.acquireRelease(
    Effect.async<net.Server>((resume) => {
      const secureContext = tls.createSecureContext(own)
      const server = net.createServer((raw) => {
        const socket = new tls.TLSSocket(raw, {
          isServer: true,
          requestCert: true,
          rejectUnauthorized: false,
          secureContext
        })
        socket.on("error", () => {})
        raw.on("error", () => {})
        socket.on("data", () =>
          socket.end(`HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\nyes`)
        )
      })
      server.listen(0, host, () => resume(Effect.succeed(server)))
    }),
    (server) => Effect.sync(() => server.close())
  )
  const paths = ["/", "/", "/", "/"]
  for (const version of ["TLSv1.2", "TLSv1.3"] as const) {
    it.scopedLive(`does not offer the session again: ${version}`, () =>
      Effect.gen(function* () {
        const { port } = (yield* refusing).address() as net.AddressInfo
        const asked = { port, paths, version, certificate: false }
        const seen = yield* byClient(asked)
        // Since Node.js 22, such a server accepts the session.
        const refused = process.versions.node.startsWith("20.") ? "ERR_SSL_TLSV1_ALERT_INTERNAL_ERROR" : "yes"
        assert.deepStrictEqual(seen, ["yes", refused, "yes", refused])
        assert.deepStrictEqual(yield* byCallbacks(ours)(asked), yield* byCallbacks(builtIn)(asked))
      })
    )
  }
})
