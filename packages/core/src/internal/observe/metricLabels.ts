/**
 * Labels and histogram boundaries for the metrics of servers and clients, by OpenTelemetry's conventions.
 *
 * A peer must never be able to choose a label's value freely, because every new value creates a time series.
 */
import * as MetricBoundaries from "effect/MetricBoundaries"
import * as MetricLabel from "effect/MetricLabel"

/** Boundaries of duration histograms in seconds, as the conventions recommend. */
export const durationBoundaries = MetricBoundaries.fromIterable([
  0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10
])

const methods = new Set(["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"])

/**
 * Returns the label of a method. All unknown methods share one value, as in the conventions, so that clients
 * cannot create new time series.
 */
export const methodLabel = (method: string): MetricLabel.MetricLabel =>
  MetricLabel.make("http.request.method", methods.has(method) ? method : "_OTHER")

export const statusLabel = (status: number): MetricLabel.MetricLabel =>
  MetricLabel.make("http.response.status_code", String(status))

export const errorLabel = (type: string): MetricLabel.MetricLabel => MetricLabel.make("error.type", type)
