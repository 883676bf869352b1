/**
 * URLs that cannot be requested. Part of `HttpError`.
 */
import * as Schema from "effect/Schema"
import { withoutUserinfo } from "../model/urlSecrets.js"

/**
 * A URL that cannot be requested: not a URL, or one without a host.
 *
 * @since 0.1.0
 * @category message
 */
export class InvalidUrl extends Schema.TaggedError<InvalidUrl>("@httpfx/core/InvalidUrl")("InvalidUrl", {
  /** The URL as given, without user and password. */
  url: Schema.String
}) {
  /** As in Node. */
  readonly code = "ERR_INVALID_URL"
  override get message(): string {
    return "Invalid URL"
  }
}

/**
 * Creates the error of an invalid URL. Removes user and password, as far as they can be recognised.
 *
 * @since 0.1.0
 * @category constructors
 */
export const invalidUrl = (text: string): InvalidUrl => new InvalidUrl({ url: withoutUserinfo(text) })
