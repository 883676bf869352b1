/**
 * Options of a request besides method, URL, fields and body: connection, parser, timeouts, callbacks.
 *
 * Values only. `Client.request` takes them in the request, platform's client from
 * `Client.withRequestOptions`.
 */
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type * as Stream from "effect/Stream"
import type * as HttpError from "../../errors/index.js"
import type { EarlyAnswer } from "../../connection/client/ports.js"
import type { Service as Agent } from "../client/agent.js"
import type { ConnectError, ResolvedAddress, TlsOptions } from "../network.js"
import type { Proxies } from "../client/proxies.js"
import type { Transport } from "../../seams/transport.js"

/**
 * Header fields: a flat list (name, value, name, value, ...), sent in this order and case, or a record, whose
 * arrays become one field line per item.
 *
 * @since 0.1.0
 * @category models
 */
export type HeadersInput =
  | ReadonlyArray<string>
  | Readonly<Record<string, string | number | ReadonlyArray<string | number> | undefined>>

/**
 * How connections are made: the applicable options of Node's `net.connect` and `dns.lookup`. Requests share a
 * connection only if these options are equal (functions and buffers: identical), so reuse one record for many
 * requests.
 *
 * Some options of `net.connect` are set elsewhere: `host` and `port` (the URL), `keepAlive` (the agent),
 * `timeout` (`timeouts`), `signal` (interruption). The engine controls `allowHalfOpen`, `fd`, `onread`,
 * `readable` and `writable`. Unknown options are refused (`ConnectionFailed`,
 * `ERR_HTTPFX_CONNECTION_OPTION`), even where types were bypassed.
 * where the types were got round.
 *
 * @since 0.1.0
 * @category models
 */
export interface ConnectionOptions {
  /** Only addresses of this family. Default: the family of `localAddress`, or both. */
  readonly family?: 4 | 6 | undefined
  /**
   * Flags for the system's resolver (`dns.ADDRCONFIG`, ...); ignored by a network without one. Default 0.
   */
  readonly hints?: number | undefined
  /** Local address. Default: the system chooses. */
  readonly localAddress?: string | undefined
  /** Local port. Default: the system chooses. */
  readonly localPort?: number | undefined
  /** `TCP_NODELAY`. Default `true`. */
  readonly noDelay?: boolean | undefined
  /**
   * Resolves names in place of the network; also called for IP addresses. Gets `family` and `hints` of these
   * options.
   */
  readonly lookup?:
    | ((
        host: string,
        options: { readonly family?: 4 | 6 | undefined; readonly hints?: number | undefined }
      ) => Effect.Effect<readonly [ResolvedAddress, ...Array<ResolvedAddress>], HttpError.NameNotResolved>)
    | undefined
  /** Delay before the next address is tried in parallel, in milliseconds (RFC 8305). Default 250. */
  readonly attemptDelay?: number | undefined
  /** A Unix socket to connect to, whatever the URL's host; nothing is resolved. */
  readonly socketPath?: string | undefined
  /**
   * Opens the connection, including TLS for `https:` URLs (`Network.secure`). Other connection options and
   * proxies are then ignored. The client owns the connection afterwards. `protocol`, `host` and `port` of the
   * destination come from the URL. Default: the network opens it.
   */
  readonly createConnection?:
    | ((destination: {
        readonly protocol: "http:" | "https:"
        readonly host: string
        readonly port: number
      }) => Effect.Effect<Transport, ConnectError | HttpError.NameNotResolved | HttpError.TlsFailure>)
    | undefined
  /**
   * TLS for `https:` URLs; each field overrides the agent's. `serverName`: the name for SNI and verification.
   */
  readonly tls?: Omit<TlsOptions, "role"> | undefined
}

/**
 * Parser options that differ from the agent's. Requests with different ones do not share connections.
 *
 * @since 0.1.0
 * @category models
 */
export interface ParserOptions {
  /** Bytes of names and values of a head. Default: the agent's (`limits`). */
  readonly maxHeaderSize?: number | undefined
  /**
   * `true`: accepts what Node's `insecureHTTPParser` accepts; `false`: only RFC 9112. Default: the agent's
   * `flags`.
   */
  readonly insecureHTTPParser?: boolean | undefined
}

/**
 * An informational response (1xx, RFC 9110 §15.2).
 *
 * @since 0.1.0
 * @category models
 */
export interface Informational {
  /** 100 to 199, except 101. */
  readonly status: number
  /** The reason phrase as received; may be empty. */
  readonly statusMessage: string
  /** Field lines as received: name, value, name, value, ... */
  readonly rawHeaders: ReadonlyArray<string>
}

export type { EarlyAnswer } from "../../connection/client/ports.js"

/**
 * Timeouts per phase of a request. Each has its own error; none applies unless set here or by the agent's
 * `timeout`. A number is milliseconds. An unset timeout costs nothing.
 *
 * @since 0.1.0
 * @category models
 */
export interface Timeouts {
  /** Waiting for a connection while the agent is at its limit: `QueueTimedOut`. */
  readonly queue?: Duration.DurationInput | undefined
  /** Resolving the host name: `ResolveTimedOut`. */
  readonly resolve?: Duration.DurationInput | undefined
  /** Connecting to one address: `ConnectTimedOut`. */
  readonly connect?: Duration.DurationInput | undefined
  /** The TLS handshake: `SecureTimedOut`. */
  readonly secure?: Duration.DurationInput | undefined
  /** From getting a connection until the whole request is flushed: `SendTimedOut`. */
  readonly send?: Duration.DurationInput | undefined
  /** From then until the head of the final response: `HeadTimedOut`. */
  readonly head?: Duration.DurationInput | undefined
  /** Inactivity within the body while it is being read: `BodyTimedOut`. */
  readonly body?: Duration.DurationInput | undefined
  /** From the call to the end of the body: `RequestTimedOut`. */
  readonly total?: Duration.DurationInput | undefined
}

/**
 * Options shared by the Effect API and platform's client.
 *
 * @since 0.1.0
 * @category models
 */
export interface RequestOptions<E = never> {
  /**
   * Another agent than the client's; `false`: a new connection that is not kept (Node's one-shot agent).
   */
  readonly agent?: Agent | false | undefined
  /** Timeouts per phase. Default: the client's. */
  readonly timeouts?: Timeouts | undefined
  /**
   * How long an incomplete body may stay without a reader. Default: the client's (30 seconds).
   */
  readonly unreadTimeout?: Duration.DurationInput | undefined
  /** How the connection is made. Default: by the network, to the URL's host. */
  readonly connection?: ConnectionOptions | undefined
  /** How the response is parsed. Default: the agent's. */
  readonly parser?: ParserOptions | undefined
  /** Proxies for this request; `false`: none. Default: the client's. */
  readonly proxy?: Proxies | false | undefined
  /**
   * Trailers after the body, which is then chunked; an effect runs once the body has been sent. Refuses
   * fields that recipients need before the content (`TrailerInvalid`). Default: none.
   */
  readonly trailers?: HeadersInput | Effect.Effect<HeadersInput, E> | undefined
  /**
   * Sends the head with `Expect: 100-continue` and holds the body back until the server asks for it or
   * `continueTimeout` expires. If the final response comes first, it is delivered and the body not sent.
   * Default: `true` if there is a body and the headers contain that field.
   */
  readonly expectContinue?: boolean | undefined
  /**
   * How long a body waits for `100 Continue` before it is sent anyway (RFC 9110 §10.1.1). Default 1 second.
   */
  readonly continueTimeout?: Duration.DurationInput | undefined
  /** Default `continue`. */
  readonly earlyAnswer?: EarlyAnswer | undefined
  /**
   * In folded headers, join repeated fields even where only the first value normally counts (Node's
   * `joinDuplicateHeaders`). Default `false`.
   */
  readonly joinDuplicateHeaders?: boolean | undefined
  /**
   * Called with each 1xx as it arrives, within the socket's event: keep it short. An exception fails the
   * request (a defect).
   */
  readonly onInformational?: ((informational: Informational) => void) | undefined
}

/**
 * A destination given as parts instead of a URL.
 *
 * @since 0.1.0
 * @category models
 */
export interface RequestParts {
  /** Default `http:`. */
  readonly protocol?: "http:" | "https:" | undefined
  /**
   * Name or IP address; an IPv6 address without brackets. `InvalidUrl` unless RFC 3986 allows it as a host.
   */
  readonly host: string
  /** Default: the protocol's. */
  readonly port?: number | undefined
  /**
   * The request target: path and query, or `*`. Not normalised; percent-encoded as in the URL standard.
   * Default `/`.
   */
  readonly path?: string | undefined
}

/**
 * A request. Adds `Host`, `Connection` and the framing fields unless the headers contain them.
 *
 * @since 0.1.0
 * @category models
 */
export interface Request<E = never> extends RequestOptions<E> {
  /** Default `GET`. */
  readonly method?: string | undefined
  /** An absolute `http:` or `https:` URL. Its credentials become `Authorization` unless that is set. */
  readonly url: string | URL | RequestParts
  /**
   * A flat list, sent in this order and case; or a record, whose arrays become one line per item.
   * `Authorization` overrides `auth`, which overrides credentials in the URL.
   */
  readonly headers?: HeadersInput | undefined
  /** Names whose arrays in a record become one line, joined with `"; "` (Node's `uniqueHeaders`). */
  readonly uniqueHeaders?: ReadonlyArray<string> | undefined
  /** `user:password` for `Authorization: Basic`. */
  readonly auth?: string | undefined
  /** `false`: do not add `Host`. Default `true`. */
  readonly setHost?: boolean | undefined
  /**
   * `false`: add neither `Host`, `Connection`, `Content-Length` nor `Transfer-Encoding`; a body then needs
   * one of the last two among the headers, or is refused (`BodyNotAllowed`). Default `true`.
   */
  readonly setDefaultHeaders?: boolean | undefined
  /**
   * Bytes, text (UTF-8), form data (`multipart/form-data`), or a stream. With a stream the head is sent at
   * once and the stream is pulled as fast as the server reads; it is chunked unless the headers contain
   * `Content-Length`. Default: none.
   */
  readonly body?: string | Uint8Array | FormData | Stream.Stream<Uint8Array, E> | undefined
}

/**
 * A request to switch protocols: by `Upgrade`, or by `CONNECT` (`method: "CONNECT"`; the `url` as parts: host
 * and port of the proxy, and as `path` the tunnel's `host:port`).
 *
 * @since 0.1.0
 * @category models
 */
export interface UpgradeRequest<E = never> extends Request<E> {
  /** Value of `Upgrade` (`websocket`) unless the headers contain it. Adds `Connection: Upgrade`. */
  readonly protocol?: string | undefined
}
