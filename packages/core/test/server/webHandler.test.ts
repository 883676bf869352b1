/**
 * Web handlers on our server, platform's apps as web handlers, and bodies of the web and of Node in
 * responses: streaming, aborts and cancellation. On the network in memory.
 */
import * as Cookies from "@effect/platform/Cookies"
import * as HttpApp from "@effect/platform/HttpApp"
import * as HttpBody from "@effect/platform/HttpBody"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpRouter from "@effect/platform/HttpRouter"
import * as HttpServer from "@effect/platform/HttpServer"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Stream from "effect/Stream"
import { WebHandler } from "@httpfx/core"
import * as RawPeer from "@httpfx/testing/RawPeer"
import * as TestServer from "@httpfx/testing/TestServer"
import { Readable } from "node:stream"

const silent = Logger.remove(Logger.defaultLogger)
const served = (handler: WebHandler.WebHandler) =>
  Layer.provide(TestServer.serve(WebHandler.toHttpApp(handler)), silent)
const peer = RawPeer.connect({ host: "server.test", port: 80 })
const done = (deferred: Deferred.Deferred<void>) => () => Deferred.unsafeDone(deferred, Effect.void)
const bytes = (text: string) => new TextEncoder().encode(text)

describe("a web handler", () => {
  it.effect("gets the request, and its response is sent", () =>
    Effect.gen(function* () {
      const response = yield* HttpClient.post("/a?b=c", {
        body: HttpBody.text("body"),
        headers: { "x-a": "1" }
      })
      assert.strictEqual(response.status, 201)
      assert.strictEqual(yield* response.text, "POST http://server.test/a?b=c 1 body")
      assert.strictEqual(response.headers["x-b"], "1, 2")
      assert.strictEqual(response.headers["content-type"], "text/plain;charset=UTF-8")
    }).pipe(
      Effect.provide(
        served(async (request) => {
          const text = `${request.method} ${request.url} ${request.headers.get("x-a")} ${await request.text()}`
          const headers: Array<[string, string]> = [
            ["x-b", "1"],
            ["x-b", "2"]
          ]
          return new Response(text, { status: 201, headers })
        })
      )
    )
  )

  it.effect("sets cookies, even two of one name", () =>
    Effect.gen(function* () {
      const socket = yield* peer
      yield* socket.send("GET / HTTP/1.1\r\nHost: server.test\r\nConnection: close\r\n\r\n")
      const all = yield* socket.rest
      assert.deepStrictEqual(all.match(/set-cookie: .*(?=\r)/gi), [
        "set-cookie: a=1; Path=/a",
        "set-cookie: b=%20; HttpOnly",
        "set-cookie: a=2; Path=/b"
      ])
      assert.deepStrictEqual(Cookies.toRecord((yield* HttpClient.get("/")).cookies), { a: "2", b: " " })
    }).pipe(
      Effect.scoped,
      Effect.provide(
        served(() => {
          const response = new Response(null)
          for (const line of ["a=1; Path=/a", "b=%20; HttpOnly", "a=2; Path=/b"])
            response.headers.append("set-cookie", line)
          return response
        })
      )
    )
  )

  it.effect("streams both ways at once", () =>
    Effect.gen(function* () {
      const socket = yield* peer
      yield* socket.send(
        "POST / HTTP/1.1\r\nHost: server.test\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n"
      )
      yield* socket.until("3\r\none\r\n")
      yield* socket.send("3\r\ntwo\r\n")
      yield* socket.until("3\r\ntwo\r\n")
      yield* socket.send("0\r\n\r\n")
      yield* socket.until("0\r\n\r\n")
    }).pipe(Effect.scoped, Effect.provide(served((request) => new Response(request.body))))
  )

  it.effect("requests no body that it does not read", () =>
    Effect.gen(function* () {
      const socket = yield* peer
      const head = "POST / HTTP/1.1\r\nHost: server.test\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n"
      yield* socket.send(head)
      yield* socket.expectMatch(/^HTTP\/1\.1 204/)
    }).pipe(Effect.scoped, Effect.provide(served(() => new Response(null, { status: 204 }))))
  )

  it.effect("sees by its signal that the client has left, before its response", () =>
    Effect.gen(function* () {
      const [begun, gone] = [yield* Deferred.make<void>(), yield* Deferred.make<void>()]
      const handler = (request: Request) =>
        new Promise<Response>(() => {
          request.signal.addEventListener("abort", done(gone))
          done(begun)()
        })
      yield* HttpServer.serveEffect(WebHandler.toHttpApp(handler))
      const socket = yield* peer
      yield* socket.send("GET / HTTP/1.1\r\nHost: server.test\r\n\r\n")
      yield* Deferred.await(begun)
      yield* socket.reset
      yield* Deferred.await(gone)
    }).pipe(Effect.scoped, Effect.provide(TestServer.layer()))
  )

  it.effect("sees it during its response too, whose body is cancelled; a complete one aborts nothing", () =>
    Effect.gen(function* () {
      const [aborted, cancelled] = [yield* Deferred.make<void>(), yield* Deferred.make<void>()]
      let early = false
      const handler = (request: Request) => {
        if (request.url.endsWith("/whole")) {
          request.signal.addEventListener("abort", () => (early = true))
          return new Response("whole")
        }
        request.signal.addEventListener("abort", done(aborted))
        return new Response(
          new ReadableStream({
            start: (controller) => controller.enqueue(bytes("part")),
            cancel: done(cancelled)
          })
        )
      }
      yield* HttpServer.serveEffect(WebHandler.toHttpApp(handler))
      assert.strictEqual(yield* (yield* HttpClient.get("/whole")).text, "whole")
      const socket = yield* peer
      yield* socket.send("GET / HTTP/1.1\r\nHost: server.test\r\n\r\n")
      yield* socket.until("part")
      yield* socket.reset
      yield* Deferred.await(cancelled)
      yield* Deferred.await(aborted)
      assert.isFalse(early)
    }).pipe(Effect.scoped, Effect.provide(TestServer.layer()))
  )

  it.effect("has the body of its response to HEAD cancelled, unread", () =>
    Effect.gen(function* () {
      const cancelled = yield* Deferred.make<void>()
      const handler = () =>
        new Response(new ReadableStream({ cancel: done(cancelled) }), { headers: { "content-length": "7" } })
      yield* HttpServer.serveEffect(WebHandler.toHttpApp(handler))
      const response = yield* HttpClient.head("/")
      assert.strictEqual(response.headers["content-length"], "7")
      yield* Deferred.await(cancelled)
    }).pipe(Effect.scoped, Effect.provide(TestServer.layer()))
  )

  it.effect("exceptions are 500, requests that `Request` cannot express are refused", () =>
    Effect.gen(function* () {
      assert.strictEqual((yield* HttpClient.get("/")).status, 500)
      const ask = (head: string) =>
        Effect.scoped(
          Effect.gen(function* () {
            const socket = yield* peer
            yield* socket.send(`${head}\r\nConnection: close\r\n\r\n`)
            return (yield* socket.rest).slice(9, 12)
          })
        )
      assert.strictEqual(yield* ask("TRACE / HTTP/1.1\r\nHost: server.test"), "501")
      assert.strictEqual(yield* ask("GET / HTTP/1.1\r\nHost: [::"), "400")
    }).pipe(
      Effect.provide(
        served(() => {
          throw new Error("no")
        })
      )
    )
  )

  it.effect("gets the path as received, below a mount without its prefix", () =>
    Effect.gen(function* () {
      const told = (path: string) => Effect.flatMap(HttpClient.get(path), ({ text }) => text)
      const socket = yield* peer
      yield* socket.send("GET //other.test/x HTTP/1.1\r\nHost: server.test\r\n\r\n")
      yield* socket.until("http://server.test//other.test/x")
      assert.strictEqual(yield* told("/mounted/x?y"), "http://server.test/x?y")
    }).pipe(
      Effect.scoped,
      Effect.provide(
        TestServer.serve(
          HttpRouter.empty.pipe(
            HttpRouter.mountApp(
              "/mounted",
              WebHandler.toHttpApp(({ url }) => new Response(url))
            ),
            HttpRouter.all(
              "*",
              WebHandler.toHttpApp(({ url }) => new Response(url))
            )
          )
        )
      )
    )
  )
})

describe("an app as a web handler", () => {
  const app = HttpRouter.empty.pipe(
    HttpRouter.post(
      "/echo",
      Effect.map(HttpServerRequest.HttpServerRequest, ({ stream }) => HttpServerResponse.stream(stream))
    )
  )

  it("streams both ways at once", async () => {
    const handler = HttpApp.toWebHandler(app)
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>()
    const writer = writable.getWriter()
    const init = { method: "POST", body: readable, duplex: "half" }
    const response = await handler(new Request("http://a.test/echo", init))
    const reader = response.body!.getReader()
    for (const piece of ["one", "two"]) {
      const written = writer.write(bytes(piece))
      assert.deepStrictEqual((await reader.read()).value, bytes(piece))
      await written
    }
    await writer.close()
    assert.isTrue((await reader.read()).done)
  })

  it("is interrupted when its request is aborted", async () => {
    const ended = Effect.runSync(Deferred.make<void>())
    const started = Effect.runSync(Deferred.make<void>())
    const handler = HttpApp.toWebHandler(
      Effect.interruptible(Effect.zipRight(Deferred.succeed(started, undefined), Effect.never)).pipe(
        Effect.onInterrupt(() => Deferred.succeed(ended, undefined))
      )
    )
    const abort = new AbortController()
    const answer = handler(new Request("http://a.test/", { signal: abort.signal }))
    await Effect.runPromise(Deferred.await(started))
    abort.abort()
    await Effect.runPromise(Deferred.await(ended))
    assert.strictEqual((await answer).status, 499)
  })

  it.effect("runs on our server like any other", () =>
    Effect.gen(function* () {
      const response = yield* HttpClient.post("/echo", { body: HttpBody.text("x".repeat(300_000)) })
      assert.lengthOf(yield* response.text, 300_000)
    }).pipe(Effect.provide(served(HttpApp.toWebHandler(app))))
  )
})

describe("a body whose source falls silent", () => {
  const bodies = {
    "of the web": (gone: () => void) =>
      new ReadableStream({ start: (controller) => controller.enqueue(bytes("part")), cancel: gone }),
    "of Node": (gone: () => void) => {
      const body = new Readable({ read: () => undefined, destroy: (_, told) => (gone(), told(null)) })
      body.push("part")
      return body
    },
    "of Effect": (gone: () => void) =>
      Stream.concat(Stream.make("part"), Stream.never).pipe(Stream.ensuring(Effect.sync(gone)))
  }
  it.effect.each(Object.entries(bodies))("%s is cancelled when its client leaves", ([, body]) =>
    Effect.gen(function* () {
      const gone = yield* Deferred.make<void>()
      yield* HttpServer.serveEffect(Effect.sync(() => HttpServerResponse.raw(body(done(gone)))))
      const socket = yield* peer
      yield* socket.send("GET / HTTP/1.1\r\nHost: server.test\r\n\r\n")
      yield* socket.until("part")
      yield* socket.reset
      yield* Deferred.await(gone)
    }).pipe(Effect.scoped, Effect.provide(TestServer.layer()))
  )

  it.effect("does not delay its exchange, even if it ignores cancellation", () =>
    Effect.gen(function* () {
      const ended = yield* Deferred.make<void>()
      async function* silent() {
        yield bytes("part")
        await new Promise(() => {})
      }
      const app = Effect.as(
        Effect.addFinalizer(() => Deferred.succeed(ended, undefined)),
        HttpServerResponse.raw(silent())
      )
      yield* HttpServer.serveEffect(app)
      const socket = yield* peer
      yield* socket.send("GET / HTTP/1.1\r\nHost: server.test\r\n\r\n")
      yield* socket.until("part")
      yield* socket.reset
      yield* Deferred.await(ended)
    }).pipe(Effect.scoped, Effect.provide(TestServer.layer()))
  )

  it.effect("a generator with an invalid chunk is ended in order, before the exchange ends", () =>
    Effect.gen(function* () {
      const order: Array<string> = []
      async function* wrong() {
        try {
          yield bytes("part")
          yield 7
        } finally {
          await Promise.resolve()
          order.push("generator")
        }
      }
      const ended = yield* Deferred.make<void>()
      const finished = Effect.zipRight(
        Effect.sync(() => order.push("scope")),
        Deferred.succeed(ended, undefined)
      )
      yield* HttpServer.serveEffect(
        Effect.as(
          Effect.addFinalizer(() => finished),
          HttpServerResponse.raw(wrong())
        )
      )
      const socket = yield* peer
      yield* socket.send("GET / HTTP/1.1\r\nHost: server.test\r\n\r\n")
      yield* Deferred.await(ended)
      assert.deepStrictEqual(order, ["generator", "scope"])
    }).pipe(Effect.scoped, Effect.provide(TestServer.layer()), Effect.provide(silent))
  )
})
