/**
 * Checks a server's options once, when the server is created, and converts them to milliseconds and bytes.
 *
 * Only this file refuses options that contradict each other. Never reads a configuration or a clock.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { InvalidOption } from "../../errors/index.js"
import type * as Network from "../network.js"
import type { Handler } from "../server/clientErrorApi.js"
import type * as ServerTimeouts from "./serverTimeouts.js"
import { makeLimits, presets, type Flags, type Limits } from "../../wire/index.js"
import type { Settings } from "../../connection/server/ports.js"
import type { TrustedHops } from "../../wire/receive/forwarded.js"
import { makeSettings } from "../../connection/server/settings.js"
import * as Check from "./checks.js"
import type * as Shutdown from "./shutdown.js"
import { make as makeTrust, type TrustedProxies } from "./trustedProxies.js"

/**
 * The options of a server, without its address and its timeouts (`ServerTimeouts`). They configure parsing,
 * limits, sockets and shutdown. docs/timeouts-and-limits.md has a table of all limits.
 *
 * An option that Node's `http.createServer` or `http.Server` also has keeps Node's name. All options are
 * optional. With an invalid value, the creation of the server fails with `InvalidOption`.
 *
 * @since 0.1.0
 * @category models
 */
export interface ServerOptions extends Shutdown.Options {
  /** TLS options, which make the server an HTTPS server (docs/tls.md). Default: no TLS. */
  readonly tls?: Network.ServerTls | undefined
  /**
   * Whether a client that has sent FIN still gets responses. With `false`, the server treats the client as
   * gone and interrupts the handler. With `true`, the server answers the requests already received, then
   * closes the connection. A client that has closed both directions is then noticed only when the response is
   * written. Default `false`.
   */
  readonly allowHalfOpen?: boolean | undefined
  /**
   * Deviations from RFC 9112 that the parser accepts: one of the `presets` of `wire/` (`strict`, `node`,
   * `insecure`) or individual flags. Default `presets.strict`.
   */
  readonly flags?: Flags | undefined
  /** Whether the parser uses `presets.insecure`. Cannot be combined with `flags`. Default `false`. */
  readonly insecureHTTPParser?: boolean | undefined
  /**
   * Whether HTTP/1.1 requests without `Host` get 400. Default: `true`, unless `flags` or `insecureHTTPParser`
   * accepts a missing `Host`.
   */
  readonly requireHostHeader?: boolean | undefined
  /**
   * Maximum sizes of heads, chunk extensions and trailers in bytes, and maximum numbers of field lines.
   * Default: 16384 bytes each and 2000 lines.
   */
  readonly limits?: Partial<Limits> | undefined
  /**
   * Maximum number of requests per connection. The response to the last request has `Connection: close`.
   * Later requests on the connection get 503. Default 0: no limit.
   */
  readonly maxRequestsPerSocket?: number | undefined
  /** Maximum number of concurrent connections. Default 0: no limit. */
  readonly maxConnections?: number | undefined
  /** Maximum number of concurrent connections per IP address. Default 0: no limit. */
  readonly maxConnectionsPerAddress?: number | undefined
  /**
   * Handling of connections above `maxConnections` or `maxConnectionsPerAddress`. With `answer`, the server
   * sends 503 with `Retry-After` to the first request of the connection. At most 128 such connections are
   * open at a time, and further connections are reset. With `reset`, the server resets the connection
   * immediately. Default `answer`.
   */
  readonly whenFull?: "answer" | "reset" | undefined
  /**
   * Maximum number of requests in flight: from the start of the handler until the response is complete, or
   * the handler has ended. Further requests wait in the queue, or get 503 with `Retry-After` before their
   * handler starts. A connection that was handed over (WebSocket, CONNECT) does not count. Default 0: no
   * limit.
   */
  readonly maxConcurrentRequests?: number | undefined
  /**
   * Maximum number of requests that wait, first in, first out, while `maxConcurrentRequests` handlers run.
   * Default 0: no request waits.
   */
  readonly maxQueuedRequests?: number | undefined
  /** Maximum time that a request waits before it gets 503. 0: no limit. Default 1 second. */
  readonly requestQueueTimeout?: Duration.DurationInput | undefined
  /**
   * Value of `Retry-After` in the 503 responses of `whenFull: "answer"` and of `maxConcurrentRequests`,
   * rounded up to whole seconds. Default 1 second.
   */
  readonly retryAfter?: Duration.DurationInput | undefined
  /**
   * Maximum size of a request's body, in bytes. Reading a larger body fails. If the app does not handle this
   * failure, the client gets 413. If `Content-Length` is larger, reading fails immediately and no 100 is
   * sent. Platform's `HttpServerRequest.withMaxBodySize` sets the limit of a route. Default: no limit.
   */
  readonly maxBodySize?: FileSystem.SizeInput | undefined
  /**
   * Maximum number of buffered bytes per connection and direction. Unread request bodies and pipelined
   * requests count in one direction, and responses that the client does not read count in the other. Above
   * this limit, the server stops reading from the connection or sending the response.
   *
   * The transport has its own write buffer (16 KiB on Node.js 20, 64 KiB later), so a smaller limit has no
   * effect on responses. Default 65536.
   */
  readonly highWaterMark?: number | undefined
  /**
   * Whether the values of every repeated request field are joined with a comma. With `false`, some fields
   * keep only their first value. Default `false`.
   */
  readonly joinDuplicateHeaders?: boolean | undefined
  /**
   * Names of response fields whose values are sent in one field line, joined with `; `. Default: no names.
   */
  readonly uniqueHeaders?: ReadonlyArray<string> | undefined
  /**
   * Whether a 204 or 304 response with a body fails with `ERR_HTTP_BODY_NOT_ALLOWED`. With `false`, the
   * response is sent without the body. The body of a response to HEAD is never an error, because apps often
   * create the same response as for GET. Default `false`.
   */
  readonly rejectNonStandardBodyWrites?: boolean | undefined
  /** Whether a body must match its `Content-Length`. This is always so, and the value `false` is refused. */
  readonly strictContentLength?: boolean | undefined
  /** Whether responses get `Date`. Default `true`. */
  readonly sendDate?: boolean | undefined
  /** `TCP_NODELAY`. Default `true`. */
  readonly noDelay?: boolean | undefined
  /**
   * Whether the server sends TCP keep-alive probes. HTTP's persistent connections do not depend on this
   * option. Default `false`.
   */
  readonly keepAlive?: boolean | undefined
  /** Inactivity of a connection before the first TCP keep-alive probe. Default 0: the system's delay. */
  readonly keepAliveInitialDelay?: Duration.DurationInput | undefined
  /**
   * Called for errors of clients, such as malformed requests. It may respond in place of the server. By
   * default the server responds.
   */
  readonly onClientError?: Handler | undefined
  /**
   * Handling of values of `Expect` other than `100-continue` (RFC 9110 §10.1.1). With `refuse`, the server
   * sends 417 without calling the app. With `handle`, the app runs and can read `Exchange.expectation`, as
   * with Node's `checkExpectation`. Default `refuse`.
   */
  readonly unknownExpectations?: "refuse" | "handle" | undefined
  /**
   * The proxies whose `X-Forwarded-*` or `Forwarded` fields are trusted to describe the client: its address,
   * scheme and host, before any middleware runs (docs/proxies.md). A list of addresses, or a record with more
   * options. By default no proxy is trusted, and the client is the peer of the connection.
   */
  readonly trustedProxies?: ReadonlyArray<string> | TrustedProxies | undefined
}

export interface ServerSettings extends Settings {
  readonly maxBodySize: FileSystem.Size | undefined
  readonly joinDuplicateHeaders: boolean
  /** Names of response fields whose values are joined, in lower case. */
  readonly uniqueHeaders: ReadonlySet<string> | undefined
  readonly rejectNonStandardBodyWrites: boolean
  readonly trust: TrustedHops | undefined
}

const own: Check.Complete<ServerOptions> = {
  tls: Check.anything,
  limits: Check.anything,
  trustedProxies: Check.anything,
  allowHalfOpen: Check.boolean,
  flags: Check.flags,
  insecureHTTPParser: Check.boolean,
  requireHostHeader: Check.boolean,
  maxRequestsPerSocket: Check.integer(0),
  maxConnections: Check.integer(0),
  maxConnectionsPerAddress: Check.integer(0),
  maxConcurrentRequests: Check.integer(0),
  maxQueuedRequests: Check.integer(0),
  requestQueueTimeout: Check.finiteDuration,
  whenFull: Check.oneOf("answer", "reset"),
  retryAfter: Check.finiteDuration,
  maxBodySize: Check.size,
  highWaterMark: Check.integer(0),
  joinDuplicateHeaders: Check.boolean,
  uniqueHeaders: Check.names,
  rejectNonStandardBodyWrites: Check.boolean,
  strictContentLength: Check.boolean,
  sendDate: Check.boolean,
  noDelay: Check.boolean,
  keepAlive: Check.boolean,
  keepAliveInitialDelay: Check.finiteDuration,
  onClientError: Check.callback,
  unknownExpectations: Check.oneOf("refuse", "handle"),
  lameDuckPeriod: Check.finiteDuration,
  idleConnectionGrace: Check.duration,
  gracefulShutdownTimeout: Check.duration,
  webSocketsAtDrain: Check.oneOf("close", "wait")
}

const { role: _role, serverName: _serverName, ...tls } = Check.tls
const ofTls: Check.Complete<Network.ServerTls> = { ...tls, handshakeTimeout: Check.duration }

type Listening = Network.ListenOptions extends infer One ? (One extends unknown ? keyof One : never) : never
// All known names. The network checks the members that specify where to listen. The layer of
// `NodeHttpServer` uses `webSocket`.
const names: Readonly<Record<Listening | "webSocket" | keyof ServerOptions, unknown>> = {
  ...own,
  port: true,
  host: true,
  ipv6Only: true,
  backlog: true,
  reusePort: true,
  path: true,
  replaceStale: true,
  fd: true,
  handle: true,
  webSocket: true
}

const flagsOf = (options: ServerOptions): Flags | InvalidOption => {
  const { flags, insecureHTTPParser, requireHostHeader } = options
  if (insecureHTTPParser === true && flags !== undefined) {
    return new InvalidOption({
      option: "insecureHTTPParser",
      code: "ERR_INVALID_ARG_VALUE",
      reason: "cannot be combined with flags",
      received: "true"
    })
  }
  const chosen = insecureHTTPParser === true ? presets.insecure : (flags ?? presets.strict)
  return requireHostHeader === undefined ? chosen : { ...chosen, missingHost: !requireHostHeader }
}

const refusedIn = (options: ServerOptions): Effect.Effect<never, InvalidOption> | undefined => {
  const refused =
    Check.refuse(options, own) ??
    Check.refuseOthers(options, names) ??
    Check.refuseUnknown(options.limits, Check.sizes, "limits.") ??
    Check.refuseUnknown(options.tls, ofTls, "tls.")
  if (refused !== undefined) return Effect.fail(refused)
  if (options.strictContentLength === false) {
    return Effect.fail(
      new InvalidOption({
        option: "strictContentLength",
        code: "ERR_INVALID_ARG_VALUE",
        reason: "cannot be disabled: clients would take a truncated response for a complete one",
        received: "false"
      })
    )
  }
  return undefined
}

export const make = (
  options: ServerOptions,
  timeouts: ServerTimeouts.Service
): Effect.Effect<ServerSettings, InvalidOption> =>
  Effect.suspend(() => {
    const refused = refusedIn(options)
    if (refused !== undefined) return refused
    const flags = flagsOf(options)
    if (flags instanceof InvalidOption) return Effect.fail(flags)
    const trust = makeTrust(options.trustedProxies)
    if (trust instanceof InvalidOption) return Effect.fail(trust)
    const { keepAliveInitialDelay, maxBodySize, retryAfter, uniqueHeaders } = options
    return Effect.succeed({
      ...makeSettings({
        ...options,
        flags,
        limits: makeLimits(options.limits),
        timeouts,
        retryAfter: retryAfter === undefined ? undefined : String(Math.ceil(Duration.toSeconds(retryAfter))),
        requestQueueTimeout:
          options.requestQueueTimeout === undefined
            ? undefined
            : Duration.toMillis(options.requestQueueTimeout),
        keepAliveInitialDelay:
          keepAliveInitialDelay === undefined ? undefined : Duration.toMillis(keepAliveInitialDelay)
      }),
      maxBodySize: maxBodySize === undefined ? undefined : FileSystem.Size(maxBodySize),
      joinDuplicateHeaders: options.joinDuplicateHeaders ?? false,
      uniqueHeaders:
        uniqueHeaders === undefined || uniqueHeaders.length === 0
          ? undefined
          : new Set(uniqueHeaders.map((name) => name.toLowerCase())),
      rejectNonStandardBodyWrites: options.rejectNonStandardBodyWrites ?? false,
      trust
    })
  })
