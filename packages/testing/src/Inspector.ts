/**
 * An inspector for a running server during development. It shows the server's connections, timeouts, and the
 * pools of agents. It also shows in-flight and recent exchanges with their recorded bytes. The output is an
 * HTML page, text for a terminal, or JSON.
 *
 * Without an installed inspector, a server has no extra cost. The page shows recorded bytes, including
 * bodies, so never serve it on a public address. An inspector never changes its server.
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
 * Options of an inspector: the address of the page, and its content.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** The address on which the page is served. Default 127.0.0.1, to which only this machine can connect. */
  readonly host?: string | undefined
  /** The port. With 0 the system assigns a free port. Default 4400. */
  readonly port?: number | undefined
  /** Maximum number of stored exchanges that have ended. Default 200. */
  readonly history?: number | undefined
  /** Agents to show, by name. Default: the agent in the context, or no agent if the context has none. */
  readonly agents?: Readonly<Record<string, Agent.Service>> | undefined
  /**
   * Names (case-insensitive) of the header fields whose values are redacted. The user and the password in a
   * URL are always redacted. Default {@link redactedNames}.
   */
  readonly redact?: ReadonlyArray<string> | undefined
}

/**
 * Names of the header fields whose values an inspector redacts by default. These are the fields that platform
 * redacts in its spans, `Proxy-Authorization`, and further fields that contain secrets of a client.
 *
 * @since 0.1.0
 * @category options
 */
export const redactedNames: ReadonlyArray<string> = [
  ...["Authorization", "Proxy-Authorization", "Authentication-Info", "Proxy-Authentication-Info"],
  ...["Cookie", "Set-Cookie", "X-Api-Key", "X-Auth-Token", "X-CSRF-Token"]
]

/**
 * The data that an inspector shows.
 *
 * @since 0.1.0
 * @category models
 */
export interface Inspection {
  /** The current state of the server. */
  readonly snapshot: Effect.Effect<Snapshot>
  /**
   * Returns the recorded bytes of an exchange as text. In the text, `>` marks bytes from the client and `<`
   * marks bytes from the server. Returns `None` if the recording is missing or was discarded, or if
   * `layerTap` is not installed. The values of the fields in `Options.redact` are redacted, even if a value
   * spans segments.
   */
  readonly wire: (connection: number, exchange: number) => Effect.Effect<Option.Option<string>>
}

/**
 * The recorder of the inspected server's network, which `layerTap` provides.
 *
 * @since 0.1.0
 * @category tags
 */
export class Tap extends Context.Tag("@httpfx/testing/Inspector/Tap")<
  Tap,
  {
    /** The network below the recorder, which is not recorded. */
    readonly network: Network.Service
    /** The recorder of the bytes. */
    readonly wiretap: Wiretap.Service
    /** Maximum number of bytes stored per exchange and direction. */
    readonly limit: number
  }
>() {}

/**
 * Records the bytes on the server's network for an inspector. Provide this layer to the server in place of
 * its network. `limit` is the maximum number of bytes stored per exchange and direction (default 16 KiB).
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
 * Starts to inspect the server in the context. Earlier exchanges are not shown.
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

// The internal state of each inspection. `app` marks its own exchanges in this state, so that the page leaves
// them out.
const looks = new WeakMap<Inspection, Look>()

// Returns whether `Host` names this machine. Without this check, a web page in a local browser could read the
// inspector through a domain that resolves to 127.0.0.1 (DNS rebinding).
const isLocal = (host: string | undefined, own: string): boolean => {
  const name = host?.replace(/:\d+$/, "")
  return name === own || name === "localhost" || name === "[::1]" || /^127(?:\.\d+){3}$/.test(name ?? "")
}

/**
 * An app that serves the page at `/`, the state as JSON at `/state`, and the recorded bytes at
 * `/wire/:connection/:exchange`. Clients that do not accept HTML, such as `curl`, get the page as text. The
 * app can be mounted at any path of another app. If it is mounted on the inspected server, its own exchanges
 * are not shown. `layer` serves the app on a separate port.
 *
 * The `Host` of a request must be a loopback address or `host`. All other requests get a 403 response.
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

// Shut down without grace periods, so that an open page does not delay the exit of the program.
const ending = { idleConnectionGrace: 0, gracefulShutdownTimeout: 0 }

/**
 * Serves the page on a separate port and logs the URL.
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
      // Use the network below the recorder, so that the inspector's own connections are not recorded.
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
 * Does the same as {@link layer}, with options read from the configuration.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerConfig = (
  options: Config.Config.Wrap<Options>
): Layer.Layer<never, ServeError | ConfigError, Server.Server | Network.Network> =>
  Layer.unwrapEffect(Effect.map(Config.unwrap(options), layer))
