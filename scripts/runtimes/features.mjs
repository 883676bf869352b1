// Cases for features that the batteries do not test: TLS, WebSockets and Unix sockets on a network, the
// callback API, the register hook, and tests of an app. Each case is a named effect, and succeeds if the
// runtime supports the feature.
import assert from "node:assert/strict"
import { spawnSync } from "node:child_process"
import { once } from "node:events"
import * as fs from "node:fs"
import * as path from "node:path"
import process from "node:process"
import { pipeline } from "node:stream/promises"
import { fileURLToPath } from "node:url"
import { HttpClient, HttpServer, HttpServerRequest, HttpServerResponse, Socket } from "@effect/platform"
import { Effect, Layer, Option, Stream, TestContext } from "effect"
import { Client, Exchange, Server } from "@httpfx/core"
import { NodeNetwork, NodeWebSocket } from "@httpfx/node"
import * as http from "@httpfx/node/http"
import * as https from "@httpfx/node/https"
import { Quiet, TestServer } from "@httpfx/testing"
import { ca, cert, ended, key, pem, throughRelay } from "./connections.mjs"

const root = fileURLToPath(new URL("../..", import.meta.url))
const large = Buffer.alloc(3_000_000, "0123456789")

const echo = Effect.map(HttpServerRequest.HttpServerRequest, (request) =>
  HttpServerResponse.stream(request.stream)
)

/** Posts to an HTTPS server, and returns the bytes of the response. */
const post = (port, body, tls = { ca, serverName: "api.test" }) =>
  Client.request({ method: "POST", url: `https://127.0.0.1:${port}/`, body, connection: { tls } }).pipe(
    Effect.flatMap((response) => response.bytes)
  )

const sameBytes = (bytes) => assert.ok(Buffer.from(bytes).equals(large), "the bytes differ")

const names = Effect.map(Exchange.connection, ({ tls }) =>
  HttpServerResponse.text(`${tls.serverName} ${tls.alpnProtocol} ${tls.authorized}`)
)

const louder = Effect.gen(function* () {
  const socket = yield* HttpServerRequest.upgrade
  const write = yield* socket.writer
  yield* socket.runRaw((message) => write(String(message).toUpperCase()))
  return HttpServerResponse.empty()
}).pipe(Effect.scoped)

const listening = async (server, at = [0, "127.0.0.1"]) => {
  server.listen(...at)
  await once(server, "listening")
  return server.address().port
}

/** Waits for the response to a request of the callback API. Returns the response and its text. */
const told = async (request) => {
  const [response] = await once(request, "response")
  response.setEncoding("latin1")
  let text = ""
  for await (const part of response) text += part
  return { status: response.statusCode, text }
}

/** Runs `use` with a listening server of the callback API, then closes the server. */
const calling = (server, use, at) =>
  Effect.promise(async () => {
    const port = await listening(server, at)
    try {
      await use(port)
    } finally {
      server.closeAllConnections()
      server.close()
    }
  })

const pipes = (request, response) => void pipeline(request, response).catch(() => {})

const program = `
const { createServer } = await import("node:http")
const { createRequire } = await import("node:module")
const own = await import("@httpfx/node/http")
const required = createRequire(process.argv[1])("http")
console.log(own.createServer === createServer && own.createServer === required.createServer ? "ours" : "built in")
`

/** Returns the arguments that make the current runtime load the register hook before a program. */
const preload = (program) => {
  const hook = path.join(root, "packages/node/dist/register.cjs")
  if (process.versions.bun !== undefined) return ["--preload", hook, program]
  if (process.versions.deno !== undefined) return ["run", "-A", "--preload", hook, program]
  return ["--import", hook, program]
}

/** Returns the cases for a network, which is given as a layer. */
export const featuresOn = (network, newPath) => {
  const serving = (app, options) =>
    HttpServer.serve(app).pipe(
      Layer.provideMerge(Server.layer(options)),
      Layer.merge(Client.layer),
      Layer.provide(NodeWebSocket.layer()),
      Layer.provide(network)
    )
  /** Serves `app`, and runs `use` with the port of the server. */
  const served = (app, options, use) =>
    Effect.flatMap(Server.Server, ({ address }) => use(address.port)).pipe(
      Effect.scoped,
      Effect.provide(serving(app, { port: 0, host: "127.0.0.1", ...options }))
    )
  return [
    {
      name: "TLS: large bodies in both directions",
      effect: served(echo, { tls: { cert, key } }, (port) => Effect.map(post(port, large), sameBytes))
    },
    {
      name: "TLS: several requests on one connection",
      effect: served(echo, { tls: { cert, key } }, (port) =>
        Effect.forEach([1, 2, 3], (n) =>
          Effect.map(post(port, `${n}`), (bytes) => assert.equal(Buffer.from(bytes).toString(), `${n}`))
        )
      )
    },
    {
      name: "TLS: a certificate of an unknown authority is refused",
      effect: served(echo, { tls: { cert, key } }, (port) =>
        Effect.map(Effect.flip(post(port, "x", { serverName: "api.test" })), ({ _tag }) =>
          assert.equal(_tag, "TlsFailure")
        )
      )
    },
    {
      name: "TLS: a certificate for another name is refused",
      effect: served(echo, { tls: { cert, key } }, (port) =>
        Effect.map(Effect.flip(post(port, "x", { ca, serverName: "bank.test" })), ({ _tag }) =>
          assert.equal(_tag, "TlsFailure")
        )
      )
    },
    {
      name: "TLS: SNI, ALPN and a client certificate",
      effect: served(names, { tls: { cert, key, ca, requestCert: true } }, (port) => {
        const tls = { ca, serverName: "api.test", cert: pem("client"), key: pem("client-key") }
        return Effect.map(post(port, "x", tls), (bytes) =>
          assert.equal(Buffer.from(bytes).toString(), "api.test http/1.1 true")
        )
      })
    },
    {
      name: "TLS: a client without the required certificate is refused",
      effect: served(names, { tls: { cert, key, ca, requestCert: true } }, (port) =>
        Effect.map(Effect.flip(post(port, "x")), ({ _tag }) => assert.notEqual(_tag, undefined))
      )
    },
    {
      name: "TLS: the server chooses its certificate by SNI",
      effect: served(
        names,
        {
          tls: {
            cert: pem("other"),
            key: pem("other-key"),
            certificates: { "api.test": { cert, key } }
          }
        },
        (port) =>
          Effect.map(post(port, "x"), (bytes) =>
            assert.match(Buffer.from(bytes).toString(), /^api\.test http\/1\.1/)
          )
      )
    },
    {
      name: "TLS: an end without close_notify is a truncation, and one with it is not",
      effect: Effect.gen(function* () {
        for (const isCut of [true, false]) {
          const { cut, far, near } = yield* throughRelay({})
          far.write("data")
          const end = yield* ended(near, () => (isCut ? cut() : far.end()))
          assert.deepEqual(end, { text: "data", how: "end" })
          assert.equal(near.truncated, isCut)
        }
      }).pipe(Effect.scoped, Effect.provide(network))
    },
    {
      name: "Unix sockets: a server and its client",
      effect: Effect.suspend(() => {
        const socketPath = newPath()
        return Client.request({
          method: "POST",
          url: "http://unix/",
          body: large,
          connection: { socketPath }
        }).pipe(
          Effect.flatMap((response) => response.bytes),
          Effect.map(sameBytes),
          Effect.scoped,
          Effect.provide(serving(echo, { path: socketPath }))
        )
      })
    },
    {
      name: "WebSocket: a message comes back",
      effect: served(louder, {}, (port) =>
        Effect.gen(function* () {
          const socket = yield* Socket.makeWebSocket(`ws://127.0.0.1:${port}/`)
          const answers = Stream.make("hello").pipe(
            Stream.concat(Stream.never),
            Stream.pipeThroughChannel(Socket.toChannelString(socket))
          )
          assert.deepEqual(yield* Stream.runHead(answers), Option.some("HELLO"))
        }).pipe(
          Effect.scoped,
          Effect.provide(NodeWebSocket.layerConstructor),
          Effect.provide(NodeWebSocket.layer()),
          Effect.provide(network)
        )
      )
    }
  ]
}

export const features = (newPath) => [
  ...featuresOn(NodeNetwork.layer, newPath),
  {
    name: "callback API: large bodies in both directions, one connection for several requests",
    effect: calling(http.createServer(pipes), async (port) => {
      const agent = new http.Agent({ keepAlive: true, maxSockets: 1 })
      const used = new Set()
      for (let i = 0; i < 3; i++) {
        const request = http.request({ port, host: "127.0.0.1", method: "POST", agent })
        request.on("socket", (socket) => used.add(socket))
        request.end(large)
        sameBytes(Buffer.from((await told(request)).text, "latin1"))
      }
      agent.destroy()
      assert.equal(used.size, 1)
    })
  },
  {
    name: "callback API: abort of a request",
    effect: calling(
      http.createServer(() => {}),
      async (port) => {
        const controller = new AbortController()
        const request = http.get({ port, host: "127.0.0.1", signal: controller.signal })
        setTimeout(() => controller.abort(), 10)
        const [error] = await once(request, "error")
        assert.equal(error.name, "AbortError")
      }
    )
  },
  {
    name: "callback API: upgrade of a connection",
    effect: calling(
      http.createServer().on("upgrade", (_, socket) => {
        socket.write("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n")
        socket.on("data", (bytes) => socket.end(bytes.toString().toUpperCase()))
      }),
      async (port) => {
        const headers = { connection: "Upgrade", upgrade: "x" }
        const request = http.request({ port, host: "127.0.0.1", headers }).end()
        const [, socket] = await once(request, "upgrade")
        socket.write("hello")
        const [bytes] = await once(socket, "data")
        assert.equal(bytes.toString(), "HELLO")
        socket.destroy()
      }
    )
  },
  {
    name: "callback API: https",
    effect: calling(https.createServer({ cert, key }, pipes), async (port) => {
      const agent = new https.Agent({ keepAlive: true, maxSockets: 1 })
      for (let i = 0; i < 2; i++) {
        const options = { port, host: "127.0.0.1", method: "POST", ca, servername: "api.test", agent }
        const request = https.request(options).end(large)
        sameBytes(Buffer.from((await told(request)).text, "latin1"))
      }
      agent.destroy()
    })
  },
  {
    name: "callback API: Unix sockets",
    effect: Effect.suspend(() => {
      const socketPath = newPath()
      const server = http.createServer(pipes)
      const use = async () => {
        const request = http.request({ socketPath, method: "POST" }).end("hello")
        assert.deepEqual(await told(request), { status: 200, text: "hello" })
      }
      return calling(server, use, [socketPath])
    })
  },
  {
    name: "register hook: `import` and `require` of `http` give our module",
    effect: Effect.sync(() => {
      const file = path.join(root, "node_modules/.cache/runtimes/program.mjs")
      fs.writeFileSync(file, program)
      const { stdout, stderr } = spawnSync(process.execPath, preload(file), { cwd: root, encoding: "utf8" })
      assert.equal(stdout.trim(), "ours", stderr)
    })
  },
  {
    name: "testing package: virtual time ends a slow request",
    effect: Effect.gen(function* () {
      const answer = yield* Quiet.complete(Effect.timeoutOption(HttpClient.get("/"), "1 hour"))
      assert.ok(Option.isNone(answer))
    }).pipe(
      Effect.provide(TestServer.serve(Effect.as(Effect.sleep("2 hours"), HttpServerResponse.text("late")))),
      Effect.provide(TestContext.TestContext)
    )
  }
]
