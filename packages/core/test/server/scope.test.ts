// The scope, the span and the request in a handler's context behave like those of platform's own servers.
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
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { Exchange, Server } from "@httpfx/core"
import { networks } from "../support/networks.js"
import { connect, get, last, post, servedOn, talk } from "../support/served.js"

const bodyOf = (message: string) => message.slice(message.indexOf("\r\n\r\n") + 4)

describe.each(networks)("A handler on %s", (_, network) => {
  const served = servedOn(network)

  // A regression: `forkScoped` reads the `state` of a scope, which the lazy scope lacked, so the handler
  // died.
  it.effect("forks fibers into its scope, which ends them", () =>
    Effect.flatMap(Deferred.make<void>(), (ended) =>
      served(
        Effect.gen(function* () {
          yield* Effect.forkScoped(Effect.onInterrupt(Effect.never, () => Deferred.succeed(ended, undefined)))
          yield* Effect.yieldNow()
          return HttpServerResponse.text("<forked>")
        }),
        Effect.gen(function* () {
          expect(yield* talk(last())).toContain("<forked>")
          yield* Deferred.await(ended)
        })
      )
    )
  )

  it.effect("runs finalizers at once that are added after its scope has closed", () =>
    Effect.gen(function* () {
      const kept = yield* Deferred.make<Scope.Scope>()
      const run: Array<string> = []
      yield* served(
        Effect.gen(function* () {
          const scope = yield* Effect.scope
          yield* Deferred.succeed(kept, scope)
          return HttpServerResponse.empty()
        }),
        Effect.gen(function* () {
          yield* talk(last())
          const scope = yield* Deferred.await(kept)
          yield* Scope.addFinalizer(
            scope,
            Effect.sync(() => run.push("added"))
          )
          expect(run).toEqual(["added"])
          const child = yield* Scope.fork(scope, { _tag: "Sequential" } as never)
          yield* Scope.addFinalizer(
            child,
            Effect.sync(() => run.push("in a fork"))
          )
          expect(run).toEqual(["added", "in a fork"])
          const fiber = yield* Effect.forkIn(Effect.never, scope)
          expect(Exit.isInterrupted(yield* fiber.await)).toBe(true)
        })
      )
    })
  )

  it.effect("closes forks and finalizers of its scope in reverse order", () => {
    const run: Array<string> = []
    const note = (what: string) => Effect.sync(() => void run.push(what))
    return served(
      Effect.gen(function* () {
        yield* Effect.addFinalizer(() => note("first"))
        const scope = yield* Effect.scope
        const child = yield* Scope.fork(scope, { _tag: "Sequential" } as never)
        yield* Scope.addFinalizer(child, note("fork"))
        yield* Effect.addFinalizer((exit) => note(`last, ${exit._tag}`))
        return HttpServerResponse.empty()
      }),
      Effect.gen(function* () {
        const raw = yield* connect
        yield* raw.send(get() + last())
        yield* raw.rest
        expect(run).toEqual(["last, Success", "fork", "first", "last, Success", "fork", "first"])
      })
    )
  })

  it.effect("provides its scope to a response stream that needs it", () => {
    const run: Array<string> = []
    return served(
      Effect.gen(function* () {
        yield* Effect.addFinalizer(() => Effect.sync(() => void run.push("scope")))
        const stream = Stream.ensuring(
          Stream.make(new TextEncoder().encode("<stream>")),
          Effect.sync(() => void run.push("stream"))
        )
        return HttpApp.unsafeEjectStreamScope(HttpServerResponse.stream(stream))
      }),
      Effect.gen(function* () {
        expect(yield* talk(last())).toContain("<stream>")
        expect(run).toEqual(["stream", "scope"])
      })
    )
  })

  it.effect("has the serving span as parent, unless the request names another", () =>
    Effect.gen(function* () {
      const server = Server.layer({ port: 0, host: "127.0.0.1" })
      const app = Effect.map(Effect.currentParentSpan, (span) => HttpServerResponse.text(span.traceId))
      const serving = Layer.unwrapScoped(
        Effect.map(Effect.makeSpanScoped("place"), (span) =>
          Layer.provide(HttpServer.serve(Effect.orDie(app)), Layer.parentSpan(span)).pipe(
            Layer.merge(Layer.effectDiscard(Effect.sync(() => void (place = span.traceId))))
          )
        )
      )
      let place = ""
      yield* Effect.gen(function* () {
        expect(bodyOf(yield* talk(last()))).toBe(place)
        const named = "0af7651916cd43dd8448eb211c80319c"
        const request = `GET / HTTP/1.1\r\nHost: t\r\nConnection: close\r\ntraceparent: 00-${named}-b7ad6b7169203331-01\r\n\r\n`
        expect(bodyOf(yield* talk(request))).toBe(named)
      }).pipe(
        Effect.scoped,
        Effect.provide(Layer.provideMerge(serving, server).pipe(Layer.provideMerge(network)))
      )
    })
  )

  it.effect("responds 500 when the tracing predicate fails", () =>
    Effect.provide(
      Effect.scoped(
        Effect.gen(function* () {
          expect(yield* talk(last("/bad"))).toContain("HTTP/1.1 500")
          expect(yield* talk(last("/good"))).toContain("HTTP/1.1 204")
        })
      ),
      Layer.provideMerge(
        HttpServer.serve(Effect.succeed(HttpServerResponse.empty())).pipe(
          HttpMiddleware.withTracerDisabledWhen((request) => {
            if (request.url === "/bad") throw new Error("this is no URL of ours")
            return false
          })
        ),
        Server.layer({ port: 0, host: "127.0.0.1" })
      ).pipe(Layer.provideMerge(network))
    )
  )

  describe("sees", () => {
    const echo = Effect.map(HttpServerRequest.HttpServerRequest, (request) =>
      HttpServerResponse.text(
        [
          request.url,
          request.originalUrl,
          request.headers["host"],
          Option.getOrElse(Option.map(HttpServerRequest.toURL(request), String), () => "none")
        ].join(" ")
      )
    )

    it.effect.each([
      ["GET", "/a?b=c", "/a?b=c /a?b=c h http://h/a?b=c"],
      ["GET", "http://other:81/a?b", "/a?b http://other:81/a?b other:81 http://other:81/a?b"],
      ["GET", "http://other", "/ http://other other http://other/"],
      ["GET", "http://other?x", "/?x http://other?x other http://other/?x"],
      ["GET", "/http://other/", "/http://other/ /http://other/ h http://h/http://other/"],
      ["OPTIONS", "*", "* * h http://h/*"]
    ])("%s %s as path, target, host and URL", ([method, target, seen]) =>
      served(
        echo,
        Effect.gen(function* () {
          const all = yield* talk(`${method} ${target} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n`)
          expect(bodyOf(all)).toBe(seen)
        })
      )
    )

    it.effect("an absolute target on its route", () =>
      served(
        HttpRouter.empty.pipe(
          HttpRouter.get("/a", Effect.succeed(HttpServerResponse.text("<a>"))),
          Effect.catchAll(() => HttpServerResponse.empty({ status: 404 }))
        ) as never,
        Effect.gen(function* () {
          expect(yield* talk(last("http://test/a?x"))).toContain("<a>")
        })
      )
    )

    it.effect("every header field as one string", () =>
      served(
        Effect.map(HttpServerRequest.HttpServerRequest, ({ headers }) =>
          HttpServerResponse.text(
            JSON.stringify([headers["set-cookie"], headers["cookie"], headers["x"], headers["__proto__"]])
          )
        ),
        Effect.gen(function* () {
          const fields =
            "Set-Cookie: a=1\r\nSet-Cookie: b=2\r\nCookie: c=3\r\nCookie: d=4\r\nX: 1\r\nX: 2\r\n__proto__: p\r\n"
          const all = yield* talk(`GET / HTTP/1.1\r\nHost: t\r\nConnection: close\r\n${fields}\r\n`)
          expect(JSON.parse(bodyOf(all))).toEqual(["a=1, b=2", "c=3; d=4", "1, 2", "p"])
        })
      )
    )

    it.effect("an empty body as JSON's null, and malformed JSON as a typed failure", () =>
      served(
        Effect.gen(function* () {
          const request = yield* HttpServerRequest.HttpServerRequest
          const json = yield* Effect.either(request.json)
          return HttpServerResponse.text(
            json._tag === "Right" ? JSON.stringify(json.right) : json.left.reason
          )
        }),
        Effect.gen(function* () {
          expect(bodyOf(yield* talk(last()))).toBe("null")
          expect(bodyOf(yield* talk(post("/", "[1]", "Connection: close\r\n")))).toBe("[1]")
          expect(bodyOf(yield* talk(post("/", "[1", "Connection: close\r\n")))).toBe("Decode")
        })
      )
    )

    it.effect("a body announced as too large before requesting it", () =>
      served(
        Effect.flatMap(HttpServerRequest.HttpServerRequest, (request) =>
          Effect.map(request.text, HttpServerResponse.text)
        ).pipe(HttpServerRequest.withMaxBodySize(Option.some(4))),
        Effect.gen(function* () {
          const raw = yield* connect
          yield* raw.send("POST / HTTP/1.1\r\nHost: t\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n")
          const all = yield* raw.rest
          expect(all).toMatch(/^HTTP\/1.1 413 /)
        })
      )
    )

    it.effect("a form without a boundary as a typed failure", () =>
      served(
        Effect.gen(function* () {
          const request = yield* HttpServerRequest.HttpServerRequest
          const exit = yield* Effect.exit(Stream.runDrain(request.multipartStream))
          return HttpServerResponse.text(
            Exit.isFailure(exit) && exit.cause._tag === "Fail" ? exit.cause.error._tag : exit._tag
          )
        }),
        Effect.gen(function* () {
          const type = "Content-Type: multipart/form-data\r\n"
          expect(bodyOf(yield* talk(post("/", "abc", `${type}Connection: close\r\n`)))).toBe("MultipartError")
        })
      )
    )
  })

  // No more of the body arrives after the handler has ended, so a reader in another fiber would wait forever.
  it.effect.each<[ends: string, response: Effect.Effect<HttpServerResponse.HttpServerResponse, string>]>([
    ["responds", Effect.succeed(HttpServerResponse.text("ok"))],
    ["fails", Effect.fail("a failure")],
    ["is interrupted", Effect.interrupt],
    ["cuts its response", Effect.succeed(HttpServerResponse.stream(Stream.fail("a failure")))]
  ])("whose body is read by another fiber %s: the reader fails", ([, response]) =>
    Effect.flatMap(Deferred.make<Exit.Exit<unknown, unknown>>(), (read) =>
      served(
        Effect.gen(function* () {
          const request = yield* HttpServerRequest.HttpServerRequest
          const reading = Effect.flatMap(Effect.exit(request.text), (exit) => Deferred.succeed(read, exit))
          yield* Effect.forkDaemon(reading)
          yield* Effect.yieldNow()
          return yield* response
        }),
        Effect.gen(function* () {
          const raw = yield* connect
          yield* raw.send("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 300000\r\n\r\nabc")
          expect((yield* Deferred.await(read))._tag).toBe("Failure")
        })
      )
    )
  )

  it.effect("wakes every fiber that waits for the client to read", () =>
    Effect.gen(function* () {
      const blocked = yield* Deferred.make<void>()
      const flood = Effect.gen(function* () {
        const { processing } = yield* Exchange.exchange
        for (let i = 0; i < 4000; i++) yield* processing
      })
      yield* served(
        Effect.gen(function* () {
          const three = yield* Effect.fork(Effect.all([flood, flood, flood], { concurrency: 3 }))
          yield* Effect.repeatN(Effect.yieldNow(), 100)
          yield* Deferred.succeed(blocked, undefined)
          yield* three
          return HttpServerResponse.text("<over>")
        }),
        Effect.gen(function* () {
          const raw = yield* connect
          yield* raw.pause
          yield* raw.send(last())
          yield* Deferred.await(blocked)
          yield* raw.resume
          expect(yield* raw.rest).toContain("<over>")
        })
      )
    })
  )
})
