/**
 * Metrics of an agent by OpenTelemetry's semantic conventions, made from the agent's events. The defaults are
 * `http.client.request.duration` and `http.client.active_requests`. Options add metrics of body sizes, of
 * connections, and of the steps of requests.
 *
 * The metrics are Effect metrics, visible to all of Effect's exporters. Paths are never labels, because every
 * new path would add a time series. The number of hosts that are labels is limited for the same reason.
 *
 * @since 0.1.0
 */
import * as Config from "effect/Config"
import type { ConfigError } from "effect/ConfigError"
import * as Effect from "effect/Effect"
import * as FiberRef from "effect/FiberRef"
import * as Layer from "effect/Layer"
import * as Metric from "effect/Metric"
import type * as Scope from "effect/Scope"
import { Agent, type Service } from "./Agent.js"
import type { AgentEvent, ConnectionEvent, RequestEvent, Timings } from "./AgentEvent.js"
import type { InvalidOption } from "./HttpError.js"
import {
  connectionBoundaries,
  durationBoundaries,
  labelsOf,
  methodOf,
  other,
  type Labels
} from "./internal/observe/labels.js"
import { currentKnownMethods } from "./internal/observe/knownMethods.js"
import { hostOf, hostSeries, nowhere } from "./internal/observe/hostSeries.js"
import { exchangeMetrics, recordExchange, type Series } from "./internal/observe/series.js"
import { boolean, integer, names, refuseUnknown, string, type Complete } from "./internal/options/checks.js"
import type { Retried } from "./Retry.js"

const exchanges = exchangeMetrics("client")

/**
 * Seconds from the call until the response was complete or had failed. The labels are `http.request.method`,
 * `server.address`, `server.port`, `url.scheme`, `http.response.status_code`, `network.protocol.version` and
 * `error.type`. The conventions declare this metric stable.
 *
 * `error.type` is the status of a response if it is at least 400, the tag of an error, or `Interrupted`.
 *
 * @since 0.1.0
 * @category metrics
 */
export const requestDuration: Metric.Metric.Histogram<number> = exchanges.duration

/**
 * Bytes of request bodies as sent, after any compression, with the labels of {@link requestDuration}. The
 * conventions declare this metric in development.
 *
 * @since 0.1.0
 * @category metrics
 */
export const requestBodySize: Metric.Metric.Histogram<number> = exchanges.requestBody

/**
 * Bytes of response bodies as received, before any decompression, with the labels of {@link requestDuration}.
 * The conventions declare this metric in development.
 *
 * @since 0.1.0
 * @category metrics
 */
export const responseBodySize: Metric.Metric.Histogram<number> = exchanges.responseBody

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
 * Requests that have not ended, including queued requests, with the label `http.request.method`. The
 * conventions declare this metric in development.
 *
 * @since 0.1.0
 * @category metrics
 */
export const activeRequests = Metric.gauge("http.client.active_requests", {
  description: "Number of active HTTP client requests."
})

/**
 * Requests waiting for a connection.
 *
 * @since 0.1.0
 * @category metrics
 */
export const queuedRequests = Metric.gauge("http.client.queued_requests", {
  description: "Number of HTTP client requests that wait for a connection."
})

/**
 * Connections, with the label `http.connection.state`: `active`, `idle`, or `connecting`, which the
 * conventions do not define. The conventions declare this metric in development.
 *
 * @since 0.1.0
 * @category metrics
 */
export const openConnections = Metric.gauge("http.client.open_connections", {
  description: "Number of outbound HTTP connections."
})

/**
 * Seconds from the opening of a connection to its end, with the boundaries that the conventions recommend.
 * The conventions declare this metric in development.
 *
 * @since 0.1.0
 * @category metrics
 */
export const connectionDuration = Metric.histogram(
  "http.client.connection.duration",
  connectionBoundaries,
  "The duration of the successfully established outbound HTTP connections."
)

/**
 * Closed connections, with the label `reason` (`AgentEvent.ClientCloseReason`).
 *
 * @since 0.1.0
 * @category metrics
 */
export const closedConnections = Metric.counter("http.client.closed_connections", {
  description: "Number of outbound HTTP connections that were closed.",
  incremental: true
})

/**
 * Requests that the client resent without a retry policy because their reused connection had closed.
 *
 * @since 0.1.0
 * @category metrics
 */
export const resentRequests = Metric.counter("http.client.resent_requests", {
  description: "Number of HTTP client requests sent again on a fresh connection.",
  incremental: true
})

/**
 * Requests repeated by a retry policy. The policy counts them with
 * `Retry.make({ onRetry: AgentMetrics.countRetry })`.
 *
 * @since 0.1.0
 * @category metrics
 */
export const retriedRequests = Metric.counter("http.client.retried_requests", {
  description: "Number of HTTP client requests tried again by policy.",
  incremental: true
})

/**
 * Counts a retry in {@link retriedRequests}, labelled with the method and the failure.
 *
 * @since 0.1.0
 * @category accessors
 */
export const countRetry = ({ method, what }: Retried): Effect.Effect<void> =>
  Effect.map(FiberRef.get(currentKnownMethods), (known) => {
    const error = "status" in what ? String(what.status) : errorType(what.error)
    retriedRequests.unsafeUpdate(
      1,
      labelsOf({ "http.request.method": methodOf(method, known), "error.type": error })
    )
  })

/**
 * Selects the metrics, and the labels of their series.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** Records {@link activeRequests}. Default `true`. */
  readonly activeRequests?: boolean | undefined
  /** Records {@link requestBodySize} and {@link responseBodySize}. Default `false`. */
  readonly bodySizes?: boolean | undefined
  /**
   * Records {@link openConnections}, {@link connectionDuration} and {@link closedConnections}. Default
   * `false`.
   */
  readonly connections?: boolean | undefined
  /** Records {@link phaseDuration} and {@link queuedRequests}. Default `false`. */
  readonly steps?: boolean | undefined
  /** The label `agent` of every metric, to distinguish several agents of one program. Default: no label. */
  readonly name?: string | undefined
  /**
   * Number of hosts that become the labels `server.address` and `server.port`, in the order of their first
   * use. Requests to further hosts are counted as `_OTHER`. The series of a host are never removed from
   * memory. Default 100.
   */
  readonly maxHosts?: number | undefined
  /**
   * Methods that become labels. All other methods are counted as `_OTHER`. Default: `KnownMethods.current`,
   * the methods of RFC 9110, `PATCH` and `QUERY`.
   */
  readonly methods?: ReadonlyArray<string> | undefined
}

const checks: Complete<Options> = {
  activeRequests: boolean,
  bodySizes: boolean,
  connections: boolean,
  steps: boolean,
  name: string,
  maxHosts: integer(0),
  methods: names
}

const errorType = (error: unknown): string => {
  if (error === undefined) return "Interrupted"
  const tag = (error as { readonly _tag?: unknown } | null)?._tag
  return typeof tag === "string" ? tag : other
}

type Gauge = Metric.Metric.Gauge<number>

interface Request {
  readonly host: Series
  readonly method: string
  step: "Queued" | "Connecting" | undefined
  status: number | undefined
  httpVersion: string | undefined
}

interface Connection {
  readonly host: Series
  idle: boolean
}

class Counting {
  private readonly requests = new Map<number, Request>()
  private readonly connections = new Map<number, Connection>()
  private readonly hosts = new Map<string, Series>()
  private readonly methods: ReadonlySet<string>
  private readonly maxHosts: number
  private readonly own: Labels
  private others: Series | undefined = undefined
  /**
   * The sum that this agent has added to each gauge, per set of labels. The end of the observation subtracts
   * it.
   */
  private readonly levels = new Map<Gauge, Map<Labels, number>>()

  constructor(
    private readonly options: Options,
    known: ReadonlySet<string>
  ) {
    this.methods = options.methods === undefined ? known : new Set(options.methods)
    this.maxHosts = options.maxHosts ?? 100
    this.own = labelsOf({ agent: options.name })
  }

  readonly observe = (event: AgentEvent): void => {
    if ("id" in event) this.request(event)
    else if (this.options.connections === true) this.connection(event)
  }

  readonly clear = (): void => {
    for (const [gauge, counts] of this.levels)
      for (const [labels, count] of counts) gauge.unsafeModify(-count, labels)
    this.levels.clear()
  }

  private hostOf(key: string): Series {
    const known = this.hosts.get(key)
    if (known !== undefined) return known
    if (this.hosts.size >= this.maxHosts) return (this.others ??= hostSeries(this.own, nowhere, this.methods))
    const host = hostSeries(this.own, hostOf(key), this.methods)
    this.hosts.set(key, host)
    return host
  }

  private add(gauge: Gauge, labels: Labels, by: 1 | -1): void {
    let counts = this.levels.get(gauge)
    if (counts === undefined) this.levels.set(gauge, (counts = new Map()))
    const count = (counts.get(labels) ?? 0) + by
    counts.set(labels, count)
    gauge.unsafeModify(by, labels)
  }

  private addActive({ host, method }: Request, by: 1 | -1): void {
    if (this.options.activeRequests === false) return
    this.add(activeRequests, host.method(method), by)
  }

  private addConnection(host: Series, state: "active" | "idle" | "connecting", by: 1 | -1): void {
    if (this.options.connections === true)
      this.add(openConnections, host.with("http.connection.state", state), by)
  }

  private request(event: RequestEvent): void {
    let request = this.requests.get(event.id)
    if (request === undefined) {
      const { key, method } = event
      const host = this.hostOf(key)
      request = { host, method, step: undefined, status: undefined, httpVersion: undefined }
      this.requests.set(event.id, request)
      this.addActive(request, 1)
    }
    this.step(request, event._tag === "Queued" || event._tag === "Connecting" ? event._tag : undefined)
    switch (event._tag) {
      case "Connected":
      case "Reused":
        return this.used(event.connection, request.host)
      case "Resent":
        return void resentRequests.unsafeUpdate(1, request.host.labels)
      case "Head":
        request.status = event.status
        request.httpVersion = event.httpVersion
        return
      case "End":
      case "Error":
        return this.over(request, event)
    }
  }

  private step(request: Request, step: Request["step"]): void {
    if (request.step === step) return
    if (request.step !== undefined) this.addStep(request.host, request.step, -1)
    if (step !== undefined) this.addStep(request.host, step, 1)
    request.step = step
  }

  private addStep(host: Series, step: "Queued" | "Connecting", by: 1 | -1): void {
    if (step === "Connecting") this.addConnection(host, "connecting", by)
    else if (this.options.steps === true) this.add(queuedRequests, host.labels, by)
  }

  private over(request: Request, event: RequestEvent & { readonly _tag: "End" | "Error" }): void {
    const { host, httpVersion, method, status } = request
    this.requests.delete(event.id)
    this.addActive(request, -1)
    const failed = status !== undefined && status >= 400 ? String(status) : undefined
    const error = event._tag === "Error" ? errorType(event.error) : failed
    const labels = host.exchange({ method, status, route: undefined, httpVersion, error })
    const bodies =
      this.options.bodySizes === true ? { request: event.bodyOut, response: event.bodyIn } : undefined
    recordExchange(exchanges, labels, event.timings.total, bodies)
    if (this.options.steps === true) this.steps(host, event.timings)
  }

  private steps(host: Series, { total: _, ...phases }: Timings): void {
    for (const [phase, millis] of Object.entries(phases))
      if (millis > 0) phaseDuration.unsafeUpdate(millis / 1000, host.with("phase", phase))
  }

  /** Called when a connection starts to serve a request. */
  private used(number: number, host: Series): void {
    if (this.options.connections !== true) return
    const connection = this.connections.get(number)
    if (connection === undefined) this.connections.set(number, { host, idle: false })
    else if (!connection.idle) return
    else {
      connection.idle = false
      this.addConnection(host, "idle", -1)
    }
    this.addConnection(host, "active", 1)
  }

  private connection(event: ConnectionEvent): void {
    const host = this.hostOf(event.key)
    const connection = this.connections.get(event.connection)
    if (connection !== undefined) this.addConnection(host, connection.idle ? "idle" : "active", -1)
    if (event._tag === "Idle") {
      this.connections.set(event.connection, { host, idle: true })
      return this.addConnection(host, "idle", 1)
    }
    this.connections.delete(event.connection)
    if (event._tag === "HandedOver") return
    closedConnections.unsafeUpdate(1, host.with("reason", event.reason))
    connectionDuration.unsafeUpdate(event.age / 1000, host.labels)
  }
}

/**
 * Records the agent's metrics from now on, until the scope closes. Fails with `InvalidOption` for an invalid
 * option.
 *
 * @since 0.1.0
 * @category constructors
 */
export const observe = (
  agent: Service,
  options: Options = {}
): Effect.Effect<void, InvalidOption, Scope.Scope> =>
  Effect.suspend(() => {
    const refused = refuseUnknown(options, checks)
    if (refused !== undefined) return Effect.fail(refused)
    return Effect.flatMap(FiberRef.get(currentKnownMethods), (known) => {
      const counting = new Counting(options, known)
      return Effect.zipRight(
        Effect.addFinalizer(() => Effect.sync(counting.clear)),
        agent.observe(counting.observe)
      )
    })
  })

// `Layer.fresh`, because Effect builds equal layers once: the same metrics layer beside two agents would
// observe only the first agent.
const beside = <E>(observing: Effect.Effect<void, E, Agent | Scope.Scope>) =>
  Layer.fresh(Layer.scopedDiscard(observing))

/**
 * Records the metrics of the agent in the context, from the time the layer is built. Fails with
 * `InvalidOption` for an invalid option.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options: Options = {}): Layer.Layer<never, InvalidOption, Agent> =>
  beside(Effect.flatMap(Agent, (agent) => observe(agent, options)))

/**
 * Records the metrics as {@link layer} does, with options from the configuration.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerConfig = (
  options: Config.Config.Wrap<Options>
): Layer.Layer<never, ConfigError | InvalidOption, Agent> =>
  beside(
    Effect.flatMap(Effect.all([Agent, Config.unwrap(options)]), ([agent, options]) => observe(agent, options))
  )
