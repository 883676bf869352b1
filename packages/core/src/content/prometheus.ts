/**
 * Effect's metrics as text for Prometheus:
 * https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format
 *
 * Never reads a clock: the samples have no timestamps, so Prometheus uses the time of its request.
 */
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Effect from "effect/Effect"
import * as Metric from "effect/Metric"
import * as MetricKeyType from "effect/MetricKeyType"
import type * as MetricPair from "effect/MetricPair"
import * as MetricState from "effect/MetricState"
import * as Option from "effect/Option"

type Type = "counter" | "gauge" | "histogram" | "summary"
type Labels = ReadonlyArray<readonly [name: string, value: string]>
type Sample = readonly [suffix: string, labels: Labels, value: number | bigint]

const nameOf = (text: string): string => text.replace(/[^a-zA-Z0-9]+/g, "_").replace(/^(?=\d|$)/, "_")

const escaped = (text: string): string => text.replace(/\\/g, "\\\\").replace(/\n/g, "\\n")

const valueOf = (value: number | bigint): string =>
  value === Infinity ? "+Inf" : value === -Infinity ? "-Inf" : String(value)

const labelsOf = (labels: Labels): string => {
  // Two names may become the same one. A name must not occur twice.
  const values = new Map<string, string>()
  for (const [label, value] of labels) {
    const name = nameOf(label)
    const earlier = values.get(name)
    values.set(name, earlier === undefined ? value : `${earlier};${value}`)
  }
  const texts = Array.from(values, ([name, value]) => `${name}="${escaped(value).replace(/"/g, '\\"')}"`)
  return texts.length === 0 ? "" : `{${texts.join(",")}}`
}

const samplesOf = ({
  metricKey: { keyType, tags },
  metricState: state
}: MetricPair.MetricPair.Untyped): readonly [Type, ReadonlyArray<Sample>] | undefined => {
  const labels: Labels = tags.map(({ key, value }) => [key, value])
  if (MetricState.isCounterState(state)) {
    const grows = MetricKeyType.isCounterKey(keyType) && keyType.incremental
    return [grows ? "counter" : "gauge", [["", labels, state.count]]]
  }
  if (MetricState.isGaugeState(state)) return ["gauge", [["", labels, state.value]]]
  if (MetricState.isFrequencyState(state)) {
    return ["counter", Array.from(state.occurrences, ([key, n]) => ["", [...labels, ["key", key]], n])]
  }
  if (MetricState.isHistogramState(state)) {
    const finite = state.buckets.filter(([bound]) => bound !== Infinity)
    const bucket = (bound: number, count: number): Sample => [
      "_bucket",
      [...labels, ["le", valueOf(bound)]],
      count
    ]
    return [
      "histogram",
      [
        ...finite.map(([bound, count]) => bucket(bound, count)),
        bucket(Infinity, state.count),
        ["_sum", labels, state.sum],
        ["_count", labels, state.count]
      ]
    ]
  }
  if (MetricState.isSummaryState(state)) {
    const quantiles = state.quantiles.map(([quantile, value]): Sample => [
      "",
      [...labels, ["quantile", String(quantile)]],
      Option.getOrElse(value, () => NaN)
    ])
    return ["summary", [...quantiles, ["_sum", labels, state.sum], ["_count", labels, state.count]]]
  }
  return undefined
}

interface Family {
  readonly type: Type
  readonly lines: Array<string>
}

export const format = (metrics: Iterable<MetricPair.MetricPair.Untyped>): string => {
  const families = new Map<string, Family>()
  for (const pair of metrics) {
    const [type, samples] = samplesOf(pair) ?? []
    if (type === undefined || samples === undefined) continue
    const plain = nameOf(pair.metricKey.name)
    const name = type === "counter" && !plain.endsWith("_total") ? `${plain}_total` : plain
    let family = families.get(name)
    if (family === undefined) {
      const help = Option.match(pair.metricKey.description, {
        onNone: () => [],
        onSome: (text) => [`# HELP ${name} ${escaped(text)}`]
      })
      family = { type, lines: [...help, `# TYPE ${name} ${type}`] }
      families.set(name, family)
    }
    if (family.type !== type) continue
    for (const [suffix, labels, value] of samples)
      family.lines.push(`${name}${suffix}${labelsOf(labels)} ${valueOf(value)}`)
  }
  return Array.from(families.values(), ({ lines }) => lines.join("\n") + "\n").join("")
}

export const response: Effect.Effect<HttpServerResponse.HttpServerResponse> = Effect.map(
  Metric.snapshot,
  (metrics) =>
    HttpServerResponse.text(format(metrics), { contentType: "text/plain; version=0.0.4; charset=utf-8" })
)
