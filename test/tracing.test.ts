/**
 * The same program on our layers and on the layers of platform-node, with `@effect/opentelemetry` and an
 * exporter in memory, gives the same spans. This file lists the differences with their reasons.
 */
import * as NodeSdk from "@effect/opentelemetry/NodeSdk"
import {
  Headers,
  HttpClient,
  HttpClientRequest,
  HttpMiddleware,
  HttpRouter,
  HttpServer,
  HttpServerRequest,
  HttpServerResponse
} from "@effect/platform"
import * as Theirs from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { NodeHttpClient, NodeHttpServer } from "@httpfx/node"
import { SimpleSpanProcessor, type ReadableSpan, type SpanExporter } from "@opentelemetry/sdk-trace-base"
import { Effect, FiberRef, Layer, Logger, Stream } from "effect"
import { createServer } from "node:http"

const { empty, text } = HttpServerResponse

const router = HttpRouter.empty.pipe(
  HttpRouter.get("/ok", text("ok", { headers: { "x-answer": "1", "x-secret": "of the server" } })),
  HttpRouter.get("/fails", Effect.fail("a failure")),
  HttpRouter.get("/dies", Effect.die(new Error("a defect"))),
  HttpRouter.get("/refused", Effect.fail(empty({ status: 403 }))),
  HttpRouter.get("/inner", Effect.withSpan(Effect.succeed(text("inner")), "inner")),
  HttpRouter.get("/quiet", text("quiet")),
  HttpRouter.get("/attributes", Effect.as(Effect.annotateCurrentSpan("own", "of the handler"), empty())),
  HttpRouter.post(
    "/echo",
    Effect.map(HttpServerRequest.HttpServerRequest, ({ stream }) => HttpServerResponse.stream(stream))
  ),
  HttpRouter.get(
    "/onward",
    Effect.gen(function* () {
      const { headers } = yield* HttpServerRequest.HttpServerRequest
      const response = yield* HttpClient.get(`http://${headers["host"]}/inner`)
      return text(yield* response.text)
    })
  )
)

type Program = Effect.Effect<unknown, unknown, HttpClient.HttpClient>

const get = (path: string, headers: Record<string, string> = {}): Program =>
  Effect.flatMap(HttpClient.get(path, { headers }), (response) => response.text)
const withClient = (change: (client: HttpClient.HttpClient) => HttpClient.HttpClient, program: Program) =>
  Effect.flatMap(HttpClient.HttpClient, (client) =>
    Effect.provideService(program, HttpClient.HttpClient, change(client))
  )
/** Uses a client without spans, so that only the spans of the server are recorded. */
const unseen = (program: Program) =>
  withClient(
    HttpClient.withTracerDisabledWhen(() => true),
    program
  )

const traceId = "0af7651916cd43dd8448eb211c80319c"
const spanId = "b7ad6b7169203331"

// Each entry has a name, a program, and the number of spans.
const programs: ReadonlyArray<readonly [string, Program, number]> = [
  ["a response, with query and fields", get("/ok?a=b%20c&d", { "x-request": "1", "user-agent": "me" }), 2],
  ["no route", get("/nowhere"), 2],
  ["a failure", get("/fails"), 2],
  ["a defect", get("/dies"), 2],
  ["a response as a failure", get("/refused"), 2],
  ["a span made by the handler", get("/inner"), 3],
  ["attributes set by the handler", get("/attributes"), 2],
  ["a request within a handler", get("/onward"), 5],
  ["a span made by the caller", Effect.withSpan(get("/ok"), "caller"), 3],
  [
    "a streamed body",
    HttpClientRequest.post("/echo").pipe(
      HttpClientRequest.bodyStream(Stream.encodeText(Stream.make("a", "b"))),
      HttpClient.execute,
      Effect.flatMap((response) => response.text)
    ),
    2
  ],
  ["a parent in traceparent", unseen(get("/ok", { traceparent: `00-${traceId}-${spanId}-01` })), 1],
  ["a parent in b3", unseen(get("/ok", { b3: `${traceId}-${spanId}-1` })), 1],
  [
    "a parent in fields of b3",
    unseen(get("/ok", { "x-b3-traceid": traceId, "x-b3-spanid": spanId, "x-b3-sampled": "1" })),
    1
  ],
  ["a malformed parent", unseen(get("/ok", { traceparent: "nonsense" })), 1],
  [
    "redacted fields",
    get("/ok", { authorization: "Bearer secret", cookie: "a=secret", "x-api-key": "secret" }),
    2
  ],
  [
    "fields redacted by name",
    Effect.locally(get("/ok", { "x-secret": "of the client" }), Headers.currentRedactedNames, ["x-secret"]),
    2
  ],
  ["no server span if disabled", get("/quiet"), 1],
  ["no client span if disabled", unseen(get("/ok")), 1],
  ["no propagation to the server", withClient(HttpClient.withTracerPropagation(false), get("/ok")), 2],
  [
    "custom span names",
    withClient(
      HttpClient.withSpanNameGenerator(({ method }) => `asking ${method}`),
      get("/ok")
    ),
    2
  ],
  ["connection refused", Effect.exit(get("http://127.0.0.1:1/")), 1],
  ["no spans at all", Effect.withTracerEnabled(unseen(get("/quiet")), false), 0]
]

interface Stack {
  readonly server: Layer.Layer<HttpServer.HttpServer | HttpRouter.HttpRouter.DefaultServices, unknown>
  readonly client: Layer.Layer<HttpClient.HttpClient>
}
const stacks: Record<"ours" | "theirs", Stack> = {
  theirs: {
    server: Theirs.NodeHttpServer.layer(createServer, { host: "127.0.0.1", port: 0 }),
    client: Theirs.NodeHttpClient.layer
  },
  ours: {
    server: NodeHttpServer.layer({ host: "127.0.0.1", port: 0, idleConnectionGrace: 0 }),
    client: NodeHttpClient.layer
  }
}

class Exporter implements SpanExporter {
  readonly spans: Array<ReadableSpan> = []
  told = () => {}

  export(spans: Array<ReadableSpan>, done: Parameters<SpanExporter["export"]>[1]): void {
    this.spans.push(...spans)
    done({ code: 0 })
    this.told()
  }

  async shutdown(): Promise<void> {}
}

const kinds = ["internal", "server", "client", "producer", "consumer"]

// Fields that differ between connections. Only some spans have them.
const ofTheWire = new Set(["connection", "date", "keep-alive", "transfer-encoding", "content-length"])

// OpenTelemetry's conventions require these attributes. platform-node sets none of them, or sets
// `server.address` to the origin of the URL. packages/core/test/conventions.test.ts tests ours.
const ofConventions = new Set([
  "error.type",
  "network.peer.address",
  "network.peer.port",
  "network.protocol.version",
  "server.address",
  "server.port"
])

// Our errors have longer messages, so compare only the beginning.
const transport = /^Transport: .*(?= \(GET )/

const shown = (spans: ReadonlyArray<ReadableSpan>, port: number) => {
  const known = new Map(spans.map((span) => [span.spanContext().spanId, span.name]))
  const named = (value: unknown) =>
    typeof value === "string" || typeof value === "number"
      ? String(value)
          .replaceAll(String(port), "PORT")
          .replace(/[0-9a-f]{32}-[0-9a-f]{16}(-1-[0-9a-f]{16})?/, "IDS")
          .replace("::ffff:", "")
      : value
  return spans
    .map((span) => ({
      name: span.name,
      kind: kinds[span.kind],
      parent: known.get(span.parentSpanContext?.spanId ?? "") ?? span.parentSpanContext?.spanId,
      trace: span.spanContext().traceId === traceId ? "given" : "new",
      status: { ...span.status, message: span.status.message?.replace(transport, "Transport error") },
      events: span.events.map(({ attributes, name }) => [name, attributes?.["exception.type"]]),
      links: span.links.length,
      attributes: Object.fromEntries(
        Object.entries(span.attributes)
          .filter(([key]) => !ofConventions.has(key))
          .filter(([key]) => !ofTheWire.has(key.replace(/^http\.(request|response)\.header\./, "")))
          .map(([key, value]) => [key, named(value)])
          .sort(([a], [b]) => (a! < b! ? -1 : 1))
      )
    }))
    .sort((a, b) => (`${a.name} ${JSON.stringify(a)}` < `${b.name} ${JSON.stringify(b)}` ? -1 : 1))
}

/** Runs a program. Returns the spans when the expected number exists and the server has ended. */
const spansOf = ({ client, server }: Stack, program: Program, count: number) =>
  Effect.gen(function* () {
    const exporter = new Exporter()
    let port = 0
    yield* Effect.gen(function* () {
      const { address } = yield* HttpServer.HttpServer
      port = address._tag === "TcpAddress" ? address.port : 0
      yield* HttpServer.serveEffect(router).pipe(
        HttpMiddleware.withTracerDisabledWhenEffect(({ url }) => url === "/quiet")
      )
      const asked = HttpClient.mapRequest(yield* HttpClient.HttpClient, (request) =>
        request.url.startsWith("/")
          ? HttpClientRequest.prependUrl(request, `http://127.0.0.1:${port}`)
          : request
      )
      yield* Effect.exit(Effect.provideService(program, HttpClient.HttpClient, asked))
      yield* Effect.async<void>((resume) => {
        exporter.told = () => {
          if (exporter.spans.length >= count) resume(Effect.void)
        }
        exporter.told()
      })
    }).pipe(
      Effect.scoped,
      Effect.provide(Layer.merge(server, client)),
      Effect.provide(
        NodeSdk.layer(() => ({
          resource: { serviceName: "test" },
          spanProcessor: new SimpleSpanProcessor(exporter)
        }))
      ),
      Effect.provide(Logger.remove(Logger.defaultLogger)),
      Effect.locally(FiberRef.unhandledErrorLogLevel, { _tag: "None" } as never)
    )
    return shown(exporter.spans, port)
  })

describe("spans of our layers and of platform-node's", () => {
  it.live.each(programs)("are the same: %s", ([, program, count]) =>
    Effect.gen(function* () {
      const theirs = yield* spansOf(stacks.theirs, program, count)
      const ours = yield* spansOf(stacks.ours, program, count)
      assert.lengthOf(theirs, count)
      assert.deepStrictEqual(ours, theirs)
    })
  )
})
