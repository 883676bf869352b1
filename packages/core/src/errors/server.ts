/**
 * Errors for slow clients of a server, invalid options and failed worker processes. `HttpError` exports all
 * of these errors.
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { TaggedError } from "./tagged.js"

/**
 * A request exceeded its time limit. The server responds with `status`, unless a response has begun.
 *
 * @since 0.1.0
 * @category protocol
 */
export class RequestTimeout extends TaggedError<RequestTimeout>("@httpfx/core/RequestTimeout")(
  "RequestTimeout",
  {
    /** The limit that expired (`ServerTimeouts`). */
    timeout: Schema.Literal("headersTimeout", "requestTimeout", "progressTimeout"),
    /** The duration of the expired limit, ms. */
    limit: Schema.Number,
    /** The address of the client, as `host:port` or as a path. */
    address: Schema.optional(Schema.String),
    /** Number of bytes received on the connection. */
    received: Schema.Number
  }
) {
  /** The error code, the same as Node's. */
  readonly code = "ERR_HTTP_REQUEST_TIMEOUT"
  /** The status with which the server responds. */
  readonly status = 408
  override get message(): string {
    return `Request timeout (${this.timeout}, ${this.limit} ms)`
  }
}

/**
 * A client read the response too slowly (`progressTimeout`), or the connection was inactive (`timeout`). The
 * server ended the connection.
 *
 * @since 0.1.0
 * @category protocol
 */
export class PeerStalled extends TaggedError<PeerStalled>("@httpfx/core/PeerStalled")("PeerStalled", {
  /** The limit that expired (`ServerTimeouts`). */
  timeout: Schema.Literal("timeout", "progressTimeout"),
  /** The duration of the expired limit, ms. */
  limit: Schema.Number,
  /** The address of the client, as `host:port` or as a path. */
  address: Schema.optional(Schema.String)
}) {
  /** Our own error code, because Node has no code for this error. */
  readonly code = "ERR_HTTPFX_PEER_STALLED"
  override get message(): string {
    return `the client made no progress (${this.timeout}, ${this.limit} ms)`
  }
}

/**
 * An option has an invalid value or contradicts another option. None of the options was applied.
 *
 * @since 0.1.0
 * @category options
 */
export class InvalidOption extends TaggedError<InvalidOption>("@httpfx/core/InvalidOption")("InvalidOption", {
  /** The name of the option. */
  option: Schema.String,
  /** The error code, the same as Node's. */
  code: Schema.Literal("ERR_OUT_OF_RANGE", "ERR_INVALID_ARG_VALUE"),
  /** The permitted values, described in words. */
  reason: Schema.String,
  /**
   * The given value as text. For a secret (`key`, `passphrase`, `ticketKeys`, a proxy, ...), the type of
   * the value stands in place of the value.
   */
  received: Schema.String
}) {
  /** Returns an effect that fails because a number is out of range, with Node's code and message. */
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
    // The value given in place of the record of options is invalid, so there is no option to name.
    if (this.option === "options") return `The options ${this.reason}. Received ${this.received}`
    return this.code === "ERR_OUT_OF_RANGE"
      ? `The value of "${this.option}" is out of range. It ${this.reason}. Received ${this.received}`
      : `The option "${this.option}" ${this.reason}. Received ${this.received}`
  }
}

/**
 * A worker process of a cluster did not become ready, or exited and is not replaced.
 *
 * @since 0.1.0
 * @category processes
 */
export class WorkerFailed extends TaggedError<WorkerFailed>("@httpfx/core/WorkerFailed")("WorkerFailed", {
  /** Serial number of the process in its cluster, from 1. `undefined` if no process was started. */
  worker: Schema.optional(Schema.Number),
  /** Description of the failure. */
  reason: Schema.String,
  /** The exit code of the process, if it exited by itself. */
  exitCode: Schema.optional(Schema.Number),
  /** The signal that ended the process, if a signal ended it. */
  signal: Schema.optional(Schema.String),
  /** The system's own error, if there is one. */
  cause: Schema.optional(Schema.Defect)
}) {
  /** Our own error code, because Node has no code for this error. */
  readonly code = "ERR_HTTPFX_WORKER_FAILED"
  override get message(): string {
    return this.worker === undefined ? this.reason : `worker ${this.worker} ${this.reason}`
  }
}
