/**
 * What a server can be told besides where to listen and how to end: what it accepts, how much of it, and how
 * it treats its sockets. How long it waits is `Timeouts`. The table of all limits is
 * docs/timeouts-and-limits.md.
 *
 * Names are those of Node's `http.createServer` and `http.Server` where Node has the option. A value that
 * makes no sense fails the making of the server with `InvalidOption`.
 *
 * @since 0.1.0
 */
import type * as FileSystem from "@effect/platform/FileSystem"
import type * as Duration from "effect/Duration"
import type { ServerTls } from "./Network.js"
import type { Handler } from "./ClientError.js"
import type { Flags, Limits } from "./wire/index.js"

/**
 * What a server accepts, how much of it, and how it treats its sockets. Every field may be left out.
 *
 * @since 0.1.0
 * @category models
 */
export interface ServerOptions {
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

/**
 * How long the phases of a shutdown last: a part of a server's options.
 *
 * @since 0.1.0
 * @category models
 */
export interface ShutdownOptions {
  /**
   * How long the server goes on serving, with readiness already red, before it stops accepting: what a load
   * balancer needs to notice. Default 0: no such phase.
   */
  readonly lameDuckPeriod?: Duration.DurationInput | undefined
  /**
   * How long a connection without a request is kept once draining has begun, so that a request already on its
   * way is answered and not reset. At most `gracefulShutdownTimeout`. Default 500 milliseconds.
   */
  readonly idleConnectionGrace?: Duration.DurationInput | undefined
  /**
   * How long draining waits for what is under way. Then handlers are interrupted and connections reset; only
   * handlers that are not to be interrupted (policy `wait`, `HttpRouter`'s `uninterruptible`) keep theirs for
   * as long again. Default 20 seconds.
   */
  readonly gracefulShutdownTimeout?: Duration.DurationInput | undefined
  /**
   * What open WebSockets get when draining begins. `close`: a close frame with 1001 (RFC 6455 §7.4.1: going
   * away) at once, unless the handler has the policy `wait` or has asked for `awaitDrain` or `endAtDrain`;
   * `wait`: they go on until their handler ends. Then, or at the deadline, 1001 is sent. Default `close`.
   */
  readonly webSocketsAtDrain?: "close" | "wait" | undefined
}
