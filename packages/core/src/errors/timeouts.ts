/**
 * A client's waits that took longer than their limit: one class per wait, re-exported by `HttpError`.
 *
 * These are limits of our own (`Client.Timeouts`). What the operating system calls a timeout is
 * `ConnectionTimedOut`.
 */
import * as Schema from "effect/Schema"
import { progressFields } from "./facts.js"

const fields = {
  /** The limit, ms. */
  limit: Schema.Number,
  /** `host:port`, or a path; the host where no address was known yet. */
  address: Schema.optional(Schema.String),
  ...progressFields
}

const text = (what: string, self: { readonly limit: number; readonly address?: string | undefined }) =>
  `${what} within ${self.limit} ms${self.address === undefined ? "" : ` (${self.address})`}`

/**
 * No connection became free in time: all that the agent may have were in use (`timeouts.queue`).
 *
 * @since 0.1.0
 * @category timeouts
 */
export class QueueTimedOut extends Schema.TaggedError<QueueTimedOut>("@httpfx/core/QueueTimedOut")(
  "QueueTimedOut",
  fields
) {
  /** Ours: Node has none for it. */
  readonly code = "ERR_HTTPFX_QUEUE_TIMEOUT"
  /** Where in the life of a request it happens. */
  readonly phase = "queue"
  override get message(): string {
    return text("no connection became free", this)
  }
}

/**
 * The name was not looked up in time (`timeouts.resolve`).
 *
 * @since 0.1.0
 * @category timeouts
 */
export class ResolveTimedOut extends Schema.TaggedError<ResolveTimedOut>("@httpfx/core/ResolveTimedOut")(
  "ResolveTimedOut",
  fields
) {
  /** Ours: Node has none for it. */
  readonly code = "ERR_HTTPFX_RESOLVE_TIMEOUT"
  /** Where in the life of a request it happens. */
  readonly phase = "resolve"
  override get message(): string {
    return text("the name was not resolved", this)
  }
}

/**
 * None of the name's addresses took the connection in time (`timeouts.connect`).
 *
 * @since 0.1.0
 * @category timeouts
 */
export class ConnectTimedOut extends Schema.TaggedError<ConnectTimedOut>("@httpfx/core/ConnectTimedOut")(
  "ConnectTimedOut",
  fields
) {
  /** Ours: Node has none for it. */
  readonly code = "ERR_HTTPFX_CONNECT_TIMEOUT"
  /** Where in the life of a request it happens. */
  readonly phase = "connect"
  override get message(): string {
    return text("no connection was made", this)
  }
}

/**
 * The TLS handshake did not end in time (`timeouts.secure`).
 *
 * @since 0.1.0
 * @category timeouts
 */
export class SecureTimedOut extends Schema.TaggedError<SecureTimedOut>("@httpfx/core/SecureTimedOut")(
  "SecureTimedOut",
  fields
) {
  /** Ours: Node has none for it. */
  readonly code = "ERR_HTTPFX_SECURE_TIMEOUT"
  /** Where in the life of a request it happens. */
  readonly phase = "secure"
  override get message(): string {
    return text("the TLS handshake did not end", this)
  }
}

/**
 * The request was not taken by the connection in time (`timeouts.send`).
 *
 * @since 0.1.0
 * @category timeouts
 */
export class SendTimedOut extends Schema.TaggedError<SendTimedOut>("@httpfx/core/SendTimedOut")(
  "SendTimedOut",
  fields
) {
  /** Ours: Node has none for it. */
  readonly code = "ERR_HTTPFX_SEND_TIMEOUT"
  /** Where in the life of a request it happens. */
  readonly phase = "send"
  override get message(): string {
    return text("the request was not sent", this)
  }
}

/**
 * The head of the response did not come in time (`timeouts.head`). The server may have acted on the request.
 *
 * @since 0.1.0
 * @category timeouts
 */
export class HeadTimedOut extends Schema.TaggedError<HeadTimedOut>("@httpfx/core/HeadTimedOut")(
  "HeadTimedOut",
  fields
) {
  /** Ours: Node has none for it. */
  readonly code = "ERR_HTTPFX_HEAD_TIMEOUT"
  /** Where in the life of a request it happens. */
  readonly phase = "head"
  override get message(): string {
    return text("no response came", this)
  }
}

/**
 * Nothing of the body came for too long, while somebody was ready to take it (`timeouts.body`).
 *
 * @since 0.1.0
 * @category timeouts
 */
export class BodyTimedOut extends Schema.TaggedError<BodyTimedOut>("@httpfx/core/BodyTimedOut")(
  "BodyTimedOut",
  fields
) {
  /** Ours: Node has none for it. */
  readonly code = "ERR_HTTPFX_BODY_TIMEOUT"
  /** Where in the life of a request it happens. */
  readonly phase = "body"
  override get message(): string {
    return text("nothing more of the body came", this)
  }
}

/**
 * The exchange as a whole, from the call to the end of the body, did not end in time (`timeouts.total`).
 *
 * @since 0.1.0
 * @category timeouts
 */
export class RequestTimedOut extends Schema.TaggedError<RequestTimedOut>("@httpfx/core/RequestTimedOut")(
  "RequestTimedOut",
  {
    ...fields,
    /** What was being waited for. */
    phase: Schema.Literal("queue", "resolve", "connect", "secure", "send", "head", "body")
  }
) {
  /** Ours: Node has none for it. */
  readonly code = "ERR_HTTPFX_TOTAL_TIMEOUT"
  override get message(): string {
    return text(`the exchange did not end (${this.phase})`, this)
  }
}

/**
 * A limit of the client's own has passed.
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
  | RequestTimedOut
