/**
 * Errors for expired time limits of a client's request, with one class per step. `HttpError` exports all of
 * these errors.
 *
 * The limits are the client's own (`Client.Timeouts`). A timeout that the operating system reports is a
 * `ConnectionTimedOut`.
 */
import * as Schema from "effect/Schema"
import { TaggedError } from "./tagged.js"
import { progressFields } from "./facts.js"

const fields = {
  /** The duration of the limit, ms. */
  limit: Schema.Number,
  /**
   * The address of the server, as `host:port` or as a path. Until the address is known, the host and port of
   * the URL stand in its place.
   */
  address: Schema.optional(Schema.String),
  ...progressFields
}

const text = (what: string, self: { readonly limit: number; readonly address?: string | undefined }) =>
  `${what} within ${self.limit} ms${self.address === undefined ? "" : ` (${self.address})`}`

/**
 * The request waited for a connection longer than `timeouts.queue` permits, because the agent's maximum
 * number of connections was in use.
 *
 * @since 0.1.0
 * @category timeouts
 */
export class QueueTimedOut extends TaggedError<QueueTimedOut>("@httpfx/core/QueueTimedOut")(
  "QueueTimedOut",
  fields
) {
  /** Our own error code, because Node has no code for this error. */
  readonly code = "ERR_HTTPFX_QUEUE_TIMEOUT"
  /** The phase of the request in which the limit expired. */
  readonly phase = "queue"
  override get message(): string {
    return text("no connection became free", this)
  }
}

/**
 * Name resolution exceeded its limit (`timeouts.resolve`).
 *
 * @since 0.1.0
 * @category timeouts
 */
export class ResolveTimedOut extends TaggedError<ResolveTimedOut>("@httpfx/core/ResolveTimedOut")(
  "ResolveTimedOut",
  fields
) {
  /** Our own error code, because Node has no code for this error. */
  readonly code = "ERR_HTTPFX_RESOLVE_TIMEOUT"
  /** The phase of the request in which the limit expired. */
  readonly phase = "resolve"
  override get message(): string {
    return text("the name was not resolved", this)
  }
}

/**
 * No address of the name accepted the connection in time (`timeouts.connect`).
 *
 * @since 0.1.0
 * @category timeouts
 */
export class ConnectTimedOut extends TaggedError<ConnectTimedOut>("@httpfx/core/ConnectTimedOut")(
  "ConnectTimedOut",
  fields
) {
  /** Our own error code, because Node has no code for this error. */
  readonly code = "ERR_HTTPFX_CONNECT_TIMEOUT"
  /** The phase of the request in which the limit expired. */
  readonly phase = "connect"
  override get message(): string {
    return text("no connection was established", this)
  }
}

/**
 * The TLS handshake exceeded its limit (`timeouts.secure`).
 *
 * @since 0.1.0
 * @category timeouts
 */
export class SecureTimedOut extends TaggedError<SecureTimedOut>("@httpfx/core/SecureTimedOut")(
  "SecureTimedOut",
  fields
) {
  /** Our own error code, because Node has no code for this error. */
  readonly code = "ERR_HTTPFX_SECURE_TIMEOUT"
  /** The phase of the request in which the limit expired. */
  readonly phase = "secure"
  override get message(): string {
    return text("the TLS handshake did not complete", this)
  }
}

/**
 * Sending the request exceeded its limit (`timeouts.send`).
 *
 * @since 0.1.0
 * @category timeouts
 */
export class SendTimedOut extends TaggedError<SendTimedOut>("@httpfx/core/SendTimedOut")(
  "SendTimedOut",
  fields
) {
  /** Our own error code, because Node has no code for this error. */
  readonly code = "ERR_HTTPFX_SEND_TIMEOUT"
  /** The phase of the request in which the limit expired. */
  readonly phase = "send"
  override get message(): string {
    return text("the request was not sent", this)
  }
}

/**
 * The response head did not arrive in time (`timeouts.head`). The server may have processed the request.
 *
 * @since 0.1.0
 * @category timeouts
 */
export class HeadTimedOut extends TaggedError<HeadTimedOut>("@httpfx/core/HeadTimedOut")(
  "HeadTimedOut",
  fields
) {
  /** Our own error code, because Node has no code for this error. */
  readonly code = "ERR_HTTPFX_HEAD_TIMEOUT"
  /** The phase of the request in which the limit expired. */
  readonly phase = "head"
  override get message(): string {
    return text("no response arrived", this)
  }
}

/**
 * No byte of the response body arrived in time, while a reader waited for the body (`timeouts.body`).
 *
 * @since 0.1.0
 * @category timeouts
 */
export class BodyTimedOut extends TaggedError<BodyTimedOut>("@httpfx/core/BodyTimedOut")(
  "BodyTimedOut",
  fields
) {
  /** Our own error code, because Node has no code for this error. */
  readonly code = "ERR_HTTPFX_BODY_TIMEOUT"
  /** The phase of the request in which the limit expired. */
  readonly phase = "body"
  override get message(): string {
    return text("no more of the body arrived", this)
  }
}

/** The steps in which a limit of several steps can expire. */
const phase = Schema.Literal("queue", "resolve", "connect", "secure", "send", "head", "body")

/**
 * An attempt, from its beginning to the end of the body, exceeded its limit (`timeouts.attempt`). `Retry` may
 * make another attempt.
 *
 * @since 0.1.0
 * @category timeouts
 */
export class AttemptTimedOut extends TaggedError<AttemptTimedOut>("@httpfx/core/AttemptTimedOut")(
  "AttemptTimedOut",
  {
    ...fields,
    /** The step in which the limit expired. */
    phase
  }
) {
  /** Our own error code, because Node has no code for this error. */
  readonly code = "ERR_HTTPFX_ATTEMPT_TIMEOUT"
  override get message(): string {
    return text(`the attempt did not complete (${this.phase})`, this)
  }
}

/**
 * The call, from its beginning to the end of the body, with all retries, redirects and waits, exceeded its
 * limit (`timeouts.total`).
 *
 * @since 0.1.0
 * @category timeouts
 */
export class RequestTimedOut extends TaggedError<RequestTimedOut>("@httpfx/core/RequestTimedOut")(
  "RequestTimedOut",
  {
    ...fields,
    /** The step in which the limit expired. */
    phase
  }
) {
  /** Our own error code, because Node has no code for this error. */
  readonly code = "ERR_HTTPFX_TOTAL_TIMEOUT"
  override get message(): string {
    return text(`the call did not complete (${this.phase})`, this)
  }
}

/**
 * Errors for expired time limits of a client's request.
 *
 * @since 0.1.0
 * @category models
 */
export type TimeoutError =
  | QueueTimedOut
  | ResolveTimedOut
  | ConnectTimedOut
  | SecureTimedOut
  | SendTimedOut
  | HeadTimedOut
  | BodyTimedOut
  | AttemptTimedOut
  | RequestTimedOut
