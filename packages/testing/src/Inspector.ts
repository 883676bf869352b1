/**
 * A look inside a running server while one develops: its connections, the exchanges under way and the last
 * ones, agents' pools, timeouts, and the wire of an exchange. A page for a browser, text for a terminal, JSON
 * for everything else.
 *
 * It exists where somebody asked for it and costs nothing elsewhere. It shows what passes on the wire: never
 * give it an address that strangers reach. It changes nothing of the server that it looks at.
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
 * Where the page of an inspector is, and what it shows.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** Where the page is. Default 127.0.0.1: this machine alone. */
  readonly host?: string | undefined
  /** Default 4400; 0: any free port. */
  readonly port?: number | undefined
  /** How many exchanges that are over are remembered. Default 200. */
  readonly history?: number | undefined
  /** Agents to be shown, by a name. Default: the one in the context, if there is one. */
  readonly agents?: Readonly<Record<string, Agent.Service>> | undefined
  /**
   * Names of fields whose values are not shown, in any case. They take the place of the default, which is
   * {@link redactedNames}. User and password of URLs are never shown.
   */
  readonly redact?: ReadonlyArray<string> | undefined
}

/**
 * The fields whose values an inspector does not show unless it is told otherwise: those of platform's spans,
 * `Proxy-Authorization`, and what else is sent as a secret of one client.
 *
 * @since 0.1.0
 * @category options
 */
export const redactedNames: ReadonlyArray<string> = [
  ...["Authorization", "Proxy-Authorization", "Authentication-Info", "Proxy-Authentication-Info"],
  ...["Cookie", "Set-Cookie", "X-Api-Key", "X-Auth-Token", "X-CSRF-Token"]
]

/**
 * What an inspector knows.
 *
 * @since 0.1.0
 * @category models
 */
export interface Inspection {
  /** What is going on at this moment. */
  readonly snapshot: Effect.Effect<Snapshot>
  /**
   * The wire of an exchange, as text: `>` is what the client sent, `<` what the server did. None: it is not
   * known (any more), or the server's network is not tapped. The values of `Options.redact` are left out,
   * however they were cut into segments.
   */
  readonly wire: (connection: number, exchange: number) => Effect.Effect<Option.Option<string>>
}

/**
 * The network of the server that is looked at, with a record of what passes.
 *
 * @since 0.1.0
 * @category tags
 */
export class Tap extends Context.Tag("@httpfx/testing/Inspector/Tap")<
  Tap,
  {
    /** The network beneath it, which nobody listens to. */
    readonly network: Network.Service
    /** The record. */
    readonly wiretap: Wiretap.Service
    /** Bytes that are kept of an exchange and direction. */
    readonly limit: number
  }
>() {}

/**
 * Lets an inspector see the wire: goes between a server and its network. `limit` is how many bytes are kept
 * of an exchange and direction; default 16 KiB.
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
 * Looks at the server in the context from now on.
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

// What an inspection is made of: an app of the server that is looked at says which exchanges are its own.
const looks = new WeakMap<Inspection, Look>()

// A page of somebody else's that a browser on this machine has open could ask for ours under a name that
// leads here.
const isLocal = (host: string | undefined, own: string): boolean => {
  const name = host?.replace(/:\d+$/, "")
  return name === own || name === "localhost" || name === "[::1]" || /^127(?:\.\d+){3}$/.test(name ?? "")
}

/**
 * The page at `/` (text where no HTML is accepted, as by `curl`), `/state` as JSON,
 * `/wire/:connection/:exchange`. To be mounted where an app has a place for it; `layer` gives it a port of
 * its own. In an app of the server that is looked at, its own exchanges are not shown.
 *
 * `host`: a name besides the loopback addresses under which it may be asked. Anything else is answered 403.
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
            onNone: () => plain("nothing is kept of it\n", 404),
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
      : Effect.succeed(plain("this page is for this machine\n", 403))
  })
}

// A page that is open must not hold up the end of the program.
const ending = { idleConnectionGrace: 0, gracefulShutdownTimeout: 0 }

/**
 * The page on a port of its own, which is logged.
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
      // Its own connections are nobody's concern.
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
