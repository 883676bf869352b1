/** Request listeners in Effect apps: their bytes on a network in memory, and their streams over sockets. */
import {
  HttpApp,
  HttpMiddleware,
  HttpRouter,
  HttpServer,
  HttpServerRequest,
  HttpServerResponse
} from "@effect/platform"
import { assert, describe, it } from "@effect/vitest"
import { Client, Server } from "@httpfx/core"
import http from "@httpfx/node/http"
import * as bridge from "@httpfx/node/bridge"
import { RawPeer, TestServer } from "@httpfx/testing"
import { NodeHttpServer, NodeNetwork } from "@httpfx/node"
import { Context, Deferred, Effect, Layer } from "effect"
import type { RequestListener } from "node:http"
import { WebSocketServer } from "ws"

const over = <A, E>(
  listener: RequestListener | http.Server,
  use: (client: RawPeer.RawPeer) => Effect.Effect<A, E>
) =>
  Effect.flatMap(RawPeer.connect({ host: "server.test", port: 80 }), use).pipe(
    Effect.scoped,
    Effect.provide(TestServer.serve(bridge.fromListener(listener)))
  )

const get = "GET /path?q=1 HTTP/1.1\r\nHost: server.test\r\nX-Case: Kept\r\n\r\n"

describe("fromListener", () => {
  it.effect("sends a response that is written at once with Content-Length, and keeps the connection", () =>
    over(
      (req, res) => {
        assert.instanceOf(req, http.IncomingMessage)
        assert.instanceOf(res, http.ServerResponse)
        assert.includeMembers(req.rawHeaders, ["X-Case", "Kept"])
        res.setHeader("Set-Cookie", ["a=1; Path=/; HttpOnly", "a=2; Path=/other", "b=x%20y"])
        res.writeHead(201, "Made", { "X-Url": req.url })
        res.end("hello")
      },
      (client) =>
        Effect.gen(function* () {
          for (let i = 0; i < 2; i++) {
            yield* client.send(get)
            const head = yield* client.until("\r\n\r\n")
            assert.match(head, /^HTTP\/1\.1 201 Made\r\n/)
            assert.match(head, /\r\nx-url: \/path\?q=1\r\n/i)
            assert.match(head, /\r\ncontent-length: 5\r\n/i)
            assert.match(head, /\r\nconnection: keep-alive\r\n/i)
            assert.notMatch(head, /transfer-encoding|content-type/i)
            const cookies = [...head.matchAll(/\r\nset-cookie: ([^\r]*)/gi)].map(([, value]) => value)
            assert.deepStrictEqual(cookies, ["a=1; Path=/; HttpOnly", "a=2; Path=/other", "b=x%20y"])
            yield* client.expect("hello")
          }
        })
    )
  )

  it.effect("streams a body with trailers after informational responses", () =>
    over(
      (_req, res) => {
        res.writeProcessing()
        res.writeEarlyHints({ link: "</a.css>; rel=preload", "x-hint": "1" })
        res.setHeader("Trailer", "X-Sum")
        res.write("one")
        setImmediate(() => {
          res.write("two")
          res.addTrailers({ "X-Sum": "6" })
          res.end()
        })
      },
      (client) =>
        Effect.gen(function* () {
          yield* client.send(get)
          yield* client.expect("HTTP/1.1 102 Processing\r\n\r\n")
          yield* client.expect("HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\nx-hint: 1\r\n\r\n")
          const head = yield* client.until("\r\n\r\n")
          assert.match(head, /\r\ntransfer-encoding: chunked\r\n/i)
          yield* client.expect("3\r\none\r\n3\r\ntwo\r\n0\r\nX-Sum: 6\r\n\r\n")
        })
    )
  )

  it.effect("passes on the request's body and trailers, and sends 100 (Continue) when Node would", () =>
    over(
      (req, res) => {
        let text = ""
        req.on("data", (chunk) => (text += chunk))
        req.on("end", () => res.end(`${text} ${req.trailers["x-t"]} ${req.complete}`))
      },
      (client) =>
        Effect.gen(function* () {
          yield* client.send(
            "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n"
          )
          yield* client.expect("HTTP/1.1 100 Continue\r\n\r\n")
          yield* client.send("3\r\nabc\r\n")
          yield* client.send("0\r\nX-T: yes\r\n\r\n")
          yield* client.until("\r\n\r\n")
          yield* client.expect("abc yes true")
        })
    )
  )

  it.effect("sends no 100 (Continue) if the server's checkContinue listener refuses the request", () => {
    const server = http.createServer()
    server.on("checkContinue", (_req, res) => res.writeHead(401).end())
    return over(server, (client) =>
      Effect.gen(function* () {
        yield* client.send("PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n")
        yield* client.expectMatch(/^HTTP\/1\.1 401 Unauthorized\r\n/)
      })
    )
  })

  it.effect("sends no body to HEAD and with 204 and 304, even if the listener writes one", () =>
    over(
      (req, res) => {
        res.statusCode = req.url === "/" ? 200 : Number(req.url!.slice(1))
        res.setHeader("Content-Length", res.statusCode === 200 ? 7 : 0)
        if (res.statusCode !== 200) res.removeHeader("Content-Length")
        res.end(res.statusCode === 200 ? "ignored" : "")
      },
      (client) =>
        Effect.gen(function* () {
          yield* client.send("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n")
          assert.match(yield* client.until("\r\n\r\n"), /200 OK[^]*content-length: 7\r\n/i)
          yield* client.send("GET /204 HTTP/1.1\r\nHost: a\r\n\r\n")
          assert.match(yield* client.until("\r\n\r\n"), /^HTTP\/1\.1 204 /)
          yield* client.send("GET /304 HTTP/1.1\r\nHost: a\r\n\r\n")
          assert.match(yield* client.until("\r\n\r\n"), /^HTTP\/1\.1 304 /)
        })
    )
  )

  it.effect(
    "sends 500 if the listener throws, if its promise rejects, or if it destroys the response",
    () => {
      const failures: ReadonlyArray<RequestListener> = [
        () => {
          throw new Error("at once")
        },
        async () => {
          await Promise.resolve()
          throw new Error("later")
        },
        (_req, res) => void res.destroy()
      ]
      return Effect.forEach(failures, (listener) =>
        over(listener, (client) =>
          Effect.gen(function* () {
            yield* client.send(get)
            yield* client.expectMatch(/^HTTP\/1\.1 500 /)
          })
        )
      )
    }
  )

  it.effect("aborts a response that the listener destroys after its head", () =>
    over(
      (_req, res) => {
        res.writeHead(200, { "Content-Length": 10 })
        res.write("half")
        setImmediate(() => res.destroy())
      },
      (client) =>
        Effect.gen(function* () {
          yield* client.send(get)
          yield* client.until("\r\n\r\n")
          yield* client.expect("half")
          yield* client.expectFin
        })
    )
  )

  it.effect("emits close on request and response if the client disconnects", () =>
    Effect.gen(function* () {
      const events = yield* Deferred.make<ReadonlyArray<string>>()
      const told: Array<string> = []
      const listener: RequestListener = (req, res) => {
        req.on("aborted", () => told.push("aborted"))
        req.on("error", (error) => told.push(`error ${(error as NodeJS.ErrnoException).code}`))
        req.on("close", () => told.push("req close"))
        res.on("finish", () => told.push("finish"))
        res.on("close", () => {
          told.push("res close")
          setImmediate(() => Deferred.unsafeDone(events, Effect.succeed(told)))
        })
      }
      yield* over(listener, (client) =>
        Effect.gen(function* () {
          yield* client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nab")
          yield* Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))
          yield* client.reset
          const seen = yield* Deferred.await(events)
          assert.includeMembers([...seen], ["aborted", "error ECONNRESET", "res close"])
          assert.notInclude(seen, "finish")
        })
      )
    })
  )

  it.effect("emits finish and close, in this order, and completes the request", () =>
    Effect.gen(function* () {
      const events = yield* Deferred.make<ReadonlyArray<string>>()
      const told: Array<string> = []
      yield* over(
        (req, res) => {
          res.on("finish", () => told.push("finish"))
          res.on("close", () => {
            told.push("close")
            Deferred.unsafeDone(events, Effect.succeed(told))
          })
          assert.isTrue(res.end("x").writableEnded)
          void req
        },
        (client) => Effect.zipRight(client.send(get), Deferred.await(events))
      )
      assert.deepStrictEqual(told, ["finish", "close"])
    })
  )

  it.effect("works below a prefix, within middleware of platform", () => {
    const app = HttpRouter.empty.pipe(
      HttpRouter.mountApp(
        "/legacy",
        bridge.fromListener((req, res) => {
          res.setHeader("X-Legacy", "1")
          res.end(`${req.url} ${(req as { originalUrl?: string }).originalUrl}`)
        })
      ),
      HttpRouter.get("/new", HttpServerResponse.text("new")),
      HttpMiddleware.make((app) => Effect.map(app, HttpServerResponse.setHeader("x-around", "yes")))
    )
    return Effect.flatMap(RawPeer.connect({ host: "server.test", port: 80 }), (client) =>
      Effect.gen(function* () {
        yield* client.send("GET /legacy/a?b HTTP/1.1\r\nHost: a\r\n\r\n")
        const head = yield* client.until("\r\n\r\n")
        assert.match(head, /x-legacy: 1\r\n/i)
        assert.match(head, /x-around: yes\r\n/i)
        yield* client.expect("/a?b /legacy/a?b")
      })
    ).pipe(Effect.scoped, Effect.provide(TestServer.serve(app)))
  })

  it.live("works in a web handler, which has no exchange", () =>
    Effect.promise(async () => {
      const handler = HttpApp.toWebHandler(
        bridge.fromListener((req, res) => {
          let text = ""
          req.on("data", (chunk) => (text += chunk))
          req.on("end", () => res.end(`${req.method} ${req.url} ${text}`))
        })
      )
      const response = await handler(
        new Request("http://a/b", { method: "POST", body: "body", headers: { "content-length": "4" } })
      )
      assert.strictEqual(await response.text(), "POST /b body")
    })
  )

  it.live("applies the backpressure of a slow client to the listener", () =>
    Effect.gen(function* () {
      let written = 0
      const drained = yield* Deferred.make<void>()
      const piece = Buffer.alloc(64 * 1024)
      const total = 256
      const app = bridge.fromListener((_req, res) => {
        const more = () => {
          while (written < total) {
            written++
            if (!res.write(piece)) return void res.once("drain", more)
          }
          res.end()
          Deferred.unsafeDone(drained, Effect.void)
        }
        more()
      })
      const world = HttpServer.serve(app).pipe(
        Layer.provideMerge(NodeHttpServer.layer({ port: 0, host: "127.0.0.1" }))
      )
      yield* Effect.gen(function* () {
        const { address } = yield* Server.Server
        const raw = yield* RawPeer.connect(address)
        yield* raw.pause
        yield* raw.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        // Wait until the listener stops writing, because all buffers up to the client are full.
        let before = -1
        while (before !== written) {
          before = written
          yield* Effect.sleep("50 millis")
        }
        assert.isBelow(written, total)
        yield* raw.resume
        assert.isAbove((yield* raw.rest).length, total * piece.length)
        yield* Deferred.await(drained)
      }).pipe(Effect.scoped, Effect.provide(Layer.merge(world, NodeNetwork.layer)))
    })
  )

  it.effect("hands over an upgrade to the server's upgrade listener", () => {
    const server = http.createServer()
    const sockets = new WebSocketServer({ noServer: true })
    server.on("upgrade", (req, socket, head) =>
      sockets.handleUpgrade(req, socket, head, (ws) =>
        ws.on("message", (data) => ws.send(`you said ${String(data)}`))
      )
    )
    return over(server, (client) =>
      Effect.gen(function* () {
        yield* client.send(
          "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
            "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        )
        const head = yield* client.until("\r\n\r\n")
        assert.match(head, /^HTTP\/1\.1 101 Switching Protocols\r\n/)
        assert.match(head, /Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=\r\n/)
        // A text frame "hi", masked with zeros.
        yield* client.send(Uint8Array.from([0x81, 0x82, 0, 0, 0, 0, 0x68, 0x69]))
        yield* client.expect("\x81\x0byou said hi")
        yield* client.send(Uint8Array.from([0x88, 0x80, 0, 0, 0, 0]))
        yield* client.until("\x88\x00")
      })
    )
  })

  it.effect("passes typed values of an effect to the listener, or fails with the error of the effect", () => {
    class User extends Context.Tag("User")<User, { readonly name: string }>() {}
    let called = 0
    const mounted = bridge.fromListener(
      (req, res) => {
        called++
        // @ts-expect-error: the values have no member `session`
        void req.session
        res.end(`${req.user.name} ${req.url}`)
      },
      {
        values: Effect.map(User, (user) => ({ user })).pipe(
          Effect.filterOrFail(
            ({ user }) => user.name !== "",
            () => "nobody" as const
          )
        )
      }
    )
    const app = Effect.flatMap(HttpServerRequest.HttpServerRequest, ({ headers }) =>
      Effect.provideService(mounted, User, { name: headers["x-user"] ?? "" })
    ).pipe(
      Effect.catchIf(
        (error) => error === "nobody",
        () => HttpServerResponse.text("who?", { status: 401 })
      )
    )
    const router = HttpRouter.empty.pipe(HttpRouter.mountApp("/old", app))
    return Effect.gen(function* () {
      const get = (headers: Record<string, string>) =>
        Client.request({ url: "http://server.test/old/a?b=1", headers })
      assert.strictEqual(yield* (yield* get({ "x-user": "Ada" })).text, "Ada /a?b=1")
      assert.strictEqual((yield* get({})).status, 401)
      assert.strictEqual(called, 1)
    }).pipe(Effect.provide(TestServer.serve(router)))
  })
})
