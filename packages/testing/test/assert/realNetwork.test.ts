/**
 * Every use of the system's network by a test is reported with its target, unless the test allows that
 * target.
 */
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpServer from "@effect/platform/HttpServer"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as dgram from "node:dgram"
import * as dns from "node:dns"
import * as http from "node:http"
import * as net from "node:net"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { NodeHttpServer } from "@httpfx/node"
import * as RealNetwork from "@httpfx/testing/RealNetwork"
import * as TestServer from "@httpfx/testing/TestServer"

const folder = mkdtempSync(join(tmpdir(), "httpfx-real-"))
const path = join(folder, "s.sock")

/** Starts a server outside of the watched effect, and passes its port to `use`. */
const withServer = <A, E>(use: (port: number) => Effect.Effect<A, E>) =>
  Effect.acquireUseRelease(
    Effect.async<http.Server>((resume) => {
      const server = http.createServer((_, response) => response.end("hello"))
      server.listen(0, "127.0.0.1", () => resume(Effect.succeed(server)))
    }),
    (server) => use((server.address() as net.AddressInfo).port),
    (server) =>
      Effect.sync(() => {
        server.closeAllConnections()
        server.close()
      })
  )

const promised = <A>(f: () => Promise<A>) => Effect.promise(f)
const done = (begin: (done: () => void) => void) => promised(() => new Promise<void>(begin))

interface Row {
  readonly use: (port: number) => Effect.Effect<unknown>
  readonly told: (port: number) => Array<string>
  /** The pattern that allows the use. Default: the name of its target. A use without a name needs `*`. */
  readonly allow?: "*"
}
const rows: Readonly<Record<string, Row>> = {
  fetch: {
    use: (port) => promised(async () => (await fetch(`http://127.0.0.1:${port}/a?b`)).text()),
    told: (port) => [`connect 127.0.0.1:${port}`, `fetch GET http://127.0.0.1:${port}/a`]
  },
  "fetch of a name": {
    use: (port) =>
      promised(async () => (await fetch(`http://localhost:${port}/`, { method: "POST" })).text()),
    told: (port) => ["lookup localhost", `connect 127.0.0.1:${port}`, `fetch POST http://localhost:${port}/`]
  },
  "net.connect": {
    use: (port) =>
      done((done) => {
        const socket = net.connect(port, "127.0.0.1", () => socket.destroy())
        socket.on("close", done)
      }),
    told: (port) => [`connect 127.0.0.1:${port}`]
  },
  "http.get": {
    use: (port) =>
      done((done) => {
        http.get({ port, host: "127.0.0.1", agent: false }, (response) => response.resume().on("close", done))
      }),
    told: (port) => [`connect 127.0.0.1:${port}`]
  },
  "net.createServer on a path, and a client of it": {
    use: () =>
      done((done) => {
        const server = net.createServer((socket) => socket.end())
        server.listen(path, () => {
          net
            .connect(path)
            .resume()
            .on("close", () => server.close(done))
        })
      }),
    told: () => ["listen a path", `connect ${path}`],
    allow: "*"
  },
  "dns.lookup": {
    use: () => done((done) => dns.lookup("localhost", () => done())),
    told: () => ["lookup localhost"]
  },
  dgram: {
    use: (port) =>
      done((done) => {
        const socket = dgram.createSocket("udp4")
        socket.send("x", port, "127.0.0.1", () => socket.close(done))
      }),
    told: () => ["datagram a socket"],
    allow: "*"
  }
}

const usesOf = <A, E>(exit: Exit.Exit<A, E | RealNetwork.RealNetworkUsed>) => {
  if (!Exit.isFailure(exit) || exit.cause._tag !== "Fail") return []
  const error = exit.cause.error
  return error instanceof RealNetwork.RealNetworkUsed ? error.uses : []
}
const lines = (uses: ReadonlyArray<RealNetwork.Use>) => uses.map(({ kind, target }) => `${kind} ${target}`)

describe("The real network", () => {
  it.live.each(Object.entries(rows))("is reported by name: %s", ([, { told, use }]) =>
    withServer((port) =>
      Effect.gen(function* () {
        const uses = usesOf(yield* Effect.exit(RealNetwork.check()(use(port))))
        // If a name has two addresses, Node may try both.
        const seen = lines(uses).filter((line) => !line.startsWith("connect [::1]"))
        assert.deepStrictEqual(seen, told(port))
      })
    )
  )

  it.live.each(Object.entries(rows))("is not reported if allowed by name: %s", ([, { allow, use }]) =>
    withServer((port) => RealNetwork.check({ allow: allow ?? ["127.0.0.1", "localhost", "::1"] })(use(port)))
  )

  it.live("is allowed by the name whose lookup returned the address, or by the port", () =>
    withServer((port) =>
      Effect.gen(function* () {
        const ask = promised(async () => (await fetch(`http://localhost:${port}/`)).text())
        yield* RealNetwork.check({ allow: "localhost" })(ask)
        const other = yield* Effect.exit(RealNetwork.check({ allow: "*.internal" })(ask))
        assert.isNotEmpty(usesOf(other))
        const address = promised(async () => (await fetch(`http://127.0.0.1:${port}/`)).text())
        yield* RealNetwork.check({ allow: `127.0.0.1:${port}` })(address)
        const wrong = yield* Effect.exit(RealNetwork.check({ allow: `127.0.0.1:${port + 1}` })(address))
        assert.isNotEmpty(usesOf(wrong))
      })
    )
  )

  it.live("is reported for a fetch on an existing connection", () =>
    withServer((port) =>
      Effect.gen(function* () {
        const ask = promised(async () => (await fetch(`http://127.0.0.1:${port}/`)).text())
        yield* ask
        // Wait until undici has read the end of the response, because only then does the pool reuse the
        // connection.
        yield* promised(() => new Promise((next) => setImmediate(() => setImmediate(next))))
        const uses = usesOf(yield* Effect.exit(RealNetwork.check()(ask)))
        assert.deepStrictEqual(lines(uses), [`fetch GET http://127.0.0.1:${port}/`])
      })
    )
  )

  const app = HttpServer.serveEffect(HttpServerResponse.text("hello"))
  const ask = Effect.flatMap(HttpClient.get("/"), (response) => response.text)

  it.live("includes our own sockets, which can be allowed by name", () =>
    Effect.gen(function* () {
      const test = Effect.zipRight(app, ask).pipe(Effect.scoped, Effect.provide(NodeHttpServer.layerTest))
      const told = lines(usesOf(yield* Effect.exit(RealNetwork.check()(test))))
      assert.match(told[0]!, /^listen 127\.0\.0\.1:\d+$/)
      assert.strictEqual(told[1], told[0]!.replace("listen", "connect"))
      assert.strictEqual(yield* RealNetwork.check({ allow: "127.0.0.1" })(test), "hello")
    })
  )

  it.live("is not used by a test in memory", () =>
    Effect.zipRight(app, ask).pipe(Effect.scoped, Effect.provide(TestServer.layer()), RealNetwork.check())
  )

  it.live("does not hide the failure of a test, and reports a stack trace", () =>
    withServer((port) =>
      Effect.gen(function* () {
        const connect = done(function reachesOut(done) {
          const socket = net.connect(port, "127.0.0.1", () => socket.destroy())
          socket.on("close", done)
        })
        const failed = Effect.zipRight(connect, Effect.fail("wrong"))
        assert.deepStrictEqual(yield* Effect.exit(RealNetwork.check()(failed)), Exit.fail("wrong"))
        const { message } = yield* Effect.flip(RealNetwork.check()(connect))
        assert.match(
          message,
          /^the real network was used:\n {2}connect 127\.0\.0\.1:\d+\n {4}at .*reachesOut/
        )
      })
    )
  )

  it.live("is not reported after the check", () =>
    withServer((port) =>
      Effect.gen(function* () {
        const watch = RealNetwork.unsafeMake()
        watch.stop()
        yield* promised(async () => (await fetch(`http://127.0.0.1:${port}/`)).text())
        assert.deepStrictEqual(yield* watch.uses, [])
      })
    ).pipe(Effect.ensuring(Effect.sync(() => rmSync(folder, { recursive: true }))))
  )
})
