/** Reads Effect's metrics by their name and labels, in any order of the labels. */
import * as Effect from "effect/Effect"
import * as Metric from "effect/Metric"

type Labels = Readonly<Record<string, string>>

export interface Series {
  readonly name: string
  readonly labels: Labels
  /** The value of a gauge, or the count of a counter or histogram. */
  readonly value: number
  readonly sum: number
}

interface State {
  readonly value?: number
  readonly count?: number
  readonly sum?: number
}

/** Returns all series that have these labels, and possibly others. */
export const seriesOf = (name: string, labels: Labels = {}): Effect.Effect<ReadonlyArray<Series>> =>
  Effect.map(Metric.snapshot, (all) =>
    all.flatMap(({ metricKey, metricState }) => {
      const own = Object.fromEntries(metricKey.tags.map(({ key, value }) => [key, value]))
      if (metricKey.name !== name || Object.keys(labels).some((label) => own[label] !== labels[label]))
        return []
      const { count = 0, sum = 0, value = count } = metricState as State
      return [{ name, labels: own, value, sum }]
    })
  )

/** Returns the sum of `value` and the sum of `sum` over all series with these labels. */
export const total = (name: string, labels: Labels = {}): Effect.Effect<readonly [number, number]> =>
  Effect.map(seriesOf(name, labels), (series) => [
    series.reduce((sum, { value }) => sum + value, 0),
    Math.round(series.reduce((total, { sum }) => total + sum, 0) * 1e6) / 1e6
  ])
