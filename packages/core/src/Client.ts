/**
 * HTTP/1.1 clients over a `Network`: requests as effects, responses whose bodies are streams, connections kept alive.
 *
 * Provides platform's `HttpClient.HttpClient`, so everything built on it runs unchanged; `Client` beneath it says what
 * platform's types cannot (raw header lists, informational responses, trailers, facts of the connection) and costs
 * less. Both share one agent. Closing the layer's scope closes every connection.
 *
 * Neither follows redirects nor retries by status: platform's combinators do. A request is sent a second time only
 * when its reused connection died before a byte of the answer came, its method is idempotent and its body is at hand
 * (RFC 9112 §9.3.1).
 *
 * @since 0.1.0
 */
import * as HttpClient from "@effect/platform/HttpClient"
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { dual } from "effect/Function"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import type * as Stream from "effect/Stream"
import * as Agent from "./Agent.js"
import { poolOf } from "./internal/agentPool.js"
import type * as clientError from "./internal/clientError.js"
import { httpClient } from "./internal/clientPlatform.js"
import { requester, settingsOf } from "./internal/clientRequest.js"
import { currentRequestOptions } from "./internal/clientOptions.js"
import type { Network } from "./Network.js"
import type { Address } from "./Transport.js"

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

/**
 * Where to, when there is no URL at hand.
 *
 * @since 0.1.0
 * @category models
 */
export interface RequestParts {
  /** Default `http:`. */
  readonly protocol?: "http:" | "https:" | undefined
  /** Name or IP address; an IPv6 address without brackets. */
  readonly host: string
  /** Default: that of the protocol. */
  readonly port?: number | undefined
  /** The request target as it goes out: path and query, or `*`. Default `/`. */
  readonly path?: string | undefined
}

/**
 * An informational response (1xx, RFC 9110 §15.2).
 *
 * @since 0.1.0
 * @category models
 */
export interface Informational {
  readonly status: number
  readonly statusMessage: string
  /** Flat: name, value, name, value, ... as received. */
  readonly rawHeaders: ReadonlyArray<string>
}

/**
 * A request. `Host`, `Connection` and the framing fields are added where the header list has none.
 *
 * @since 0.1.0
 * @category models
 */
export interface Request<E = never> extends RequestOptions {
  /** Default `GET`. */
  readonly method?: string | undefined
  /** An absolute `http:` or `https:` URL. Credentials in it become `Authorization` unless that is set. */
  readonly url: string | URL | RequestParts
  /** Flat: name, value, name, value, ... in the order and case in which they go out. */
  readonly headers?: ReadonlyArray<string> | undefined
  /**
   * Bytes, text (UTF-8), or a stream that is pulled as fast as the server takes it; chunked unless `Content-Length` is
   * among the headers. Default: none.
   */
  readonly body?: string | Uint8Array | Stream.Stream<Uint8Array, E> | undefined
  /** Told of each 1xx as it comes, in the turn of the socket: must be quick. What it throws ends the request (a defect). */
  readonly onInformational?: ((informational: Informational) => void) | undefined
}

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
  readonly status: number
  readonly statusMessage: string
  /** 0 or 1: the version is HTTP/1.x. */
  readonly versionMinor: number
  /** Flat: name, value, name, value, ... as received. */
  readonly rawHeaders: ReadonlyArray<string>
  /** The first field of that name, in any case. */
  header(name: string): string | undefined
  /** The server's end of the connection. */
  readonly remote: Address | undefined
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
 * What can be said of a single request; what it leaves open is the client's to say.
 *
 * @since 0.1.0
 * @category models
 */
export interface RequestOptions {
  /**
   * Over another agent than the client's; `false`: on a connection of its own, which is not kept (Node's one-shot agent).
   */
  readonly agent?: Agent.Service | false | undefined
  readonly timeouts?: Timeouts | undefined
  /** How long a body that is not complete may be left without a reader. Default 30 seconds. */
  readonly unreadTimeout?: Duration.DurationInput | undefined
}

/**
 * What a client can be told of its requests, whatever its agent is.
 *
 * @since 0.1.0
 * @category models
 */
export type ClientOptions = Omit<RequestOptions, "agent">

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
  readonly idle: number
  /** Being made. */
  readonly connecting: number
}

/**
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
  /** The same client with platform's face. */
  readonly httpClient: HttpClient.HttpClient
  readonly connections: Effect.Effect<Connections>
}

/**
 * @since 0.1.0
 * @category tags
 */
export class Client extends Context.Tag("@httpfx/core/Client")<Client, Service>() {}

/**
 * A client over an agent, which may serve others as well.
 *
 * @since 0.1.0
 * @category constructors
 */
export const fromAgent = (agent: Agent.Service, options: ClientOptions = {}): Service => {
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
 * is closed.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: Options = {}): Effect.Effect<Service, never, Network | Scope.Scope> =>
  Effect.map(Agent.make(options), (agent) => fromAgent(agent, options))

/**
 * A client as `Client` and as platform's `HttpClient.HttpClient`, with options.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerWith = (options: Options): Layer.Layer<Client | HttpClient.HttpClient, never, Network> =>
  Layer.scopedContext(Effect.map(make(options), both))

/**
 * A client as `Client` and as platform's `HttpClient.HttpClient`, over the agent in the context.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerAgent = (
  options: ClientOptions = {}
): Layer.Layer<Client | HttpClient.HttpClient, never, Agent.Agent> =>
  Layer.effectContext(Effect.map(Agent.Agent, (agent) => both(fromAgent(agent, options))))

const both = (service: Service): Context.Context<Client | HttpClient.HttpClient> =>
  Context.make(Client, service).pipe(Context.add(HttpClient.HttpClient, service.httpClient))

/**
 * A client as `Client` and as platform's `HttpClient.HttpClient`, with the defaults.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer: Layer.Layer<Client | HttpClient.HttpClient, never, Network> = layerWith({})

/**
 * Sends a request with the client in the context.
 *
 * @since 0.1.0
 * @category accessors
 */
export const request = <E = never>(request: Request<E>): Effect.Effect<Response, RequestError | E, Client> =>
  Effect.flatMap(Client, (client) => client.request(request))

/**
 * Options for every request that an effect makes through platform's `HttpClient`, over those that hold outside of it.
 *
 * @since 0.1.0
 * @category combinators
 */
export const withRequestOptions: {
  (options: RequestOptions): <A, E, R>(self: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  <A, E, R>(self: Effect.Effect<A, E, R>, options: RequestOptions): Effect.Effect<A, E, R>
} = dual(2, <A, E, R>(self: Effect.Effect<A, E, R>, options: RequestOptions): Effect.Effect<A, E, R> =>
  Effect.locallyWith(self, currentRequestOptions, (outer) => ({
    ...outer,
    ...options,
    timeouts: { ...outer?.timeouts, ...options.timeouts }
  }))
)
