/**
 * Failures that only a server makes: clients that are too slow, options that make no sense, processes that
 * end. Part of `HttpError`.
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"

/**
 * A request did not come in time. A server answers with `status` by itself, unless its answer has begun.
 *
 * @since 0.1.0
 * @category protocol
 */
export class RequestTimeout extends Schema.TaggedError<RequestTimeout>("@httpfx/core/RequestTimeout")(
  "RequestTimeout",
  {
    /** Which limit has passed (`ServerTimeouts`). */
    timeout: Schema.Literal("headersTimeout", "requestTimeout", "progressTimeout"),
    /** Milliseconds. */
    limit: Schema.Number,
    /** `host:port` of the client, or a path. */
    address: Schema.optional(Schema.String),
    /** Bytes of the connection that had come. */
    received: Schema.Number
  }
) {
  /** As in Node. */
  readonly code = "ERR_HTTP_REQUEST_TIMEOUT"
  /** Status that a server answers with. */
  readonly status = 408
  override get message(): string {
    return `Request timeout (${this.timeout}, ${this.limit} ms)`
  }
}

/**
 * A client took an answer too slowly (`progressTimeout`), or nothing moved on its connection (`timeout`): the
 * connection was ended.
 *
 * @since 0.1.0
 * @category protocol
 */
export class PeerStalled extends Schema.TaggedError<PeerStalled>("@httpfx/core/PeerStalled")("PeerStalled", {
  /** Which limit has passed (`ServerTimeouts`). */
  timeout: Schema.Literal("timeout", "progressTimeout"),
  /** Milliseconds. */
  limit: Schema.Number,
  /** `host:port` of the client, or a path. */
  address: Schema.optional(Schema.String)
}) {
  /** Ours: Node has none for it. */
  readonly code = "ERR_HTTPFX_PEER_STALLED"
  override get message(): string {
    return `the client did not go on (${this.timeout}, ${this.limit} ms)`
  }
}

/**
 * An option has a value that makes no sense, or one that contradicts another. Nothing was made.
 *
 * @since 0.1.0
 * @category options
 */
export class InvalidOption extends Schema.TaggedError<InvalidOption>("@httpfx/core/InvalidOption")(
  "InvalidOption",
  {
    /** Its name. */
    option: Schema.String,
    /** As in Node. */
    code: Schema.Literal("ERR_OUT_OF_RANGE", "ERR_INVALID_ARG_VALUE"),
    /** What it must be, in words. */
    reason: Schema.String,
    /** What it was, as text. Of a secret (`key`, `passphrase`, `ticketKeys`, a proxy, ...) the type alone. */
    received: Schema.String
  }
) {
  /** Node's words for a number that is out of range. */
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
 * A process of a cluster did not become ready, or ended and is not replaced any more.
 *
 * @since 0.1.0
 * @category processes
 */
export class WorkerFailed extends Schema.TaggedError<WorkerFailed>("@httpfx/core/WorkerFailed")(
  "WorkerFailed",
  {
    /** Number of the process in its cluster, from 1. `undefined`: none was started. */
    worker: Schema.optional(Schema.Number),
    /** What happened, in words. */
    reason: Schema.String,
    /** Its exit code, if it has ended by itself. */
    exitCode: Schema.optional(Schema.Number),
    /** The signal that ended it. */
    signal: Schema.optional(Schema.String),
    /** The system's own error, where there is one. */
    cause: Schema.optional(Schema.Defect)
  }
) {
  /** Ours: Node has none for it. */
  readonly code = "ERR_HTTPFX_WORKER_FAILED"
  override get message(): string {
    return this.worker === undefined ? this.reason : `worker ${this.worker} ${this.reason}`
  }
}
