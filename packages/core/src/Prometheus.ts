/**
 * Effect's metrics in the text format of Prometheus (version 0.0.4), without another package.
 *
 * Dots in names become underscores, and counters end with `_total`: `http.server.request.duration` of
 * `ServerMetrics` is `http_server_request_duration`. These are the names that OpenTelemetry's exporter for
 * Prometheus gives them too. Never starts a server: serve the response on a route of yours.
 *
 * @since 0.1.0
 */
import type { HttpServerResponse } from "@effect/platform/HttpServerResponse"
import type * as Effect from "effect/Effect"
import type * as MetricPair from "effect/MetricPair"
import * as prometheus from "./content/prometheus.js"

/**
 * The response to a request of Prometheus: all metrics of the process, as they are now.
 *
 * @example
 * import { HttpRouter } from "@effect/platform"
 * import { Prometheus } from "@httpfx/core"
 *
 * const router = HttpRouter.empty.pipe(HttpRouter.get("/metrics", Prometheus.response))
 *
 * @since 0.1.0
 * @category responses
 */
export const response: Effect.Effect<HttpServerResponse> = prometheus.response

/**
 * Formats metrics, for instance those of `Metric.snapshot` that you want to show. The result ends with a line
 * break, and is empty without metrics.
 *
 * A frequency is a counter with the label `key`. A summary has its quantiles, sum and count. If several
 * metrics have the same name and different types, only the first type is written.
 *
 * @since 0.1.0
 * @category formatting
 */
export const format: (metrics: Iterable<MetricPair.MetricPair.Untyped>) => string = prometheus.format
