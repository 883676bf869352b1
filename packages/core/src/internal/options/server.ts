/**
 * Checks a server's options once and converts them to the engine's units: milliseconds and bytes.
 *
 * Contradictions are refused here, when the server is created, and nowhere later. Reads no configuration and
 * no clock.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { InvalidOption } from "../../errors/index.js"
import type { ServerTls } from "../network.js"
import type { Handler } from "../server/clientErrorApi.js"
import type * as ServerTimeouts from "./serverTimeouts.js"
import { makeLimits, presets, type Flags, type Limits } from "../../wire/index.js"
import type { Settings } from "../../connection/server/ports.js"
import { makeSettings } from "../../connection/server/settings.js"
import * as Check from "./checks.js"
import type * as Shutdown from "./shutdown.js"

/**
 * The options of a server besides its address: parsing, limits, socket options, shutdown. Timeouts are in
 * `ServerTimeouts`; docs/timeouts-and-limits.md has a table of all limits.
 *
 * Options that Node's `http.createServer` or `http.Server` has keep their names. All are optional. An invalid
 * value fails the creation of the server with `InvalidOption`.
 *
 * @since 0.1.0
 * @category models
 */
export interface ServerOptions extends Shutdown.Options {
  /** HTTPS (docs/tls.md). Default: none. */
  readonly tls?: ServerTls | undefined
  /**
   * Handling of a client's FIN. `false`: the client counts as gone, and its handler is interrupted. `true`:
   * requests already received are still answered, then the connection closes; a client that is really gone
   * shows only when the response is written. Default `false`.
   */
  readonly allowHalfOpen?: boolean | undefined
  /**
   * Deviations from RFC 9112 to accept: one of `wire/`'s `presets` (`strict`, `node`, `insecure`) or
   * individual flags. Default `presets.strict`.
   */
  readonly flags?: Flags | undefined
  /** Same as `flags: presets.insecure`, and exclusive with `flags`. Default `false`. */
  readonly insecureHTTPParser?: boolean | undefined
  /**
   * Respond 400 to HTTP/1.1 requests without `Host`. Default: the value in `flags`, which is `true` except in
   * some presets.
   */
  readonly requireHostHeader?: boolean | undefined
  /**
   * Sizes of heads, chunk extensions and trailers, in bytes, and numbers of field lines. Default: those of
   * `wire/receive/limits`.
   */
  readonly limits?: Partial<Limits> | undefined
  /**
   * Requests per connection. The response to the last one has `Connection: close`; requests sent after it get
   * 503. Default 0: no limit.
   */
  readonly maxRequestsPerSocket?: number | undefined
  /** Concurrent connections. Default 0: no limit. */
  readonly maxConnections?: number | undefined
  /** Concurrent connections per IP address. Default 0: no limit. */
  readonly maxConnectionsPerAddress?: number | undefined
  /**
   * Handling of connections above a limit. `answer`: 503 with `Retry-After` to the first request (for 128 at
   * a time, the others are reset); `reset`: an immediate reset. Default `answer`.
   */
  readonly whenFull?: "answer" | "reset" | undefined
  /** Value of `Retry-After`, in whole seconds. Default 1 second. */
  readonly retryAfter?: Duration.DurationInput | undefined
  /**
   * Maximum size of a request's body, in bytes. Reading more fails, which becomes 413 if unhandled; a body
   * announced as larger is not even requested. Per route: platform's `HttpServerRequest.withMaxBodySize`.
   * Default: no limit.
   */
  readonly maxBodySize?: FileSystem.SizeInput | undefined
  /**
   * Buffer limit per connection and direction, in bytes: for unread request bodies, pipelined requests, and
   * responses that the client does not read. Above it, reading or the response pauses. The transport's own
   * write buffer (16 KiB on Node.js 20, 64 KiB later) adds to it: a lower value does not limit responses
   * below that size. Default 65536.
   */
  readonly highWaterMark?: number | undefined
  /**
   * Join repeated fields of a request with a comma instead of dropping some. Default `false`.
   */
  readonly joinDuplicateHeaders?: boolean | undefined
  /** Response fields whose several values are sent as one, joined with `; `. Default: none. */
  readonly uniqueHeaders?: ReadonlyArray<string> | undefined
  /**
   * A 204 or 304 response with a body fails with `ERR_HTTP_BODY_NOT_ALLOWED` instead of being sent without
   * it. (A response to HEAD may have the body of the GET; it is never an error.) Default `false`.
   */
  readonly rejectNonStandardBodyWrites?: boolean | undefined
  /** Always on; `false` is refused. */
  readonly strictContentLength?: boolean | undefined
  /** Add `Date` to responses. Default `true`. */
  readonly sendDate?: boolean | undefined
  /** `TCP_NODELAY`. Default `true`. */
  readonly noDelay?: boolean | undefined
  /** TCP keep-alive probes (not HTTP's persistent connections). Default `false`. */
  readonly keepAlive?: boolean | undefined
  /** Silence before the first keep-alive probe. Default 0: the system's. */
  readonly keepAliveInitialDelay?: Duration.DurationInput | undefined
  /** Called for errors of clients; may respond in the server's place. Default: the server responds. */
  readonly onClientError?: Handler | undefined
  /**
   * Handling of expectations other than `100-continue` (RFC 9110 §10.1.1). `refuse`: 417 without calling the
   * app; `handle`: the app decides, by `Exchange.expectation`, like Node's `checkExpectation`. Default
   * `refuse`.
   */
  readonly unknownExpectations?: "refuse" | "handle" | undefined
}

export interface ServerSettings extends Settings {
  readonly maxBodySize: FileSystem.Size | undefined
  readonly joinDuplicateHeaders: boolean
  /** Lower-case names. */
  readonly uniqueHeaders: ReadonlySet<string> | undefined
  readonly rejectNonStandardBodyWrites: boolean
}

const own: Check.Checks<ServerOptions> = {
  allowHalfOpen: Check.boolean,
  flags: Check.flags,
  insecureHTTPParser: Check.boolean,
  requireHostHeader: Check.boolean,
  maxRequestsPerSocket: Check.integer(0),
  maxConnections: Check.integer(0),
  maxConnectionsPerAddress: Check.integer(0),
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

const ofTls: Check.Checks<ServerTls> = { ...Check.tls, handshakeTimeout: Check.duration }

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
    Check.refuse(options.limits, Check.sizes, "limits.") ??
    Check.refuse(options.tls, ofTls, "tls.")
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
    const { keepAliveInitialDelay, maxBodySize, retryAfter, uniqueHeaders } = options
    return Effect.succeed({
      ...makeSettings({
        ...options,
        flags,
        limits: makeLimits(options.limits),
        timeouts,
        retryAfter: retryAfter === undefined ? undefined : String(Math.ceil(Duration.toSeconds(retryAfter))),
        keepAliveInitialDelay:
          keepAliveInitialDelay === undefined ? undefined : Duration.toMillis(keepAliveInitialDelay)
      }),
      maxBodySize: maxBodySize === undefined ? undefined : FileSystem.Size(maxBodySize),
      joinDuplicateHeaders: options.joinDuplicateHeaders ?? false,
      uniqueHeaders:
        uniqueHeaders === undefined || uniqueHeaders.length === 0
          ? undefined
          : new Set(uniqueHeaders.map((name) => name.toLowerCase())),
      rejectNonStandardBodyWrites: options.rejectNonStandardBodyWrites ?? false
    })
  })
