/**
 * An inspector for a running server during development: its connections, in-flight and recent exchanges,
 * agents' pools, timeouts, and the wire of an exchange. As an HTML page, as text for a terminal, and as JSON.
 *
 * It costs nothing unless installed. It shows what passes on the wire, so never listen on a public address.
 * It never changes the inspected server.
 *
 * @since 0.1.0
 */
import * as HttpRouter from "@effect/platform/HttpRouter"
import type * as HttpApp from "@effect/platform/HttpApp"
import type { ServeError } from "@effect/platform/HttpServerError"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Config from "effect/Config"
import type { ConfigError } from "effect/ConfigError"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as Agent from "@httpfx/core/Agent"
import * as Exchange from "@httpfx/core/Exchange"
import * as Network from "@httpfx/core/Network"
import * as Server from "@httpfx/core/Server"
import * as Timers from "@httpfx/core/Timers"
import { formatAddress } from "@httpfx/core/Transport"
import { Look, type Snapshot } from "./tools/look.js"
import { page } from "./tools/page.js"
import { textOf } from "./tools/text.js"
import * as Wiretap from "./Wiretap.js"

export type { AgentView, ConnectionView, ExchangeView, ServerView, Snapshot, UnderWay } from "./tools/look.js"

/**
 * Address of the page, and what it shows.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** Address of the page. Default 127.0.0.1: this machine alone. */
  readonly host?: string | undefined
  /** Default 4400; 0: any free port. */
  readonly port?: number | undefined
  /** How many completed exchanges are kept. Default 200. */
  readonly history?: number | undefined
  /** Agents to show, by name. Default: the one in the context, if any. */
  readonly agents?: Readonly<Record<string, Agent.Service>> | undefined
  /**
   * Names of fields whose values are redacted, in any case. They replace the default, {@link redactedNames}.
   * User and password of URLs are never shown.
   */
  readonly redact?: ReadonlyArray<string> | undefined
}

/**
 * The fields whose values an inspector redacts by default: those of platform's spans, `Proxy-Authorization`,
 * and other fields that carry a client's secret.
 *
 * @since 0.1.0
 * @category options
 */
export const redactedNames: ReadonlyArray<string> = [
  ...["Authorization", "Proxy-Authorization", "Authentication-Info", "Proxy-Authentication-Info"],
  ...["Cookie", "Set-Cookie", "X-Api-Key", "X-Auth-Token", "X-CSRF-Token"]
]

/**
 * The data of an inspector.
 *
 * @since 0.1.0
 * @category models
 */
export interface Inspection {
  /** The current state. */
  readonly snapshot: Effect.Effect<Snapshot>
  /**
   * The wire of an exchange, as text: `>` is sent by the client, `<` by the server. None: not recorded, no
   * longer kept, or the server's network is not tapped. The values of `Options.redact` are left out, even if
   * they span segments.
   */
  readonly wire: (connection: number, exchange: number) => Effect.Effect<Option.Option<string>>
}

/**
 * The network of the inspected server, recorded.
 *
 * @since 0.1.0
 * @category tags
 */
export class Tap extends Context.Tag("@httpfx/testing/Inspector/Tap")<
  Tap,
  {
    /** The untapped network below. */
    readonly network: Network.Service
    /** The recorder. */
    readonly wiretap: Wiretap.Service
    /** Bytes kept per exchange and direction. */
    readonly limit: number
  }
>() {}

/**
 * Lets an inspector see the wire: stands between a server and its network. `limit` is the number of bytes
 * kept per exchange and direction; default 16 KiB.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerTap = (
  options: { readonly limit?: number | undefined } = {}
): Layer.Layer<Network.Network | Tap, never, Network.Network> =>
  Layer.effectContext(
    Effect.gen(function* () {
      const network = yield* Network.Network
      const { limit = 16 * 1024 } = options
      const wiretap = yield* Wiretap.make(network, { ends: "server", limit })
      return Context.make(Network.Network, wiretap.network).pipe(
        Context.add(Tap, { network, wiretap, limit })
      )
    })
  )

/**
 * Inspects the server in the context from now on.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: Options = {}): Effect.Effect<Inspection, never, Server.Server | Scope.Scope> =>
  Effect.gen(function* () {
    const server = yield* Server.Server
    const tap = Option.getOrUndefined(yield* Effect.serviceOption(Tap))
    const own = yield* Effect.serviceOption(Agent.Agent)
    const agents: Readonly<Record<string, Agent.Service>> =
      options.agents ?? (Option.isSome(own) ? { agent: own.value } : {})
    const look = new Look(
      server,
      yield* Timers.timers,
      tap,
      options.history ?? 200,
      options.redact ?? redactedNames
    )
    yield* server.observe((event) => look.onEvent(event))
    const inspection: Inspection = {
      snapshot: Effect.gen(function* () {
        const states: Record<string, Agent.State> = {}
        for (const [name, agent] of Object.entries(agents)) states[name] = yield* agent.state
        return look.snapshot(yield* server.state, states)
      }),
      wire: (connection, exchange) => Effect.sync(() => Option.fromNullable(look.wire(connection, exchange)))
    }
    looks.set(inspection, look)
    return inspection
  })

// Lets an app mounted on the inspected server mark its own exchanges, which are not shown.
const looks = new WeakMap<Inspection, Look>()

// Against DNS rebinding: a foreign page in a browser on this machine may use a name that resolves to us.
const isLocal = (host: string | undefined, own: string): boolean => {
  const name = host?.replace(/:\d+$/, "")
  return name === own || name === "localhost" || name === "[::1]" || /^127(?:\.\d+){3}$/.test(name ?? "")
}

/**
 * Serves the page at `/` (text for clients that do not accept HTML, as `curl`), `/state` as JSON, and
 * `/wire/:connection/:exchange`. Mount it anywhere in an app; `layer` gives it a port of its own. In an app
 * of the inspected server its own exchanges are not shown.
 *
 * `host`: an accepted `Host` besides the loopback addresses. Others get 403.
 *
 * @since 0.1.0
 * @category apps
 */
export const app = (inspection: Inspection, host = "localhost"): HttpApp.Default => {
  const plain = (text: string, status = 200) =>
    HttpServerResponse.text(text, { status, headers: { "cache-control": "no-store" } })
  const router = HttpRouter.empty.pipe(
    HttpRouter.get(
      "/",
      Effect.flatMap(HttpServerRequest.HttpServerRequest, ({ headers }) =>
        headers["accept"]?.includes("text/html") === true
          ? Effect.succeed(HttpServerResponse.html(page))
          : Effect.map(inspection.snapshot, (snapshot) => plain(textOf(snapshot)))
      )
    ),
    HttpRouter.get(
      "/state",
      Effect.map(inspection.snapshot, (snapshot) =>
        HttpServerResponse.unsafeJson(snapshot, { headers: { "cache-control": "no-store" } })
      )
    ),
    HttpRouter.get(
      "/wire/:connection/:exchange",
      Effect.flatMap(HttpRouter.params, ({ connection, exchange }) =>
        Effect.map(
          inspection.wire(Number(connection), Number(exchange)),
          Option.match({
            onNone: () => plain("no wire recorded\n", 404),
            onSome: (text) => plain(text)
          })
        )
      )
    )
  )
  return Effect.flatMap(HttpServerRequest.HttpServerRequest, (request) => {
    for (const { connection } of Option.toArray(Exchange.fromRequest(request)))
      looks.get(inspection)?.disregard(connection.remote, connection.exchange)
    return isLocal(request.headers["host"], host)
      ? Effect.catchTag(router, "RouteNotFound", () => Effect.succeed(plain("not found\n", 404)))
      : Effect.succeed(plain("only served to this machine\n", 403))
  })
}

// An open page must not delay the exit of the program.
const ending = { idleConnectionGrace: 0, gracefulShutdownTimeout: 0 }

/**
 * The page on a port of its own; logs its URL.
 *
 * @example
 * import { HttpServer, HttpServerResponse } from "@effect/platform"
 * import { Server } from "@httpfx/core"
 * import { NodeNetwork } from "@httpfx/node"
 * import { Inspector } from "@httpfx/testing/tools"
 * import { Layer } from "effect"
 *
 * const main = HttpServer.serve(HttpServerResponse.text("hello")).pipe(
 *   Layer.merge(Inspector.layer()),
 *   Layer.provide(Server.layer({ port: 3000 })),
 *   Layer.provide(Inspector.layerTap()),
 *   Layer.provide(NodeNetwork.layer)
 * )
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (
  options: Options = {}
): Layer.Layer<never, ServeError, Server.Server | Network.Network> =>
  Layer.scopedDiscard(
    Effect.gen(function* () {
      const { host = "127.0.0.1", port = 4400 } = options
      const inspection = yield* make(options)
      // Do not tap the inspector's own connections.
      const network = Option.match(yield* Effect.serviceOption(Tap), {
        onNone: () => Network.Network,
        onSome: ({ network }) => Effect.succeed(network)
      })
      const server = yield* Effect.provideServiceEffect(
        Server.make({ host, port, ...ending }),
        Network.Network,
        network
      )
      yield* server.httpServer.serve(app(inspection, host))
      yield* Effect.logInfo(`Inspector on http://${formatAddress(server.address)}`)
    })
  )

/**
 * `layer`, with its options from the configuration.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerConfig = (
  options: Config.Config.Wrap<Options>
): Layer.Layer<never, ServeError | ConfigError, Server.Server | Network.Network> =>
  Layer.unwrapEffect(Effect.map(Config.unwrap(options), layer))
