/**
 * The service as layers, which need a server, a network and a database and do not know which ones. `main.ts`
 * provides those of Node.js, the test those in memory.
 */
import * as Metrics from "@effect/opentelemetry/Metrics"
import * as Resource from "@effect/opentelemetry/Resource"
import {
  HttpApiBuilder,
  HttpApiSwagger,
  HttpRouter,
  HttpServerRequest,
  HttpServerResponse,
  Socket
} from "@effect/platform"
import {
  AccessLog,
  Health,
  ServerMetrics,
  ServerRateLimit,
  ServerSentEvents,
  type Network
} from "@httpfx/core"
import * as Serve from "@httpfx/core/Serve"
import { PrometheusExporter, PrometheusSerializer } from "@opentelemetry/exporter-prometheus"
import { Duration, Effect, Layer, Schema, Stream } from "effect"
import { Api, Click, CreationLimit, Follow, NotAWebSocket, TooManyLinks, type Slug } from "./api.js"
import { Links } from "./links.js"

const CreationLimitLive = Layer.effect(
  CreationLimit,
  Effect.map(ServerRateLimit.memory({ requests: 30, interval: "1 minute", burst: 10 }), (limiter) =>
    Effect.flatMap(ServerRateLimit.take(limiter, { name: "links" }), (decision) =>
      decision._tag === "Allowed"
        ? Effect.void
        : new TooManyLinks({ retryAfterSeconds: Math.ceil(Duration.toSeconds(decision.retryAfter)) })
    )
  )
)

const LinksLive = HttpApiBuilder.group(Api, "links", (handlers) =>
  Effect.map(Links, (links) =>
    handlers
      .handle("list", () => links.newest)
      .handle("create", ({ payload }) => links.create(payload))
      .handle("get", ({ path }) => links.find(path.slug))
  )
).pipe(Layer.provide(CreationLimitLive))

const RedirectsLive = HttpApiBuilder.group(Api, "redirects", (handlers) =>
  Effect.map(Links, (links) =>
    handlers.handle("visit", ({ path }) =>
      Effect.map(links.visit(path.slug), (target) =>
        // A cached redirect would not be counted.
        HttpServerResponse.redirect(target, { headers: { "cache-control": "no-store" } })
      )
    )
  )
)

const encodeClick = Schema.encodeSync(Schema.parseJson(Click))
const decodeFollow = Schema.decodeUnknown(Schema.parseJson(Follow))

const eventsOf = (links: Links, slug: Slug) =>
  Effect.gen(function* () {
    yield* links.find(slug)
    // The first event is the state, so that a client that reconnects has missed nothing. It is read after the
    // subscription: a click in between is told twice, and never lost.
    const events = Stream.unwrapScoped(
      Effect.gen(function* () {
        const clicks = yield* links.clicks
        const { clicks: before } = yield* links.find(slug)
        const state = { event: "state", id: `${before}`, data: `${before}` }
        return Stream.concat(
          Stream.make(state),
          Stream.filter(clicks, (click) => click.slug === slug && click.clicks > before).pipe(
            Stream.map((click) => ({ event: "click", id: `${click.clicks}`, data: encodeClick(click) }))
          )
        )
      })
    )
    return yield* ServerSentEvents.response(events)
  })

// Any page may open the socket, because it only shows what everybody may know.
const socketOf = (links: Links) =>
  Effect.gen(function* () {
    const socket = yield* Effect.mapError(HttpServerRequest.upgrade, () => new NotAWebSocket())
    const write = yield* socket.writer
    const clicks = yield* links.clicks
    let followed: ReadonlySet<Slug> = new Set()
    yield* Stream.filter(clicks, ({ slug }) => followed.has(slug)).pipe(
      Stream.runForEach((click) => write(encodeClick(click))),
      Effect.forkScoped
    )
    const receive = (message: string | Uint8Array) =>
      Effect.matchEffect(decodeFollow(message), {
        onFailure: () => write(new Socket.CloseEvent(1008, 'a message is {"follow":["a slug"]}')),
        onSuccess: ({ follow }) => Effect.sync(() => void (followed = new Set(follow)))
      })
    // It fails when the client goes away, or breaks the protocol.
    yield* Effect.ignore(socket.runRaw(receive))
    return HttpServerResponse.empty()
  }).pipe(Effect.scoped)

const ClicksLive = HttpApiBuilder.group(Api, "clicks", (handlers) =>
  Effect.map(Links, (links) =>
    handlers
      .handle("events", ({ path }) => eventsOf(links, path.slug))
      .handle("socket", () => socketOf(links))
  )
)

const StartLive = HttpApiBuilder.Router.use((router) => router.get("/", HttpServerResponse.redirect("/docs")))

const ApiLive = HttpApiBuilder.api(Api).pipe(Layer.provide([LinksLive, RedirectsLive, ClicksLive]))

/** Serves the API and its page. */
export const ServiceLive = Serve.httpApi().pipe(
  Layer.provide([HttpApiSwagger.layer(), StartLive]),
  Layer.provide(ApiLive)
)

/** Logs each exchange in a line, and measures it. */
export const ObservedLive = Layer.merge(AccessLog.layer(), ServerMetrics.layer)

const serializer = new PrometheusSerializer()

const metricsOf = (exporter: PrometheusExporter) =>
  HttpRouter.empty.pipe(
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

/** Health and metrics, on a port of their own: `/livez`, `/readyz`, `/metrics`. */
export const adminLive = (address: Network.ListenOptions) =>
  Layer.unwrapEffect(
    Effect.map(Links, ({ ping }) => {
      // It collects when it is asked. Its own server stays off, because ours answers.
      const exporter = new PrometheusExporter({ preventServerStart: true })
      return Health.layer({ ...address, ready: { database: ping }, fallback: metricsOf(exporter) }).pipe(
        Layer.merge(Metrics.layer(() => exporter)),
        Layer.provide(Resource.layer({ serviceName: "shortener" }))
      )
    })
  )
