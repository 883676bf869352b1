/**
 * Errors of listening. Part of `HttpError`.
 */
import * as Schema from "effect/Schema"

/**
 * The port or path is in use.
 *
 * @since 0.1.0
 * @category listening
 */
export class AddressInUse extends Schema.TaggedError<AddressInUse>("@httpfx/core/AddressInUse")(
  "AddressInUse",
  {
    /** The address to listen on: `host:port`, or a path. */
    address: Schema.String,
    /** The system's message, as Node prints it. */
    reason: Schema.String,
    /** The system's own error, if there is one. */
    cause: Schema.optional(Schema.Defect)
  }
) {
  /** The error code, which is Node's. */
  readonly code = "EADDRINUSE"
  override get message(): string {
    return this.reason
  }
}

/**
 * Listening failed for another reason than an address in use: `EACCES`, `EADDRNOTAVAIL`, `EINVAL`, ...
 *
 * @since 0.1.0
 * @category listening
 */
export class ListenFailed extends Schema.TaggedError<ListenFailed>("@httpfx/core/ListenFailed")(
  "ListenFailed",
  {
    /** The system's code. */
    code: Schema.String,
    /** The address to listen on: `host:port`, or a path. */
    address: Schema.String,
    /** The system's message, as Node prints it. */
    reason: Schema.String,
    /** The system's own error, if there is one. */
    cause: Schema.optional(Schema.Defect)
  }
) {
  override get message(): string {
    return this.reason
  }
}
