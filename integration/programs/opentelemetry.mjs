// OpenTelemetry's instrumentation: replaces `request`, `get` and `Server.prototype.emit` when the module is
// loaded.
import { context, trace } from "@opentelemetry/api"
import { registerInstrumentations } from "@opentelemetry/instrumentation"
import { HttpInstrumentation } from "@opentelemetry/instrumentation-http"
import { InMemorySpanExporter, NodeTracerProvider, SimpleSpanProcessor } from "@opentelemetry/sdk-trace-node"
import { createRequire } from "node:module"

const exporter = new InMemorySpanExporter()
const provider = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] })
provider.register()
registerInstrumentations({ instrumentations: [new HttpInstrumentation()] })
// Only modules required after this are instrumented.
const http = createRequire(import.meta.url)("http")
const report = (what, value) => console.log(`${what}: ${JSON.stringify(value)}`)
const server = http.createServer((req, res) => {
  report("in a span", [trace.getSpan(context.active()) !== undefined, typeof req.headers.traceparent])
  if (req.url === "/fail") res.statusCode = 500
  res.end("ok")
})
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve))
const url = `http://127.0.0.1:${server.address().port}`
const ask = (target) =>
  new Promise((resolve) => {
    const req = http.get(target, { agent: false }, (res) =>
      res.resume().on("end", () => resolve(res.statusCode))
    )
    req.on("error", (error) => resolve(error.code))
  })
report("answers", [await ask(`${url}/one`), await ask(`${url}/fail`), await ask("http://127.0.0.1:1/")])
await new Promise((resolve) => setTimeout(resolve, 20))
const spans = exporter.getFinishedSpans()
const parents = new Set(spans.map((span) => span.spanContext().traceId))
report(
  "spans",
  spans
    .map(({ kind, name, attributes, status }) => [
      kind,
      name,
      attributes["http.status_code"] ?? null,
      status.code
    ])
    .sort()
)
report("traces", parents.size)
server.close()
