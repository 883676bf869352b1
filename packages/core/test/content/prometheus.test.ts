// Effect's metrics in the text format of Prometheus: each kind of metric, escaping, and OpenTelemetry's
// names.
import * as OpenTelemetry from "@effect/opentelemetry/Metrics"
import * as Resource from "@effect/opentelemetry/Resource"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import { assert, describe, it } from "@effect/vitest"
import { PrometheusExporter, PrometheusSerializer } from "@opentelemetry/exporter-prometheus"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Metric from "effect/Metric"
import * as MetricBoundaries from "effect/MetricBoundaries"
import { Prometheus } from "@httpfx/core"

/** Returns the metrics whose names begin with `prefix`. */
const named = (prefix: string) =>
  Effect.map(Metric.snapshot, (pairs) =>
    Array.from(pairs).filter(({ metricKey }) => metricKey.name.startsWith(prefix))
  )
const formatted = (prefix: string) => Effect.map(named(prefix), Prometheus.format)

const tagged = <Type, In, Out>(metric: Metric.Metric<Type, In, Out>, tags: Record<string, string>) =>
  Object.entries(tags).reduce((metric, [key, value]) => Metric.tagged(metric, key, value), metric)

const updates = <Type, In, Out>(metric: Metric.Metric<Type, In, Out>, values: ReadonlyArray<In>) =>
  Effect.forEach(values, (value) => Metric.update(metric, value))

const rows: ReadonlyArray<
  readonly [what: string, prefix: string, record: Effect.Effect<unknown>, lines: ReadonlyArray<string>]
> = [
  [
    "a counter that only grows, with its description",
    "row.one",
    Metric.incrementBy(
      Metric.counter("row.one", { description: "Teas \\ drunk\nso far", incremental: true }),
      3
    ),
    ["# HELP row_one_total Teas \\\\ drunk\\nso far", "# TYPE row_one_total counter", "row_one_total 3"]
  ],
  [
    "a counter that is called total",
    "row.two",
    Metric.increment(Metric.counter("row.two_total", { incremental: true })),
    ["# TYPE row_two_total counter", "row_two_total 1"]
  ],
  [
    "a counter that may fall",
    "row.three",
    Metric.incrementBy(Metric.counter("row.three"), -2),
    ["# TYPE row_three gauge", "row_three -2"]
  ],
  [
    "a gauge of whole numbers",
    "row.four",
    Metric.set(Metric.gauge("row.four", { bigint: true }), 2n ** 60n),
    ["# TYPE row_four gauge", "row_four 1152921504606846976"]
  ],
  [
    "values that are not decimal numbers",
    "row.five",
    Effect.all([
      Metric.set(tagged(Metric.gauge("row.five"), { is: "above" }), Infinity),
      Metric.set(tagged(Metric.gauge("row.five"), { is: "below" }), -Infinity),
      Metric.set(tagged(Metric.gauge("row.five"), { is: "neither" }), NaN)
    ]),
    [
      "# TYPE row_five gauge",
      'row_five{is="above"} +Inf',
      'row_five{is="below"} -Inf',
      'row_five{is="neither"} NaN'
    ]
  ],
  [
    "a histogram: buckets are cumulative",
    "row.six",
    updates(Metric.histogram("row.six", MetricBoundaries.fromIterable([1, 2.5, 5])), [0.5, 1, 3, 99]),
    [
      "# TYPE row_six histogram",
      'row_six_bucket{le="1"} 2',
      'row_six_bucket{le="2.5"} 2',
      'row_six_bucket{le="5"} 3',
      'row_six_bucket{le="+Inf"} 4',
      "row_six_sum 103.5",
      "row_six_count 4"
    ]
  ],
  [
    "a frequency: a counter with a label",
    "row.seven",
    updates(Metric.frequency("row.seven"), ["tea", "milk", "tea"]),
    ["# TYPE row_seven_total counter", 'row_seven_total{key="tea"} 2', 'row_seven_total{key="milk"} 1']
  ],
  [
    "a summary",
    "row.eight",
    updates(
      Metric.summary({ name: "row.eight", maxAge: "1 day", maxSize: 10, error: 0, quantiles: [0.5, 1] }),
      [1, 1, 3]
    ),
    [
      "# TYPE row_eight summary",
      'row_eight{quantile="0.5"} 1',
      'row_eight{quantile="1"} 3',
      "row_eight_sum 5",
      "row_eight_count 3"
    ]
  ],
  [
    "names and labels of other alphabets",
    "9.röw",
    Metric.set(
      tagged(Metric.gauge("9.röw"), { "http.route": '/a\\b"c\n', "http--route": "/d", "9a": "x" }),
      1
    ),
    ["# TYPE _9_r_w gauge", '_9_r_w{http_route="/a\\\\b\\"c\\n;/d",_9a="x"} 1']
  ]
]

describe("Prometheus", () => {
  it.effect.each(rows)("formats %s", ([, prefix, record, lines]) =>
    Effect.gen(function* () {
      yield* record
      assert.deepStrictEqual((yield* formatted(prefix)).split("\n"), [...lines, ""])
    })
  )

  it.effect("writes all series of a metric together, and one type for each name", () =>
    Effect.gen(function* () {
      yield* Metric.set(Metric.gauge("mixed.one"), 1)
      yield* Metric.set(Metric.gauge("mixed.two"), 2)
      yield* Metric.set(tagged(Metric.gauge("mixed.one"), { cup: "3" }), 3)
      yield* Metric.update(Metric.histogram("mixed.one", MetricBoundaries.fromIterable([1])), 4)
      const text = yield* formatted("mixed")
      const types = text.split("\n").filter((line) => line.startsWith("# TYPE mixed_one"))
      assert.lengthOf(types, 1)
      const names = text.split("\n").map((line) => /mixed_\w+/.exec(line)?.[0].slice(0, 9))
      const seen = names.filter((name, index) => name !== undefined && name !== names[index - 1])
      assert.sameMembers(seen, ["mixed_one", "mixed_two"])
    })
  )

  it("is empty without metrics", () => assert.strictEqual(Prometheus.format([]), ""))

  it.effect("responds with all metrics, with the content type of the format", () =>
    Effect.gen(function* () {
      yield* Metric.set(Metric.gauge("answered"), 7)
      const response = HttpServerResponse.toWeb(yield* Prometheus.response)
      assert.strictEqual(response.headers.get("content-type"), "text/plain; version=0.0.4; charset=utf-8")
      assert.match(yield* Effect.promise(() => response.text()), /^answered 7$/m)
    })
  )

  it.effect("has the samples of OpenTelemetry's exporter", () => {
    const exporter = new PrometheusExporter({ preventServerStart: true })
    const exported = OpenTelemetry.layer(() => exporter).pipe(
      Layer.provide(Resource.layer({ serviceName: "teas" }))
    )
    const duration = Metric.histogram("otel.http.duration", MetricBoundaries.fromIterable([0.005, 1]))
    const samples = (text: string) =>
      text
        .split("\n")
        .filter((line) => line.startsWith("otel_"))
        .sort()
    return Effect.gen(function* () {
      yield* Metric.incrementBy(Metric.counter("otel.sent", { incremental: true }), 5)
      yield* Metric.incrementBy(Metric.counter("otel.open"), 2)
      yield* Metric.set(Metric.gauge("otel.level"), 1.5)
      yield* updates(tagged(duration, { "http.route": "/teas/:id", method: "GET" }), [0.001, 0.5, 7])
      yield* updates(Metric.frequency("otel.kinds"), ["a", "b", "a"])
      const { resourceMetrics } = yield* Effect.promise(() => exporter.collect())
      const theirs = samples(new PrometheusSerializer().serialize(resourceMetrics))
      assert.isAtLeast(theirs.length, 10)
      assert.deepStrictEqual(samples(yield* formatted("otel.")), theirs)
    }).pipe(Effect.provide(exported))
  })

  it.effect("accepts any iterable", () =>
    Effect.gen(function* () {
      yield* Metric.set(Metric.gauge("iterable"), 1)
      const pairs = yield* named("iterable")
      assert.strictEqual(Prometheus.format(Chunk.fromIterable(pairs)), Prometheus.format(pairs))
    })
  )
})
