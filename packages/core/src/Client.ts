/**
 * HTTP/1.1 clients over a `Network`: requests as effects, responses whose bodies are streams, connections kept alive.
 *
 * Provides platform's `HttpClient.HttpClient`, so everything built on it runs unchanged; `Client` beneath it says what
 * platform's types cannot (raw header lists, informational responses, trailers, facts of the connection) and costs
 * less. Both share one agent. Closing the layer's scope closes every connection.
 *
 * Neither follows redirects nor retries by status: `followRedirects` and `Retry` do. A request is sent a second time only
 * when its reused connection died before a byte of the answer came, its method is idempotent and its body is at hand
 * (RFC 9112 §9.3.1).
 *
 * @since 0.1.0
 */
import * as HttpClient from "@effect/platform/HttpClient"
import type { ResponseError } from "@effect/platform/HttpClientError"
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as FiberRef from "effect/FiberRef"
import { dual } from "effect/Function"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import type * as Stream from "effect/Stream"
import * as Agent from "./Agent.js"
import * as redirects from "./content/redirects.js"
import type { Redirect, RedirectOptions } from "./content/redirects.js"
import { poolOf } from "./internal/agentPool.js"
import type * as clientError from "./internal/clientError.js"
import { currentRequestOptions as currentOptions } from "./internal/clientOptions.js"
import { httpClient } from "./internal/clientPlatform.js"
import { PlatformResponse } from "./internal/clientPlatformResponse.js"
import { refuseClientOptions } from "./internal/clientSettings.js"
import { requester, settingsOf } from "./internal/clientRequest.js"
import type * as ClientRequest from "./ClientRequest.js"
import type { HeadersInput } from "./ClientRequest.js"
import type { InvalidOption } from "./HttpError.js"
import type { Network } from "./Network.js"
import type { Proxies } from "./Proxy.js"
import type { Socket } from "./Socket.js"
import type { Address, TlsFacts } from "./Transport.js"
import type { FoldedFields } from "./wire/index.js"

/**
 * Why a request has no response.
 *
 * @since 0.1.0
 * @category errors
 */
export type RequestError = clientError.RequestError

/**
 * Why the body of a response is not whole.
 *
 * - `ConnectionFailed` with `ERR_HTTPFX_BODY_UNREAD`: nobody read for `unreadTimeout`
 * - `ConnectionFailed` with `ERR_HTTPFX_BODY_READ`: the body was read as a stream before
 * - `ConnectionFailed` with `ERR_HTTPFX_UPLOAD_FAILED`: the stream of the request's body failed after the head had come
 * - `ConnectionFailed` with `ERR_HTTPFX_CLIENT_CLOSED`: the client's scope ended
 * - `ConnectionFailed` with `ABORT_ERR`: a reader went away, or the scope of the response ended
 *
 * @since 0.1.0
 * @category errors
 */
export type BodyError = clientError.BodyError

export type { Redirect, RedirectOptions } from "./content/redirects.js"

export type {
  ConnectionOptions,
  EarlyAnswer,
  HeadersInput,
  Informational,
  ParserOptions,
  RequestOptions
} from "./ClientRequest.js"

/**
 * Where to, when there is no URL at hand.
 *
 * @since 0.1.0
 * @category models
 */
export interface RequestParts {
  /** Default `http:`. */
  readonly protocol?: "http:" | "https:" | undefined
  /** Name or IP address; an IPv6 address without brackets. What RFC 3986 has no host for is `InvalidUrl`. */
  readonly host: string
  /** Default: that of the protocol. */
  readonly port?: number | undefined
  /**
   * The request target: path and query, or `*`. Nothing is normalised; what the URL standard encodes is percent-encoded.
   * Default `/`.
   */
  readonly path?: string | undefined
}

/**
 * A request. `Host`, `Connection` and the framing fields are added where the header list has none.
 *
 * @since 0.1.0
 * @category models
 */
export interface Request<E = never> extends ClientRequest.RequestOptions<E> {
  /** Default `GET`. */
  readonly method?: string | undefined
  /** An absolute `http:` or `https:` URL. Credentials in it become `Authorization` unless that is set. */
  readonly url: string | URL | RequestParts
  /**
   * A flat list, in the order and case in which they go out; or a record, whose arrays become one line per item.
   * `Authorization` beats `auth`, and `auth` the credentials of the URL.
   */
  readonly headers?: HeadersInput | undefined
  /** Names whose arrays in a record become one line, joined with `"; "` (Node's `uniqueHeaders`). */
  readonly uniqueHeaders?: ReadonlyArray<string> | undefined
  /** `user:password` for `Authorization: Basic`. */
  readonly auth?: string | undefined
  /** `false`: no `Host` is added. Default `true`. */
  readonly setHost?: boolean | undefined
  /**
   * `false`: neither `Host`, `Connection`, `Content-Length` nor `Transfer-Encoding` is added; a body needs one of the last
   * two among the headers, or is refused (`BodyNotAllowed`). Default `true`.
   */
  readonly setDefaultHeaders?: boolean | undefined
  /**
   * Bytes, text (UTF-8), form data (`multipart/form-data`), or a stream: its head goes out at once, and it is pulled as
   * fast as the server takes it; chunked unless `Content-Length` is among the headers. Default: none.
   */
  readonly body?: string | Uint8Array | FormData | Stream.Stream<Uint8Array, E> | undefined
}

/**
 * A request to switch protocols: by `Upgrade`, or by `CONNECT` (`method: "CONNECT"`, the `url` by parts: host and port of
 * the proxy, and as `path` the `host:port` that the tunnel leads to).
 *
 * @since 0.1.0
 * @category models
 */
export interface UpgradeRequest<E = never> extends Request<E> {
  /** Value of `Upgrade` (`websocket`), where that is not among the headers. `Connection: Upgrade` is added. */
  readonly protocol?: string | undefined
}

/**
 * What became of a request to switch protocols.
 *
 * - `Switched`: 101, or 2xx to `CONNECT`. `socket` reads first what came behind the head; the end of the scope resets it.
 * - `Answered`: the server answered in HTTP instead.
 *
 * `response` is the head that the server answered with, and the body where it `Answered`.
 *
 * @since 0.1.0
 * @category models
 */
export type Upgrade =
  | { readonly _tag: "Switched"; readonly response: Response; readonly socket: Socket }
  | { readonly _tag: "Answered"; readonly response: Response }

/**
 * A response: its head has come, its body comes while it is read.
 *
 * Beyond 64 KiB unread the server is held back. A body that is complete within them frees its connection at once,
 * read or not; one that is not is given up when nobody reads for the client's `unreadTimeout`.
 *
 * @since 0.1.0
 * @category models
 */
export interface Response {
  /** The status code, 200 to 599 (RFC 9110 §15). */
  readonly status: number
  /** The reason phrase as received; may be empty. */
  readonly statusMessage: string
  /** 0 or 1: the version is HTTP/1.x. */
  readonly versionMinor: number
  /** Flat: name, value, name, value, ... as received. */
  readonly rawHeaders: ReadonlyArray<string>
  /** `1.1` or `1.0`. */
  readonly httpVersion: string
  /**
   * Folded as Node's `message.headers`: lower-case names, repeated fields joined or, where only one makes sense, the
   * first; `set-cookie` an array.
   */
  readonly headers: FoldedFields
  /** The first field of that name, in any case. */
  header(name: string): string | undefined
  /** The server's end of the connection. */
  readonly remote: Address | undefined
  /** The connection's TLS, with the server's certificate. */
  readonly tls: TlsFacts | undefined
  /** The connection had served a request before. */
  readonly reused: boolean
  /** How often the request was sent again, because its reused connection had died. */
  readonly resent: number
  /** The body has arrived in full. */
  readonly complete: boolean
  /** The body, once. Giving the stream up before its end closes the connection. */
  readonly body: Stream.Stream<Uint8Array, BodyError>
  /** The whole body; may be asked for again. Interrupting the last who wait for it closes the connection. */
  readonly bytes: Effect.Effect<Uint8Array, BodyError>
  /** The whole body as UTF-8. */
  readonly text: Effect.Effect<string, BodyError>
  /** Fields after a chunked body, flat; empty until it is `complete`. */
  readonly rawTrailers: ReadonlyArray<string>
  /** Gives up what has not come of the body, and its connection with it; one that is `complete` costs nothing. */
  readonly discard: Effect.Effect<void>
}

/**
 * How long a request may wait for what; each wait has its own error, and no limit unless it is set here or by the agent's
 * `timeout`. A number is milliseconds. What is not set costs nothing.
 *
 * @since 0.1.0
 * @category models
 */
export interface Timeouts {
  /** For a connection, where the agent may have no more of them: `QueueTimedOut`. */
  readonly queue?: Duration.DurationInput | undefined
  /** For the addresses of the name: `ResolveTimedOut`. */
  readonly resolve?: Duration.DurationInput | undefined
  /** For a connection to one of them: `ConnectTimedOut`. */
  readonly connect?: Duration.DurationInput | undefined
  /** For the TLS handshake: `SecureTimedOut`. */
  readonly secure?: Duration.DurationInput | undefined
  /** From having a connection until it has taken the whole request: `SendTimedOut`. */
  readonly send?: Duration.DurationInput | undefined
  /** From then until the head of the final response: `HeadTimedOut`. */
  readonly head?: Duration.DurationInput | undefined
  /** Of silence within the body, while it is being taken: `BodyTimedOut`. */
  readonly body?: Duration.DurationInput | undefined
  /** From the call to the end of the body, whatever happens: `RequestTimedOut`. */
  readonly total?: Duration.DurationInput | undefined
}

/**
 * What a client can be told of its requests, whatever its agent is.
 *
 * @since 0.1.0
 * @category models
 */
export interface ClientOptions {
  /** How long to wait for what. Default: that of `Timeouts`, field by field. */
  readonly timeouts?: Timeouts | undefined
  /** How long a body that is not complete may be left without a reader. Default 30 seconds. */
  readonly unreadTimeout?: Duration.DurationInput | undefined
  /** Proxies for all requests. Default: none; `Proxy.fromEnvironment` reads the variables that curl reads. */
  readonly proxy?: Proxies | undefined
}

/**
 * What a client with an agent of its own can be told.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options extends ClientOptions, Agent.Options {}

/**
 * How many connections there are.
 *
 * @since 0.1.0
 * @category models
 */
export interface Connections {
  /** All that are not closed, idle ones included. */
  readonly open: number
  /** Open, and in use by nobody. */
  readonly idle: number
  /** Being made. */
  readonly connecting: number
}

/**
 * A client: requests with typed errors, protocol switches, and platform's face of the same.
 *
 * @since 0.1.0
 * @category models
 */
export interface Service {
  /**
   * Sends a request; succeeds with the head of the response. Interrupting it gives up what is under way and resolves
   * when nothing of it is left.
   *
   * The response is not bound to a scope: read its body, or it is given up after the client's `unreadTimeout`.
   */
  readonly request: <E = never>(request: Request<E>) => Effect.Effect<Response, RequestError | E>
  /** As `request`; what has not been read of the response when the scope ends is given up. */
  readonly requestScoped: <E = never>(
    request: Request<E>
  ) => Effect.Effect<Response, RequestError | E, Scope.Scope>
  /**
   * Asks to switch protocols, and hands the connection over when the server does. Interruption leaves no connection. What
   * has not been read of an answer in HTTP when the scope ends is given up.
   */
  readonly upgrade: <E = never>(
    request: UpgradeRequest<E>
  ) => Effect.Effect<Upgrade, RequestError | E, Scope.Scope>
  /** The same client with platform's face. */
  readonly httpClient: HttpClient.HttpClient
  /** How many connections its agent has at this moment. */
  readonly connections: Effect.Effect<Connections>
}

/**
 * The client in the context. `Client.layer` and `Client.layerAgent` provide it.
 *
 * @since 0.1.0
 * @category tags
 */
export class Client extends Context.Tag("@httpfx/core/Client")<Client, Service>() {}

/**
 * What platform's request cannot say, for the requests that platform's client sends in this fiber and those it forks.
 *
 * @since 0.1.0
 * @category platform
 */
export const currentRequestOptions: FiberRef.FiberRef<ClientRequest.RequestOptions | undefined> =
  currentOptions

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
  (options: ClientRequest.RequestOptions): <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  <A, E, R>(effect: Effect.Effect<A, E, R>, options: ClientRequest.RequestOptions): Effect.Effect<A, E, R>
} = dual(
  2,
  <A, E, R>(effect: Effect.Effect<A, E, R>, options: ClientRequest.RequestOptions): Effect.Effect<A, E, R> =>
    Effect.locallyWith(effect, currentOptions, (outer) => ({
      ...outer,
      ...options,
      timeouts: outer?.timeouts === undefined ? options.timeouts : { ...outer.timeouts, ...options.timeouts }
    }))
)

/**
 * The response beneath one of platform's: raw fields, trailers, facts of the connection. Its body is the same one, read
 * once. `None`: it came from another client.
 *
 * @since 0.1.0
 * @category platform
 */
export const fromHttpClientResponse = (
  response: HttpClientResponse.HttpClientResponse
): Option.Option<Response> =>
  response instanceof PlatformResponse ? Option.some(response.source) : Option.none()

/**
 * A client that follows redirects (RFC 9110 §15.4): of `Client`, both faces and `requestScoped`, but not `upgrade`; or any client of
 * platform's. 301, 302, 303, 307 and 308 with a `Location` are followed; methods change as the Fetch standard says, and credentials do
 * not go to another origin. Throws `InvalidOption` where a value is not what its option can be.
 *
 * What is not followed fails: `TooManyRedirects`, `RedirectLoop`, `InvalidRedirect`, `BodyNotReplayable`; with platform's client these
 * are the `cause` of a `ResponseError` with the reason `StatusCode`.
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
  ): HttpClient.HttpClient.With<E | ResponseError, R>
} = dual(
  (args) =>
    typeof args[0] === "object" &&
    args[0] !== null &&
    ("requestScoped" in args[0] || HttpClient.TypeId in args[0]),
  redirects.follow((response) => Option.getOrUndefined(fromHttpClientResponse(response)))
) as never

/**
 * The redirects that were followed until this response came, the first one first. Empty: none were, or not by {@link followRedirects}.
 *
 * @since 0.1.0
 * @category redirects
 */
export const redirectsOf: (
  response: Response | HttpClientResponse.HttpClientResponse
) => ReadonlyArray<Redirect> = redirects.redirectsOf

/**
 * A client over an agent, which may serve others as well. Throws `InvalidOption` where a value is not what its option can be.
 *
 * @since 0.1.0
 * @category constructors
 */
export const fromAgent = (agent: Agent.Service, options: ClientOptions = {}): Service => {
  const refused = refuseClientOptions(options)
  if (refused !== undefined) throw refused
  return serviceOf(agent, options)
}

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
 * A client with an agent of its own. The end of the scope fails the requests under way and waits until every connection
 * is closed. Fails with `InvalidOption` where a value is not what its option can be.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: Options = {}): Effect.Effect<Service, InvalidOption, Network | Scope.Scope> =>
  Effect.flatMap(Agent.make(options), (agent) => over(agent, options))

/**
 * A client as `Client` and as platform's `HttpClient.HttpClient`, with options. Fails with `InvalidOption` as {@link make}.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerWith = (
  options: Options
): Layer.Layer<Client | HttpClient.HttpClient, InvalidOption, Network> =>
  Layer.scopedContext(Effect.map(make(options), both))

/**
 * A client as `Client` and as platform's `HttpClient.HttpClient`, over the agent in the context. Fails with `InvalidOption` as {@link make}.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerAgent = (
  options: ClientOptions = {}
): Layer.Layer<Client | HttpClient.HttpClient, InvalidOption, Agent.Agent> =>
  Layer.effectContext(Effect.flatMap(Agent.Agent, (agent) => Effect.map(over(agent, options), both)))

const over = (agent: Agent.Service, options: ClientOptions): Effect.Effect<Service, InvalidOption> => {
  const refused = refuseClientOptions(options)
  return refused === undefined ? Effect.sync(() => serviceOf(agent, options)) : Effect.fail(refused)
}

const both = (service: Service): Context.Context<Client | HttpClient.HttpClient> =>
  Context.make(Client, service).pipe(Context.add(HttpClient.HttpClient, service.httpClient))

/**
 * A client as `Client` and as platform's `HttpClient.HttpClient`, with the defaults.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer: Layer.Layer<Client | HttpClient.HttpClient, never, Network> = Layer.orDie(layerWith({}))

/**
 * Sends a request with the client in the context.
 *
 * @since 0.1.0
 * @category accessors
 */
export const request = <E = never>(request: Request<E>): Effect.Effect<Response, RequestError | E, Client> =>
  Effect.flatMap(Client, (client) => client.request(request))

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
