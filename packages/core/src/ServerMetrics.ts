/**
 * Metrics of a server by OpenTelemetry's conventions, made from its events. They are
 * `http.server.request.duration`, `http.server.active_requests` and `http.server.open_connections`.
 *
 * The metrics are Effect metrics, so every exporter of Effect shows them. Targets are never labels, because
 * every new target that a client sends would add a time series.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Metric from "effect/Metric"
import type * as MetricLabel from "effect/MetricLabel"
import type { ExchangeOutcome } from "./ExchangeOutcome.js"
import { durationBoundaries, errorLabel, methodLabel, statusLabel } from "./internal/observe/metricLabels.js"
import { Server } from "./Server.js"

/**
 * Seconds from a request's head to the end of its exchange, with labels for method, status and kind of
 * failure.
 *
 * @since 0.1.0
 * @category metrics
 */
export const requestDuration = Metric.histogram(
  "http.server.request.duration",
  durationBoundaries,
  "Duration of HTTP server requests."
)

/**
 * Number of requests in flight. A request is in flight from its head to the end of its exchange.
 *
 * @since 0.1.0
 * @category metrics
 */
export const activeRequests = Metric.gauge("http.server.active_requests", {
  description: "Number of active HTTP server requests."
})

/**
 * Number of open connections, including idle connections. OpenTelemetry's conventions do not define this
 * metric.
 *
 * @since 0.1.0
 * @category metrics
 */
export const openConnections = Metric.gauge("http.server.open_connections", {
  description: "Number of open connections of the HTTP server."
})

const labels = (outcome: ExchangeOutcome): ReadonlyArray<MetricLabel.MetricLabel> => {
  const { _tag, method = "_OTHER", status } = outcome
  const all = [methodLabel(method)]
  if (status !== undefined) all.push(statusLabel(status))
  if (_tag !== "Answered") all.push(errorLabel(_tag))
  else if (status !== undefined && status >= 500) all.push(errorLabel(String(status)))
  return all
}

/**
 * Records the metrics of the server in the context, from the time the layer is built.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer: Layer.Layer<never, never, Server> = Layer.scopedDiscard(
  Effect.gen(function* () {
    const server = yield* Server
    const active = new Set<string>()
    const open = new Set<number>()
    yield* server.observe((event) => {
      switch (event._tag) {
        case "ConnectionOpened":
          open.add(event.connection)
          return openConnections.unsafeUpdate(open.size, [])
        case "ConnectionClosed":
          open.delete(event.connection)
          return openConnections.unsafeUpdate(open.size, [])
        case "RequestReceived":
          active.add(`${event.connection} ${event.exchange}`)
          return activeRequests.unsafeUpdate(active.size, [])
        case "ExchangeEnded": {
          const { connection, duration, exchange } = event.outcome
          active.delete(`${connection} ${exchange}`)
          activeRequests.unsafeUpdate(active.size, [])
          return requestDuration.unsafeUpdate(duration / 1000, labels(event.outcome))
        }
      }
    })
  })
)
