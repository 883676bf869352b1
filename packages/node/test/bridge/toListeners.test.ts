/** Effect apps as listeners of callback servers, which are ours or Node's. */
import { HttpRouter, HttpServerRequest, HttpServerResponse } from "@effect/platform"
import { assert, describe, it } from "@effect/vitest"
import { Exchange } from "@httpfx/core"
import { NodeWebSocket } from "@httpfx/node"
import * as bridge from "@httpfx/node/bridge"
import { Deferred, Effect, Stream } from "effect"
import type { IncomingMessage } from "node:http"
import net from "node:net"
import type { AddressInfo } from "node:net"
import { once } from "node:events"
import { WebSocket } from "ws"
import { ask, implementations, textOf } from "../http/implementations.js"

const router = HttpRouter.empty.pipe(
  HttpRouter.get("/hello", HttpServerResponse.text("hello", { headers: { "x-app": "effect" } })),
  HttpRouter.post(
    "/echo",
    Effect.map(HttpServerRequest.HttpServerRequest, (request) => HttpServerResponse.stream(request.stream))
  ),
  HttpRouter.get("/fails", Effect.die("no")),
  HttpRouter.post(
    "/trailers",
    Effect.gen(function* () {
      const request = yield* HttpServerRequest.HttpServerRequest
      const body = yield* request.text
      const { folded } = yield* Exchange.trailers
      yield* Exchange.addTrailers({ "x-sum": String(body.length) })
      return HttpServerResponse.text(`${body} ${String(folded["x-check"])}`)
    })
  ),
  HttpRouter.get(
    "/hints",
    Effect.zipRight(Exchange.earlyHints("</a.css>; rel=preload"), HttpServerResponse.text("page"))
  ),
  HttpRouter.get(
    "/facts",
    Effect.map(Exchange.exchange, ({ connection, rawHeaders, target }) =>
      HttpServerResponse.unsafeJson({ target, rawHeaders, remote: connection.remote })
    )
  ),
  HttpRouter.get(
    "/socket",
    Effect.gen(function* () {
      const request = yield* HttpServerRequest.HttpServerRequest
      const socket = yield* request.upgrade
      const write = yield* socket.writer
      yield* socket.runRaw((data) => write(`you said ${String(data)}`))
      return HttpServerResponse.empty()
    }).pipe(Effect.scoped)
  )
)

const serving = <A>(
  http: (typeof implementations)[number][1],
  listeners: bridge.Listeners,
  use: (port: number) => Promise<A>
) =>
  Effect.promise(async () => {
    const server = http.createServer(listeners.request)
    server.on("upgrade", listeners.upgrade)
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
    try {
      return await use((server.address() as AddressInfo).port)
    } finally {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    }
  })

describe.each(implementations)("toListeners on %s", (_name, http) => {
  it.live("sends the app's response with fields that middleware has set, and keeps the connection", () =>
    Effect.gen(function* () {
      const listeners = yield* bridge.toListeners(router)
      const agent = new http.Agent({ keepAlive: true })
      yield* Effect.promise(async () => {
        const server = http.createServer((req, res) => {
          res.setHeader("X-Before", "set")
          listeners.request(req, res)
        })
        await once(server.listen(0, "127.0.0.1"), "listening")
        const { port } = server.address() as AddressInfo
        const first = await ask(http, { port, path: "/hello", agent })
        assert.strictEqual(first.text, "hello")
        assert.strictEqual(first.res.headers["x-app"], "effect")
        assert.strictEqual(first.res.headers["x-before"], "set")
        assert.strictEqual(first.res.headers["content-length"], "5")
        assert.strictEqual(first.res.headers["connection"], "keep-alive")
        const second = await ask(http, { port, path: "/hello", agent })
        assert.isTrue(second.req.reusedSocket)
        const head = await ask(http, { port, path: "/hello", agent, method: "HEAD" })
        assert.deepStrictEqual([head.text, head.res.headers["content-length"]], ["", "5"])
        assert.strictEqual((await ask(http, { port, path: "/none", agent })).res.statusCode, 404)
        assert.strictEqual((await ask(http, { port, path: "/fails", agent })).res.statusCode, 500)
        agent.destroy()
        await new Promise((resolve) => server.close(resolve))
      })
    }).pipe(Effect.scoped)
  )

  it.live("streams both ways with backpressure", () =>
    Effect.gen(function* () {
      const listeners = yield* bridge.toListeners(router)
      yield* serving(http, listeners, async (port) => {
        const size = 4_000_000
        const req = http.request({ port, host: "127.0.0.1", path: "/echo", method: "POST" })
        req.write(Buffer.alloc(size / 2, "a"))
        setTimeout(() => req.end(Buffer.alloc(size / 2, "b")), 5)
        const [res] = (await once(req, "response")) as [IncomingMessage]
        const text = await textOf(res)
        assert.strictEqual(text.length, size)
        assert.strictEqual(text[0]! + text.at(-1)!, "ab")
      })
    }).pipe(Effect.scoped)
  )

  it.live(
    "passes on trailers in both directions, informational responses and the connection's addresses",
    () =>
      Effect.gen(function* () {
        const listeners = yield* bridge.toListeners(router)
        yield* serving(http, listeners, async (port) => {
          const req = http.request({ port, host: "127.0.0.1", path: "/trailers", method: "POST" })
          req.write("abc")
          req.addTrailers({ "x-check": "yes" })
          req.end()
          const [res] = (await once(req, "response")) as [IncomingMessage]
          assert.strictEqual(await textOf(res), "abc yes")
          assert.deepStrictEqual(res.trailers, { "x-sum": "3" })

          const facts = await ask(http, { port, path: "/facts?q=1", headers: { "X-Case": "Kept" } })
          const { rawHeaders, remote, target } = JSON.parse(facts.text)
          assert.strictEqual(target, "/facts?q=1")
          assert.includeMembers(rawHeaders, ["X-Case", "Kept"])
          assert.strictEqual(remote.hostname, "127.0.0.1")
        })
      }).pipe(Effect.scoped)
  )

  it.live("interrupts the app if the client disconnects", () =>
    Effect.gen(function* () {
      const interrupted = yield* Deferred.make<void>()
      const started = yield* Deferred.make<void>()
      const listeners = yield* bridge.toListeners(
        Effect.zipRight(Deferred.succeed(started, undefined), Effect.never).pipe(
          Effect.onInterrupt(() => Deferred.succeed(interrupted, undefined))
        )
      )
      yield* serving(http, listeners, async (port) => {
        const socket = net.connect(port, "127.0.0.1")
        socket.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        await Effect.runPromise(Deferred.await(started))
        socket.destroy()
        await Effect.runPromise(Deferred.await(interrupted))
      })
    }).pipe(Effect.scoped)
  )

  it.live("aborts the response if its body fails", () =>
    Effect.gen(function* () {
      const listeners = yield* bridge.toListeners(
        HttpServerResponse.stream(
          Stream.concat(Stream.make(new TextEncoder().encode("half")), Stream.die("broken"))
        )
      )
      yield* serving(http, listeners, async (port) => {
        const failure = await ask(http, { port }).then(
          () => "whole",
          (error: NodeJS.ErrnoException) => error.code
        )
        assert.strictEqual(failure, "ECONNRESET")
      })
    }).pipe(Effect.scoped)
  )

  it.live("opens WebSockets through the upgrade listener", () =>
    Effect.gen(function* () {
      const listeners = yield* bridge.toListeners(router)
      yield* serving(http, listeners, async (port) => {
        const socket = new WebSocket(`ws://127.0.0.1:${port}/socket`)
        await once(socket, "open")
        socket.send("hi")
        const [data] = (await once(socket, "message")) as [Buffer]
        assert.strictEqual(String(data), "you said hi")
        socket.close(1000)
        await once(socket, "close")
      })
    }).pipe(Effect.scoped, Effect.provide(NodeWebSocket.layer()))
  )
})

it.live("sends informational responses of the app to the client", () =>
  Effect.gen(function* () {
    const [, http] = implementations[0]
    const listeners = yield* bridge.toListeners(router)
    yield* serving(http, listeners, async (port) => {
      const informed: Array<unknown> = []
      const req = http.get({ port, host: "127.0.0.1", path: "/hints" })
      req.on("information", ({ headers, statusCode }) => informed.push([statusCode, headers["link"]]))
      const [res] = (await once(req, "response")) as [IncomingMessage]
      assert.strictEqual(await textOf(res), "page")
      assert.deepStrictEqual(informed, [[103, "</a.css>; rel=preload"]])
    })
  }).pipe(Effect.scoped)
)
