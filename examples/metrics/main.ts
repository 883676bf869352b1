/**
 * Metrics for Prometheus: requests to `/users/NAME` are counted by route, and OpenTelemetry's own exporter
 * writes them as text at `/metrics`, on a port of its own.
 *
 * `PORT`: where the app listens (default 3000); `METRICS_PORT`: where Prometheus asks (default 9464).
 */
import * as Metrics from "@effect/opentelemetry/Metrics"
import * as Resource from "@effect/opentelemetry/Resource"
import { HttpRouter, HttpServer, HttpServerResponse } from "@effect/platform"
import { runMain } from "@effect/platform-node-shared/NodeRuntime"
import { ServerMetrics } from "@httpfx/core"
import { NodeHttpServer } from "@httpfx/node"
import { PrometheusExporter, PrometheusSerializer } from "@opentelemetry/exporter-prometheus"
import { Config, Effect, Layer } from "effect"

// The exporter collects on request. Its own server stays off, because ours answers.
const exporter = new PrometheusExporter({ preventServerStart: true })
const serializer = new PrometheusSerializer()

const metrics = HttpRouter.empty.pipe(
  HttpRouter.get(
    "/metrics",
    Effect.map(
      Effect.promise(() => exporter.collect()),
      ({ resourceMetrics }) =>
        HttpServerResponse.text(serializer.serialize(resourceMetrics), {
          contentType: "text/plain; version=0.0.4; charset=utf-8"
        })
    )
  )
)

const router = HttpRouter.empty.pipe(
  HttpRouter.get(
    "/users/:name",
    Effect.map(HttpRouter.params, ({ name }) => HttpServerResponse.text(`hello ${name}\n`))
  )
)

const port = (name: string, otherwise: number) => Config.withDefault(Config.integer(name), otherwise)

const app = Layer.merge(HttpServer.serve(router), ServerMetrics.layerWith({ bodySizes: true })).pipe(
  HttpServer.withLogAddress,
  Layer.provide(NodeHttpServer.layerConfig({ port: port("PORT", 3000) }))
)

const admin = HttpServer.serve(metrics).pipe(
  HttpServer.withLogAddress,
  Layer.provide(NodeHttpServer.layerConfig({ port: port("METRICS_PORT", 9464) }))
)

const main = Layer.merge(app, admin).pipe(
  Layer.provide(Metrics.layer(() => exporter)),
  Layer.provide(Resource.layer({ serviceName: "users" }))
)

runMain(Layer.launch(main))
