/**
 * HTTP/1.1 clients over a `Network`: requests as effects, responses whose bodies are streams, connections
 * kept alive.
 *
 * Provides platform's `HttpClient.HttpClient`, so everything built on it runs unchanged; `Client` beneath it
 * says what platform's types cannot (raw header lists, informational responses, trailers, facts of the
 * connection) and costs less. Both share one agent. Closing the layer's scope closes every connection.
 *
 * Neither follows redirects nor retries by status: `followRedirects` and `Retry` do. A request is sent a
 * second time only when its reused connection died before a byte of the answer came, its method is idempotent
 * and its body is at hand (RFC 9112 §9.3.1).
 *
 * @since 0.1.0
 */
import * as HttpClient from "@effect/platform/HttpClient"
import type { HttpClientError } from "@effect/platform/HttpClientError"
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Config from "effect/Config"
import type { ConfigError } from "effect/ConfigError"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as FiberRef from "effect/FiberRef"
import { dual } from "effect/Function"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as Agent from "./Agent.js"
import * as redirects from "./content/redirects.js"
import type { Redirect, RedirectOptions } from "./content/redirects.js"
import { poolOf } from "./internal/client/agent.js"
import type { RequestError } from "./internal/client/error.js"
import { currentRequestOptions as currentOptions } from "./internal/client/requestOptions.js"
import { httpClient } from "./internal/client/platform.js"
import { PlatformResponse } from "./internal/client/platformResponse.js"
import type { Response, Upgrade } from "./internal/client/response.js"
import { refuseClientOptions, type ClientOptions } from "./internal/options/client.js"
import { requester, settingsOf, type Service } from "./internal/client/request.js"
import type { Request, RequestOptions, UpgradeRequest } from "./internal/options/request.js"
import type { InvalidOption } from "./HttpError.js"
import type { Network } from "./Network.js"

export type { Redirect, RedirectOptions } from "./content/redirects.js"

export type { BodyError, RequestError } from "./internal/client/error.js"
export type { ClientOptions } from "./internal/options/client.js"
export type { Connections, Service } from "./internal/client/request.js"
export type { Response, Upgrade } from "./internal/client/response.js"

export type {
  ConnectionOptions,
  EarlyAnswer,
  HeadersInput,
  Informational,
  ParserOptions,
  Request,
  RequestOptions,
  RequestParts,
  Timeouts,
  UpgradeRequest
} from "./internal/options/request.js"

/**
 * What a client with an agent of its own can be told.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options extends ClientOptions, Agent.Options {}

/**
 * The client in the context. `Client.layer` and `Client.layerAgent` provide it.
 *
 * @since 0.1.0
 * @category tags
 */
export class Client extends Context.Tag("@httpfx/core/Client")<Client, Service>() {}

/**
 * What platform's request cannot say, for the requests that platform's client sends in this fiber and those
 * it forks.
 *
 * @since 0.1.0
 * @category platform
 */
export const currentRequestOptions: FiberRef.FiberRef<RequestOptions | undefined> = currentOptions

/**
 * Sends the requests of an effect, made by platform's client, with these options besides those in force.
 *
 * @example
 * import { HttpClient } from "@effect/platform"
 * import { Client } from "@httpfx/core"
 *
 * const ranged = HttpClient.get("http://intern.test/").pipe(
 *   Client.withRequestOptions({ connection: { socketPath: "/run/app.sock" } })
 * )
 *
 * @since 0.1.0
 * @category platform
 */
export const withRequestOptions: {
  (options: RequestOptions): <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  <A, E, R>(effect: Effect.Effect<A, E, R>, options: RequestOptions): Effect.Effect<A, E, R>
} = dual(2, <A, E, R>(effect: Effect.Effect<A, E, R>, options: RequestOptions): Effect.Effect<A, E, R> =>
  Effect.locallyWith(effect, currentOptions, (outer) => ({
    ...outer,
    ...options,
    timeouts: outer?.timeouts === undefined ? options.timeouts : { ...outer.timeouts, ...options.timeouts }
  }))
)

/**
 * The response beneath one of platform's: raw fields, trailers, facts of the connection. Its body is the same
 * one, read once. `None`: it came from another client.
 *
 * @since 0.1.0
 * @category platform
 */
export const fromHttpClientResponse = (
  response: HttpClientResponse.HttpClientResponse
): Option.Option<Response> =>
  response instanceof PlatformResponse ? Option.some(response.source) : Option.none()

/**
 * A client that follows redirects (RFC 9110 §15.4): of `Client`, both faces and `requestScoped`, but not
 * `upgrade`; or any client of platform's. 301, 302, 303, 307 and 308 with a `Location` are followed; methods
 * change as the Fetch standard says, and credentials do not go to another origin.
 *
 * What is not followed fails: `TooManyRedirects`, `RedirectLoop`, `InvalidRedirect`, `BodyNotReplayable`;
 * with platform's client these are the `cause` of a `ResponseError` with the reason `StatusCode`. Where a
 * value is not what its option can be, every request fails with `InvalidOption`; with platform's client it is
 * the `cause` of a `RequestError` with the reason `Encode`.
 *
 * @example
 * import { Client } from "@httpfx/core"
 * import { Effect } from "effect"
 *
 * const followed = Effect.flatMap(Client.Client, (client) =>
 *   Client.followRedirects(client, { limit: 5 }).request({ url: "http://example.org/old" })
 * )
 *
 * @since 0.1.0
 * @category redirects
 */
export const followRedirects: {
  (
    options?: RedirectOptions
  ): <A extends Service | HttpClient.HttpClient>(
    self: A
  ) => A extends Service ? Service : HttpClient.HttpClient
  (self: Service, options?: RedirectOptions): Service
  <E, R>(
    self: HttpClient.HttpClient.With<E, R>,
    options?: RedirectOptions
  ): HttpClient.HttpClient.With<E | HttpClientError, R>
} = dual(
  (args) =>
    typeof args[0] === "object" &&
    args[0] !== null &&
    ("requestScoped" in args[0] || HttpClient.TypeId in args[0]),
  redirects.follow((response) => Option.getOrUndefined(fromHttpClientResponse(response)))
) as never

/**
 * The redirects that were followed until this response came, the first one first. Empty: none were, or not by
 * {@link followRedirects}.
 *
 * @since 0.1.0
 * @category redirects
 */
export const redirectsOf: (
  response: Response | HttpClientResponse.HttpClientResponse
) => ReadonlyArray<Redirect> = redirects.redirectsOf

/**
 * A client over an agent, which may serve others as well. Fails with `InvalidOption` where a value is not
 * what its option can be.
 *
 * @since 0.1.0
 * @category constructors
 */
export const fromAgent = (
  agent: Agent.Service,
  options: ClientOptions = {}
): Effect.Effect<Service, InvalidOption> =>
  Effect.suspend(() => {
    const refused = refuseClientOptions(options)
    return refused === undefined ? Effect.succeed(serviceOf(agent, options)) : Effect.fail(refused)
  })

const serviceOf = (agent: Agent.Service, options: ClientOptions): Service => {
  const pool = poolOf(agent)
  const settings = settingsOf(pool, options)
  return {
    ...requester(settings),
    httpClient: httpClient(settings),
    connections: Effect.sync(() => pool.counts)
  }
}

/**
 * A client with an agent of its own. The end of the scope fails the requests under way and waits until every
 * connection is closed. Fails with `InvalidOption` where a value is not what its option can be.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: Options = {}): Effect.Effect<Service, InvalidOption, Network | Scope.Scope> =>
  Effect.flatMap(Agent.make(options), (agent) => fromAgent(agent, options))

/**
 * A client as `Client` and as platform's `HttpClient.HttpClient`, with an agent of its own. Fails with
 * `InvalidOption` as {@link make}.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (
  options: Options = {}
): Layer.Layer<Client | HttpClient.HttpClient, InvalidOption, Network> =>
  Layer.scopedContext(Effect.map(make(options), both))

/**
 * `layer`, with its options from the configuration.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerConfig = (
  options: Config.Config.Wrap<Options>
): Layer.Layer<Client | HttpClient.HttpClient, InvalidOption | ConfigError, Network> =>
  Layer.scopedContext(Effect.map(Effect.flatMap(Config.unwrap(options), make), both))

/**
 * A client as `Client` and as platform's `HttpClient.HttpClient`, over the agent in the context. Fails with
 * `InvalidOption` as {@link make}.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerAgent = (
  options: ClientOptions = {}
): Layer.Layer<Client | HttpClient.HttpClient, InvalidOption, Agent.Agent> =>
  Layer.effectContext(Effect.flatMap(Agent.Agent, (agent) => Effect.map(fromAgent(agent, options), both)))

const both = (service: Service): Context.Context<Client | HttpClient.HttpClient> =>
  Context.make(Client, service).pipe(Context.add(HttpClient.HttpClient, service.httpClient))

/**
 * Sends a request with the client in the context.
 *
 * @since 0.1.0
 * @category accessors
 */
export const request = <E = never>(request: Request<E>): Effect.Effect<Response, RequestError | E, Client> =>
  Effect.flatMap(Client, (client) => client.request(request))

/**
 * Sends a request with the client in the context. What has not been read of the response when the scope ends
 * is given up.
 *
 * @since 0.1.0
 * @category accessors
 */
export const requestScoped = <E = never>(
  request: Request<E>
): Effect.Effect<Response, RequestError | E, Client | Scope.Scope> =>
  Effect.flatMap(Client, (client) => client.requestScoped(request))

/**
 * Asks to switch protocols with the client in the context.
 *
 * @since 0.1.0
 * @category accessors
 */
export const upgrade = <E = never>(
  request: UpgradeRequest<E>
): Effect.Effect<Upgrade, RequestError | E, Client | Scope.Scope> =>
  Effect.flatMap(Client, (client) => client.upgrade(request))
