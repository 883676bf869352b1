// Bugs in the reports of a server and an agent: metrics, access log, request ids, health, and the server's
// own log lines.
const of = (area, file, nets, bugs) =>
  bugs.map((bug) => ({
    area,
    file: `packages/${file}.ts`,
    ...bug,
    nets: nets.map((net) => `packages/${net}.test.ts`)
  }))

export const observed = [
  ...of(
    "metrics",
    "core/src/internal/observe/beside",
    ["core/test/server/serverMetrics"],
    [
      {
        name: "the metrics of a second server are lost",
        harm: "Half of the traffic is missing in every dashboard.",
        find: "Layer.fresh(Layer.effectDiscard(observe))",
        replace: "Layer.effectDiscard(observe)"
      }
    ]
  ),
  ...of(
    "metrics",
    "core/src/ServerMetrics",
    ["core/test/server/serverMetrics"],
    [
      {
        name: "a refused request counts as one that has ended",
        harm: "The number of active requests becomes negative.",
        find: "if (this.active.get(connection) === exchange) {",
        replace: "if (this.countsActive) {"
      },
      {
        name: "sizes of bodies include heads and framing",
        harm: "Body sizes are too large, and differ from those of other servers.",
        find: "{ request: outcome.bodyIn,",
        replace: "{ request: outcome.bytesIn,"
      }
    ]
  ),
  ...of(
    "metrics",
    "core/src/internal/observe/labels",
    ["core/test/server/serverMetrics"],
    [
      {
        name: "every method is a label",
        harm: "A client creates as many time series as it likes.",
        find: "known.has(method) ? method : other",
        replace: "known.size > 0 ? method : other"
      },
      {
        name: "labels of the last exchange are taken for a route that differs",
        harm: "Requests are counted for the wrong route.",
        find: "      this.route === route &&\n",
        replace: ""
      }
    ]
  ),
  ...of(
    "metrics",
    "core/src/AgentMetrics",
    ["core/test/client/agentMetrics"],
    [
      {
        name: "the number of hosts has no limit",
        harm: "A crawler's metrics grow without end.",
        find: "if (this.hosts.size >= this.maxHosts)",
        replace: "if (this.hosts.size > 1e9)"
      },
      {
        name: "gauges keep their value when observation ends",
        harm: "Connections of an agent that is gone are shown for ever.",
        find: "gauge.unsafeModify(-count, labels)",
        replace: "gauge.unsafeModify(0 * count, labels)"
      }
    ]
  ),
  ...of(
    "access log",
    "core/src/internal/observe/logLines",
    ["core/test/server/accessLog"],
    [
      {
        name: "a quote in a value is not escaped",
        harm: "A client forges fields of the log.",
        find: 'value.replace(/["\\\\]|[^ -~]/gu, escape)',
        replace: "value.replace(/[^ -~]/gu, escape)"
      },
      {
        name: "control characters of C1 reach the terminal",
        harm: "A client controls the terminal of whoever reads the log.",
        find: "/[\\u007f-\\u009f\\u2028\\u2029]/g",
        replace: "/[\\u2028\\u2029]/g"
      },
      {
        name: "an annotation replaces a fact",
        harm: "A log line shows another status than the client got.",
        find: "    ...outcome.annotations,\n    time:",
        replace: "    time:"
      }
    ]
  ),
  ...of(
    "access log",
    "core/src/model/urlSecrets",
    ["core/test/server/accessLog"],
    [
      {
        name: "signatures of queries are logged",
        harm: "Whoever reads the log can use the signed URL.",
        find: "withoutUserinfo(text).replace(signatures, `$1${redacted}`)",
        replace: "withoutUserinfo(text)"
      }
    ]
  ),
  ...of(
    "request id",
    "core/src/content/requestId",
    ["core/test/content/requestId"],
    [
      {
        name: "any id of a client is taken over",
        harm: "A client writes what it likes into all log lines.",
        find: "if (given !== undefined && isWellFormed(given)) return given",
        replace: "if (given !== undefined) return given"
      },
      {
        name: "an id of zeros comes from traceparent",
        harm: "Requests of broken clients share one id.",
        find: "-(?!0{32})([0-9a-f]{32})",
        replace: "-([0-9a-f]{32})"
      },
      {
        name: "the client's id is trusted although it shall not be",
        harm: "Clients choose the ids of an edge server.",
        find: "idOf(trust ? received(request) : undefined, make)",
        replace: "idOf(received(request), make)"
      }
    ]
  ),
  ...of(
    "health",
    "core/src/content/health",
    ["core/test/content/health"],
    [
      {
        name: "readiness passes while the server drains",
        harm: "A balancer sends requests to a server that ends.",
        find: 'state === "ready"\n',
        replace: 'state !== "starting"\n'
      },
      {
        name: "the port of health closes before the server has ended",
        harm: "A supervisor takes a server that drains for a dead one.",
        find: "    yield* Effect.addFinalizer(() => subject.shutdown)\n",
        replace: ""
      },
      {
        name: "a check that hangs is started again by each probe",
        harm: "A dependency that is slow gets ever more load.",
        find: "if (running !== undefined) return restore",
        replace: "if (running !== undefined && this.limit === undefined) return restore"
      }
    ]
  ),
  ...of(
    "server log",
    "core/src/connection/server/life",
    ["core/test/server/serverLog"],
    [
      {
        name: "the handlers that are left at the end are not counted",
        harm: "The log says that nothing was cut off.",
        find: "requests: requests + kept }",
        replace: "requests }"
      }
    ]
  )
]
