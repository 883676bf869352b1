/**
 * The options of a request in addition to method, URL, fields and body. They configure connection, parser,
 * timeouts and callbacks.
 *
 * Contains only types. `Client.request` reads these options from the request, and platform's client reads
 * them from `Client.withRequestOptions`.
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
 * Header fields. A flat list (name, value, name, value, ...) is sent in this order and case. In a record, an
 * array becomes one field line per item.
 *
 * @since 0.1.0
 * @category models
 */
export type HeadersInput =
  | ReadonlyArray<string>
  | Readonly<Record<string, string | number | ReadonlyArray<string | number> | undefined>>

/**
 * Options for opening connections, which include the applicable options of Node's `net.connect` and
 * `dns.lookup`. Requests share connections only if these options are equal. Functions and buffers must be
 * identical, so use the same record for many requests.
 *
 * Some options of `net.connect` are set elsewhere: `host` and `port` by the URL, `keepAlive` by the agent,
 * and `timeout` by `timeouts`. Interruption replaces `signal`. The options `allowHalfOpen`, `fd`, `onread`,
 * `readable` and `writable` cannot be set. With an unknown option the request fails with `ConnectionFailed`
 * and the code `ERR_HTTPFX_CONNECTION_OPTION`.
 *
 * @since 0.1.0
 * @category models
 */
export interface ConnectionOptions {
  /**
   * Restricts the connection to addresses of this family. Default: the family of `localAddress`, or both
   * families.
   */
  readonly family?: 4 | 6 | undefined
  /**
   * Flags for the system's resolver (`dns.ADDRCONFIG`, ...). A network with another resolver ignores the
   * flags. Default 0.
   */
  readonly hints?: number | undefined
  /** Local address. Default: the system chooses. */
  readonly localAddress?: string | undefined
  /** Local port. Default: the system chooses. */
  readonly localPort?: number | undefined
  /** `TCP_NODELAY`. Default `true`. */
  readonly noDelay?: boolean | undefined
  /**
   * Resolves names in place of the network. It is called for IP addresses, too, and receives `family` and
   * `hints` of these options.
   */
  readonly lookup?:
    | ((
        host: string,
        options: { readonly family?: 4 | 6 | undefined; readonly hints?: number | undefined }
      ) => Effect.Effect<readonly [ResolvedAddress, ...Array<ResolvedAddress>], HttpError.NameNotResolved>)
    | undefined
  /**
   * Delay before the next address is tried in parallel to the earlier addresses (RFC 8305), in milliseconds.
   * Default 250.
   */
  readonly attemptDelay?: number | undefined
  /** Path of a Unix socket to connect to instead of the URL's host. The host is then not resolved. */
  readonly socketPath?: string | undefined
  /**
   * Opens the connection in place of the network. For `https:` URLs this function must also add TLS
   * (`Network.secure`). The other connection options, and proxies, are then ignored. The client owns the
   * returned connection. `protocol`, `host` and `port` of the destination are those of the URL.
   */
  readonly createConnection?:
    | ((destination: {
        readonly protocol: "http:" | "https:"
        readonly host: string
        readonly port: number
      }) => Effect.Effect<Transport, ConnectError | HttpError.NameNotResolved | HttpError.TlsFailure>)
    | undefined
  /**
   * TLS options for `https:` URLs. Each field overrides the same field of the agent's `tls`. `serverName` is
   * the name for SNI and verification.
   */
  readonly tls?: Omit<TlsOptions, "role"> | undefined
}

/**
 * Parser options that override the options of the agent. Requests with different parser options do not share
 * connections.
 *
 * @since 0.1.0
 * @category models
 */
export interface ParserOptions {
  /**
   * Maximum size of the names and values in a head, in bytes. Default: `limits.maxHeaderSize` of the agent.
   */
  readonly maxHeaderSize?: number | undefined
  /**
   * Whether the parser accepts the deviations that Node's `insecureHTTPParser` accepts. With `false`, the
   * parser accepts only messages allowed by RFC 9112. Default: the agent's `flags`.
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
  /** The status, 100 to 199, except 101. */
  readonly status: number
  /** The reason phrase as received, which may be empty. */
  readonly statusMessage: string
  /** Field lines as received: name, value, name, value, ... */
  readonly rawHeaders: ReadonlyArray<string>
}

export type { EarlyAnswer } from "../../connection/client/ports.js"

/**
 * Timeouts per phase of a request. When a timeout expires, the request fails with the error that the
 * timeout's description names. A phase is limited only if a limit is set here or by the agent's `timeout`. A
 * number is milliseconds. An unset timeout costs nothing.
 *
 * @since 0.1.0
 * @category models
 */
export interface Timeouts {
  /** Maximum wait for a connection while the agent is at its limit. Error: `QueueTimedOut`. */
  readonly queue?: Duration.DurationInput | undefined
  /** Maximum time to resolve the host name. Error: `ResolveTimedOut`. */
  readonly resolve?: Duration.DurationInput | undefined
  /** Maximum time to open the connection. Error: `ConnectTimedOut`. */
  readonly connect?: Duration.DurationInput | undefined
  /** Maximum time of the TLS handshake. Error: `SecureTimedOut`. */
  readonly secure?: Duration.DurationInput | undefined
  /** Maximum time from getting a connection until the whole request is flushed. Error: `SendTimedOut`. */
  readonly send?: Duration.DurationInput | undefined
  /**
   * Maximum time from the flush of the request until the head of the final response. Error: `HeadTimedOut`.
   */
  readonly head?: Duration.DurationInput | undefined
  /**
   * Maximum time without bytes from the server within the response body, while the body is being read. Error:
   * `BodyTimedOut`.
   */
  readonly body?: Duration.DurationInput | undefined
  /**
   * Maximum time of one attempt, from its beginning to the end of the response body. Error:
   * `AttemptTimedOut`, after which `Retry` may make another attempt.
   */
  readonly attempt?: Duration.DurationInput | undefined
  /**
   * Maximum time from the call to the end of the response body, with all attempts (`Retry`,
   * `Client.followRedirects`) and the waits before them. Error: `RequestTimedOut`.
   */
  readonly total?: Duration.DurationInput | undefined
}

/**
 * Options of a request that are shared by the Effect API and platform's client.
 *
 * @since 0.1.0
 * @category models
 */
export interface RequestOptions<E = never> {
  /**
   * An agent that replaces the client's. With `false`, the request uses a new connection, which closes after
   * the exchange (Node's one-shot agent).
   */
  readonly agent?: Agent | false | undefined
  /** Timeouts per phase. Default: the timeouts of the client. */
  readonly timeouts?: Timeouts | undefined
  /**
   * Maximum time that an incomplete response body may stay unread. Default: the `unreadTimeout` of the client
   * (30 seconds).
   */
  readonly unreadTimeout?: Duration.DurationInput | undefined
  /** Options for opening the connection. Default: the network connects to the URL's host. */
  readonly connection?: ConnectionOptions | undefined
  /** Options for parsing the response. Default: the parser options of the agent. */
  readonly parser?: ParserOptions | undefined
  /** Proxies for this request. `false` disables proxies. Default: the proxies of the client. */
  readonly proxy?: Proxies | false | undefined
  /**
   * Trailers to send after the body, which is then chunked. If the trailers are an effect, it runs once the
   * body has been sent. The request fails with `TrailerInvalid` for fields that recipients need before the
   * content. Default: no trailers.
   */
  readonly trailers?: HeadersInput | Effect.Effect<HeadersInput, E> | undefined
  /**
   * Whether the head contains `Expect: 100-continue`. The body then waits until the server sends 100 or
   * `continueTimeout` expires. A final response that arrives earlier is delivered, and the body is not sent.
   * Default: `true` if there is a body and the headers contain `Expect: 100-continue`.
   */
  readonly expectContinue?: boolean | undefined
  /**
   * Maximum wait for `100 Continue`. When it expires, the body is sent without a 100 (RFC 9110 §10.1.1).
   * Default 1 second.
   */
  readonly continueTimeout?: Duration.DurationInput | undefined
  /** Handling of a final response that arrives before the request body has been sent. Default `continue`. */
  readonly earlyAnswer?: EarlyAnswer | undefined
  /**
   * Whether folded headers join all values of a repeated field, even if they otherwise keep only the first
   * value of this field (Node's `joinDuplicateHeaders`). Default `false`.
   */
  readonly joinDuplicateHeaders?: boolean | undefined
  /**
   * Called with each 1xx response on arrival. The callback runs within the socket's event handler, so it must
   * be short. An exception fails the request as a defect.
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
  /** The scheme, with its colon. Default `http:`. */
  readonly protocol?: "http:" | "https:" | undefined
  /**
   * The name or IP address. An IPv6 address has no brackets. A host that RFC 3986 does not allow fails the
   * request with `InvalidUrl`.
   */
  readonly host: string
  /** The port. Default: the protocol's default port. */
  readonly port?: number | undefined
  /**
   * The request target: path and query, or `*`. The client percent-encodes the target as in the URL standard,
   * but does not normalise it. Default `/`.
   */
  readonly path?: string | undefined
}

/**
 * A request. The client adds `Host`, `Connection` and the framing fields unless the headers contain them.
 *
 * @since 0.1.0
 * @category models
 */
export interface Request<E = never> extends RequestOptions<E> {
  /** The method. Default `GET`. */
  readonly method?: string | undefined
  /**
   * An absolute `http:` or `https:` URL. Credentials in the URL are sent as `Authorization`, unless the
   * headers set this field.
   */
  readonly url: string | URL | RequestParts
  /**
   * The header fields. `Authorization` in the headers overrides `auth`, and `auth` overrides credentials in
   * the URL.
   */
  readonly headers?: HeadersInput | undefined
  /**
   * Names of fields whose array of values in a record becomes one line, joined with `"; "` (Node's
   * `uniqueHeaders`).
   */
  readonly uniqueHeaders?: ReadonlyArray<string> | undefined
  /** `user:password`, sent as `Authorization: Basic`. */
  readonly auth?: string | undefined
  /** Whether `Host` is added. Default `true`. */
  readonly setHost?: boolean | undefined
  /**
   * Whether `Host`, `Connection`, `Content-Length` and `Transfer-Encoding` are added. With `false`, a request
   * with a body fails with `BodyNotAllowed` unless its headers contain `Content-Length` or
   * `Transfer-Encoding`. Default `true`.
   */
  readonly setDefaultHeaders?: boolean | undefined
  /**
   * Bytes, text (UTF-8), form data (`multipart/form-data`), or a stream. With a stream, the head is sent
   * immediately, and the stream is pulled only as fast as the server reads. A stream is sent chunked unless
   * the headers contain `Content-Length`. Default: no body.
   */
  readonly body?: string | Uint8Array | FormData | Stream.Stream<Uint8Array, E> | undefined
}

/**
 * A request to switch protocols, with `Upgrade` or with `CONNECT`. For `CONNECT`, `method` is `"CONNECT"` and
 * `url` consists of parts: `host` and `port` are those of the proxy, and `path` is the `host:port` to which
 * the tunnel leads.
 *
 * @since 0.1.0
 * @category models
 */
export interface UpgradeRequest<E = never> extends Request<E> {
  /**
   * Value of `Upgrade`, such as `websocket`, unless the headers contain this field. `Connection: Upgrade` is
   * added, too.
   */
  readonly protocol?: string | undefined
}
