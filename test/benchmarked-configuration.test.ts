/**
 * `npm run bench` measures a complete server: in the benchmarked layer, spans, request scopes and
 * interruption work. A benchmark that gets faster by leaving one of them out fails here.
 */
import {
  HttpClient,
  HttpClientResponse,
  HttpRouter,
  HttpServer,
  HttpServerRequest,
  HttpServerResponse
} from "@effect/platform"
import { assert, describe, it } from "@effect/vitest"
import { NodeHttpClient } from "@httpfx/node"
import { Deferred, Effect, Layer, Ref, Schema } from "effect"
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { connect } from "node:net"
import * as lists from "../benchmarks/scenarios.mjs"
import { layer as benchmarked } from "../benchmarks/hello/httpfx.mjs"

const address = Effect.map(HttpServer.HttpServer, (server) =>
  server.address._tag === "TcpAddress" ? server.address : assert.fail("a port was expected")
)

const get = (path: string) =>
  Effect.flatMap(address, ({ port }) => HttpClient.get(`http://127.0.0.1:${port}${path}`))

const serving = <E, R>(app: HttpRouter.HttpRouter<E, R>) =>
  Layer.mergeAll(Layer.provideMerge(HttpServer.serve(app), benchmarked), NodeHttpClient.layer)

const Span = Schema.Struct({
  name: Schema.String,
  kind: Schema.String,
  trace: Schema.String,
  parent: Schema.String,
  attributes: Schema.Record({ key: Schema.String, value: Schema.Unknown })
})

describe("the benchmarked configuration", () => {
  it.live("gives the handler a span for its request in the caller's trace", () => {
    const app = HttpRouter.empty.pipe(
      HttpRouter.get(
        "/span",
        Effect.flatMap(Effect.currentSpan, (span) =>
          HttpServerResponse.json({
            name: span.name,
            kind: span.kind,
            parent: span.parent._tag === "Some" ? span.parent.value.traceId : "none",
            trace: span.traceId,
            attributes: Object.fromEntries(span.attributes)
          })
        )
      )
    )
    return Effect.gen(function* () {
      const { port } = yield* address
      const trace = "0af7651916cd43dd8448eb211c80319c"
      const client = HttpClient.withTracerPropagation(yield* HttpClient.HttpClient, false)
      const response = yield* client.get(`http://127.0.0.1:${port}/span?a=1`, {
        headers: { traceparent: `00-${trace}-b7ad6b7169203331-01` }
      })
      const span = yield* HttpClientResponse.schemaBodyJson(Span)(response)
      assert.deepInclude(span, { name: "http.server GET", kind: "server", parent: trace, trace })
      assert.deepInclude(span.attributes, { "http.request.method": "GET", "url.path": "/span" })
    }).pipe(Effect.provide(serving(app)))
  })

  it.live("runs the finalizers of the request's scope", () =>
    Effect.gen(function* () {
      const order = yield* Ref.make<ReadonlyArray<string>>([])
      const finalized = yield* Deferred.make<void>()
      const note = (what: string) => Ref.update(order, (seen) => [...seen, what])
      const app = HttpRouter.empty.pipe(
        HttpRouter.get(
          "/",
          Effect.gen(function* () {
            yield* Effect.addFinalizer(() =>
              Effect.zipRight(note("finalizer"), Deferred.succeed(finalized, undefined))
            )
            yield* note("handler")
            return HttpServerResponse.text("done")
          })
        )
      )
      yield* Effect.provide(
        Effect.gen(function* () {
          const response = yield* get("/")
          assert.strictEqual(yield* response.text, "done")
          yield* Deferred.await(finalized)
        }),
        serving(app)
      )
      assert.deepStrictEqual(yield* Ref.get(order), ["handler", "finalizer"])
    })
  )

  it.live("interrupts the handler when its client disconnects", () =>
    Effect.gen(function* () {
      const started = yield* Deferred.make<void>()
      const interrupted = yield* Deferred.make<string>()
      const handler = Effect.gen(function* () {
        const { url } = yield* HttpServerRequest.HttpServerRequest
        yield* Deferred.succeed(started, undefined)
        return yield* Effect.onInterrupt(Effect.never, () => Deferred.succeed(interrupted, url))
      })
      yield* Effect.provide(
        Effect.gen(function* () {
          const { port } = yield* address
          const socket = connect(port, "127.0.0.1")
          socket.on("error", () => socket.destroy())
          socket.write("GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\n")
          yield* Deferred.await(started)
          socket.destroy()
          assert.strictEqual(yield* Deferred.await(interrupted), "/slow")
        }),
        serving(HttpRouter.empty.pipe(HttpRouter.get("/slow", handler)))
      )
    })
  )
})

const benchmarks = new URL("../benchmarks/", import.meta.url)

describe("the rows of the benchmarks", () => {
  it("have a module for each contestant, and unique names and titles", () => {
    const scenarios = Object.values(lists).flat() as ReadonlyArray<{
      readonly name: string
      readonly title?: string
      readonly contestants: Readonly<Record<string, string | ((size: number) => string)>>
    }>
    assert.isAtLeast(scenarios.length, 20)
    for (const { contestants, name } of scenarios) {
      for (const script of Object.values(contestants)) {
        const path = typeof script === "string" ? script : script(1)
        assert.isTrue(existsSync(new URL(path.replace(/\?.*/, ""), benchmarks)), `${name}: ${path}`)
      }
    }
    const names = scenarios.map(({ name }) => name)
    assert.strictEqual(new Set(names).size, names.length)
  })

  it("run our servers with default options, except certificates and idle timeouts", () => {
    // Read only this level, because a recursive listing would follow the links of node_modules.
    const folders = readdirSync(benchmarks, { withFileTypes: true }).filter(
      (entry) => entry.isDirectory() && entry.name !== "node_modules"
    )
    const files = folders.flatMap(({ name }) =>
      readdirSync(new URL(`${name}/`, benchmarks))
        .filter((file) => file.endsWith(".mjs"))
        .map((file) => `${name}/${file}`)
    )
    const made = files.flatMap((file) => {
      const text = readFileSync(new URL(file, benchmarks), "utf8")
      if (!text.includes("@httpfx/node/NodeHttpServer")) return []
      return [...text.matchAll(/NodeHttpServer\.layer\(([^]*?)\)/g)].map(
        ([, options]) => `${file}: ${options}`
      )
    })
    const others = made.filter((line) => !line.endsWith(': { port: 0, host: "127.0.0.1" }'))
    assert.deepStrictEqual(others, ['tls/httpfx.mjs: { port: 0, host: "127.0.0.1", tls }'])
    assert.isAtLeast(made.length, 6)
    const timeouts = files.filter((file) =>
      readFileSync(new URL(file, benchmarks), "utf8").includes("ServerTimeouts.layer")
    )
    assert.deepStrictEqual(timeouts, ["idle/httpfx.mjs"])
  })
})
