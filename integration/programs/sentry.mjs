// Sentry's http instrumentation, with envelopes kept in memory: spans, breadcrumbs, bodies, sessions and
// propagated headers.
import { once } from "node:events"
import http from "node:http"
import * as Sentry from "@sentry/node"
import { close, report, request, serve, text } from "./tools.mjs"

const spans = []
const events = []
Sentry.init({
  dsn: "http://key@sentry.test/1",
  release: "1",
  tracesSampleRate: 1,
  registerEsmLoaderHooks: false,
  sendClientReports: false,
  dataCollection: { httpBodies: ["incomingRequest"] },
  tracePropagationTargets: [/\/onwards/],
  transport: () => ({
    send: async (envelope) => {
      for (const [{ type }, item] of envelope[1]) {
        if (type === "span") spans.push(...item.items)
        if (type === "event") events.push(item)
      }
      return { statusCode: 200 }
    },
    flush: async () => true
  })
})

const behind = await serve(async (req, res) => {
  if (req.url === "/cut") return void req.socket.destroy()
  const carried = [req.headers["sentry-trace"] !== undefined, req.headers.baggage !== undefined]
  res.writeHead(req.url === "/missing" ? 404 : 200).end(JSON.stringify([carried, await text(req)]))
})
const failure = (promise) =>
  promise.then(
    ({ status, body }) => [status, body],
    (error) => error.code
  )
const { server, url } = await serve(async (req, res) => {
  // The instrumentation reads the chunks passed to `data` listeners.
  let body = ""
  req.on("data", (chunk) => (body += chunk))
  await once(req, "end")
  const got = [
    await failure(request(`${behind.url}/onwards?a=1`, { method: "POST" }, "asked")),
    await failure(request(`${behind.url}/missing`)),
    await failure(request(`${behind.url}/cut`))
  ]
  Sentry.captureMessage(`seen ${req.url}`)
  res
    .writeHead(req.url === "/bad" ? 500 : 200)
    .end(JSON.stringify({ got, body, traced: Sentry.getActiveSpan() !== undefined }))
})

/** Ports differ from run to run. */
const stable = (value) => JSON.parse(JSON.stringify(value).replaceAll(/127\.0\.0\.1:\d+/g, "host"))
const value = (span, key) => span?.attributes[key]?.value
const titleOf = (span) =>
  span && `${value(span, "sentry.op")} ${span.name} ${value(span, "url.path") ?? value(span, "url.full")}`
const shown = (span) => ({
  status: span.status,
  segment: span.is_segment,
  parent: titleOf(spans.find(({ span_id: id }) => id === span.parent_span_id)) ?? span.parent_span_id,
  links: span.links,
  attributes: Object.fromEntries(
    Object.keys(span.attributes)
      .filter((key) =>
        /^(http|url|network|client|server|user_agent|error|sentry\.(op|origin|kind))/.test(key)
      )
      .filter((key) => !/port$|traceparent|sentry-trace|baggage/.test(key))
      .sort()
      .map((key) => [key, value(span, key)])
  )
})
const agent = new http.Agent({ keepAlive: true, maxSockets: 1 })
const parent = { "sentry-trace": `${"a".repeat(32)}-${"b".repeat(16)}-1`, baggage: "sentry-environment=test" }
const sent = [
  [
    "/page?q=1",
    { method: "POST", agent, headers: { ...parent, "Content-Type": "text/plain", "User-Agent": "us" } },
    "hello"
  ],
  ["/bad", { agent }],
  ["/page/2", { agent: false }]
]
for (const [path, options, body] of sent) {
  // This request has no trace of its own, so the server's starts from the headers.
  const answer = await Sentry.suppressTracing(() => request(url + path, options, body))
  report(path, [answer.status, stable(JSON.parse(answer.body))])
}
const outside = await Sentry.startSpan({ name: "outside", op: "test" }, () =>
  request(`${behind.url}/onwards`)
)
report("outside", outside.body)
Sentry.addBreadcrumb({ message: "by hand" })
Sentry.captureException(new Error("made"))
agent.destroy()
close(server)
close(behind.server)
await Sentry.close(5000)
for (const line of spans
  .map((span) => [titleOf(span), stable(shown(span))])
  .sort(([a, b], [c, d]) => (a + JSON.stringify(b) < c + JSON.stringify(d) ? -1 : 1)))
  report(...line)
for (const { message, exception, transaction, breadcrumbs, request: seen, contexts } of events)
  report(
    "event",
    stable([
      message ?? exception.values[0].value,
      transaction,
      contexts.trace.trace_id === "a".repeat(32),
      seen && [seen.method, seen.url, seen.data],
      breadcrumbs
        ?.filter(({ category }) => category !== "console")
        .map(({ category, message: said, level, data }) => [category, said, level, data])
    ])
  )
