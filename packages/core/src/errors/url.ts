/**
 * The error for URLs to which no request can be sent. `HttpError` exports this error.
 */
import * as Schema from "effect/Schema"
import { TaggedError } from "./tagged.js"
import { withoutUserinfo } from "../model/urlSecrets.js"

/** Returns the end of the message, which explains a common mistake; the empty string for other mistakes. */
const hintFor = (url: string): string => {
  if (url === "undefined" || url === "null") return ': write { url: "http://localhost:3000/" }'
  if (/\[[^\]]*%/.test(url)) return ': a URL has no zone. Write { host: "fe80::1%eth0", port: 3000 }'
  if (url.startsWith("/")) return ": it must have a scheme and a host, as http://localhost:3000/ has"
  if (!/^https?:/i.test(url)) return ": it must begin with http:// or https://"
  return ""
}

/**
 * A text is not a URL, or is a URL to which no request can be sent, such as a URL without a host.
 *
 * @since 0.1.0
 * @category message
 */
export class InvalidUrl extends TaggedError<InvalidUrl>("@httpfx/core/InvalidUrl")("InvalidUrl", {
  /** The URL as given, without user and password. */
  url: Schema.String
}) {
  /** The error code, the same as Node's. */
  readonly code = "ERR_INVALID_URL"
  override get message(): string {
    return `Invalid URL ${JSON.stringify(this.url)}${hintFor(this.url)}`
  }
}

/**
 * Creates the error for an invalid URL. Removes from `text` everything that may be a user or a password.
 *
 * @since 0.1.0
 * @category constructors
 */
export const invalidUrl = (text: string): InvalidUrl => new InvalidUrl({ url: withoutUserinfo(text) })
