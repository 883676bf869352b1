/**
 * `serve` compiles a router. Handlers, spans and responses must be the same as with platform's own router,
 * which runs if the router is hidden in a function.
 */
import type * as HttpApp from "@effect/platform/HttpApp"
import * as HttpMiddleware from "@effect/platform/HttpMiddleware"
import * as HttpRouter from "@effect/platform/HttpRouter"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerRespondable from "@effect/platform/HttpServerRespondable"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import * as Option from "effect/Option"
import * as fc from "fast-check"
import { MemoryNetwork } from "@httpfx/testing"
import { connect, get, servedOn, talk } from "../support/served.js"

const served = servedOn(MemoryNetwork.layer())
const { json, text } = HttpServerResponse

class Moved implements HttpServerRespondable.Respondable {
  [HttpServerRespondable.symbol]() {
    return Effect.succeed(text("moved", { status: 301 }))
  }
}

// Responds with the request, the route and the context of the handler.
const seen = (name: string) =>
  Effect.gen(function* () {
    const { method, originalUrl, url } = yield* HttpServerRequest.HttpServerRequest
    const { params, route } = yield* HttpRouter.RouteContext
    const context = yield* Effect.context<never>()
    const search = Option.getOrUndefined(
      Context.getOption(context as never, HttpServerRequest.ParsedSearchParams)
    )
    const { uninterruptible } = route
    return yield* json({ name, method, originalUrl, url, params, path: route.path, search, uninterruptible })
  })

const inner = HttpRouter.empty.pipe(
  HttpRouter.get("/", seen("inner /")),
  HttpRouter.get("/b", seen("inner /b")),
  HttpRouter.get("/fails", Effect.fail("inner"))
)

const router = HttpRouter.empty.pipe(
  HttpRouter.get("/", seen("/")),
  HttpRouter.get("/a", seen("/a"), { uninterruptible: true }),
  HttpRouter.post("/a", seen("POST /a")),
  HttpRouter.all("/all", seen("/all")),
  HttpRouter.get("/a/:id", seen("/a/:id")),
  HttpRouter.get("/a/:id/b/:part", seen("/a/:id/b/:part")),
  HttpRouter.get("/optional/:id?", seen("/optional")),
  HttpRouter.get("/files/*", seen("/files/*")),
  HttpRouter.get("/fails", Effect.fail("a failure")),
  HttpRouter.get("/refuses", Effect.fail(text("no", { status: 403 }))),
  HttpRouter.get("/dies", Effect.die("a defect")),
  HttpRouter.get("/moved", Effect.succeed(new Moved())),
  HttpRouter.get("/undefined", Effect.succeed(undefined as never)),
  HttpRouter.mount("/mounted", inner),
  HttpRouter.mountApp("/app", seen("/app")),
  HttpRouter.mountApp("/whole", seen("/whole"), { includePrefix: true }),
  HttpRouter.concat(HttpRouter.prefixAll(inner, "/prefixed"))
)
const hidden = Effect.suspend(() => router)

const segment = fc.constantFrom(
  "a",
  "A",
  "b",
  "1",
  "%20",
  "%zz",
  "app",
  "mounted",
  "whole",
  "prefixed",
  "files",
  "all"
)
const other = fc.constantFrom("fails", "refuses", "dies", "moved", "undefined", "optional", "apple", "", "é")
const target = fc
  .tuple(
    fc.array(fc.oneof({ weight: 3, arbitrary: segment }, other), { maxLength: 4 }),
    fc.constantFrom("", "/")
  )
  .map(([segments, end]) => `/${segments.join("/")}${end}`)
const query = fc.constantFrom("", "?", "?x=1", "?x=1&x=2&y", "?%zz")
const request = fc.record({
  method: fc.constantFrom("GET", "GET", "GET", "HEAD", "POST", "DELETE"),
  target: fc.tuple(target, query).map(([path, query]) => encodeURI(path).replaceAll("%25", "%") + query)
})

const middlewares: Readonly<Record<string, HttpMiddleware.HttpMiddleware | undefined>> = {
  none: undefined,
  identity: (app) => app,
  "one that copies the context": HttpMiddleware.make((app) =>
    Effect.provideService(app, Context.GenericTag<number>("number"), 1)
  ),
  xForwardedHeaders: HttpMiddleware.xForwardedHeaders
}

const silent = Logger.remove(Logger.defaultLogger)

const withoutDate = (message: string) => message.replace(/date: .*\r\n/i, "")

describe.each(Object.keys(middlewares))("a compiled router behind middleware: %s", (name) => {
  it.effect("responds as platform's own router", () =>
    Effect.promise(() =>
      fc.assert(
        fc.asyncProperty(fc.array(request, { minLength: 1, maxLength: 8 }), async (requests) => {
          const respond = (app: HttpApp.Default<unknown>) =>
            served(
              app as HttpApp.Default<unknown, never>,
              Effect.forEach(requests, ({ method, target }) =>
                talk(`${method} ${target} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n`)
              ),
              {},
              middlewares[name]
            )
          const both = Effect.all([respond(router), respond(hidden)])
          const [compiled, platform] = await Effect.runPromise(Effect.provide(both, silent))
          assert.deepStrictEqual(compiled.map(withoutDate), platform.map(withoutDate))
        }),
        { numRuns: 40 }
      )
    )
  )
})

describe("a compiled router", () => {
  const routeOfSpan = Effect.flatMap(Effect.orDie(Effect.currentParentSpan), (span) =>
    text(`route ${span._tag === "Span" ? String(span.attributes.get("http.route")) : "unknown"}`)
  )
  const paths = HttpRouter.empty.pipe(HttpRouter.get("/a/:id", routeOfSpan))

  it.effect("adds the path of the route to the span of the request", () =>
    served(
      paths,
      Effect.map(talk(get("/a/1", "Connection: close\r\n")), (response) =>
        assert.include(response, "route /a/:id")
      )
    )
  )

  it.effect("adds the path of the route to a span of middleware", () =>
    served(
      paths,
      Effect.map(talk(get("/a/1", "Connection: close\r\n")), (response) =>
        assert.include(response, "route /a/:id")
      ),
      {},
      HttpMiddleware.make((app) => Effect.withSpan(app, "own"))
    )
  )

  it.effect("uses the router options of its fiber", () =>
    served(
      paths,
      Effect.map(talk(get("/A/1", "Connection: close\r\n")), (response) => assert.include(response, " 404 ")),
      {},
      HttpMiddleware.make((app) => HttpRouter.withRouterConfig(app, { caseSensitive: true }))
    )
  )

  it.effect.each(["none", "identity"])(
    "makes handlers interruptible as platform does; middleware: %s",
    (name) => {
      const checked = Effect.checkInterruptible((interruptible) => text(`<${interruptible}>`))
      const routes = HttpRouter.empty.pipe(
        HttpRouter.get("/route", checked),
        HttpRouter.get("/kept", checked, { uninterruptible: true })
      )
      const all = HttpRouter.mount(routes, "/mounted", routes).pipe(
        HttpRouter.mountApp("/app", checked),
        HttpRouter.mountApp("/whole", checked, { includePrefix: true }),
        HttpRouter.concat(HttpRouter.prefixAll(routes, "/prefixed"))
      )
      const paths = [
        "/route",
        "/kept",
        "/mounted/route",
        "/mounted/kept",
        "/app",
        "/whole",
        "/prefixed/route"
      ]
      return served(
        all,
        Effect.map(
          Effect.forEach(paths, (path) => talk(get(path, "Connection: close\r\n"))),
          (responses) =>
            assert.deepStrictEqual(
              responses.map((response) => /<(\w+)>/.exec(response)?.[1]),
              ["true", "false", "true", "false", "false", "false", "true"]
            )
        ),
        {},
        middlewares[name]
      )
    }
  )

  it.effect("does not change a context that middleware shares between requests", () =>
    Effect.gen(function* () {
      const shared: Array<Context.Context<never>> = []
      yield* served(
        paths,
        Effect.zipRight(talk(get("/a/1", "Connection: close\r\n")), talk(get("/b", "Connection: close\r\n"))),
        {},
        HttpMiddleware.make((app) =>
          Effect.mapInputContext(app as Effect.Effect<never>, (context: Context.Context<never>) => {
            const copy = Context.add(context, Context.GenericTag<number>("number"), 1)
            shared.push(copy)
            return copy
          })
        )
      )
      assert.deepStrictEqual(
        shared.map(({ unsafeMap }) => unsafeMap.has(HttpRouter.RouteContext.key)),
        [false, false]
      )
    })
  )

  const interruptions: ReadonlyArray<[kind: string, path: string, interrupted: boolean]> = [
    ["a route", "/route", true],
    ["an uninterruptible route", "/uninterruptible", false],
    ["a route of a mounted router", "/mounted/route", true],
    ["an uninterruptible route of a mounted router", "/mounted/uninterruptible", false]
  ]
  for (const [kind, path, interrupted] of interruptions) {
    for (const middleware of [undefined, HttpMiddleware.make((app) => app)]) {
      const title = `a client that leaves ${interrupted ? "interrupts" : "does not interrupt"} ${kind}`
      it.effect(`${title}${middleware === undefined ? "" : ", behind middleware"}`, () =>
        Effect.gen(function* () {
          const started = yield* Deferred.make<void>()
          const left = yield* Deferred.make<void>()
          const ended = yield* Deferred.make<boolean>()
          const handler = Deferred.succeed(started, undefined).pipe(
            Effect.zipRight(Effect.interruptible(Effect.void)),
            Effect.zipRight(Deferred.await(left)),
            Effect.onExit((exit) => Deferred.succeed(ended, exit._tag === "Failure")),
            Effect.as(text("done"))
          )
          const routes = HttpRouter.empty.pipe(
            HttpRouter.get("/route", handler),
            HttpRouter.get("/uninterruptible", handler, { uninterruptible: true })
          )
          yield* served(
            HttpRouter.mount(routes, "/mounted", routes),
            Effect.gen(function* () {
              const peer = yield* connect
              yield* peer.send(get(path))
              yield* Deferred.await(started)
              yield* peer.reset
              yield* Effect.yieldNow()
              if (!interrupted) yield* Deferred.succeed(left, undefined)
              assert.strictEqual(yield* Deferred.await(ended), interrupted)
            }),
            {},
            middleware
          )
        })
      )
    }
  }
})
