/**
 * Metrics of an agent, made from its events. They cover durations and failures of requests, the queue, and
 * open and closed connections. A metric has OpenTelemetry's name, if OpenTelemetry defines the metric.
 *
 * The metrics are Effect metrics, so every exporter of Effect shows them. Paths are never labels, because
 * every new path would add a time series. For the same reason, hosts are labels only with `Options.hosts`.
 *
 * @since 0.1.0
 */
import * as Config from "effect/Config"
import type { ConfigError } from "effect/ConfigError"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Metric from "effect/Metric"
import * as MetricLabel from "effect/MetricLabel"
import type * as Scope from "effect/Scope"
import { Agent, type Service } from "./Agent.js"
import type { AgentEvent, ConnectionEvent, RequestEvent } from "./AgentEvent.js"
import { durationBoundaries, errorLabel, methodLabel, statusLabel } from "./internal/observe/metricLabels.js"
import type { Retried } from "./Retry.js"

/**
 * Seconds from the call until the response was complete or had failed, with labels for method and status.
 * Failures and responses with a status from 400 also have the label `error.type`, which is the status, the
 * tag of the error, or `Interrupted`.
 *
 * @since 0.1.0
 * @category metrics
 */
export const requestDuration = Metric.histogram(
  "http.client.request.duration",
  durationBoundaries,
  "Duration of HTTP client requests."
)

/**
 * Seconds that requests spent in each step. The label `phase` names the step: `queue`, `resolve`, `connect`,
 * `secure`, `send`, `head` or `body`. Steps that took no time are not recorded.
 *
 * @since 0.1.0
 * @category metrics
 */
export const phaseDuration = Metric.histogram(
  "http.client.request.phase.duration",
  durationBoundaries,
  "Duration of the steps of HTTP client requests."
)

/**
 * Number of requests that have not ended, including queued requests.
 *
 * @since 0.1.0
 * @category metrics
 */
export const activeRequests = Metric.gauge("http.client.active_requests", {
  description: "Number of active HTTP client requests."
})

/**
 * Number of requests that wait for a connection.
 *
 * @since 0.1.0
 * @category metrics
 */
export const queuedRequests = Metric.gauge("http.client.queued_requests", {
  description: "Number of HTTP client requests that wait for a connection."
})

/**
 * Number of connections by the label `http.connection.state`, which is `active`, `idle` or `connecting`.
 * OpenTelemetry does not define `connecting`.
 *
 * @since 0.1.0
 * @category metrics
 */
export const openConnections = Metric.gauge("http.client.open_connections", {
  description: "Number of outbound HTTP connections."
})

/**
 * Seconds from the opening of a connection to its end.
 *
 * @since 0.1.0
 * @category metrics
 */
export const connectionDuration = Metric.histogram(
  "http.client.connection.duration",
  durationBoundaries,
  "Duration of established outbound HTTP connections."
)

/**
 * Number of closed connections by the label `reason` (`AgentEvent.ClientCloseReason`).
 *
 * @since 0.1.0
 * @category metrics
 */
export const closedConnections = Metric.counter("http.client.closed_connections", {
  description: "Number of outbound HTTP connections that were closed.",
  incremental: true
})

/**
 * Number of requests that the client itself resent because their reused connection had closed. Retries by a
 * `Retry` policy do not count.
 *
 * @since 0.1.0
 * @category metrics
 */
export const resentRequests = Metric.counter("http.client.resent_requests", {
  description: "Number of HTTP client requests sent again on a fresh connection.",
  incremental: true
})

/**
 * Number of retries by a `Retry` policy. A policy counts here only if it is made with `Retry.make({ onRetry:
 * AgentMetrics.countRetry })`.
 *
 * @since 0.1.0
 * @category metrics
 */
export const retriedRequests = Metric.counter("http.client.retried_requests", {
  description: "Number of HTTP client requests tried again by policy.",
  incremental: true
})

/**
 * Counts a retry in {@link retriedRequests}, by method and failure.
 *
 * @since 0.1.0
 * @category accessors
 */
export const countRetry = ({ method, what }: Retried): Effect.Effect<void> =>
  Effect.sync(() => {
    const type = "status" in what ? String(what.status) : errorType(what.error)
    retriedRequests.unsafeUpdate(1, [methodLabel(method), errorLabel(type)])
  })

/**
 * The options of an agent's metrics.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /**
   * Value of the label `agent`, which distinguishes several agents of one program. Without a name, the
   * metrics have no label `agent`.
   */
  readonly name?: string | undefined
  /**
   * Whether metrics have the labels `server.address` and `server.port`. Only for programs with few hosts,
   * because the time series of a host stay in memory. Default `false`.
   */
  readonly hosts?: boolean | undefined
}

type Labels = ReadonlyArray<MetricLabel.MetricLabel>

const errorType = (error: unknown): string => {
  if (error === undefined) return "Interrupted"
  const tag = (error as { readonly _tag?: unknown } | null)?._tag
  return typeof tag === "string" ? tag : "_OTHER"
}

const states = {
  active: [MetricLabel.make("http.connection.state", "active")],
  idle: [MetricLabel.make("http.connection.state", "idle")],
  connecting: [MetricLabel.make("http.connection.state", "connecting")]
} as const

const noLabels: Labels = []

/** The current counts by key, and the gauge that shows the counts. */
class Level {
  private readonly counts = new Map<string, number>()

  constructor(
    private readonly gauge: Metric.Metric.Gauge<number>,
    private readonly labels: (key: string) => Labels,
    private readonly own: Labels = noLabels
  ) {}

  add(key: string, by: 1 | -1): void {
    const count = (this.counts.get(key) ?? 0) + by
    if (count === 0) this.counts.delete(key)
    else this.counts.set(key, count)
    this.gauge.unsafeUpdate(count, [...this.labels(key), ...this.own])
  }

  /** Sets the gauges to zero when observation ends. */
  readonly clear = (): void => {
    for (const key of this.counts.keys()) this.gauge.unsafeUpdate(0, [...this.labels(key), ...this.own])
    this.counts.clear()
  }
}

interface Request {
  readonly key: string
  step: "Queued" | "Connecting" | undefined
  status: number | undefined
}

interface Connection {
  readonly key: string
  idle: boolean
}

class Counting {
  private readonly requests = new Map<number, Request>()
  private readonly connections = new Map<number, Connection>()
  private readonly labels: (key: string) => Labels
  private readonly keyOf: (key: string) => string
  private readonly requesting: Level
  private readonly queued: Level
  private readonly connecting: Level
  private readonly active: Level
  private readonly idle: Level

  constructor({ hosts = false, name }: Options) {
    const common = name === undefined ? noLabels : [MetricLabel.make("agent", name)]
    this.keyOf = hosts ? hostAndPort : () => ""
    this.labels = hosts ? (key) => [...common, ...hostLabels(key)] : () => common
    this.requesting = new Level(activeRequests, this.labels)
    this.queued = new Level(queuedRequests, this.labels)
    this.connecting = new Level(openConnections, this.labels, states.connecting)
    this.active = new Level(openConnections, this.labels, states.active)
    this.idle = new Level(openConnections, this.labels, states.idle)
  }

  readonly observe = (event: AgentEvent): void => {
    if ("id" in event) this.request(event)
    else this.connection(event)
  }

  readonly clear = (): void => {
    for (const level of [this.requesting, this.queued, this.connecting, this.active, this.idle]) level.clear()
  }

  private request(event: RequestEvent): void {
    let request = this.requests.get(event.id)
    if (request === undefined) {
      request = { key: this.keyOf(event.key), step: undefined, status: undefined }
      this.requests.set(event.id, request)
      this.requesting.add(request.key, 1)
    }
    this.step(request, event._tag === "Queued" || event._tag === "Connecting" ? event._tag : undefined)
    switch (event._tag) {
      case "Connected":
      case "Reused":
        return this.used(event.connection, request.key)
      case "Resent":
        return void resentRequests.unsafeUpdate(1, this.labels(request.key))
      case "Head":
        request.status = event.status
        return
      case "End":
      case "Error":
        return this.over(request, event)
    }
  }

  private step(request: Request, step: Request["step"]): void {
    if (request.step === step) return
    if (request.step !== undefined) this.levelOf(request.step).add(request.key, -1)
    if (step !== undefined) this.levelOf(step).add(request.key, 1)
    request.step = step
  }

  private levelOf(step: "Queued" | "Connecting"): Level {
    return step === "Queued" ? this.queued : this.connecting
  }

  private over(request: Request, event: RequestEvent & { readonly _tag: "End" | "Error" }): void {
    const { key, status } = request
    this.requests.delete(event.id)
    this.requesting.add(key, -1)
    const labels = this.labels(key)
    const { total, ...phases } = event.timings
    const facts = [...labels, methodLabel(event.method)]
    if (status !== undefined) facts.push(statusLabel(status))
    if (event._tag === "Error") facts.push(errorLabel(errorType(event.error)))
    else if (status !== undefined && status >= 400) facts.push(errorLabel(String(status)))
    requestDuration.unsafeUpdate(total / 1000, facts)
    for (const [phase, millis] of Object.entries(phases)) {
      if (millis > 0) phaseDuration.unsafeUpdate(millis / 1000, [...labels, MetricLabel.make("phase", phase)])
    }
  }

  /** Counts a connection as active, because the connection starts to serve a request. */
  private used(number: number, key: string): void {
    const connection = this.connections.get(number)
    if (connection === undefined) this.connections.set(number, { key, idle: false })
    else if (!connection.idle) return
    else {
      connection.idle = false
      this.idle.add(key, -1)
    }
    this.active.add(key, 1)
  }

  private connection(event: ConnectionEvent): void {
    const key = this.keyOf(event.key)
    const connection = this.connections.get(event.connection)
    if (connection !== undefined) (connection.idle ? this.idle : this.active).add(key, -1)
    if (event._tag === "Idle") {
      this.connections.set(event.connection, { key, idle: true })
      return this.idle.add(key, 1)
    }
    this.connections.delete(event.connection)
    if (event._tag === "HandedOver") return
    const labels = this.labels(key)
    closedConnections.unsafeUpdate(1, [...labels, MetricLabel.make("reason", event.reason)])
    connectionDuration.unsafeUpdate(event.age / 1000, labels)
  }
}

/** Returns the `host:port` of a key, without protocol and proxy. */
const hostAndPort = (key: string): string => {
  const end = key.indexOf(" ")
  return key.slice(key.indexOf("//") + 2, end < 0 ? undefined : end)
}

const hostLabels = (hostAndPort: string): Labels => {
  const colon = hostAndPort.lastIndexOf(":")
  return [
    MetricLabel.make("server.address", hostAndPort.slice(0, colon)),
    MetricLabel.make("server.port", hostAndPort.slice(colon + 1))
  ]
}

/**
 * Records the metrics of `agent` from now on, until the scope closes.
 *
 * @since 0.1.0
 * @category constructors
 */
export const observe = (agent: Service, options: Options = {}): Effect.Effect<void, never, Scope.Scope> =>
  Effect.suspend(() => {
    const counting = new Counting(options)
    return Effect.zipRight(
      Effect.addFinalizer(() => Effect.sync(counting.clear)),
      agent.observe(counting.observe)
    )
  })

/**
 * Records the metrics of the agent in the context, from the time the layer is built.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options: Options = {}): Layer.Layer<never, never, Agent> =>
  Layer.scopedDiscard(Effect.flatMap(Agent, (agent) => observe(agent, options)))

/**
 * Records the metrics of the agent in the context, with options from the configuration.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerConfig = (options: Config.Config.Wrap<Options>): Layer.Layer<never, ConfigError, Agent> =>
  Layer.scopedDiscard(
    Effect.flatMap(Effect.all([Agent, Config.unwrap(options)]), ([agent, options]) => observe(agent, options))
  )
