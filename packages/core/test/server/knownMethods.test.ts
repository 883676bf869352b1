// Methods that spans and metrics show by name, and the route of an exchange whose spans are off.
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as HttpLayerRouter from "@effect/platform/HttpLayerRouter"
import * as HttpRouter from "@effect/platform/HttpRouter"
import * as HttpServer from "@effect/platform/HttpServer"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as FiberRef from "effect/FiberRef"
import * as Layer from "effect/Layer"
import type * as Tracer from "effect/Tracer"
import { Client, ExchangeOutcome, KnownMethods, Server } from "@httpfx/core"
import { MemoryNetwork } from "@httpfx/testing"

const dav = Layer.locallyWith(KnownMethods.current, (known) => new Set([...known, "PROPFIND"]))
const url = "http://127.0.0.1/things/7"

const world = (app: Layer.Layer<never, never, HttpServer.HttpServer>) =>
  Layer.merge(app, Client.layer).pipe(
    Layer.provideMerge(Layer.orDie(Server.layer({ host: "127.0.0.1", port: 80 }))),
    Layer.provide(MemoryNetwork.layer())
  )

const methodOf = (span: Tracer.AnySpan) =>
  span._tag === "Span"
    ? [span.attributes.get("http.request.method"), span.attributes.get("http.request.method_original")]
    : []

const shown = HttpServer.serve(
  Effect.map(Effect.orDie(Effect.currentSpan), (span) => HttpServerResponse.unsafeJson(methodOf(span)))
)

const rows: ReadonlyArray<[method: string, known: boolean, expected: ReadonlyArray<string | null>]> = [
  ["GET", false, ["GET", null]],
  ["PROPFIND", false, ["_OTHER", "PROPFIND"]],
  ["PROPFIND", true, ["PROPFIND", null]],
  ["MKCOL", true, ["_OTHER", "MKCOL"]]
]

describe.each(rows)("%s, with PROPFIND known: %s", (method, known, expected) => {
  const request = HttpClientRequest.make(method as "GET")(url)

  it.scoped("in the span of a server", () =>
    Effect.gen(function* () {
      const response = yield* HttpClient.execute(request)
      assert.deepStrictEqual(yield* response.json, expected)
    }).pipe(Effect.provide(known ? dav(world(shown)) : world(shown)))
  )

  it.scoped("in the span of a client", () =>
    Effect.gen(function* () {
      const spans: Array<Tracer.Span> = []
      const tracer = yield* Effect.tracer
      const seeing: Tracer.Tracer = {
        ...tracer,
        span: (...args) => {
          const span = tracer.span(...args)
          spans.push(span)
          return span
        }
      }
      const sent = Effect.withTracer(HttpClient.execute(request), seeing)
      yield* known
        ? Effect.locallyWith(sent, KnownMethods.current, (all) => new Set([...all, "PROPFIND"]))
        : sent
      const span = spans.find(({ kind }) => kind === "client")!
      assert.deepStrictEqual<unknown>(
        methodOf(span).map((value) => value ?? null),
        expected
      )
    }).pipe(Effect.provide(world(shown)))
  )
})

describe("The route of an exchange whose spans are off", () => {
  const reply = Effect.succeed(HttpServerResponse.empty())
  const routed = HttpLayerRouter.middleware(ExchangeOutcome.withRoute).layer
  const added = HttpLayerRouter.add("GET", "/things/:id", reply)
  const inFunction = (router: HttpRouter.HttpRouter) =>
    Effect.suspend(() => Effect.catchTag(router, "RouteNotFound", Effect.die))
  const router = HttpRouter.empty.pipe(HttpRouter.get("/things/:id", ExchangeOutcome.withRoute(reply)))
  const apps: Readonly<Record<string, Layer.Layer<never, never, HttpServer.HttpServer>>> = {
    "an HttpLayerRouter": HttpLayerRouter.serve(Layer.provide(added, routed), { disableLogger: true }),
    "a router in a function": HttpServer.serve(inFunction(router))
  }
  for (const [name, app] of Object.entries(apps))
    it.scoped(name, () =>
      Effect.gen(function* () {
        const server = yield* Server.Server
        const routes: Array<string | undefined> = []
        yield* server.observe((event) => {
          if (event._tag === "ExchangeEnded") routes.push(event.outcome.route)
        })
        const response = yield* HttpClient.get(url)
        yield* response.text
        yield* Effect.yieldNow()
        assert.deepStrictEqual(routes, ["/things/:id"])
      }).pipe(Effect.provide(Layer.locally(world(app), FiberRef.currentTracerEnabled, false)))
    )
})
