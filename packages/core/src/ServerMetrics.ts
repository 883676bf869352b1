/**
 * Metrics of servers by OpenTelemetry's semantic conventions, made from the events of each server. The
 * defaults are `http.server.request.duration` and `http.server.active_requests`. Options add metrics of body
 * sizes and of open connections.
 *
 * The metrics are Effect metrics, visible to all of Effect's exporters. Every series has the address and port
 * of its server as labels, so that the servers of one program are counted separately. Targets are never
 * labels, because every new target that a client sends would add a time series.
 *
 * @since 0.1.0
 */
import * as Config from "effect/Config"
import type { ConfigError } from "effect/ConfigError"
import * as Effect from "effect/Effect"
import * as FiberRef from "effect/FiberRef"
import type * as Layer from "effect/Layer"
import * as Metric from "effect/Metric"
import type { ExchangeOutcome } from "./ExchangeOutcome.js"
import type { InvalidOption } from "./HttpError.js"
import { currentKnownMethods } from "./internal/observe/knownMethods.js"
import { labelsOf, other, type Labels } from "./internal/observe/labels.js"
import { exchangeMetrics, recordExchange, Series } from "./internal/observe/series.js"
import { beside, untilClosed } from "./internal/observe/beside.js"
import {
  boolean,
  names,
  oneOf,
  port,
  refuseUnknown,
  string,
  type Complete
} from "./internal/options/checks.js"
import { plainHost } from "./model/address.js"
import { Server, type Service } from "./Server.js"
import type { ServerEvent } from "./ServerEvent.js"

const exchanges = exchangeMetrics("server")

/**
 * Seconds from a request's head to the end of its exchange. The labels are `http.request.method`,
 * `url.scheme`, `http.response.status_code`, `http.route`, `network.protocol.version` and `error.type`. The
 * conventions declare this metric stable.
 *
 * `error.type` is the status of a response if it is at least 500, or the tag of an outcome that is not
 * `Answered`.
 *
 * @since 0.1.0
 * @category metrics
 */
export const requestDuration: Metric.Metric.Histogram<number> = exchanges.duration

/**
 * Requests in flight, from the head to the end of the exchange, with the labels `http.request.method` and
 * `url.scheme`. The conventions declare this metric in development.
 *
 * @since 0.1.0
 * @category metrics
 */
export const activeRequests = Metric.gauge("http.server.active_requests", {
  description: "Number of active HTTP server requests."
})

/**
 * Bytes of request bodies as received, before any decompression, with the labels of {@link requestDuration}.
 * The conventions declare this metric in development.
 *
 * @since 0.1.0
 * @category metrics
 */
export const requestBodySize: Metric.Metric.Histogram<number> = exchanges.requestBody

/**
 * Bytes of response bodies as sent, after any compression, with the labels of {@link requestDuration}. The
 * conventions declare this metric in development.
 *
 * @since 0.1.0
 * @category metrics
 */
export const responseBodySize: Metric.Metric.Histogram<number> = exchanges.responseBody

/**
 * Connections that are not closed, including idle connections. The conventions do not define this metric.
 *
 * @since 0.1.0
 * @category metrics
 */
export const openConnections = Metric.gauge("http.server.open_connections", {
  description: "Number of open connections of the HTTP server."
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
  /** Records {@link openConnections}. Default `false`. */
  readonly connections?: boolean | undefined
  /** The label `server.address`. Default: the host or path on which the server listens. */
  readonly address?: string | undefined
  /** The label `server.port`. Default: the port on which the server listens. */
  readonly port?: number | undefined
  /** The label `url.scheme`. Set it behind a proxy that ends TLS. Default: the scheme of the server. */
  readonly scheme?: "http" | "https" | undefined
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
  address: string,
  port,
  scheme: oneOf("http", "https"),
  methods: names
}

const errorType = ({ _tag, status }: ExchangeOutcome): string | undefined =>
  _tag !== "Answered" ? _tag : status !== undefined && status >= 500 ? String(status) : undefined

/** Counts the exchanges and connections of one server. */
class Counting {
  private readonly labels: Labels
  private readonly series: Series
  private readonly countsActive: boolean
  /** The exchange in flight of each connection, from its event `RequestReceived`. */
  private readonly active = new Map<number, number>()
  private readonly open = new Set<number>()

  constructor(
    server: Service,
    private readonly options: Options,
    known: ReadonlySet<string>
  ) {
    const { address } = server
    this.labels = labelsOf({
      "server.address":
        options.address ?? (address._tag === "TcpAddress" ? plainHost(address.hostname) : address.path),
      "server.port": options.port ?? (address._tag === "TcpAddress" ? address.port : undefined)
    })
    const scheme = labelsOf({ "url.scheme": options.scheme ?? server.scheme })
    const methods = options.methods === undefined ? known : new Set(options.methods)
    this.series = new Series([...this.labels, ...scheme], methods)
    this.countsActive = options.activeRequests ?? true
  }

  readonly observe = (event: ServerEvent): void => {
    switch (event._tag) {
      case "RequestReceived":
        if (!this.countsActive) return
        this.active.set(event.connection, event.exchange)
        return activeRequests.unsafeModify(1, this.series.method(event.method))
      case "ExchangeEnded":
        return this.ended(event.outcome)
      case "ConnectionOpened":
        if (this.options.connections !== true) return
        this.open.add(event.connection)
        return openConnections.unsafeModify(1, this.labels)
      case "ConnectionClosed":
        if (this.open.delete(event.connection)) openConnections.unsafeModify(-1, this.labels)
    }
  }

  private ended(outcome: ExchangeOutcome): void {
    const { connection, exchange, httpVersion, method = other, route, status } = outcome
    // Exchanges that were refused, or began before the observation, were never counted as active.
    if (this.active.get(connection) === exchange) {
      this.active.delete(connection)
      activeRequests.unsafeModify(-1, this.series.method(method))
    }
    const labels = this.series.exchange({ method, status, route, httpVersion, error: errorType(outcome) })
    const bodies =
      this.options.bodySizes === true ? { request: outcome.bodyIn, response: outcome.bodyOut } : undefined
    recordExchange(exchanges, labels, outcome.duration, bodies)
  }
}

const observe = (options: Options): Effect.Effect<void, InvalidOption, Server> =>
  Effect.flatMap(Server, (server) => {
    const refused = refuseUnknown(options, checks)
    if (refused !== undefined) return Effect.fail(refused)
    return Effect.flatMap(FiberRef.get(currentKnownMethods), (known) =>
      untilClosed(server.observe(new Counting(server, options, known).observe))
    )
  })

/**
 * Records the metrics of the server in the context, from the time the layer is built until the server is
 * closed. Exchanges that end while the server drains are counted, too.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer: Layer.Layer<never, never, Server> = beside(Effect.orDie(observe({})))

/**
 * Records the metrics as {@link layer} does, with options. Fails with `InvalidOption` for an invalid option.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerWith = (options: Options): Layer.Layer<never, InvalidOption, Server> =>
  beside(observe(options))

/**
 * Records the metrics as {@link layer} does, with options from the configuration.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerConfig = (
  options: Config.Config.Wrap<Options>
): Layer.Layer<never, ConfigError | InvalidOption, Server> =>
  beside(Effect.flatMap(Config.unwrap(options), observe))
