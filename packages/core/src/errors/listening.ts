/**
 * Errors of servers that cannot listen on an address. `HttpError` exports all of these errors.
 */
import * as Schema from "effect/Schema"
import { TaggedError } from "./tagged.js"

/**
 * The port or path to listen on is in use.
 *
 * @since 0.1.0
 * @category listening
 */
export class AddressInUse extends TaggedError<AddressInUse>("@httpfx/core/AddressInUse")("AddressInUse", {
  /** The address to listen on, as `host:port` or as a path. */
  address: Schema.String,
  /** The system's message, as Node prints it. */
  reason: Schema.String,
  /** The system's own error, if there is one. */
  cause: Schema.optional(Schema.Defect)
}) {
  /** The error code, the same as Node's. */
  readonly code = "EADDRINUSE"
  override get message(): string {
    return this.reason
  }
}

/**
 * Listening failed with a code such as `EACCES`, `EADDRNOTAVAIL` or `EINVAL`. An address in use has its own
 * class, `AddressInUse`.
 *
 * @since 0.1.0
 * @category listening
 */
export class ListenFailed extends TaggedError<ListenFailed>("@httpfx/core/ListenFailed")("ListenFailed", {
  /** The system's error code. */
  code: Schema.String,
  /** The address to listen on, as `host:port` or as a path. */
  address: Schema.String,
  /** The system's message, as Node prints it. */
  reason: Schema.String,
  /** The system's own error, if there is one. */
  cause: Schema.optional(Schema.Defect)
}) {
  override get message(): string {
    return this.reason
  }
}
