// Our client with other servers: node:http, TLS with a private authority, a proxy, and nginx.
import * as fs from "node:fs"
import * as http from "node:http"
import * as https from "node:https"
import * as net from "node:net"
import * as os from "node:os"
import * as path from "node:path"
import type * as tls from "node:tls"
import { HttpClient } from "@effect/platform"
import { assert, describe, it } from "@effect/vitest"
import { Client } from "@httpfx/core"
import { NodeHttpClient } from "@httpfx/node"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { freePort, hasNginx, startNginx } from "../../../../test/nginx.js"

const pem = (name: string) => fs.readFileSync(new URL(`../fixtures/${name}.pem`, import.meta.url), "utf8")

const listening = <S extends net.Server>(server: S) =>
  Effect.acquireRelease(
    Effect.async<number>((resume) => {
      server.listen(0, "127.0.0.1", () => resume(Effect.succeed((server.address() as net.AddressInfo).port)))
    }),
    () =>
      Effect.sync(() => {
        server.close()
        if (server instanceof http.Server) server.closeAllConnections()
      })
  )

const textOf = (request: http.IncomingMessage, done: (text: string) => void) => {
  let text = ""
  request.setEncoding("latin1").on("data", (part: string) => (text += part))
  request.on("end", () => done(text))
}

const textClient = Effect.flatMap((response: Client.Response) =>
  Effect.map(response.text, (text) => ({ text, response }))
)

describe("node:http", () => {
  it.scopedLive("transfers fields, trailers in both directions and informational responses", () =>
    Effect.gen(function* () {
      const server = http.createServer((request, response) => {
        textOf(request, (text) => {
          response.writeEarlyHints({ link: "</a.css>; rel=preload" })
          response.writeHead(200, { Trailer: "X-End" })
          response.write(JSON.stringify({ text, raw: request.rawHeaders, trailers: request.trailers }))
          response.addTrailers({ "X-End": "yes" })
          response.end()
        })
      })
      const port = yield* listening(server)
      const seen: Array<number> = []
      const { response, text } = yield* Client.request({
        url: `http://127.0.0.1:${port}/`,
        method: "POST",
        headers: { "X-Case": ["1", "2"] },
        body: Stream.make(new Uint8Array([97]), new Uint8Array([98])),
        trailers: Effect.succeed({ "X-Sum": "2" }),
        onInformational: ({ status }) => seen.push(status)
      }).pipe(textClient)
      const got = JSON.parse(text) as { text: string; raw: Array<string>; trailers: object }
      assert.strictEqual(got.text, "ab")
      assert.deepStrictEqual(got.raw.slice(2, 6), ["X-Case", "1", "X-Case", "2"])
      assert.deepStrictEqual(got.trailers, { "x-sum": "2" })
      assert.deepStrictEqual(seen, [103])
      assert.deepStrictEqual(response.rawTrailers, ["X-End", "yes"])
    }).pipe(Effect.provide(NodeHttpClient.layer))
  )

  it.scopedLive("waits for 100 (Continue), which the server sends or refuses", () =>
    Effect.gen(function* () {
      const server = http.createServer()
      server.on("checkContinue", (request: http.IncomingMessage, response: http.ServerResponse) => {
        if (request.url === "/no") return void response.writeHead(417, { "Content-Length": 0 }).end()
        response.writeContinue()
        textOf(request, (text) => response.end(text))
      })
      const port = yield* listening(server)
      const put = (path: string) =>
        Client.request({
          url: `http://127.0.0.1:${port}${path}`,
          method: "PUT",
          body: "body",
          expectContinue: true,
          continueTimeout: "10 seconds"
        }).pipe(textClient)
      assert.strictEqual((yield* put("/yes")).text, "body")
      assert.strictEqual((yield* put("/no")).response.status, 417)
    }).pipe(Effect.provide(NodeHttpClient.layer))
  )

  it.scopedLive("upgrades a connection", () =>
    Effect.gen(function* () {
      const server = http.createServer()
      server.on("upgrade", (_request, socket) => {
        socket.write("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\nhello")
        socket.on("error", () => {})
        socket.pipe(socket)
      })
      const port = yield* listening(server)
      const result = yield* Client.upgrade({ url: `http://127.0.0.1:${port}/`, protocol: "echo" })
      if (result._tag === "Answered") return assert.fail(`status ${result.response.status}`)
      const { socket } = result
      const read = Effect.map(socket.read, (bytes) => Buffer.from(Option.getOrThrow(bytes)).toString())
      assert.strictEqual(yield* read, "hello")
      yield* socket.write("ping")
      assert.strictEqual(yield* read, "ping")
      yield* socket.reset
    }).pipe(Effect.provide(NodeHttpClient.layer))
  )

  it.scopedLive("connects to a Unix socket, also for platform's client", () =>
    Effect.gen(function* () {
      const folder = yield* Effect.acquireRelease(
        Effect.sync(() => fs.mkdtempSync(path.join(os.tmpdir(), "httpfx-"))),
        (name) => Effect.sync(() => fs.rmSync(name, { recursive: true }))
      )
      const socketPath = path.join(folder, "s")
      const server = http.createServer((request, response) => response.end(request.headers.host))
      yield* Effect.acquireRelease(
        Effect.async<void>((resume) => void server.listen(socketPath, () => resume(Effect.void))),
        () => Effect.sync(() => void server.close().closeAllConnections())
      )
      const text = yield* HttpClient.get("http://app.test/").pipe(
        Effect.flatMap((response) => response.text),
        Client.withRequestOptions({ connection: { socketPath } })
      )
      assert.strictEqual(text, "app.test")
    }).pipe(Effect.provide(NodeHttpClient.layer))
  )
})

const secured = (answer: (request: http.IncomingMessage) => string, options: https.ServerOptions = {}) =>
  listening(
    https.createServer({ cert: pem("server"), key: pem("server-key"), ...options }, (request, response) =>
      response.end(answer(request))
    )
  )

describe("TLS with a private authority", () => {
  const get = (port: number, tls?: Client.ConnectionOptions["tls"], host = "localhost") =>
    Client.request({ url: `https://${host}:${port}/`, connection: { tls, family: 4 } }).pipe(textClient)

  it.scopedLive("trusts a configured authority, and verifies host names", () =>
    Effect.gen(function* () {
      const port = yield* secured(() => "hello")
      assert.deepInclude(yield* Effect.flip(get(port)), { _tag: "TlsFailure", phase: "secure" })
      assert.strictEqual((yield* get(port, { ca: pem("ca") })).text, "hello")
      const other = yield* Effect.flip(get(port, { ca: pem("ca"), serverName: "other.test" }))
      assert.deepInclude(other, { _tag: "TlsFailure", code: "ERR_TLS_CERT_ALTNAME_INVALID" })
    }).pipe(Effect.provide(NodeHttpClient.layer))
  )

  it.scopedLive("sends SNI and a certificate, and calls checkServerIdentity", () =>
    Effect.gen(function* () {
      const names: Array<string> = []
      const options: https.ServerOptions = {
        requestCert: true,
        rejectUnauthorized: true,
        ca: pem("ca"),
        SNICallback: (name, done) => {
          names.push(name)
          done(null)
        }
      }
      const shown = (request: http.IncomingMessage) =>
        String((request.socket as tls.TLSSocket).getPeerCertificate().subject.CN)
      const port = yield* secured(shown, options)
      const asked: Array<string> = []
      const tls: Client.ConnectionOptions["tls"] = {
        ca: pem("ca"),
        cert: pem("client"),
        key: pem("client-key"),
        serverName: "localhost",
        checkServerIdentity: (host, { fingerprint256 }) => {
          asked.push(`${host} ${fingerprint256.length}`)
          return undefined
        }
      }
      const { text } = yield* get(port, tls, "127.0.0.1")
      assert.isAbove(text.length, 0)
      assert.deepStrictEqual(names, ["localhost"])
      assert.deepStrictEqual(asked, ["localhost 95"])
      const pinned = { ...tls, checkServerIdentity: () => new Error("not the pinned one") }
      const refused = yield* Effect.flip(get(port, pinned, "127.0.0.1"))
      assert.deepInclude(refused, { _tag: "TlsFailure" })
      assert.include(refused.message, "not the pinned one")
    }).pipe(Effect.provide(NodeHttpClient.layer))
  )
})

describe("a proxy", () => {
  it.scopedLive("tunnels https requests and forwards http requests", () =>
    Effect.gen(function* () {
      const seen: Array<string | undefined> = []
      const proxy = http.createServer((request, response) => {
        seen.push(`${request.method} ${request.url} ${request.headers["proxy-authorization"]}`)
        response.end("forwarded")
      })
      proxy.on("connect", (request, socket, head) => {
        seen.push(`CONNECT ${request.headers["proxy-authorization"]}`)
        const [host, port] = String(request.url).split(":")
        const upstream = net.connect(Number(port), host, () => {
          socket.write("HTTP/1.1 200 OK\r\n\r\n")
          upstream.write(head)
          upstream.pipe(socket).pipe(upstream)
        })
        for (const end of [upstream, socket]) end.on("error", () => {})
      })
      const port = yield* listening(proxy)
      const origin = yield* secured(() => "through")
      const variables = { https_proxy: `http://u:p@127.0.0.1:${port}`, HTTP_PROXY: `127.0.0.1:${port}` }
      const layer = NodeHttpClient.layerWith({
        proxy: NodeHttpClient.environmentProxies(variables),
        tls: { ca: pem("ca") }
      })
      yield* Effect.gen(function* () {
        for (let i = 0; i < 2; i++) {
          const { response, text } = yield* Client.request({ url: `https://localhost:${origin}/` }).pipe(
            textClient
          )
          assert.deepStrictEqual([text, response.reused], ["through", i > 0])
        }
        assert.strictEqual(
          (yield* Client.request({ url: "http://far.test/x" }).pipe(textClient)).text,
          "forwarded"
        )
      }).pipe(Effect.provide(layer))
      assert.deepStrictEqual(seen, [`CONNECT Basic ${btoa("u:p")}`, "GET http://far.test/x undefined"])
    })
  )
})

describe(hasNginx ? "nginx" : "nginx (not installed on this machine)", () => {
  it.skipIf(!hasNginx)("keeps a connection, and the refusal of a large upload reaches the caller", () =>
    Effect.runPromise(
      Effect.gen(function* () {
        const port = yield* Effect.promise(freePort)
        yield* Effect.acquireRelease(
          Effect.promise(() =>
            startNginx({
              http: `client_max_body_size 1k; server { listen 127.0.0.1:${port}; root www; }`,
              files: { "index.html": "from nginx" }
            })
          ),
          (stop) => Effect.promise(stop)
        )
        const url = `http://127.0.0.1:${port}/`
        const first = yield* Client.request({ url }).pipe(textClient)
        assert.strictEqual(first.text, "from nginx")
        assert.isTrue((yield* Client.request({ url }).pipe(textClient)).response.reused)
        const body = Stream.range(1, 64).pipe(Stream.map(() => new Uint8Array(65_536)))
        const large = yield* Client.request({ url, method: "POST", body }).pipe(textClient)
        assert.include([405, 413], large.response.status)
      }).pipe(Effect.scoped, Effect.provide(NodeHttpClient.layer))
    )
  )
})
