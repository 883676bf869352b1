// Servers with Node's features: HTTPS with several certificates, Unix sockets, and sockets that already
// listen.
import * as HttpServer from "@effect/platform/HttpServer"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as fs from "node:fs"
import * as net from "node:net"
import * as os from "node:os"
import * as path from "node:path"
import * as tls from "node:tls"
import { Exchange, Network, Server } from "@httpfx/core"
import { NodeHttpServer, NodeNetwork } from "@httpfx/node"

const pem = (name: string) => fs.readFileSync(new URL(`../fixtures/${name}.pem`, import.meta.url), "utf8")
const main = { cert: pem("server"), key: pem("server-key") }
const other = { cert: pem("other"), key: pem("other-key") }

const app = Effect.map(Exchange.exchange, ({ connection }) =>
  HttpServerResponse.text(
    `<${connection.tls?.serverName ?? "plain"} ${connection.tls?.alpnProtocol} ${connection.tls?.authorized}>`
  )
)

const served = <A, E>(options: Server.Options, test: (server: Server.Service) => Effect.Effect<A, E>) =>
  Effect.flatMap(Server.Server, test).pipe(
    Effect.provide(Layer.provideMerge(HttpServer.serve(app), NodeHttpServer.layer(options)))
  )

const portOf = ({ address }: Server.Service) => (address._tag === "TcpAddress" ? address.port : 0)

const request = "GET / HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n"

/** Sends a request. Returns the received text, or fails with the reason. */
const talk = (open: () => net.Socket) =>
  Effect.async<string, string>((resume) => {
    let text = ""
    const socket = open()
    socket.setEncoding("latin1")
    socket.on("data", (chunk: string) => (text += chunk))
    socket.on("error", (error: NodeJS.ErrnoException) => resume(Effect.fail(error.code ?? error.message)))
    socket.on("close", () => resume(text === "" ? Effect.fail("closed") : Effect.succeed(text)))
    socket.write(request)
    return Effect.sync(() => socket.destroy())
  })

const secure = (server: Server.Service, options: tls.ConnectionOptions) =>
  talk(() =>
    tls.connect({ port: portOf(server), host: "127.0.0.1", ALPNProtocols: ["http/1.1"], ...options })
  )

const loopback = { port: 0, host: "127.0.0.1" } as const
const temporary = Effect.acquireRelease(
  Effect.sync(() => fs.mkdtempSync(path.join(os.tmpdir(), "httpfx-"))),
  (folder) => Effect.sync(() => fs.rmSync(folder, { recursive: true }))
)

describe("HTTPS", () => {
  it.live("has certificates by host name, and replaces them while it runs", () =>
    served({ ...loopback, tls: { ...main, certificates: { "other.test": other } } }, (server) =>
      Effect.gen(function* () {
        const asMain = { servername: "api.test", ca: pem("ca") }
        const asOther = { servername: "other.test", ca: other.cert }
        assert.include(yield* secure(server, asMain), "<api.test http/1.1 false>")
        assert.include(yield* secure(server, asOther), "<other.test http/1.1 false>")
        assert.strictEqual(
          yield* Effect.flip(secure(server, { ...asMain, ca: other.cert })),
          "UNABLE_TO_VERIFY_LEAF_SIGNATURE"
        )
        const failure = yield* Effect.flip(server.reloadTls({ cert: other.cert, key: main.key }))
        assert.strictEqual(failure._tag, "TlsFailure")
        assert.include(yield* secure(server, asMain), "HTTP/1.1 200")
        yield* server.reloadTls(other)
        assert.include(yield* secure(server, asOther), "HTTP/1.1 200")
        assert.strictEqual(yield* Effect.flip(secure(server, asMain)), "DEPTH_ZERO_SELF_SIGNED_CERT")
      })
    )
  )

  it.live("requests client certificates, and refuses clients without one if configured", () =>
    served(
      { ...loopback, tls: { ...main, ca: pem("ca"), requestCert: true, rejectUnauthorized: true } },
      (server) =>
        Effect.gen(function* () {
          const client = { servername: "api.test", ca: pem("ca") }
          const known = { ...client, cert: pem("client"), key: pem("client-key") }
          assert.include(yield* secure(server, known), "<api.test http/1.1 true>")
          assert.isString(yield* Effect.flip(secure(server, client)))
          assert.isString(yield* Effect.flip(secure(server, { ...client, ...other })))
        })
    )
  )

  it.live("refuses plain HTTP and other protocols, and does not start with an invalid key", () =>
    Effect.gen(function* () {
      yield* served({ ...loopback, tls: main }, (server) =>
        Effect.gen(function* () {
          assert.isString(yield* Effect.flip(talk(() => net.connect(portOf(server), "127.0.0.1"))))
          const h2 = { servername: "api.test", ca: pem("ca"), ALPNProtocols: ["h2"] }
          assert.strictEqual(yield* Effect.flip(secure(server, h2)), "EPROTO")
          assert.include(yield* secure(server, { servername: "api.test", ca: pem("ca") }), "HTTP/1.1 200")
        })
      )
      const failure = yield* Effect.flip(
        served({ ...loopback, tls: { ...main, key: other.key } }, () => Effect.void)
      )
      assert.strictEqual((failure as { cause: { _tag: string } }).cause._tag, "TlsFailure")
    })
  )
})

describe("A Unix socket", () => {
  // Leaves a socket file that no process listens on, as after a crash.
  const leave = (file: string) =>
    Effect.promise(
      () =>
        new Promise<void>((done) => {
          const server = net.createServer().listen(file, () => {
            const moved = `${file}.moved`
            fs.renameSync(file, moved)
            server.close(() => {
              fs.renameSync(moved, file)
              done()
            })
          })
        })
    )

  it.scopedLive("replaces a socket file that no process listens on, and no other file", () =>
    Effect.gen(function* () {
      const file = path.join(yield* temporary, "socket")
      yield* leave(file)
      assert.isTrue(fs.lstatSync(file).isSocket())
      const kept = yield* Effect.flip(served({ path: file, replaceStale: false }, () => Effect.void))
      assert.strictEqual((kept as { cause: { _tag: string } }).cause._tag, "AddressInUse")
      yield* served({ path: file }, () =>
        Effect.gen(function* () {
          assert.include(yield* talk(() => net.connect(file)), "<plain")
          const taken = yield* Effect.flip(served({ path: file }, () => Effect.void))
          assert.strictEqual((taken as { cause: { _tag: string } }).cause._tag, "AddressInUse")
          assert.include(yield* talk(() => net.connect(file)), "<plain")
        })
      )
      assert.isFalse(fs.existsSync(file))
      fs.writeFileSync(file, "a file of somebody's")
      yield* Effect.flip(served({ path: file }, () => Effect.void))
      assert.strictEqual(fs.readFileSync(file, "utf8"), "a file of somebody's")
    })
  )
})

const listening = Effect.async<net.Server>((resume) => {
  const server = net.createServer().listen(0, "127.0.0.1", () => resume(Effect.succeed(server)))
})

describe("A socket that already listens", () => {
  it.live("serves requests; an invalid descriptor fails with ListenFailed", () =>
    Effect.gen(function* () {
      const handle = yield* listening
      yield* served({ handle }, (server) =>
        Effect.gen(function* () {
          assert.strictEqual(portOf(server), (handle.address() as net.AddressInfo).port)
          assert.include(yield* talk(() => net.connect(portOf(server), "127.0.0.1")), "<plain")
        })
      )
      handle.close()
      const failure = yield* Effect.flip(served({ fd: 9999 }, () => Effect.void))
      assert.strictEqual((failure as { cause: { _tag: string } }).cause._tag, "ListenFailed")
    })
  )

  it.live("is found by index or name if systemd has passed it", () =>
    Effect.gen(function* () {
      const env = { LISTEN_PID: String(process.pid), LISTEN_FDS: "2", LISTEN_FDNAMES: "http:admin" }
      Object.assign(process.env, env)
      yield* Effect.addFinalizer(() =>
        Effect.sync(() => Object.keys(env).forEach((name) => delete process.env[name]))
      )
      assert.deepStrictEqual(yield* NodeNetwork.activated(), { fd: 3 })
      assert.deepStrictEqual(yield* NodeNetwork.activated("admin"), { fd: 4 })
      assert.strictEqual((yield* Effect.flip(NodeNetwork.activated(2))).code, "EBADF")
      process.env["LISTEN_PID"] = "1"
      assert.strictEqual((yield* Effect.flip(NodeNetwork.activated())).code, "EBADF")
    }).pipe(Effect.scoped)
  )

  it.live("shares its port if Node can, and fails with a typed error otherwise", () =>
    Effect.gen(function* () {
      const network = yield* Network.Network
      const [major = 0, minor = 0] = process.versions.node.split(".").map(Number)
      const can = process.platform === "linux" && (major > 22 || (major === 22 && minor >= 12))
      const first = yield* Effect.either(network.listen({ ...loopback, reusePort: true }, () => {}))
      if (first._tag === "Left") {
        assert.isFalse(can)
        assert.deepInclude(first.left, { _tag: "ListenFailed", code: "ENOTSUP" })
        return
      }
      const { address } = first.right
      const port = address._tag === "TcpAddress" ? address.port : 0
      yield* network.listen({ ...loopback, port, reusePort: true }, () => {})
    }).pipe(Effect.scoped, Effect.provide(NodeNetwork.layer))
  )
})
