/**
 * What a request can be told beyond its method, URL, fields and body: how its connection is made, how its
 * answer is parsed, what goes on while it is sent.
 *
 * Values only. `Client.request` takes them in the request, platform's client from
 * `Client.withRequestOptions`.
 */
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type * as Stream from "effect/Stream"
import type * as HttpError from "../../HttpError.js"
import type { EarlyAnswer } from "../../connection/client/ports.js"
import type { Service as Agent } from "../client/agent.js"
import type { ConnectError, ResolvedAddress, TlsOptions } from "../../Network.js"
import type { Proxies } from "../../Proxy.js"
import type { Transport } from "../../Transport.js"

/**
 * Header fields: a flat list (name, value, name, value, ...) whose order and case go out as they are, or a
 * record, whose arrays become one field line per item.
 *
 * @since 0.1.0
 * @category models
 */
export type HeadersInput =
  | ReadonlyArray<string>
  | Readonly<Record<string, string | number | ReadonlyArray<string | number> | undefined>>

/**
 * How connections are made: the options of Node's `net.connect` and `dns.lookup` that make sense here.
 * Requests share a connection only if they say the same (functions and buffers: the same one), so keep one
 * record for many requests.
 *
 * Of `net.connect`, these are said elsewhere: `host` and `port` (the URL), `keepAlive` (the agent), `timeout`
 * (`timeouts`), `signal` (interruption). `allowHalfOpen`, `fd`, `onread`, `readable` and `writable` are the
 * engine's. What is not named here is refused (`ConnectionFailed`, `ERR_HTTPFX_CONNECTION_OPTION`), also
 * where the types were got round.
 *
 * @since 0.1.0
 * @category models
 */
export interface ConnectionOptions {
  /** Only addresses of this family. Default: that of `localAddress`, or both. */
  readonly family?: 4 | 6 | undefined
  /**
   * Flags of the system's resolver (`dns.ADDRCONFIG`, ...); a network without one has nothing to flag.
   * Default 0.
   */
  readonly hints?: number | undefined
  /** Address of our end. Default: the system chooses. */
  readonly localAddress?: string | undefined
  /** Port of our end. Default: the system chooses. */
  readonly localPort?: number | undefined
  /** `TCP_NODELAY`. Default `true`. */
  readonly noDelay?: boolean | undefined
  /**
   * Finds the addresses of a name, instead of the network. Also asked for IP addresses. `family` and `hints`
   * are those of these options.
   */
  readonly lookup?:
    | ((
        host: string,
        options: { readonly family?: 4 | 6 | undefined; readonly hints?: number | undefined }
      ) => Effect.Effect<readonly [ResolvedAddress, ...Array<ResolvedAddress>], HttpError.NameNotResolved>)
    | undefined
  /** Milliseconds after which the next address is tried besides (RFC 8305). Default 250. */
  readonly attemptDelay?: number | undefined
  /** A Unix socket to connect to, whatever the URL's host is; nothing is resolved. */
  readonly socketPath?: string | undefined
  /**
   * Makes the connection, TLS included where the URL is `https:` (`Network.secure`). The other options and
   * proxies do not matter then. The connection belongs to the client from then on. Default: by the network.
   * `protocol`, `host` and `port` of the destination are those of the URL.
   */
  readonly createConnection?:
    | ((destination: {
        readonly protocol: "http:" | "https:"
        readonly host: string
        readonly port: number
      }) => Effect.Effect<Transport, ConnectError | HttpError.NameNotResolved | HttpError.TlsFailure>)
    | undefined
  /**
   * TLS of `https:` URLs; each field beats that of the agent. `serverName`: the name for SNI and
   * verification.
   */
  readonly tls?: Omit<TlsOptions, "role"> | undefined
}

/**
 * How answers are parsed, where it is not as the agent says. Requests that say otherwise do not share
 * connections.
 *
 * @since 0.1.0
 * @category models
 */
export interface ParserOptions {
  /** Bytes of names and values of a head. Default: that of the agent (`limits`). */
  readonly maxHeaderSize?: number | undefined
  /**
   * `true`: what Node's `insecureHTTPParser` accepts; `false`: what RFC 9112 allows. Default: `flags` of the
   * agent.
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
  /** 100 to 199, but 101. */
  readonly status: number
  /** The reason phrase as received; may be empty. */
  readonly statusMessage: string
  /** Flat: name, value, name, value, ... as received. */
  readonly rawHeaders: ReadonlyArray<string>
}

export type { EarlyAnswer } from "../../connection/client/ports.js"

/**
 * How long a request may wait for what; each wait has its own error, and no limit unless it is set here or by
 * the agent's `timeout`. A number is milliseconds. What is not set costs nothing.
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
 * Options that both faces of the client take.
 *
 * @since 0.1.0
 * @category models
 */
export interface RequestOptions<E = never> {
  /**
   * Over another agent than the client's; `false`: on a connection of its own, which is not kept (Node's
   * one-shot agent).
   */
  readonly agent?: Agent | false | undefined
  /** How long to wait for what. Default: what the client says. */
  readonly timeouts?: Timeouts | undefined
  /**
   * How long a body that is not complete may be left without a reader. Default: what the client says (30
   * seconds).
   */
  readonly unreadTimeout?: Duration.DurationInput | undefined
  /** How the connection is made. Default: by the network, to the URL's host. */
  readonly connection?: ConnectionOptions | undefined
  /** How the answer is parsed. Default: as the agent says. */
  readonly parser?: ParserOptions | undefined
  /** Proxies for this request; `false`: none. Default: those of the client. */
  readonly proxy?: Proxies | false | undefined
  /**
   * Fields after the body, which is chunked then; an effect runs when the body has been sent. Fields that are
   * needed before the content are refused (`TrailerInvalid`). Default: none.
   */
  readonly trailers?: HeadersInput | Effect.Effect<HeadersInput, E> | undefined
  /**
   * Sends the head with `Expect: 100-continue` and waits with the body until the server wants it, or for
   * `continueTimeout`. A final answer in its place is delivered, and the body not sent. Default: where there
   * is a body and that field is among the headers.
   */
  readonly expectContinue?: boolean | undefined
  /**
   * How long a body waits for `100 Continue` before it is sent all the same (RFC 9110 §10.1.1). Default 1
   * second.
   */
  readonly continueTimeout?: Duration.DurationInput | undefined
  /** Default `continue`. */
  readonly earlyAnswer?: EarlyAnswer | undefined
  /**
   * In folded headers, join the values of all repeated fields, also of those of which the first counts alone
   * (Node's `joinDuplicateHeaders`). Default `false`.
   */
  readonly joinDuplicateHeaders?: boolean | undefined
  /**
   * Told of each 1xx as it comes, in the turn of the socket: must be quick. What it throws ends the request
   * (a defect).
   */
  readonly onInformational?: ((informational: Informational) => void) | undefined
}

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
   * The request target: path and query, or `*`. Nothing is normalised; what the URL standard encodes is
   * percent-encoded. Default `/`.
   */
  readonly path?: string | undefined
}

/**
 * A request. `Host`, `Connection` and the framing fields are added where the header list has none.
 *
 * @since 0.1.0
 * @category models
 */
export interface Request<E = never> extends RequestOptions<E> {
  /** Default `GET`. */
  readonly method?: string | undefined
  /** An absolute `http:` or `https:` URL. Credentials in it become `Authorization` unless that is set. */
  readonly url: string | URL | RequestParts
  /**
   * A flat list, in the order and case in which they go out; or a record, whose arrays become one line per
   * item. `Authorization` beats `auth`, and `auth` the credentials of the URL.
   */
  readonly headers?: HeadersInput | undefined
  /** Names whose arrays in a record become one line, joined with `"; "` (Node's `uniqueHeaders`). */
  readonly uniqueHeaders?: ReadonlyArray<string> | undefined
  /** `user:password` for `Authorization: Basic`. */
  readonly auth?: string | undefined
  /** `false`: no `Host` is added. Default `true`. */
  readonly setHost?: boolean | undefined
  /**
   * `false`: neither `Host`, `Connection`, `Content-Length` nor `Transfer-Encoding` is added; a body needs
   * one of the last two among the headers, or is refused (`BodyNotAllowed`). Default `true`.
   */
  readonly setDefaultHeaders?: boolean | undefined
  /**
   * Bytes, text (UTF-8), form data (`multipart/form-data`), or a stream: its head goes out at once, and it is
   * pulled as fast as the server takes it; chunked unless `Content-Length` is among the headers. Default:
   * none.
   */
  readonly body?: string | Uint8Array | FormData | Stream.Stream<Uint8Array, E> | undefined
}

/**
 * A request to switch protocols: by `Upgrade`, or by `CONNECT` (`method: "CONNECT"`, the `url` by parts: host
 * and port of the proxy, and as `path` the `host:port` that the tunnel leads to).
 *
 * @since 0.1.0
 * @category models
 */
export interface UpgradeRequest<E = never> extends Request<E> {
  /**
   * Value of `Upgrade` (`websocket`), where that is not among the headers. `Connection: Upgrade` is added.
   */
  readonly protocol?: string | undefined
}
