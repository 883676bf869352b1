/**
 * The time series of a server, or of one host to which a client sends requests: their label sets, and the
 * rules by which an exchange is recorded.
 */
import * as Metric from "effect/Metric"
import {
  durationBoundaries,
  ExchangeLabels,
  labelsOf,
  methodOf,
  sizeBoundaries,
  type ExchangeFacts,
  type Labels
} from "./labels.js"

/** The label sets with common labels. Calls with equal arguments return the same array. */
export class Series {
  private readonly exchanges: ExchangeLabels
  private readonly sets = new Map<string, Labels>()
  private lastMethod: string | undefined = undefined
  private ofMethod: Labels = []

  constructor(
    readonly labels: Labels,
    private readonly methods: ReadonlySet<string>
  ) {
    this.exchanges = new ExchangeLabels(labels, methods)
  }

  /** Returns the common labels and one additional label. */
  with(name: string, value: string): Labels {
    const key = `${name} ${value}`
    let labels = this.sets.get(key)
    if (labels === undefined) {
      labels = [...this.labels, ...labelsOf({ [name]: value })]
      this.sets.set(key, labels)
    }
    return labels
  }

  /** Returns the common labels and the method. Most requests have the method of the one before. */
  method(method: string): Labels {
    if (method !== this.lastMethod) {
      this.lastMethod = method
      this.ofMethod = this.with("http.request.method", methodOf(method, this.methods))
    }
    return this.ofMethod
  }

  exchange(facts: ExchangeFacts): Labels {
    return this.exchanges.of(facts)
  }
}

/** The histograms of one side, as the conventions name and describe them. */
export interface ExchangeMetrics {
  readonly duration: Metric.Metric.Histogram<number>
  readonly requestBody: Metric.Metric.Histogram<number>
  readonly responseBody: Metric.Metric.Histogram<number>
}

export const exchangeMetrics = (side: "client" | "server"): ExchangeMetrics => {
  const size = (message: "request" | "response") =>
    Metric.histogram(
      `http.${side}.${message}.body.size`,
      sizeBoundaries,
      `Size of HTTP ${side} ${message} bodies.`
    )
  return {
    duration: Metric.histogram(
      `http.${side}.request.duration`,
      durationBoundaries,
      `Duration of HTTP ${side} requests.`
    ),
    requestBody: size("request"),
    responseBody: size("response")
  }
}

/** Records an exchange. `bodies` are the bytes of both bodies on the wire, if they are to be recorded. */
export const recordExchange = (
  { duration, requestBody, responseBody }: ExchangeMetrics,
  labels: Labels,
  millis: number,
  bodies: { readonly request: number; readonly response: number } | undefined
): void => {
  duration.unsafeUpdate(millis / 1000, labels)
  if (bodies === undefined) return
  requestBody.unsafeUpdate(bodies.request, labels)
  responseBody.unsafeUpdate(bodies.response, labels)
}
