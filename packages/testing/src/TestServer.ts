/**
 * A layer with a server and a client for that server. It is the whole stack down to the bytes, without a real
 * port.
 *
 * The layer replaces platform's `HttpServer.layerTestClient` and `NodeHttpServer.layerTest`, and provides the
 * same services. Requests pass through the client's pool, a network and the server's limits. With `layerOver`
 * the network may have faults and further origins. Failures of handlers are reported with their cause.
 *
 * @since 0.1.0
 */
import type * as HttpApi from "@effect/platform/HttpApi"
import * as HttpApiBuilder from "@effect/platform/HttpApiBuilder"
import * as HttpApiClient from "@effect/platform/HttpApiClient"
import type * as HttpApiGroup from "@effect/platform/HttpApiGroup"
import type * as HttpApp from "@effect/platform/HttpApp"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import { HttpPlatform } from "@effect/platform/HttpPlatform"
import * as Etag from "@effect/platform/Etag"
import { FileSystem } from "@effect/platform/FileSystem"
import * as HttpServer from "@effect/platform/HttpServer"
import * as Socket from "@effect/platform/Socket"
import type { ServeError } from "@effect/platform/HttpServerError"
import type { HttpServerRequest } from "@effect/platform/HttpServerRequest"
import * as PlatformPath from "@effect/platform/Path"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as Client from "@httpfx/core/Client"
import type { InvalidOption } from "@httpfx/core/HttpError"
import type { Network } from "@httpfx/core/Network"
import * as Server from "@httpfx/core/Server"
import * as Timers from "@httpfx/core/Timers"
import { formatAddress } from "@httpfx/core/Transport"
import { WebSocketUpgrader } from "@httpfx/core/WebSocketUpgrader"
import { type HandlerFailure, keepFailures, type OnHandlerFailure } from "./assert/handlerFailures.js"
import { makeFileSystem, makePlatform } from "./network/files/system.js"
import * as MemoryNetwork from "./MemoryNetwork.js"

export {
  /**
   * @since 0.1.0
   * @category models
   */
  type HandlerFailure,
  /**
   * @since 0.1.0
   * @category errors
   */
  HandlersFailed,
  /**
   * @since 0.1.0
   * @category models
   */
  type OnHandlerFailure
} from "./assert/handlerFailures.js"

/**
 * Options of a test server: its address, and the options of server and client.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /**
   * Host name on which the server listens. Requests have the same name as their `Host`. Default
   * `server.test`.
   */
  readonly host?: string | undefined
  /** The port. Default 80, or 443 with `server.tls`. */
  readonly port?: number | undefined
  /** Options of the server. */
  readonly server?: Server.ServerOptions | undefined
  /** Options of the client. */
  readonly client?: Client.Options | undefined
  /** The way in which failures of handlers are reported, if the test has not read them. Default `print`. */
  readonly onHandlerFailure?: OnHandlerFailure | undefined
}

/**
 * The tag of the effect that returns the failures of the server's handlers so far.
 *
 * @since 0.1.0
 * @category tags
 */
export class HandlerFailures extends Context.Tag("@httpfx/testing/TestServer/HandlerFailures")<
  HandlerFailures,
  Effect.Effect<ReadonlyArray<HandlerFailure>>
>() {}

/**
 * The failures of the server's handlers so far. They are defects, and errors that do not convert to a
 * response. Failures that have been read are left out of the report when the scope closes.
 *
 * @example
 * import { HttpClient, HttpServerResponse } from "@effect/platform"
 * import { TestServer } from "@httpfx/testing"
 * import { Effect } from "effect"
 *
 * const test = Effect.gen(function* () {
 *   yield* HttpClient.get("/")
 *   return (yield* TestServer.failures).map(({ status }) => status) // [500]
 * }).pipe(Effect.provide(TestServer.serve(Effect.die("no database"))))
 *
 * @since 0.1.0
 * @category accessors
 */
export const failures: Effect.Effect<ReadonlyArray<HandlerFailure>, never, HandlerFailures> = Effect.flatten(
  HandlerFailures
)

/**
 * The services for a test and its app. Platform's `HttpClient` accepts paths (`/users/1`), which it sends to
 * the server, and absolute URLs. `Client` accepts only absolute URLs.
 *
 * If the context has services for files, paths, ETags and file responses (`NodeHttpServer.layerContext`), the
 * layer uses them. Otherwise the file system is in memory, so uploads leave no files behind. Files that the
 * test has not written are read from the real disk (on Node.js 20.16, 22.3 and later), but nothing is ever
 * written to the disk.
 *
 * WebSockets need the framing service: `Layer.provide(NodeWebSocket.layer())`. With this service, apps can
 * upgrade connections, and `Socket.makeWebSocket` accepts paths and absolute URLs.
 *
 * @since 0.1.0
 * @category models
 */
export type Provided =
  | HttpServer.HttpServer
  | Server.Server
  | HttpClient.HttpClient
  | Client.Client
  | HandlerFailures
  | Socket.WebSocketConstructor
  | HttpPlatform
  | Etag.Generator
  | FileSystem
  | PlatformPath.Path

const { Generator } = Etag
const { Path } = PlatformPath

const absolute = /^[a-z][a-z0-9+.-]*:/i

const toServer = (base: string) => (request: HttpClientRequest.HttpClientRequest) =>
  absolute.test(request.url) ? request : HttpClientRequest.prependUrl(request, base)

const baseUrl = ({ address }: Server.Service, { host, server }: Options): string => {
  const [protocol, usual] = server?.tls === undefined ? ["http", 80] : ["https", 443]
  if (address._tag === "UnixAddress") return `${protocol}://${host}`
  const name = host === "::" || host === "0.0.0.0" ? "127.0.0.1" : host!
  return address.port === usual && !name.includes(":")
    ? `${protocol}://${name}`
    : `${protocol}://${formatAddress({ ...address, hostname: name })}`
}

const server = (options: Options) => {
  const { onHandlerFailure, server, ...place } = options
  const { host = "server.test", port = server?.tls === undefined ? 80 : 443 } = place
  // Close idle connections without a grace period at shutdown, because the test clock may stand still.
  const made = Server.make({ host, port, idleConnectionGrace: 0, ...server })
  return Layer.scopedContext(
    Effect.map(
      keepFailures(made, (server) => baseUrl(server, { ...options, host }), onHandlerFailure),
      ({ failures, server }) =>
        Context.make(Server.Server, server).pipe(
          Context.add(HttpServer.HttpServer, server.httpServer),
          Context.add(HandlerFailures, failures)
        )
    )
  )
}

const client = (options: Options) =>
  Layer.scopedContext(
    Effect.gen(function* () {
      const service = yield* Client.make(options.client)
      const { host = "server.test" } = options
      const base = baseUrl(yield* Server.Server, { ...options, host })
      const httpClient = HttpClient.mapRequest(service.httpClient, toServer(base))
      return Context.make(Client.Client, service).pipe(Context.add(HttpClient.HttpClient, httpClient))
    })
  )

const webSockets = (options: Options) =>
  Layer.scoped(
    Socket.WebSocketConstructor,
    Effect.gen(function* () {
      const { host = "server.test" } = options
      const base = baseUrl(yield* Server.Server, { ...options, host }).replace(/^http/, "ws")
      const upgrader = yield* Effect.serviceOption(WebSocketUpgrader)
      const construct = Option.isSome(upgrader) ? upgrader.value.client : undefined
      if (construct === undefined) {
        return () => {
          throw new Error(
            "WebSockets are not available: provide NodeWebSocket.layer() of @httpfx/node to TestServer"
          )
        }
      }
      const make = yield* construct
      return (url: string, protocols?: string | Array<string>) =>
        make(absolute.test(url) ? url : base + url, protocols)
    })
  )

/** Provides the service in the context. If the context has no such service, provides a new service. */
const orElse = <I, S, R>(
  tag: Context.Tag<I, S>,
  make: Effect.Effect<S, never, R>
): Layer.Layer<I, never, R> =>
  Layer.effect(
    tag,
    Effect.flatMap(
      Effect.serviceOption(tag),
      Option.match({ onNone: () => make, onSome: (service) => Effect.succeed(service) })
    )
  )

const fromLayer = <I, S>(tag: Context.Tag<I, S>, layer: Layer.Layer<I>): Effect.Effect<S> =>
  Effect.provide(tag, layer)

const files: Layer.Layer<HttpPlatform | Etag.Generator | FileSystem | PlatformPath.Path> = Layer.provideMerge(
  orElse(HttpPlatform, makePlatform),
  Layer.mergeAll(
    orElse(
      FileSystem,
      Effect.map(Timers.timers, (timers) => makeFileSystem(() => timers.wallTime()))
    ),
    orElse(Generator, fromLayer(Generator, Etag.layerWeak)),
    orElse(Path, fromLayer(Path, PlatformPath.layer))
  )
)

/**
 * Provides the server and its client on the network in the context. On a real network, pass a `host` that
 * resolves to this machine, and pass port 0.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerOver = (
  options: Options = {}
): Layer.Layer<Provided, ServeError | InvalidOption, Network> =>
  Layer.merge(client(options), webSockets(options)).pipe(
    Layer.provideMerge(server(options)),
    Layer.merge(files)
  )

/**
 * Provides the server and its client on a new network in memory, and also provides this network. The server
 * has no app yet. Call `HttpServer.serveEffect(app)` in the test, or use `serve` in place of this layer.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (
  options?: Options & { readonly network?: MemoryNetwork.Options | undefined }
): Layer.Layer<Provided | Network | MemoryNetwork.MemoryNetwork> =>
  // A new network has no listeners, so the address is free and listening cannot fail.
  Layer.provideMerge(Layer.orDie(layerOver(options)), MemoryNetwork.layer(options?.network))

/**
 * Serves an app. Provides a client for the app, and everything else that a test of the app needs.
 *
 * @example
 * import { HttpClient, HttpRouter, HttpServerResponse } from "@effect/platform"
 * import { assert, it } from "@effect/vitest"
 * import { TestServer } from "@httpfx/testing"
 * import { Effect } from "effect"
 *
 * const router = HttpRouter.empty.pipe(HttpRouter.get("/hello", HttpServerResponse.text("hello")))
 *
 * it.effect("greets", () =>
 *   Effect.gen(function* () {
 *     const response = yield* HttpClient.get("/hello")
 *     assert.strictEqual(yield* response.text, "hello")
 *   }).pipe(Effect.provide(TestServer.serve(router)))
 * )
 *
 * @since 0.1.0
 * @category layers
 */
export const serve = <E, R>(
  app: HttpApp.Default<E, R>,
  options?: Parameters<typeof layer>[0]
): Layer.Layer<
  Provided | Network | MemoryNetwork.MemoryNetwork,
  never,
  Exclude<R, HttpServerRequest | Scope.Scope | Provided | Network | MemoryNetwork.MemoryNetwork>
> => Layer.provideMerge(HttpServer.serve(app), layer(options)) as never

/**
 * Serves a platform `HttpApi` and provides a client for it. `live` is the layer of the implementation
 * (`HttpApiBuilder.api(...)` with its groups provided). `apiClient` creates the typed client.
 *
 * @since 0.1.0
 * @category layers
 */
export const serveApi = <E, R>(
  live: Layer.Layer<HttpApi.Api, E, R>,
  options?: Parameters<typeof layer>[0]
): Layer.Layer<
  Provided | Network | MemoryNetwork.MemoryNetwork,
  E,
  Exclude<R, Provided | Network | MemoryNetwork.MemoryNetwork>
> => HttpApiBuilder.serve().pipe(Layer.provide(live), Layer.provideMerge(layer(options)))

/**
 * Creates a typed client of an `HttpApi`, which sends its requests to the server of the layer. The client
 * fails with the typed errors of the API, as in production. The options are those of `HttpApiClient.make`:
 * `transformClient` adds a token to each request, for instance.
 *
 * @example
 * import { HttpClient, HttpClientRequest, type HttpApi, type HttpApiGroup } from "@effect/platform"
 * import { TestServer } from "@httpfx/testing"
 *
 * declare const Api: HttpApi.HttpApi<"api", HttpApiGroup.HttpApiGroup<"users">>
 *
 * export const asAda = TestServer.apiClient(Api, {
 *   transformClient: HttpClient.mapRequest(HttpClientRequest.bearerToken("token of Ada"))
 * })
 *
 * @since 0.1.0
 * @category clients
 */
export const apiClient = <Id extends string, Groups extends HttpApiGroup.HttpApiGroup.Any, E, R>(
  api: HttpApi.HttpApi<Id, Groups, E, R>,
  options?: Parameters<typeof HttpApiClient.make>[1]
) => HttpApiClient.make(api, options)
