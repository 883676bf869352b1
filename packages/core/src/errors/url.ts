/**
 * The error for URLs to which no request can be sent. `HttpError` exports this error.
 */
import * as Schema from "effect/Schema"
import { withoutUserinfo } from "../model/urlSecrets.js"

/**
 * A text is not a URL, or is a URL to which no request can be sent, such as a URL without a host.
 *
 * @since 0.1.0
 * @category message
 */
export class InvalidUrl extends Schema.TaggedError<InvalidUrl>("@httpfx/core/InvalidUrl")("InvalidUrl", {
  /** The URL as given, without user and password. */
  url: Schema.String
}) {
  /** The error code, the same as Node's. */
  readonly code = "ERR_INVALID_URL"
  override get message(): string {
    return "Invalid URL"
  }
}

/**
 * Creates the error for an invalid URL. Removes from `text` everything that may be a user or a password.
 *
 * @since 0.1.0
 * @category constructors
 */
export const invalidUrl = (text: string): InvalidUrl => new InvalidUrl({ url: withoutUserinfo(text) })
