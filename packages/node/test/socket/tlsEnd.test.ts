// The end of TLS connections on system sockets: with and without close_notify, within a record, and by
// renegotiation. Also server names with a trailing dot.
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as HttpServer from "@effect/platform/HttpServer"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as fs from "node:fs"
import * as builtIn from "node:https"
import * as net from "node:net"
import { Duplex } from "node:stream"
import * as tls from "node:tls"
import { Client, Server, Socket, type Network, type ServerEvent } from "@httpfx/core"
import { NodeHttpClient, NodeHttpServer, NodeNetwork } from "@httpfx/node"
import ours from "@httpfx/node/https"

const pem = (name: string) => fs.readFileSync(new URL(`../fixtures/${name}.pem`, import.meta.url), "utf8")
const ca = pem("ca")
const own = { cert: pem("server"), key: pem("server-key") }
const host = "127.0.0.1"
const versions = ["TLSv1.2", "TLSv1.3"] as const

/** Starts a TLS server and returns its port. `serves` is called after the first bytes of a connection. */
const serving = (serves: (socket: tls.TLSSocket) => void) =>
  Effect.gen(function* () {
    const open = new Set<net.Socket>()
    const server = tls.createServer(own, (socket) => {
      open.add(socket)
      socket.on("error", () => {})
      socket.once("data", () => serves(socket))
    })
    yield* Effect.acquireRelease(
      Effect.async<void>((resume) => void server.listen(0, host, () => resume(Effect.void))),
      () => Effect.sync(() => server.close() && open.forEach((each) => each.destroy()))
    )
    return (server.address() as net.AddressInfo).port
  })

const response = "HTTP/1.1 200 OK\r\n\r\n"
const small = "x".repeat(100)
const large = "x".repeat(400_000)

/**
 * Sends the response with close_notify and FIN. If `closes` is `false`, sends only FIN, after the kernel has
 * the response.
 */
const answering = (body: string, closes: boolean) => (socket: tls.TLSSocket) =>
  closes ? socket.end(response + body) : socket.write(response + body, () => socket.destroy())

const byClient = (port: number, options: Partial<Network.TlsOptions>) =>
  Effect.flatMap(Client.request({ url: `https://${host}:${port}/` }), (answer) => answer.text).pipe(
    Effect.map((text) => text.length),
    Effect.catchAll((error) => Effect.succeed(`${error._tag} ${"reason" in error ? error.reason : ""}`)),
    Effect.provide(NodeHttpClient.layerWith({ tls: { ca, serverName: "api.test", ...options } }))
  )

const byCallbacks = (https: Pick<typeof builtIn, "get">, port: number, options: tls.ConnectionOptions) =>
  Effect.async<number | string>((resume) => {
    const request = https.get(
      { host, port, ca, servername: "api.test", agent: false, ...options },
      (answer) => {
        let length = 0
        answer.on("data", (chunk: Buffer) => (length += chunk.length))
        answer.on("end", () => resume(Effect.succeed(length)))
        answer.on("error", (error: NodeJS.ErrnoException) => resume(Effect.succeed(String(error.code))))
      }
    )
    request.on("error", (error: NodeJS.ErrnoException) => resume(Effect.succeed(String(error.code))))
  })

const unclosed = "HangUp the connection ended without close_notify of TLS"

describe("A response without length", () => {
  for (const maxVersion of versions) {
    for (const [size, body] of [
      ["small", small],
      ["large", large]
    ] as const) {
      it.scopedLive(`${size}, ends by close_notify: ${maxVersion}`, () =>
        Effect.gen(function* () {
          const port = yield* serving(answering(body, true))
          for (let i = 0; i < 3; i++) assert.strictEqual(yield* byClient(port, { maxVersion }), body.length)
        })
      )
      it.scopedLive(`${size}, paused, ends by close_notify: ${maxVersion}`, () =>
        Effect.gen(function* () {
          const port = yield* serving(answering(body, true))
          const slowly = Effect.gen(function* () {
            const client = yield* Client.Client
            const answer = yield* client.requestScoped({ url: `https://${host}:${port}/` })
            const pieces = Stream.tap(answer.body, () => Effect.sleep("1 millis"))
            return yield* Stream.runFold(pieces, 0, (sum, { length }) => sum + length)
          })
          const agent = NodeHttpClient.layerWith({ tls: { ca, serverName: "api.test", maxVersion } })
          assert.strictEqual(yield* Effect.scoped(slowly).pipe(Effect.provide(agent)), body.length)
        })
      )
      it.scopedLive(`${size}, ends by FIN alone: ${maxVersion}`, () =>
        Effect.gen(function* () {
          const port = yield* serving(answering(body, false))
          assert.strictEqual(yield* byClient(port, { maxVersion }), unclosed)
          const lenient = { maxVersion, requireCloseNotify: false }
          assert.strictEqual(yield* byClient(port, lenient), body.length)
          // Node accepts both kinds of end, and so does the callback API.
          assert.strictEqual(yield* byCallbacks(ours, port, { maxVersion }), body.length)
          assert.strictEqual(yield* byCallbacks(builtIn, port, { maxVersion }), body.length)
        })
      )
    }
  }
})

/**
 * Connects a TLS client to our server. `plain` is the connection below TLS, for bytes that are not a TLS
 * record.
 */
const raw = (
  port: number,
  options: tls.ConnectionOptions,
  begun: (socket: tls.TLSSocket, plain: net.Socket) => void
) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const plain = net.connect({ host, port })
      const between = new Duplex({
        read: () => {},
        write: (chunk: Buffer, _encoding, done) => void plain.write(chunk, () => done()),
        final: (done) => void plain.end(done)
      })
      plain.on("data", (chunk: Buffer) => between.push(chunk))
      plain.on("end", () => between.push(null))
      const socket = tls.connect({ socket: between, ca, servername: "api.test", ...options })
      for (const each of [plain, between, socket]) each.on("error", () => {})
      socket.once("data", () => begun(socket, plain))
      socket.write("GET / HTTP/1.1\r\nHost: t\r\n\r\n")
      return { plain, socket }
    }),
    ({ plain, socket }) => Effect.sync(() => void (socket.destroy(), plain.destroy()))
  )

// A record header (type, version, length) and bytes that cannot be decrypted.
const broken = Buffer.concat([Buffer.from([23, 3, 3, 0, 32]), Buffer.alloc(32, 7)])

describe("After the handshake", () => {
  const served = <A, E, R>(
    test: (port: number, ended: Effect.Effect<ServerEvent.ServerEvent>) => Effect.Effect<A, E, R>
  ) =>
    Effect.gen(function* () {
      const server = yield* Server.Server
      const ended = yield* Deferred.make<ServerEvent.ServerEvent>()
      yield* server.observe((event) => {
        if (event._tag === "ConnectionClosed") Deferred.unsafeDone(ended, Effect.succeed(event))
      })
      return yield* test(
        server.address._tag === "TcpAddress" ? server.address.port : 0,
        Deferred.await(ended)
      )
    }).pipe(
      Effect.provide(
        Layer.provideMerge(
          HttpServer.serve(HttpServerResponse.text("hello")),
          NodeHttpServer.layer({ port: 0, host, tls: own })
        )
      )
    )

  for (const maxVersion of versions) {
    it.scopedLive(
      `an unreadable record ends the server's connection, even if the client keeps it open: ${maxVersion}`,
      () =>
        served((port, ended) =>
          Effect.gen(function* () {
            yield* raw(port, { maxVersion }, (_socket, plain) => plain.write(broken))
            assert.strictEqual((yield* ended)._tag, "ConnectionClosed")
          })
        )
    )

    it.scopedLive(`an unreadable record fails the response of a client: ${maxVersion}`, () =>
      Effect.gen(function* () {
        const secureContext = tls.createSecureContext({ ...own, maxVersion })
        const server = net.createServer((plain) => {
          const between = new Duplex({
            read: () => {},
            write: (chunk: Buffer, _encoding, done) => void plain.write(chunk, () => done())
          })
          plain.on("data", (chunk: Buffer) => between.push(chunk))
          const socket = new tls.TLSSocket(between, { isServer: true, secureContext })
          for (const each of [plain, between, socket]) each.on("error", () => {})
          socket.once("data", () =>
            socket.write(`${response}begun`, () => setImmediate(() => plain.write(broken)))
          )
        })
        yield* Effect.acquireRelease(
          Effect.async<void>((resume) => void server.listen(0, host, () => resume(Effect.void))),
          () => Effect.sync(() => server.close())
        )
        const seen = yield* byClient((server.address() as net.AddressInfo).port, {})
        assert.match(String(seen), /^TlsFailure .*error:/)
      })
    )
  }

  it.scopedLive("resets a client that renegotiates endlessly", () =>
    served((port, ended) =>
      Effect.gen(function* () {
        yield* Effect.acquireRelease(
          Effect.sync(() => {
            const socket = tls.connect({ host, port, ca, servername: "api.test", maxVersion: "TLSv1.2" })
            const again = () => void socket.renegotiate({}, (error) => error === null && again())
            return socket.on("error", () => {}).on("secureConnect", again)
          }),
          (socket) => Effect.sync(() => socket.destroy())
        )
        assert.strictEqual((yield* ended)._tag, "ConnectionClosed")
      })
    )
  )
})

describe("A server name with a trailing dot is sent without the dot", () => {
  const seen = (ask: (port: number) => Effect.Effect<unknown, unknown, Scope.Scope>) =>
    Effect.gen(function* () {
      const names: Array<unknown> = []
      const port = yield* serving((socket) => {
        names.push((socket as unknown as { servername: unknown }).servername)
        socket.end("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
      })
      yield* ask(port)
      return names
    })
  const found = (_name: string, _options: unknown, done: (...args: Array<unknown>) => void) =>
    done(null, [{ address: host, family: 4 }])
  const callbacks = (https: Pick<typeof builtIn, "get">, options: object) => (port: number) =>
    Effect.async<void, Error>((resume) => {
      const request = https.get({ port, ca, lookup: found as never, agent: false, ...options }, (answer) => {
        answer.resume().on("end", () => resume(Effect.void))
      })
      request.on("error", (error) => resume(Effect.fail(error)))
    })
  const client = (host: string, tls: Partial<Network.TlsOptions>) => (port: number) =>
    Effect.flatMap(
      Client.request({
        url: `https://${host}:${port}/`,
        connection: {
          lookup: () => Effect.succeed([{ address: "127.0.0.1", family: 4 }]),
          tls: { ca, ...tls }
        }
      }),
      (answer) => answer.text
    ).pipe(Effect.provide(NodeHttpClient.layer))
  const network = (serverName: string) => (port: number) =>
    Effect.gen(function* () {
      const plain = yield* NodeNetwork.live.connect({ _tag: "TcpAddress", hostname: host, port })
      const secured = yield* NodeNetwork.live.secure(plain, { role: "client", ca, serverName })
      const socket = yield* Socket.make(secured)
      yield* socket.write("anything")
      yield* socket.read
    }).pipe(Effect.scoped)
  const rows: ReadonlyArray<readonly [string, (port: number) => Effect.Effect<unknown, unknown>, string]> = [
    ["the client, of its URL", client("api.test.", {}), "api.test"],
    ["the client, of serverName", client("127.0.0.1", { serverName: "api.test." }), "api.test"],
    ["a network", network("api.test."), "api.test"],
    ["the callback API, of the host", callbacks(ours, { host: "api.test." }), "api.test"],
    ["the callback API, of Host", callbacks(ours, { host, headers: { Host: "api.test." } }), "api.test"],
    ["the callback API, of servername", callbacks(ours, { host, servername: "api.test." }), "api.test"]
  ]
  for (const [name, ask, expected] of rows) {
    it.scopedLive(name, () =>
      Effect.gen(function* () {
        assert.deepStrictEqual(yield* seen(ask), [expected])
      })
    )
  }

  it.live("a server finds its certificate if the client sends the name with a trailing dot", () =>
    Effect.flatMap(Server.Server, ({ address }) =>
      Effect.async<string>((resume) => {
        const port = address._tag === "TcpAddress" ? address.port : 0
        const socket = tls.connect({ host, port, servername: "api.test.", rejectUnauthorized: false })
        socket.on("secureConnect", () => {
          resume(Effect.succeed(String(socket.getPeerCertificate().subject.CN)))
          socket.destroy()
        })
      })
    ).pipe(
      Effect.tap((name) => assert.strictEqual(name, "api.test")),
      Effect.provide(
        NodeHttpServer.layer({
          ...{ port: 0, host },
          tls: { cert: pem("other"), key: pem("other-key"), certificates: { "api.test": own } }
        })
      )
    )
  )
})
