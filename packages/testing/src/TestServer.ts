/**
 * A server and a client that reaches it, in one layer: the whole stack, wire included, without a port.
 *
 * Stands where platform's `HttpServer.layerTestClient` and `NodeHttpServer.layerTest` stand, and provides what they do. Nothing is cut
 * short: requests go through the pool, the wire and the server's limits. A network that is provided may have faults and
 * stubs of other origins besides.
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
import type { HttpPlatform } from "@effect/platform/HttpPlatform"
import type { Generator } from "@effect/platform/Etag"
import type { FileSystem } from "@effect/platform/FileSystem"
import * as HttpServer from "@effect/platform/HttpServer"
import type { ServeError } from "@effect/platform/HttpServerError"
import type { HttpServerRequest } from "@effect/platform/HttpServerRequest"
import type { Path } from "@effect/platform/Path"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import * as Client from "@httpfx/core/Client"
import type { InvalidOption } from "@httpfx/core/HttpError"
import type { Network } from "@httpfx/core/Network"
import * as Server from "@httpfx/core/Server"
import { formatAddress } from "@httpfx/core/Transport"
import * as MemoryNetwork from "./MemoryNetwork.js"

/**
 * Where the server of a test is, and what it and its client are told.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** Name the server listens on, and the `Host` of requests. Default `server.test`. */
  readonly host?: string | undefined
  /** Default 80. */
  readonly port?: number | undefined
  /** What the server is told. Default: nothing. */
  readonly server?: Server.ServerOptions | undefined
  /** What the client is told. Default: nothing. */
  readonly client?: Client.Options | undefined
}

/**
 * What a test is given. Platform's `HttpClient` takes paths (`/users/1`) as requests to the server, and whole URLs as
 * they are; `Client` takes whole URLs. The file system is platform's that has no files.
 *
 * @since 0.1.0
 * @category models
 */
export type Provided =
  HttpServer.HttpServer | HttpClient.HttpClient | Client.Client | HttpPlatform | Generator | FileSystem | Path

const absolute = /^[a-z][a-z0-9+.-]*:/i

const toServer = (base: string) => (request: HttpClientRequest.HttpClientRequest) =>
  absolute.test(request.url) ? request : HttpClientRequest.prependUrl(request, base)

const baseUrl = ({ address }: HttpServer.HttpServer, host: string): string => {
  if (address._tag === "UnixAddress") return `http://${host}`
  const name = host === "::" || host === "0.0.0.0" ? "127.0.0.1" : host
  return `http://${formatAddress({ ...address, hostname: name })}`
}

const client = (host: string, options: Client.Options = {}) =>
  Layer.scopedContext(
    Effect.gen(function* () {
      const service = yield* Client.make(options)
      const base = baseUrl(yield* HttpServer.HttpServer, host)
      const httpClient = HttpClient.mapRequest(service.httpClient, toServer(base))
      return Context.make(Client.Client, service).pipe(Context.add(HttpClient.HttpClient, httpClient))
    })
  )

/**
 * The server and its client over the network in the context. On a network of the system give a `host` that exists there
 * and port 0.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerOver = (
  options: Options = {}
): Layer.Layer<Provided, ServeError | InvalidOption, Network> => {
  const { host = "server.test", port = 80 } = options
  return client(host, options.client).pipe(
    // What a test closes ends at once: its clock may be moved by nobody.
    Layer.provideMerge(Server.layer({ host, port, idleConnectionGrace: 0, ...options.server })),
    Layer.merge(HttpServer.layerContext)
  )
}

/**
 * The server and its client on a network in memory of their own, which is provided as well. Nothing is served yet:
 * `HttpServer.serveEffect(app)` in the test, or `serve` here.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (
  options?: Options & { readonly network?: MemoryNetwork.Options | undefined }
): Layer.Layer<Provided | Network | MemoryNetwork.MemoryNetwork> =>
  // Nobody else listens on a network that is made here.
  Layer.provideMerge(Layer.orDie(layerOver(options)), MemoryNetwork.layer(options?.network))

/**
 * An app served, and a client that reaches it: everything a test of an app needs.
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
 * A platform `HttpApi` served, from the layer of its implementation (`HttpApiBuilder.api(...)` with its groups
 * provided), and a client that reaches it. `apiClient` makes the typed client.
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
 * The typed client of an `HttpApi`, to the server of the layer. Errors of the API come typed, as in production.
 *
 * @since 0.1.0
 * @category clients
 */
export const apiClient = <Id extends string, Groups extends HttpApiGroup.HttpApiGroup.Any, E, R>(
  api: HttpApi.HttpApi<Id, Groups, E, R>
) => HttpApiClient.make(api)
