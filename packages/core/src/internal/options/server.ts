/**
 * What a server was told, checked once and in the engine's units: milliseconds and bytes.
 *
 * Contradictions are refused here, when the server is made, and nowhere later. Reads no configuration and no
 * clock.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { InvalidOption } from "../../HttpError.js"
import type { ServerTls } from "../../Network.js"
import type { Handler } from "../../ServerClientError.js"
import type * as ServerTimeouts from "../../ServerTimeouts.js"
import { makeLimits, presets, type Flags, type Limits } from "../../wire/index.js"
import type { Settings } from "../../connection/server/ports.js"
import { makeSettings } from "../../connection/server/settings.js"
import * as Check from "./checks.js"
import type * as Shutdown from "./shutdown.js"

/**
 * The options of a server besides where to listen: what it accepts, how much of it, how it treats its
 * sockets, and how it ends. How long it waits for its peers is `ServerTimeouts`; the table of all limits is
 * docs/timeouts-and-limits.md.
 *
 * Names are those of Node's `http.createServer` and `http.Server` where Node has the option. Every field may
 * be left out. A value that makes no sense fails the making of the server with `InvalidOption`.
 *
 * @since 0.1.0
 * @category models
 */
export interface ServerOptions extends Shutdown.Options {
  /** HTTPS. docs/tls.md. Default: none. */
  readonly tls?: ServerTls | undefined
  /**
   * What a client that sends FIN gets for the requests it has sent before. `false`: it counts as gone, and
   * the handler under way is interrupted. `true`: they are answered, then the connection closes; one that is
   * really gone shows when the answer is written. Default `false`.
   */
  readonly allowHalfOpen?: boolean | undefined
  /**
   * What is accepted beyond what RFC 9112 allows: one of `wire/`'s `presets` (`strict`, `node`, `insecure`)
   * or flags of one's own. Default `presets.strict`.
   */
  readonly flags?: Flags | undefined
  /** Another name for `flags: presets.insecure`, not to be used with `flags`. Default `false`. */
  readonly insecureHTTPParser?: boolean | undefined
  /**
   * HTTP/1.1 requests without `Host` get 400. Default: as `flags` has it, which is `true` unless a preset
   * says otherwise.
   */
  readonly requireHostHeader?: boolean | undefined
  /** Sizes of heads, chunk extensions and trailers, in bytes. Default: those of `wire/receive/limits`. */
  readonly limits?: Partial<Limits> | undefined
  /**
   * Requests on one connection. The answer to the last says `Connection: close`; a request that was sent
   * behind it all the same gets 503. Default 0: no limit.
   */
  readonly maxRequestsPerSocket?: number | undefined
  /** Connections at a time. Default 0: no limit. */
  readonly maxConnections?: number | undefined
  /** Connections at a time from one IP address. Default 0: no limit. */
  readonly maxConnectionsPerAddress?: number | undefined
  /**
   * What a connection too many gets. `answer`: 503 with `Retry-After` to its first request (128 at a time,
   * the rest is reset); `reset`: a reset at once. Default `answer`.
   */
  readonly whenFull?: "answer" | "reset" | undefined
  /** What `Retry-After` says, in whole seconds. Default 1 second. */
  readonly retryAfter?: Duration.DurationInput | undefined
  /**
   * Bytes of a request's body. A reader of more fails, and unhandled that is 413; a body announced as larger
   * is not even asked for. A route has its own with platform's `HttpServerRequest.withMaxBodySize`. Default:
   * no limit.
   */
  readonly maxBodySize?: FileSystem.SizeInput | undefined
  /**
   * Bytes of each connection that may wait in each direction: of a body that nobody reads, of requests sent
   * ahead, of answers that the client does not take. Past it reading, or answering, pauses. A value below the
   * transport's own write buffer (16 KiB on Node.js 20, 64 KiB later) bounds answers no tighter: so much is
   * always handed over. Default 65536.
   */
  readonly highWaterMark?: number | undefined
  /**
   * Join the repetitions of every field of a request with a comma instead of discarding some. Default
   * `false`.
   */
  readonly joinDuplicateHeaders?: boolean | undefined
  /** Fields of answers of which several values are sent as one, joined with `; `. Default: none. */
  readonly uniqueHeaders?: ReadonlyArray<string> | undefined
  /**
   * An answer of status 204 or 304 that was given a body fails with `ERR_HTTP_BODY_NOT_ALLOWED` instead of
   * being sent without it. (A HEAD is answered with what a GET would get, so there a body is no mistake.)
   * Default `false`.
   */
  readonly rejectNonStandardBodyWrites?: boolean | undefined
  /** Always on; `false` is refused. */
  readonly strictContentLength?: boolean | undefined
  /** Answers carry `Date`. Default `true`. */
  readonly sendDate?: boolean | undefined
  /** `TCP_NODELAY`. Default `true`. */
  readonly noDelay?: boolean | undefined
  /** TCP keep-alive probes (not HTTP's persistent connections). Default `false`. */
  readonly keepAlive?: boolean | undefined
  /** How long a connection is silent before the first probe. Default 0: the system's. */
  readonly keepAliveInitialDelay?: Duration.DurationInput | undefined
  /** Sees what clients did wrong and may answer in the server's place. Default: the server answers. */
  readonly onClientError?: Handler | undefined
  /**
   * What a request gets that expects something else than `100-continue` (RFC 9110 §10.1.1). `refuse`: 417
   * before the app sees it; `handle`: the app decides, by `Exchange.expectation`, as with Node's
   * `checkExpectation`. Default `refuse`.
   */
  readonly unknownExpectations?: "refuse" | "handle" | undefined
}

export interface ServerSettings extends Settings {
  readonly maxBodySize: FileSystem.Size | undefined
  readonly joinDuplicateHeaders: boolean
  /** Lower case. */
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
      reason: "stands for a set of flags, and flags are given besides",
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
        reason:
          "cannot be switched off: an answer that does not fit its Content-Length would be taken for a whole one",
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
