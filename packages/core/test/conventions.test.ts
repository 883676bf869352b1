// Compares the names of metrics, labels and span attributes with OpenTelemetry's semantic conventions.
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as HttpRouter from "@effect/platform/HttpRouter"
import * as HttpServer from "@effect/platform/HttpServer"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import { assert, describe, it } from "@effect/vitest"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Metric from "effect/Metric"
import * as Option from "effect/Option"
import * as Tracer from "effect/Tracer"
import { AgentMetrics, Agent, Client, Server, ServerMetrics } from "@httpfx/core"
import { MemoryNetwork, RawPeer, VirtualClock } from "@httpfx/testing"
import { answer, first, withAgent } from "./support/agent.js"
import * as Stable from "@opentelemetry/semantic-conventions"
import * as Incubating from "@opentelemetry/semantic-conventions/incubating"

const names = (registry: object, prefix: string): ReadonlySet<string> =>
  new Set(
    Object.entries(registry).flatMap(([name, value]) => (name.startsWith(prefix) ? [String(value)] : []))
  )

const stableMetrics = names(Stable, "METRIC_")
const metrics = names(Incubating, "METRIC_")
const stableAttributes = names(Stable, "ATTR_")
const attributes = names(Incubating, "ATTR_")

/** Metrics that the conventions do not define. docs/observability.md, overload.md and agent.md list them. */
const ownMetrics = new Set([
  "http.server.open_connections",
  "http.server.rate_limited_requests",
  "http.client.closed_connections",
  "http.client.queued_requests",
  "http.client.resent_requests",
  "http.client.retried_requests",
  "http.client.request.phase.duration"
])
const ownLabels = new Set(["agent", "limit", "phase", "reason"])

class Spans {
  readonly ended: Array<{ readonly name: string; readonly attributes: Record<string, unknown> }> = []
  readonly layer = Layer.setTracer(
    Tracer.make({
      context: (f) => f(),
      span: (name, parent, context, links, startTime, kind) => {
        const attributes = new Map<string, unknown>()
        const span: Tracer.Span = {
          _tag: "Span",
          name,
          spanId: "0123456789abcdef",
          traceId: "0123456789abcdef0123456789abcdef",
          parent,
          context: context as Context.Context<never>,
          status: { _tag: "Started", startTime },
          attributes,
          links,
          sampled: true,
          kind,
          end: () => void this.ended.push({ name, attributes: Object.fromEntries(attributes) }),
          attribute: (key, value) => void attributes.set(key, value),
          event: () => {},
          addLinks: () => {}
        }
        return span
      }
    })
  )
}

const router = HttpRouter.empty.pipe(
  HttpRouter.get("/users/:id", HttpServerResponse.text("Ada")),
  HttpRouter.post("/die", Effect.die("a defect")),
  HttpRouter.all("/any", HttpServerResponse.text("any"))
)

const everything = { bodySizes: true, connections: true, steps: true }

const world = Layer.merge(
  HttpServer.serve(router),
  ServerMetrics.layerWith({ bodySizes: true, connections: true })
).pipe(
  Layer.provide(Server.layer({ host: "10.0.3.1", port: 8080 })),
  Layer.merge(
    Layer.provideMerge(Layer.merge(Client.layerAgent(), AgentMetrics.layer(everything)), Agent.layer())
  ),
  Layer.provideMerge(MemoryNetwork.layer()),
  Layer.provideMerge(VirtualClock.layer())
)

const asked = Effect.gen(function* () {
  yield* HttpClient.get("http://10.0.3.1:8080/users/7?name=Ada")
  yield* HttpClient.post("http://10.0.3.1:8080/die")
  yield* HttpClient.execute(HttpClientRequest.make("PROPFIND" as "GET")("http://10.0.3.1:8080/any"))
  yield* Effect.exit(HttpClient.get("http://10.0.3.1:81/"))
  yield* VirtualClock.settle
})

const quiet = Effect.withUnhandledErrorLogLevel(Option.none())

describe("OpenTelemetry's conventions", () => {
  it.live("name every metric and label, and say which are stable", () =>
    Effect.gen(function* () {
      yield* asked
      const all = (yield* Metric.snapshot).filter(({ metricKey }) => metricKey.name.startsWith("http."))
      assert.isAbove(all.length, 10)
      for (const { metricKey } of all) {
        assert.isTrue(metrics.has(metricKey.name) || ownMetrics.has(metricKey.name), metricKey.name)
        for (const { key } of metricKey.tags)
          assert.isTrue(attributes.has(key) || ownLabels.has(key), `${metricKey.name}: ${key}`)
      }
      const stable = all.filter(({ metricKey }) => stableMetrics.has(metricKey.name))
      assert.sameMembers(
        [...new Set(stable.map(({ metricKey }) => metricKey.name))],
        ["http.client.request.duration", "http.server.request.duration"]
      )
      for (const { metricKey } of stable)
        for (const { key } of metricKey.tags) assert.isTrue(stableAttributes.has(key) || key === "agent", key)
    }).pipe(Effect.provide(world))
  )

  it.live("give durations their boundaries", () =>
    Effect.gen(function* () {
      const boundaries = (metric: Metric.Metric.Histogram<number>) =>
        Effect.map(Metric.value(metric), ({ buckets }) => buckets.map(([boundary]) => boundary).slice(0, -1))
      const seconds = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10]
      assert.deepStrictEqual(yield* boundaries(ServerMetrics.requestDuration), seconds)
      assert.deepStrictEqual(yield* boundaries(AgentMetrics.requestDuration), seconds)
      const ages = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 120, 300]
      assert.deepStrictEqual(yield* boundaries(AgentMetrics.connectionDuration), ages)
    })
  )

  it.live("name the attributes of spans, and all required attributes are set", () => {
    const spans = new Spans()
    return Effect.gen(function* () {
      yield* asked
      const isHeader = (key: string) => /^http\.(request|response)\.header\./.test(key)
      for (const { attributes: own } of spans.ended)
        for (const key of Object.keys(own)) assert.isTrue(stableAttributes.has(key) || isHeader(key), key)
      const found = (name: string, status: number | undefined) =>
        spans.ended.find(
          (span) => span.name.startsWith(name) && span.attributes["http.response.status_code"] === status
        )!.attributes
      const at = { "server.address": "10.0.3.1", "server.port": 8080, "network.protocol.version": "1.1" }
      assert.deepInclude(found("http.server", 200), {
        ...at,
        "http.request.method": "GET",
        "http.route": "/users/:id",
        "url.scheme": "http",
        "url.path": "/users/7",
        "url.query": "name=Ada"
      })
      assert.isString(found("http.server", 200)["client.address"])
      assert.isNumber(found("http.server", 200)["network.peer.port"])
      assert.notProperty(found("http.server", 200), "error.type")
      assert.deepInclude(found("http.server", 500), { ...at, "error.type": "500" })
      assert.deepInclude(found("http.client", 200), {
        ...at,
        "http.request.method": "GET",
        "url.full": "http://10.0.3.1:8080/users/7?name=Ada",
        "network.peer.address": "10.0.3.1",
        "network.peer.port": 8080
      })
      assert.deepInclude(found("http.client", 500), { ...at, "error.type": "500" })
      assert.deepInclude(found("http.client", undefined), {
        "server.address": "10.0.3.1",
        "server.port": 81,
        "error.type": "ConnectionRefused"
      })
      const methods = spans.ended.filter((span) => span.attributes["http.request.method"] === "_OTHER")
      assert.lengthOf(methods, 2)
      for (const { attributes } of methods)
        assert.strictEqual(attributes["http.request.method_original"], "PROPFIND")
    }).pipe(Effect.provide(Layer.provideMerge(world, spans.layer)), quiet)
  })

  it.live("count how often a request was resent", () => {
    const spans = new Spans()
    return withAgent()(
      Effect.gen(function* () {
        const server = yield* RawPeer.listen()
        const raw = yield* first(server)
        const again = yield* Effect.fork(Effect.flatMap(HttpClient.get(server.url), ({ text }) => text))
        yield* raw.head
        yield* raw.reset
        yield* answer(yield* server.accept)
        yield* again
        const counts = spans.ended.map(({ attributes }) => attributes["http.request.resend_count"])
        assert.deepStrictEqual(counts, [1])
        assert.isTrue(stableAttributes.has("http.request.resend_count"))
      })
    ).pipe(Effect.provide(spans.layer))
  })
})
