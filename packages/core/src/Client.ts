/**
 * HTTP/1.1 clients over a `Network`, with requests as effects, response bodies as streams and keep-alive.
 *
 * This module provides platform's `HttpClient.HttpClient`, so code for platform's client runs unchanged. The
 * underlying `Client` costs less, and also offers features that platform's types cannot express (raw header
 * lists, informational responses, trailers, connection facts). Both clients use the same agent. Closing the
 * layer's scope closes every connection.
 *
 * `followRedirects` adds redirects to a client, and `Retry` adds retries. A client without `Retry` resends a
 * request only if its reused connection closed before the first byte of the response. The method must also be
 * idempotent, and the body in memory (RFC 9112 §9.3.1).
 *
 * @since 0.1.0
 */
import * as HttpClient from "@effect/platform/HttpClient"
import type { HttpClientError } from "@effect/platform/HttpClientError"
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Config from "effect/Config"
import type { ConfigError } from "effect/ConfigError"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as FiberRef from "effect/FiberRef"
import { dual } from "effect/Function"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type { ParseError } from "effect/ParseResult"
import * as Schema from "effect/Schema"
import type { ParseOptions } from "effect/SchemaAST"
import type * as Scope from "effect/Scope"
import * as Agent from "./Agent.js"
import * as redirects from "./content/redirects.js"
import type { Redirect, RedirectOptions } from "./content/redirects.js"
import { poolOf } from "./internal/client/agent.js"
import * as combinator from "./internal/client/combinator.js"
import type { BodyError, RequestError } from "./internal/client/error.js"
import { currentRequestOptions as currentOptions } from "./internal/client/requestOptions.js"
import { currentlyOff, type Feature } from "./internal/client/features.js"
import * as json from "./internal/client/json.js"
import { httpClient } from "./internal/client/platform.js"
import { PlatformResponse } from "./internal/client/platformResponse.js"
import { withoutCredentials } from "./internal/client/shownRequest.js"
import type { Response, Upgrade } from "./internal/client/response.js"
import { refuseClientOptions, type ClientOptions } from "./internal/options/client.js"
import { requester, settingsOf, type Service } from "./internal/client/request.js"
import type { Request, RequestOptions, UpgradeRequest } from "./internal/options/request.js"
import type { InvalidJson, InvalidOption } from "./HttpError.js"
import type { Network } from "./Network.js"

export type { Redirect, RedirectOptions } from "./content/redirects.js"

export type { BodyError, RequestError } from "./internal/client/error.js"
export type { Feature } from "./internal/client/features.js"
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
 * The options of a client with its own agent.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options extends ClientOptions, Agent.Options {}

/**
 * The client in the context, which `Client.layer` and `Client.layerAgent` provide.
 *
 * @since 0.1.0
 * @category tags
 */
export class Client extends Context.Tag("@httpfx/core/Client")<Client, Service>() {}

/**
 * Options that platform's requests cannot express. They apply to requests that the current fiber and its
 * child fibers send through platform's client.
 *
 * @since 0.1.0
 * @category platform
 */
export const currentRequestOptions: FiberRef.FiberRef<RequestOptions | undefined> = currentOptions

/**
 * Adds `options` to the requests that an effect sends through platform's client.
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
 * Returns the `Response` that a platform response wraps, with raw fields, trailers and connection facts. Both
 * objects share one body, which can be read once. Returns `None` if another client created the platform
 * response.
 *
 * @since 0.1.0
 * @category platform
 */
export const fromHttpClientResponse = (
  response: HttpClientResponse.HttpClientResponse
): Option.Option<Response> =>
  response instanceof PlatformResponse ? Option.some(response.source) : Option.none()

/**
 * Returns platform's response over a `Response`, such as a response whose body a combinator has changed. Both
 * objects share one body, which can be read once. Errors of the platform response name `request`.
 *
 * @since 0.1.0
 * @category platform
 */
export const toHttpClientResponse = (
  response: Response,
  request: HttpClientRequest.HttpClientRequest
): HttpClientResponse.HttpClientResponse => new PlatformResponse(request, response)

/**
 * Decodes the body of a `Response` with a schema, from JSON. Fails with `InvalidJson` if the body is not
 * JSON, and with `ParseError` if the schema rejects it. Platform's responses have
 * `HttpClientResponse.schemaBodyJson`.
 *
 * @example
 * import { Client } from "@httpfx/core"
 * import { Effect, Schema } from "effect"
 *
 * const User = Schema.Struct({ name: Schema.String })
 *
 * const user = Effect.flatMap(Client.request({ url: "http://api.test/users/7" }), Client.schemaBodyJson(User))
 *
 * @since 0.1.0
 * @category responses
 */
export const schemaBodyJson = <A, I, R>(
  schema: Schema.Schema<A, I, R>,
  options?: ParseOptions
): ((response: Response) => Effect.Effect<A, BodyError | InvalidJson | ParseError, R>) => {
  const decode = Schema.decodeUnknown(schema, options)
  return (response) => Effect.flatMap(response.json, decode)
}

/**
 * Decodes a text as `Response.json` does: an empty text is `null`. For combinators that change the body of a
 * response.
 *
 * @since 0.1.0
 * @category responses
 */
export const decodeJson: <E>(text: Effect.Effect<string, E>) => Effect.Effect<unknown, E | InvalidJson> =
  json.decodeJson

/**
 * Returns a client that follows redirects (RFC 9110 §15.4). `self` is a `Client` or any platform client. A
 * `Client` follows redirects in `request`, `requestScoped` and `httpClient`, and leaves `upgrade` unchanged.
 * The client follows 301, 302, 303, 307 and 308 with a `Location`. It changes the method by the rules of the
 * Fetch standard, and never sends credentials to another origin.
 *
 * If a redirect cannot be followed, the request fails with `TooManyRedirects`, `RedirectLoop`,
 * `InvalidRedirect` or `BodyNotReplayable`. With an invalid option, every request fails with `InvalidOption`.
 * With platform's client, these errors are the `cause` of platform's own errors. A failed redirect is a
 * `ResponseError` with the reason `StatusCode`. An invalid option is a `RequestError` with the reason
 * `Encode`.
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
  (args) => isClient(args[0]),
  redirects.follow((response) => Option.getOrUndefined(fromHttpClientResponse(response)))
) as never

/**
 * Returns the redirects that {@link followRedirects} followed before `response`, in order. The list is empty
 * if no redirect was followed.
 *
 * @since 0.1.0
 * @category redirects
 */
export const redirectsOf: (
  response: Response | HttpClientResponse.HttpClientResponse
) => ReadonlyArray<Redirect> = redirects.redirectsOf

/**
 * The redirects, in order, that led to the request that the current fiber sends. Code that runs inside
 * {@link followRedirects} reads them to learn where a request comes from.
 *
 * @since 0.1.0
 * @category redirects
 */
export const currentRedirects: FiberRef.FiberRef<ReadonlyArray<Redirect>> = redirects.currentRedirects

/**
 * Switches features off for the requests that an effect sends, with either client: `cookies` (`CookieJar`),
 * `decompression` (`NodeDecompression` of `@httpfx/node`), `limits` (`RateLimit`), `redirects`
 * ({@link followRedirects}), `retries` (`Retry`).
 *
 * @example
 * import { Client } from "@httpfx/core"
 *
 * const once = Client.request({ url: "http://api.test/" }).pipe(Client.without("retries", "cookies"))
 *
 * @since 0.1.0
 * @category features
 */
export const without =
  (...features: ReadonlyArray<Feature>) =>
  <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.locallyWith(effect, currentlyOff, (off) => new Set([...off, ...features]))

/**
 * Whether this fiber has switched a feature off with {@link without}. For combinators that add the feature.
 *
 * @since 0.1.0
 * @category features
 */
export const isOff = (feature: Feature): Effect.Effect<boolean> =>
  Effect.map(FiberRef.get(currentlyOff), (off) => off.has(feature))

/**
 * Returns whether a value is a `Client` or any platform client. Combinators for both use it to tell their
 * first argument from options.
 *
 * @since 0.1.0
 * @category features
 */
export const isClient: (value: unknown) => value is Service | HttpClient.HttpClient.With<never, never> =
  combinator.isClient

/**
 * Returns a client whose requests all fail with `error`, including `upgrade`. A combinator returns it for an
 * invalid option, because a combinator in a pipe cannot fail itself. With platform's client, the error is the
 * `cause` of a `RequestError` with the reason `Encode`.
 *
 * @since 0.1.0
 * @category features
 */
export const refusing: {
  (self: Service, error: InvalidOption): Service
  <E, R>(
    self: HttpClient.HttpClient.With<E, R>,
    error: InvalidOption
  ): HttpClient.HttpClient.With<E | HttpClientError, R>
} = combinator.refusing as never

/**
 * Returns the request without user and password in its URL. Use it for the `request` of platform's errors,
 * because their messages contain the URL.
 *
 * @since 0.1.0
 * @category platform
 */
export const shownRequest: (
  request: HttpClientRequest.HttpClientRequest
) => HttpClientRequest.HttpClientRequest = withoutCredentials

/**
 * Creates a client over an agent, which other clients may share. Fails with `InvalidOption` for an invalid
 * value.
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
 * Creates a client with its own agent. Closing the scope fails the requests in flight and waits until every
 * connection is closed. Fails with `InvalidOption` for an invalid value.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: Options = {}): Effect.Effect<Service, InvalidOption, Network | Scope.Scope> =>
  Effect.suspend(() => {
    // The agent refuses a value that is not a record of options.
    if (typeof options !== "object" || (options as unknown) === null)
      return Effect.flatMap(Agent.make(options), fromAgent)
    const { proxy, timeouts, unreadTimeout, ...ofAgent } = options
    return Effect.flatMap(Agent.make(ofAgent), (agent) =>
      fromAgent(agent, { proxy, timeouts, unreadTimeout })
    )
  })

const both = (service: Service): Context.Context<Client | HttpClient.HttpClient> =>
  Context.make(Client, service).pipe(Context.add(HttpClient.HttpClient, service.httpClient))

/**
 * Provides a client as `Client` and as platform's `HttpClient.HttpClient`, with its own agent and the default
 * options.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer: Layer.Layer<Client | HttpClient.HttpClient, never, Network> = Layer.scopedContext(
  Effect.map(Effect.orDie(make()), both)
)

/**
 * Provides what {@link layer} provides, with options. Fails with `InvalidOption` as {@link make} does.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerWith = (
  options: Options
): Layer.Layer<Client | HttpClient.HttpClient, InvalidOption, Network> =>
  Layer.scopedContext(Effect.map(make(options), both))

/**
 * Provides what {@link layer} provides, with options from the configuration.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerConfig = (
  options: Config.Config.Wrap<Options>
): Layer.Layer<Client | HttpClient.HttpClient, InvalidOption | ConfigError, Network> =>
  Layer.scopedContext(Effect.map(Effect.flatMap(Config.unwrap(options), make), both))

/**
 * Provides a client as `Client` and as platform's `HttpClient.HttpClient`, over the agent in the context.
 * Fails with `InvalidOption` as {@link make} does.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerAgent = (
  options: ClientOptions = {}
): Layer.Layer<Client | HttpClient.HttpClient, InvalidOption, Agent.Agent> =>
  Layer.effectContext(Effect.flatMap(Agent.Agent, (agent) => Effect.map(fromAgent(agent, options), both)))

/**
 * Puts features around the client in the context, and provides the result as `Client` and as platform's
 * `HttpClient.HttpClient`, so that both have the features. {@link without} switches a feature off for some
 * requests.
 *
 * @example
 * import { Client, RateLimit, Retry } from "@httpfx/core"
 * import { NodeHttpClient } from "@httpfx/node"
 * import { Effect, Layer, pipe } from "effect"
 *
 * const ClientLive = Client.layerFeatures((client) =>
 *   Effect.gen(function* () {
 *     const limits = yield* RateLimit.make({ requests: 10 })
 *     const policy = yield* Retry.make()
 *     return pipe(client, RateLimit.client(limits), Retry.client(policy), Client.followRedirects())
 *   })
 * ).pipe(Layer.provide(NodeHttpClient.layer))
 *
 * @since 0.1.0
 * @category layers
 */
export const layerFeatures = <E, R>(
  features: (client: Service) => Effect.Effect<Service, E, R>
): Layer.Layer<Client | HttpClient.HttpClient, E, Exclude<R, Scope.Scope> | Client> =>
  Layer.scopedContext(Effect.map(Effect.flatMap(Client, features), both))

/**
 * Sends a request with the client in the context.
 *
 * @since 0.1.0
 * @category accessors
 */
export const request = <E = never>(request: Request<E>): Effect.Effect<Response, RequestError | E, Client> =>
  Effect.flatMap(Client, (client) => client.request(request))

/**
 * Sends a request with the client in the context. If the response body is incomplete when the scope closes,
 * the exchange is aborted.
 *
 * @since 0.1.0
 * @category accessors
 */
export const requestScoped = <E = never>(
  request: Request<E>
): Effect.Effect<Response, RequestError | E, Client | Scope.Scope> =>
  Effect.flatMap(Client, (client) => client.requestScoped(request))

/**
 * Sends a request that asks to switch protocols, with the client in the context. When the server switches,
 * the connection is handed over to the caller.
 *
 * @since 0.1.0
 * @category accessors
 */
export const upgrade = <E = never>(
  request: UpgradeRequest<E>
): Effect.Effect<Upgrade, RequestError | E, Client | Scope.Scope> =>
  Effect.flatMap(Client, (client) => client.upgrade(request))
