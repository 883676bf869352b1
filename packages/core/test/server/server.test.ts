// The bytes that a client of the server sends and receives, over memory and over real sockets.
import * as Cookies from "@effect/platform/Cookies"
import * as HttpApp from "@effect/platform/HttpApp"
import * as HttpMiddleware from "@effect/platform/HttpMiddleware"
import * as HttpRouter from "@effect/platform/HttpRouter"
import * as HttpServer from "@effect/platform/HttpServer"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import { describe, expect, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import * as Schedule from "effect/Schedule"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import type * as Tracer from "effect/Tracer"
import { type Network, Server, ServerTimeouts } from "@httpfx/core"
import { presets } from "@httpfx/core/wire"
import { NodeNetwork } from "@httpfx/node"
import { MemoryNetwork } from "@httpfx/testing"
import { connect, talk } from "../support/served.js"

const networks: ReadonlyArray<readonly [string, Layer.Layer<Network.Network>]> = [
  ["memory", MemoryNetwork.layer()],
  ["node", NodeNetwork.layer]
]

type App<R = never> = HttpApp.Default<unknown, R | Scope.Scope>

const get = (target = "/", extra = "") => `GET ${target} HTTP/1.1\r\nHost: test\r\n${extra}\r\n`
const last = (target = "/") => get(target, "Connection: close\r\n")
const bodyOf = (message: string) => message.slice(message.indexOf("\r\n\r\n") + 4)
const bytes = (text: string) => new TextEncoder().encode(text)

describe.each(networks)("Server on %s", (_, network) => {
  const served = <A, E, R>(
    app: App,
    test: Effect.Effect<A, E, R>,
    options: Server.ServerOptions = {},
    middleware?: HttpMiddleware.HttpMiddleware
  ) => {
    const server = Server.layer({ port: 0, host: "127.0.0.1", ...options })
    const serving =
      middleware === undefined ? HttpServer.serve(app) : HttpServer.serve(app, middleware as never)
    return Effect.provide(
      Effect.scoped(test),
      Layer.provideMerge(serving as Layer.Layer<never, never, HttpServer.HttpServer>, server).pipe(
        Layer.provideMerge(network)
      )
    ) as Effect.Effect<A, E>
  }

  describe("answers", () => {
    it.effect("a request, with every required field", () =>
      served(
        Effect.succeed(HttpServerResponse.text("hello")),
        Effect.gen(function* () {
          const raw = yield* connect
          yield* raw.send(get())
          expect(yield* raw.until("hello")).toBe(
            "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 5\r\n" +
              "Date: Thu, 01 Jan 1970 00:00:00 GMT\r\nConnection: keep-alive\r\nKeep-Alive: timeout=5\r\n\r\nhello"
          )
        })
      )
    )

    it.effect("several requests on one connection, and pipelined ones in order", () =>
      served(
        Effect.gen(function* () {
          const request = yield* HttpServerRequest.HttpServerRequest
          if (request.url === "/slow") yield* Effect.promise(() => new Promise((done) => setTimeout(done, 5)))
          return HttpServerResponse.text(`<${request.url}>`)
        }),
        Effect.gen(function* () {
          const raw = yield* connect
          yield* raw.send(get("/one"))
          yield* raw.until("</one>")
          yield* raw.send(get("/slow") + get("/two") + get("/three") + last("/four"))
          yield* raw.rest
          const all = raw.received()
          expect(all.match(/<[^>]+>/g)).toEqual(["</one>", "</slow>", "</two>", "</three>", "</four>"])
        })
      )
    )

    it.effect("HEAD, 204 and 304 without a body", () =>
      served(
        Effect.gen(function* () {
          const request = yield* HttpServerRequest.HttpServerRequest
          if (request.url === "/204") return HttpServerResponse.empty()
          if (request.url === "/304") return HttpServerResponse.text("never", { status: 304 })
          return HttpServerResponse.text("never")
        }),
        Effect.gen(function* () {
          const raw = yield* connect
          yield* raw.send(
            "HEAD / HTTP/1.1\r\nHost: test\r\n\r\n" + get("/204") + get("/304") + "HEAD / HTTP/1.0\r\n\r\n"
          )
          const all = yield* raw.rest
          expect(all.match(/HTTP\/1.1 \d+/g)).toEqual(
            ["200", "204", "304", "200"].map((s) => `HTTP/1.1 ${s}`)
          )
          expect(all).not.toContain("never")
          expect(all.split("\r\n\r\n")[0]).toContain("content-length: 5")
          expect(all.split("\r\n\r\n")[1]!.toLowerCase()).not.toContain("content-length")
        })
      )
    )

    it.effect("HTTP/1.0 with and without keep-alive, and streams to it by closing", () =>
      served(
        Effect.gen(function* () {
          const request = yield* HttpServerRequest.HttpServerRequest
          return request.url === "/stream"
            ? HttpServerResponse.stream(Stream.make(bytes("a"), bytes("b")))
            : HttpServerResponse.text("hi")
        }),
        Effect.gen(function* () {
          const raw = yield* connect
          yield* raw.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
          expect(yield* raw.until("hi")).toContain("Connection: keep-alive")
          yield* raw.send("GET /stream HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
          yield* raw.rest
          const all = raw.received()
          expect(all.endsWith("\r\n\r\nab")).toBe(true)
          expect(all).not.toContain("chunked")
          expect(yield* talk("GET / HTTP/1.0\r\n\r\n")).toContain("Connection: close")
        })
      )
    )

    it.effect("a stream in chunks", () =>
      served(
        Effect.succeed(HttpServerResponse.stream(Stream.make(bytes("one"), bytes("twenty")))),
        Effect.gen(function* () {
          const all = yield* talk(last())
          expect(all).toContain("Transfer-Encoding: chunked")
          expect(bodyOf(all)).toBe("3\r\none\r\n6\r\ntwenty\r\n0\r\n\r\n")
        })
      )
    )

    it.effect("cookies, each on a line of its own", () =>
      served(
        Effect.succeed(
          HttpServerResponse.empty({
            cookies: Cookies.fromIterable([
              Cookies.unsafeMakeCookie("a", "1"),
              Cookies.unsafeMakeCookie("b", "2", { httpOnly: true })
            ])
          })
        ),
        Effect.gen(function* () {
          const all = yield* talk(last())
          expect(all).toContain("set-cookie: a=1\r\nset-cookie: b=2; HttpOnly\r\n")
        })
      )
    )

    it.effect("through HttpRouter, with parameters and bodies", () =>
      served(
        HttpRouter.empty.pipe(
          HttpRouter.get(
            "/users/:id",
            Effect.map(HttpRouter.params, ({ id }) => HttpServerResponse.text(`user ${id}`))
          ),
          HttpRouter.post(
            "/sum",
            Effect.gen(function* () {
              const request = yield* HttpServerRequest.HttpServerRequest
              const numbers = (yield* request.json) as ReadonlyArray<number>
              return HttpServerResponse.unsafeJson({ sum: numbers.reduce((a, b) => a + b, 0) })
            })
          )
        ),
        Effect.gen(function* () {
          expect(yield* talk(last("/users/7"))).toContain("user 7")
          expect(yield* talk(last("/nothing"))).toContain("HTTP/1.1 404 Not Found")
          const post = (length: number, body: string) =>
            `POST /sum HTTP/1.1\r\nHost: t\r\nConnection: close\r\nContent-Length: ${length}\r\n\r\n${body}`
          expect(yield* talk(post(7, "[1,2,3]"))).toContain('{"sum":6}')
          expect(yield* talk(post(3, "[1,"))).toContain("HTTP/1.1 400 Bad Request")
        })
      )
    )
  })

  describe("bodies of requests", () => {
    const echo = Effect.map(HttpServerRequest.HttpServerRequest, (request) =>
      HttpServerResponse.stream(request.stream)
    )

    it.effect("can be read while the response streams out", () =>
      served(
        echo,
        Effect.gen(function* () {
          const raw = yield* connect
          yield* raw.send("POST / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nabcd\r\n")
          yield* raw.until("4\r\nabcd\r\n")
          yield* raw.send("3\r\nefg\r\n0\r\n\r\n")
          yield* raw.until("3\r\nefg\r\n0\r\n\r\n")
          yield* raw.send(last())
          expect(yield* raw.rest).toContain("HTTP/1.1 200 OK")
        })
      )
    )

    it.effect("however large, keep the connection open if the handler has read them", () =>
      served(
        echo,
        Effect.gen(function* () {
          const raw = yield* connect
          const body = "x".repeat(1_000_000)
          yield* raw.send(`POST / HTTP/1.1\r\nHost: t\r\nContent-Length: ${body.length}\r\n\r\n${body}`)
          const first = yield* raw.until("\r\n0\r\n\r\n")
          expect(first.slice(0, first.indexOf("\r\n\r\n"))).toContain("Connection: keep-alive")
          yield* raw.send(last())
          yield* raw.until("HTTP/1.1 200 OK")
        })
      )
    )

    it.effect("apply backpressure while nobody reads", () =>
      served(
        Effect.gen(function* () {
          const request = yield* HttpServerRequest.HttpServerRequest
          const gate = gates.get("open")!
          yield* Deferred.await(gate)
          const size = yield* Stream.runFold(request.stream, 0, (sum, part) => sum + part.length)
          return HttpServerResponse.text(`read ${size}`)
        }),
        Effect.gen(function* () {
          const gate = yield* Deferred.make<void>()
          gates.set("open", gate)
          const raw = yield* connect
          const size = 20_000_000
          yield* raw.send(`POST / HTTP/1.1\r\nHost: t\r\nContent-Length: ${size}\r\n\r\n`)
          const block = "x".repeat(100_000)
          for (let sent = 0; sent < size; sent += block.length) raw.transport.write(block)
          // Only the buffers of the system and of the server are full, so most bytes still wait at the
          // client.
          yield* Effect.promise(() => new Promise((done) => setTimeout(done, 50)))
          expect(raw.transport.buffered).toBeGreaterThan(size / 4)
          yield* Deferred.succeed(gate, undefined)
          yield* raw.until(`read ${size}`)
        })
      )
    )

    it.effect("above the limit are answered with 413", () =>
      served(
        Effect.flatMap(HttpServerRequest.HttpServerRequest, (request) =>
          Effect.map(request.text, HttpServerResponse.text)
        ).pipe(HttpServerRequest.withMaxBodySize(Option.some(4))),
        Effect.gen(function* () {
          const post = (body: string) =>
            talk(
              `POST / HTTP/1.1\r\nHost: t\r\nConnection: close\r\nContent-Length: ${body.length}\r\n\r\n${body}`
            )
          expect(yield* post("1234")).toContain("HTTP/1.1 200 OK")
          expect(yield* post("12345")).toContain("HTTP/1.1 413 Payload Too Large")
        })
      )
    )

    it.effect("are decoded separately: half a character at the end of one does not affect the next", () =>
      served(
        Effect.gen(function* () {
          const request = yield* HttpServerRequest.HttpServerRequest
          return HttpServerResponse.text(`<${encodeURI(yield* request.text)}>`)
        }),
        Effect.gen(function* () {
          const raw = yield* connect
          const head = "POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 2\r\n\r\n"
          for (const bytes of [
            [0xe2, 0x82],
            [0xac, 0x21]
          ]) {
            yield* raw.send(head)
            yield* raw.send(Uint8Array.from(bytes))
            yield* raw.until(">")
          }
          expect(raw.received().match(/<.*>/g)).toEqual(["<%EF%BF%BD>", "<%EF%BF%BD!>"])
        })
      )
    )

    it.effect("can be read repeatedly", () =>
      served(
        Effect.gen(function* () {
          const request = yield* HttpServerRequest.HttpServerRequest
          const both = [yield* request.text, yield* request.text, JSON.stringify(yield* request.json)]
          return HttpServerResponse.text(both.join(" "))
        }),
        Effect.gen(function* () {
          const all = yield* talk(
            "POST / HTTP/1.1\r\nHost: t\r\nConnection: close\r\nContent-Length: 2\r\n\r\n42"
          )
          expect(bodyOf(all)).toBe("42 42 42")
        })
      )
    )

    it.effect("Expect: 100-continue gets 100 when the body is read, and never otherwise", () =>
      served(
        Effect.gen(function* () {
          const request = yield* HttpServerRequest.HttpServerRequest
          return request.url === "/read"
            ? HttpServerResponse.text(yield* request.text)
            : HttpServerResponse.empty({ status: 403 })
        }),
        Effect.gen(function* () {
          const head = (path: string) =>
            `POST ${path} HTTP/1.1\r\nHost: t\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n`
          const raw = yield* connect
          yield* raw.send(head("/read"))
          expect(yield* raw.head).toBe("HTTP/1.1 100 Continue\r\n\r\n")
          yield* raw.send("data")
          yield* raw.until("data")
          yield* raw.send(head("/refuse"))
          yield* raw.rest
          const all = raw.received()
          expect(all.split("100 Continue").length).toBe(2)
          expect(all).toContain("HTTP/1.1 403 Forbidden")
          // The client may or may not send the body, so the connection must close.
          expect(all.slice(all.indexOf("403"))).toContain("Connection: close")
        })
      )
    )

    it.effect("that are unread permit the next request if small, and close the connection if large", () =>
      served(
        Effect.succeed(HttpServerResponse.text("early")),
        Effect.gen(function* () {
          const raw = yield* connect
          const post = (length: number) => `POST / HTTP/1.1\r\nHost: t\r\nContent-Length: ${length}\r\n\r\n`
          yield* raw.send(post(1000))
          yield* raw.until("early")
          yield* raw.send("x".repeat(1000) + get())
          yield* raw.until("early")
          yield* raw.send(post(10_000_000))
          yield* raw.rest
          const all = raw.received()
          expect(all.split("early").length).toBe(4)
          expect(all.slice(all.lastIndexOf("HTTP/1.1"))).toContain("Connection: close")
        })
      )
    )
  })

  describe("failures", () => {
    it.effect("of a handler get 500, and the connection stays open", () =>
      served(
        Effect.gen(function* () {
          const request = yield* HttpServerRequest.HttpServerRequest
          if (request.url === "/fail") return yield* Effect.fail("no")
          if (request.url === "/die") return yield* Effect.die(new Error("no"))
          if (request.url === "/split") return HttpServerResponse.text("x", { headers: { a: "b\r\nc: d" } })
          if (request.url === "/body") return HttpServerResponse.raw(42)
          return HttpServerResponse.text("fine")
        }),
        Effect.gen(function* () {
          const raw = yield* connect
          yield* raw.send(get("/fail") + get("/die") + get("/split") + get("/body") + last("/"))
          const all = yield* raw.rest
          expect(all.match(/HTTP\/1.1 \d+/g)).toEqual([500, 500, 500, 500, 200].map((s) => `HTTP/1.1 ${s}`))
          expect(all).not.toContain("c: d")
        })
      )
    )

    it.effect("of code that runs on every response end with 500 and close the connection", () =>
      served(
        Effect.zipRight(
          HttpApp.appendPreResponseHandler(() => Effect.die(new Error("no"))),
          Effect.succeed(HttpServerResponse.text("fine"))
        ),
        Effect.gen(function* () {
          const raw = yield* connect
          yield* raw.send(get())
          const all = yield* raw.rest
          expect(all).toMatch(/^HTTP\/1.1 500 [^]*\r\nConnection: close\r\n/)
        })
      )
    )

    it.effect("within a streamed response truncate it visibly: without the last chunk", () =>
      served(
        Effect.gen(function* () {
          const request = yield* HttpServerRequest.HttpServerRequest
          const part = Stream.make(bytes("part"))
          if (request.url === "/short") return HttpServerResponse.stream(part, { contentLength: 10 })
          if (request.url === "/long") return HttpServerResponse.stream(part, { contentLength: 2 })
          return HttpServerResponse.stream(Stream.concat(part, Stream.fail("broken")))
        }),
        Effect.gen(function* () {
          expect(bodyOf(yield* talk(get("/broken")))).toBe("4\r\npart\r\n")
          expect(bodyOf(yield* talk(get("/short")))).toBe("part")
          expect(bodyOf(yield* talk(get("/long")))).toBe("")
        })
      )
    )

    it.effect.each([
      ["GARBAGE\r\n\r\n", 400],
      ["GET / HTTP/1.1\r\n\r\n", 400],
      ["GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400],
      ["GET / HTTP/3.0\r\nHost: a\r\n\r\n", 505],
      ["POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 501],
      ["POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n", 400],
      [`GET / HTTP/1.1\r\nHost: a\r\nA: ${"x".repeat(20_000)}\r\n\r\n`, 431],
      ["POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400],
      ["CONNECT host:443 HTTP/1.1\r\nHost: host:443\r\n\r\n", 501]
    ] as const)("of the peer are answered and end the connection: %j", ([text, status]) =>
      served(
        Effect.flatMap(HttpServerRequest.HttpServerRequest, (request) =>
          Effect.map(request.text, HttpServerResponse.text)
        ),
        Effect.gen(function* () {
          const all = yield* talk(text)
          expect(all).toMatch(new RegExp(`^HTTP/1.1 ${status} `))
          expect(all).toContain("Connection: close")
        })
      )
    )

    it.effect("flags allow what strict refuses", () =>
      served(
        Effect.succeed(HttpServerResponse.text("fine")),
        Effect.gen(function* () {
          expect(yield* talk("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\nConnection: close\r\n\r\n")).toContain(
            "fine"
          )
        }),
        { flags: { ...presets.strict, repeatedHost: true } }
      )
    )

    it.effect("an upgrade that no handler takes over gets a normal response", () =>
      served(
        Effect.succeed(HttpServerResponse.text("plain")),
        Effect.gen(function* () {
          const raw = yield* connect
          yield* raw.send(get("/", "Connection: Upgrade\r\nUpgrade: websocket\r\n") + last())
          const all = yield* raw.rest
          expect(all.split("\r\n\r\nplain").length).toBe(3)
        })
      )
    )
  })

  describe("a client that leaves", () => {
    const states = ["waiting", "mid-upload", "mid-response"] as const
    const ways = ["FIN", "RST"] as const

    for (const state of states) {
      for (const way of ways) {
        it.effect(`${state}, by ${way}: interrupts the handler, runs its finalizers, leaves nothing`, () =>
          Effect.gen(function* () {
            const finalized = yield* Deferred.make<Exit.Exit<unknown, unknown>>()
            const interrupted = yield* Deferred.make<void>()
            const app = Effect.gen(function* () {
              const request = yield* HttpServerRequest.HttpServerRequest
              yield* Effect.addFinalizer((exit) => Deferred.succeed(finalized, exit))
              if (state === "mid-response") {
                return HttpServerResponse.stream(
                  Stream.repeatEffectWithSchedule(
                    Effect.succeed(bytes("x".repeat(10_000))),
                    Schedule.forever
                  ).pipe(Stream.ensuring(Deferred.succeed(interrupted, undefined)))
                )
              }
              const wait = state === "waiting" ? Effect.never : Stream.runDrain(request.stream)
              yield* Effect.onInterrupt(wait, () => Deferred.succeed(interrupted, undefined))
              return HttpServerResponse.empty()
            })
            yield* served(
              app,
              Effect.gen(function* () {
                const raw = yield* connect
                yield* raw.send(
                  state === "mid-upload"
                    ? "POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 100\r\n\r\nonly this"
                    : get()
                )
                if (state === "mid-response") yield* raw.until("xxx")
                else yield* Effect.promise(() => new Promise((done) => setTimeout(done, 10)))
                if (way === "RST") yield* raw.reset
                else yield* raw.end
                yield* Deferred.await(finalized)
                // A truncated body fails the read of the handler. Without a body, only an interruption can
                // end the handler.
                if (state !== "mid-upload") yield* Deferred.await(interrupted)
              })
            )
          })
        )
      }
    }

    it.effect("does not interrupt an uninterruptible route", () =>
      Effect.gen(function* () {
        const done = yield* Deferred.make<void>()
        const gate = yield* Deferred.make<void>()
        yield* served(
          HttpRouter.empty.pipe(
            HttpRouter.get(
              "/",
              Effect.as(
                Effect.zipRight(Deferred.await(gate), Deferred.succeed(done, undefined)),
                HttpServerResponse.empty()
              ),
              { uninterruptible: true }
            )
          ),
          Effect.gen(function* () {
            const raw = yield* connect
            yield* raw.send(get())
            yield* Effect.promise(() => new Promise((resolve) => setTimeout(resolve, 10)))
            yield* raw.reset
            yield* Effect.promise(() => new Promise((resolve) => setTimeout(resolve, 10)))
            yield* Deferred.succeed(gate, undefined)
            yield* Deferred.await(done)
          })
        )
      })
    )
  })

  describe("platform's guarantees for a handler", () => {
    it.effect("a current span, with platform's attributes and the parent of the request", () =>
      Effect.gen(function* () {
        const spans: Array<Tracer.Span> = []
        yield* served(
          Effect.gen(function* () {
            spans.push(yield* Effect.orDie(Effect.currentSpan))
            return HttpServerResponse.text("traced", { status: 201 })
          }),
          Effect.gen(function* () {
            const trace = "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n"
            yield* talk(get("/a?b=c", trace + "Connection: close\r\n"))
            const [span] = spans
            expect(span).toMatchObject({
              _tag: "Span",
              name: "http.server GET",
              kind: "server",
              traceId: "0af7651916cd43dd8448eb211c80319c"
            })
            expect(span!.status._tag).toBe("Ended")
            expect(Object.fromEntries(span!.attributes)).toMatchObject({
              "http.request.method": "GET",
              "url.full": "http://test/a?b=c",
              "url.path": "/a",
              "url.query": "b=c",
              "url.scheme": "http",
              "http.request.header.host": "test",
              "http.response.status_code": 201,
              "http.response.header.content-type": "text/plain"
            })
          })
        )
      })
    )

    it.effect("middleware around the app, in platform's order, also after the response", () =>
      Effect.gen(function* () {
        const order = yield* Ref.make<ReadonlyArray<string>>([])
        const say = (what: string) => Ref.update(order, (all) => [...all, what])
        const middleware = HttpMiddleware.make((app) =>
          Effect.gen(function* () {
            yield* say("before")
            const response = yield* app
            yield* say(`after ${response.status}`)
            return response
          })
        )
        yield* served(
          Effect.gen(function* () {
            yield* Effect.addFinalizer(() => say("finalizer"))
            yield* HttpApp.appendPreResponseHandler((_, response) =>
              Effect.as(say("pre-response"), HttpServerResponse.setHeader(response, "x-pre", "1"))
            )
            yield* say("app")
            return HttpServerResponse.empty()
          }),
          Effect.gen(function* () {
            expect(yield* talk(last())).toContain("x-pre: 1")
          }),
          {},
          middleware
        )
        expect(yield* Ref.get(order)).toEqual(["before", "app", "pre-response", "after 204", "finalizer"])
      })
    )

    it.effect("middleware may respond in the app's place", () =>
      served(
        Effect.die("not reached"),
        Effect.gen(function* () {
          const all = yield* talk("OPTIONS / HTTP/1.1\r\nHost: t\r\nOrigin: o\r\nConnection: close\r\n\r\n")
          expect(all).toContain("HTTP/1.1 204 No Content")
          expect(all).toContain("access-control-allow-origin: *")
        }),
        {},
        HttpMiddleware.cors()
      )
    )
  })

  describe("time", () => {
    it.effect("an idle connection closes after keepAliveTimeout and its buffer, not before", () =>
      served(
        Effect.succeed(HttpServerResponse.text("x")),
        Effect.gen(function* () {
          const raw = yield* connect
          yield* raw.send(get())
          yield* raw.until("\r\n\r\nx")
          yield* TestClock.adjust("1500 millis")
          yield* raw.send(get())
          yield* raw.until("\r\n\r\nx")
          yield* TestClock.adjust("2900 millis")
          yield* Effect.promise(() => new Promise((done) => setTimeout(done, 5)))
          expect(raw.state()).toBe("open")
          yield* TestClock.adjust("200 millis")
          yield* raw.rest
          const all = raw.received()
          expect(all).toContain("Keep-Alive: timeout=2")
        })
      ).pipe(Effect.provide(ServerTimeouts.layer({ keepAliveTimeout: "2 seconds" })))
    )
  })

  describe("closing", () => {
    const open = (app: App, options: Server.ServerOptions = {}) =>
      Effect.gen(function* () {
        const scope = yield* Scope.make()
        const server = yield* Scope.extend(Server.make({ port: 0, host: "127.0.0.1", ...options }), scope)
        yield* Scope.extend(server.httpServer.serve(app), scope)
        return { server: server.httpServer, close: Scope.close(scope, Exit.void) }
      })

    it.effect(
      "closes idle connections after a grace period, completes responses, accepts no connections",
      () =>
        Effect.scoped(
          Effect.gen(function* () {
            const gate = yield* Deferred.make<void>()
            const { close, server } = yield* open(
              Effect.gen(function* () {
                const request = yield* HttpServerRequest.HttpServerRequest
                if (request.url === "/wait") yield* Deferred.await(gate)
                return HttpServerResponse.text("done")
              })
            )
            const client = Effect.provideService(connect, HttpServer.HttpServer, server)
            const idle = yield* client
            yield* idle.send(get())
            yield* idle.until("done")
            const busy = yield* client
            yield* busy.send(get("/wait"))
            yield* Effect.promise(() => new Promise((done) => setTimeout(done, 10)))
            const closing = yield* Effect.fork(close)
            yield* Effect.promise(() => new Promise((done) => setTimeout(done, 10)))
            expect(idle.state()).toBe("open")
            yield* TestClock.adjust("500 millis")
            yield* idle.rest
            expect(busy.state()).toBe("open")
            expect(yield* Effect.flip(client)).toMatchObject({ _tag: "ConnectionRefused" })
            yield* Deferred.succeed(gate, undefined)
            yield* busy.rest
            const all = busy.received()
            expect(all).toContain("Connection: close")
            expect(all).toContain("done")
            yield* idle.end
            yield* busy.end
            yield* Fiber.join(closing)
          })
        ).pipe(Effect.provide(network))
    )

    it.effect("interrupts the remaining handlers at the deadline", () =>
      Effect.scoped(
        Effect.gen(function* () {
          const interrupted = yield* Deferred.make<void>()
          const { close, server } = yield* open(
            Effect.onInterrupt(Effect.never, () => Deferred.succeed(interrupted, undefined)),
            { gracefulShutdownTimeout: "3 seconds" }
          )
          const raw = yield* Effect.provideService(connect, HttpServer.HttpServer, server)
          yield* raw.send(get())
          yield* Effect.promise(() => new Promise((done) => setTimeout(done, 10)))
          const closing = yield* Effect.fork(close)
          yield* Effect.promise(() => new Promise((done) => setTimeout(done, 10)))
          yield* TestClock.adjust("2900 millis")
          expect(yield* Deferred.isDone(interrupted)).toBe(false)
          yield* TestClock.adjust("200 millis")
          yield* Deferred.await(interrupted)
          yield* Fiber.join(closing)
          yield* raw.expectClosed
        })
      ).pipe(Effect.provide(network))
    )
  })
})

const gates = new Map<string, Deferred.Deferred<void>>()
