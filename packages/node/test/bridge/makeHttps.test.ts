/**
 * HTTPS and WebSockets of existing code on a network in memory, with simulated certificates and handshakes in
 * virtual time.
 */
import { assert, describe, it } from "@effect/vitest"
import * as bridge from "@httpfx/node/bridge"
import real from "@httpfx/node/https"
import { MemoryNetwork, MemoryTls, RawPeer } from "@httpfx/testing"
import { Effect, TestClock } from "effect"
import { createHash } from "node:crypto"
import { once } from "node:events"
import type { IncomingMessage, RequestListener, Server } from "node:http"
import type { RequestOptions } from "node:https"
import type { Duplex } from "node:stream"
import type { TLSSocket } from "node:tls"
import { textOf } from "../http/implementations.js"

type Https = Effect.Effect.Success<typeof bridge.makeHttps>

const authority = MemoryTls.authority("Internal CA")
const { ca } = authority
const credentials = authority.certificate({ names: "api.test" })

const listening = (https: Https, listener: RequestListener, options: object = {}) =>
  Effect.promise(async () => {
    const server = https.createServer({ ...credentials, ...options }, listener)
    await once(server.listen(443, "api.test"), "listening")
    return server
  })

const ask = (https: Https, options: RequestOptions = {}) =>
  Effect.async<{ socket: IncomingMessage["socket"]; text: string }, NodeJS.ErrnoException>((resume) => {
    const req = https.get({ host: "api.test", ca, ...options }, (res) => {
      // Read the socket now, because a response with keep-alive loses its socket when it ends.
      const { socket } = res
      void textOf(res).then((text) => resume(Effect.succeed({ socket, text })))
    })
    req.on("error", (error) => resume(Effect.fail(error)))
  })

const turn = Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))
const memory = MemoryNetwork.layer()

describe("makeHttps", () => {
  it.scoped("has the shape of the module, and its classes", () =>
    Effect.gen(function* () {
      const https = yield* bridge.makeHttps
      assert.sameMembers(Object.keys(https), Object.keys(real))
      const server = (https.Server as unknown as () => Server)()
      assert.instanceOf(server, real.Server)
      assert.instanceOf(https.globalAgent, real.Agent)
      assert.notStrictEqual(https.globalAgent, real.globalAgent)
    }).pipe(Effect.provide(memory))
  )

  it.scoped("serves requests on one connection, and both ends know its TLS session", () =>
    Effect.gen(function* () {
      const https = yield* bridge.makeHttps
      const server = yield* listening(https, (req, res) => {
        const { encrypted, servername } = req.socket as TLSSocket & { servername: string }
        res.end(`${String(encrypted)} ${servername} ${req.url}`)
      })
      const first = yield* ask(https, { path: "/first" })
      assert.strictEqual(first.text, "true api.test /first")
      const socket = first.socket as TLSSocket
      assert.isTrue(socket.authorized)
      assert.match(socket.getProtocol()!, /^TLSv1/)
      assert.include(JSON.stringify(socket.getPeerCertificate()), "DNS:api.test")
      const again = yield* ask(https, { path: "/second" })
      assert.strictEqual(again.text, "true api.test /second")
      assert.strictEqual(again.socket, socket)
      assert.deepInclude(server.address(), { port: 443 })
    }).pipe(Effect.provide(memory))
  )

  it.scoped("refuses the certificates that Node refuses, with Node's codes", () =>
    Effect.gen(function* () {
      const https = yield* bridge.makeHttps
      yield* listening(https, (_req, res) => res.end("hello"))
      const unknown = yield* Effect.flip(ask(https, { ca: undefined, agent: false }))
      assert.strictEqual(unknown.code, "UNABLE_TO_VERIFY_LEAF_SIGNATURE")
      const other = yield* Effect.flip(ask(https, { servername: "other.test", agent: false }))
      assert.strictEqual(other.code, "ERR_TLS_CERT_ALTNAME_INVALID")
      const asked = yield* ask(https, { ca: undefined, agent: false, rejectUnauthorized: false })
      assert.strictEqual(asked.text, "hello")
      const judged = yield* Effect.flip(
        ask(https, { agent: false, checkServerIdentity: () => new Error("pinned to another") })
      )
      assert.match(judged.message, /pinned to another/)
    }).pipe(Effect.provide(memory))
  )

  it.scoped("closes connections without a handshake after two minutes of the test clock", () =>
    Effect.gen(function* () {
      const https = yield* bridge.makeHttps
      const server = yield* listening(https, (_req, res) => res.end("hello"))
      const failed = once(server, "tlsClientError")
      const client = yield* RawPeer.connect({ host: "api.test", port: 443 })
      yield* turn
      yield* TestClock.adjust("120 seconds")
      const [error] = (yield* Effect.promise(() => failed)) as [NodeJS.ErrnoException]
      assert.strictEqual(error.code, "ERR_TLS_HANDSHAKE_TIMEOUT")
      yield* Effect.exit(client.expectFin)
    }).pipe(Effect.provide(memory))
  )

  it.scoped("uses certificates by host name, and renewed certificates", () =>
    Effect.gen(function* () {
      const https = yield* bridge.makeHttps
      const server = yield* listening(https, (_req, res) => res.end("hello"))
      const named = { servername: "shop.test", agent: false } as const
      assert.strictEqual((yield* Effect.flip(ask(https, named))).code, "ERR_TLS_CERT_ALTNAME_INVALID")
      server.addContext("shop.test", authority.certificate({ names: "shop.test" }) as never)
      assert.strictEqual((yield* ask(https, named)).text, "hello")
      server.setSecureContext(authority.certificate({ names: "moved.test" }))
      assert.strictEqual((yield* ask(https, { servername: "moved.test", agent: false })).text, "hello")
      assert.throws(() => server.setSecureContext({ cert: "no certificate", key: "no key" }))
    }).pipe(Effect.provide(memory))
  )
})

const handshake = (key: string) =>
  createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64")

/** Accepts the handshake and sends one short text message. */
const greeting = (req: IncomingMessage, socket: Duplex) => {
  const accept = handshake(String(req.headers["sec-websocket-key"]))
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`
  )
  socket.write(Buffer.from([0x81, 5, ...Buffer.from("hello")]))
  socket.on("data", () => socket.end())
}

describe("WebSocket of makeHttp", () => {
  for (const scheme of ["ws", "wss"]) {
    it.scoped(`${scheme}: connects on the network`, () =>
      Effect.gen(function* () {
        const http = yield* bridge.makeHttp
        const https = yield* bridge.makeHttps
        const certified = MemoryTls.certificate({ names: "api.test" })
        const server = scheme === "ws" ? http.createServer() : https.createServer(certified)
        server.on("upgrade", greeting)
        yield* Effect.promise(() => once(server.listen(8080, "api.test"), "listening"))
        const { WebSocket } = http as unknown as { WebSocket: typeof globalThis.WebSocket }
        const said = yield* Effect.async<unknown>((resume) => {
          const socket = new WebSocket(`${scheme}://api.test:8080/`)
          let data: unknown
          socket.addEventListener("message", (event) => {
            data = event.data
            socket.close()
          })
          socket.addEventListener("close", () => resume(Effect.succeed(data)))
        })
        assert.strictEqual(said, "hello")
      }).pipe(Effect.provide(memory))
    )
  }
})
