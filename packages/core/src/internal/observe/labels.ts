/**
 * Labels and histogram boundaries for the metrics of servers and clients, by OpenTelemetry's conventions for
 * HTTP (semantic conventions 1.45).
 *
 * A label's value must never be one that a peer can choose freely.
 */
import * as MetricBoundaries from "effect/MetricBoundaries"
import * as MetricLabel from "effect/MetricLabel"

export type Labels = ReadonlyArray<MetricLabel.MetricLabel>

/** Boundaries of duration histograms in seconds, as the conventions recommend. */
export const durationBoundaries = MetricBoundaries.fromIterable([
  0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10
])

/** Boundaries of the durations of connections in seconds, as the conventions recommend. */
export const connectionBoundaries = MetricBoundaries.fromIterable([
  0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 120, 300
])

/** Boundaries of size histograms in bytes. The conventions recommend no boundaries. */
export const sizeBoundaries = MetricBoundaries.fromIterable([
  0, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000, 1_000_000_000
])

/** The methods that the conventions know. */
export const knownMethods: ReadonlySet<string> = new Set([
  ..."GET HEAD POST PUT DELETE CONNECT OPTIONS TRACE PATCH QUERY".split(" ")
])

/** The value that stands for all unknown methods and for all hosts beyond the limit. */
export const other = "_OTHER"

/** Maps unknown methods to one value, so that peers cannot create new time series. */
export const methodOf = (method: string, known: ReadonlySet<string>): string =>
  known.has(method) ? method : other

/** Returns the given values as labels. Leaves out values that are `undefined`. */
export const labelsOf = (values: Readonly<Record<string, string | number | undefined>>): Labels => {
  const labels: Array<MetricLabel.MetricLabel> = []
  for (const [name, value] of Object.entries(values))
    if (value !== undefined) labels.push(MetricLabel.make(name, String(value)))
  return labels
}

/** The facts about an exchange that become labels. */
export interface ExchangeFacts {
  readonly method: string
  readonly status: number | undefined
  readonly route: string | undefined
  readonly httpVersion: string | undefined
  readonly error: string | undefined
}

/**
 * The label sets of exchanges with the same common labels. Equal facts give the same array. Effect then finds
 * the time series without comparing labels.
 */
export class ExchangeLabels {
  private readonly sets = new Map<string, Labels>()
  private method = ""
  private status: number | undefined = undefined
  private route: string | undefined = undefined
  private httpVersion: string | undefined = undefined
  private error: string | undefined = undefined
  private last: Labels | undefined = undefined

  constructor(
    private readonly common: Labels,
    private readonly known: ReadonlySet<string>
  ) {}

  of({ error, httpVersion, method, route, status }: ExchangeFacts): Labels {
    // Most exchanges have the same facts as the previous exchange, and comparing them is cheaper than making
    // a key.
    if (
      this.last !== undefined &&
      this.method === method &&
      this.status === status &&
      this.route === route &&
      this.error === error &&
      this.httpVersion === httpVersion
    )
      return this.last
    const shown = methodOf(method, this.known)
    const key = `${shown} ${status} ${httpVersion} ${error} ${route}`
    let labels = this.sets.get(key)
    if (labels === undefined) {
      labels = [
        ...this.common,
        ...labelsOf({
          "http.request.method": shown,
          "http.response.status_code": status,
          "http.route": route,
          "network.protocol.version": httpVersion,
          "error.type": error
        })
      ]
      this.sets.set(key, labels)
    }
    this.method = method
    this.status = status
    this.route = route
    this.httpVersion = httpVersion
    this.error = error
    return (this.last = labels)
  }
}
