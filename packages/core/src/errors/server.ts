/**
 * Failures that occur only in servers: slow clients, invalid options, failed worker processes. Part of
 * `HttpError`.
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"

/**
 * A request exceeded its time limit. The server itself responds with `status`, unless its response has begun.
 *
 * @since 0.1.0
 * @category protocol
 */
export class RequestTimeout extends Schema.TaggedError<RequestTimeout>("@httpfx/core/RequestTimeout")(
  "RequestTimeout",
  {
    /** The limit that expired (`ServerTimeouts`). */
    timeout: Schema.Literal("headersTimeout", "requestTimeout", "progressTimeout"),
    /** Milliseconds. */
    limit: Schema.Number,
    /** `host:port` of the client, or a path. */
    address: Schema.optional(Schema.String),
    /** Bytes of the connection received. */
    received: Schema.Number
  }
) {
  /** As in Node. */
  readonly code = "ERR_HTTP_REQUEST_TIMEOUT"
  /** The status with which the server responds. */
  readonly status = 408
  override get message(): string {
    return `Request timeout (${this.timeout}, ${this.limit} ms)`
  }
}

/**
 * A client read its response too slowly (`progressTimeout`), or its connection was inactive (`timeout`). The
 * connection was ended.
 *
 * @since 0.1.0
 * @category protocol
 */
export class PeerStalled extends Schema.TaggedError<PeerStalled>("@httpfx/core/PeerStalled")("PeerStalled", {
  /** The limit that expired (`ServerTimeouts`). */
  timeout: Schema.Literal("timeout", "progressTimeout"),
  /** Milliseconds. */
  limit: Schema.Number,
  /** `host:port` of the client, or a path. */
  address: Schema.optional(Schema.String)
}) {
  /** Ours: Node has no code for this. */
  readonly code = "ERR_HTTPFX_PEER_STALLED"
  override get message(): string {
    return `the client made no progress (${this.timeout}, ${this.limit} ms)`
  }
}

/**
 * An option has an invalid value, or contradicts another option. Nothing was created.
 *
 * @since 0.1.0
 * @category options
 */
export class InvalidOption extends Schema.TaggedError<InvalidOption>("@httpfx/core/InvalidOption")(
  "InvalidOption",
  {
    /** The name of the option. */
    option: Schema.String,
    /** As in Node. */
    code: Schema.Literal("ERR_OUT_OF_RANGE", "ERR_INVALID_ARG_VALUE"),
    /** The permitted values, in words. */
    reason: Schema.String,
    /**
     * The given value as text; for secrets (`key`, `passphrase`, `ticketKeys`, a proxy, ...) only its type.
     */
    received: Schema.String
  }
) {
  /** Node's message for a number out of range. */
  static outOfRange(option: string, range: string, received: unknown): Effect.Effect<never, InvalidOption> {
    const code = "ERR_OUT_OF_RANGE"
    return Effect.fail(
      new InvalidOption({
        option,
        code,
        reason: `must be ${range}`,
        received: String(received)
      })
    )
  }
  override get message(): string {
    return this.code === "ERR_OUT_OF_RANGE"
      ? `The value of "${this.option}" is out of range. It ${this.reason}. Received ${this.received}`
      : `The option "${this.option}" ${this.reason}. Received ${this.received}`
  }
}

/**
 * A worker process of a cluster did not become ready, or exited and is not replaced any more.
 *
 * @since 0.1.0
 * @category processes
 */
export class WorkerFailed extends Schema.TaggedError<WorkerFailed>("@httpfx/core/WorkerFailed")(
  "WorkerFailed",
  {
    /** Number of the process in its cluster, from 1; `undefined` if none was started. */
    worker: Schema.optional(Schema.Number),
    /** Description of the failure. */
    reason: Schema.String,
    /** Its exit code, if it exited by itself. */
    exitCode: Schema.optional(Schema.Number),
    /** The signal that ended it. */
    signal: Schema.optional(Schema.String),
    /** The system's own error, if there is one. */
    cause: Schema.optional(Schema.Defect)
  }
) {
  /** Ours: Node has no code for this. */
  readonly code = "ERR_HTTPFX_WORKER_FAILED"
  override get message(): string {
    return this.worker === undefined ? this.reason : `worker ${this.worker} ${this.reason}`
  }
}
