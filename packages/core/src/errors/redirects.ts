/**
 * Errors for redirects that were not followed (`Client.followRedirects`). `HttpError` exports all of these
 * errors. URLs in these errors never contain a user or password.
 */
import * as Schema from "effect/Schema"
import { TaggedError } from "./tagged.js"

const fields = {
  /** Status of the redirecting response. */
  status: Schema.Number,
  /** The URL of the request that was redirected. */
  url: Schema.String,
  /** The URLs requested before `url`, in order. */
  visited: Schema.Array(Schema.String)
}

/**
 * A response redirects again after `limit` redirects were followed.
 *
 * @since 0.1.0
 * @category redirects
 */
export class TooManyRedirects extends TaggedError<TooManyRedirects>("@httpfx/core/TooManyRedirects")(
  "TooManyRedirects",
  {
    ...fields,
    /** Maximum number of redirects that are followed. */
    limit: Schema.Number
  }
) {
  /** Our own error code, because Node has no code for this error. */
  readonly code = "ERR_HTTPFX_TOO_MANY_REDIRECTS"
  override get message(): string {
    return `${this.url} redirects (${this.status}) after ${this.limit} redirects were followed`
  }
}

/**
 * A response redirects to a request that was already made, and no cookie has been set since that request.
 *
 * @since 0.1.0
 * @category redirects
 */
export class RedirectLoop extends TaggedError<RedirectLoop>("@httpfx/core/RedirectLoop")("RedirectLoop", {
  ...fields,
  /** The URL to which the response redirects. */
  to: Schema.String
}) {
  /** Our own error code, because Node has no code for this error. */
  readonly code = "ERR_HTTPFX_REDIRECT_LOOP"
  override get message(): string {
    return `${this.url} redirects (${this.status}) to ${this.to}, which was requested before`
  }
}

/**
 * A response redirects to a location that cannot be followed.
 *
 * @since 0.1.0
 * @category redirects
 */
export class InvalidRedirect extends TaggedError<InvalidRedirect>("@httpfx/core/InvalidRedirect")(
  "InvalidRedirect",
  {
    ...fields,
    /** `Location` as received. */
    location: Schema.String,
    /**
     * The reason why the redirect is not followed:
     *
     * - `location`: `Location` is not a valid URL, or has several different values
     * - `protocol`: the scheme is not `http:` or `https:`
     * - `credentials`: the URL contains a user or a password (RFC 9110 §4.2.4)
     */
    reason: Schema.Literal("location", "protocol", "credentials")
  }
) {
  /** Our own error code, because Node has no code for this error. */
  readonly code = "ERR_HTTPFX_INVALID_REDIRECT"
  override get message(): string {
    return `${this.url} redirects (${this.status}) to ${JSON.stringify(this.location)}, which is not followed (${this.reason})`
  }
}

/**
 * A redirect requires that the body is sent again, but the body is a stream, which can be sent only once. 307
 * and 308 always require the body. 301 and 302 require the body for all methods except POST.
 *
 * @since 0.1.0
 * @category redirects
 */
export class BodyNotReplayable extends TaggedError<BodyNotReplayable>("@httpfx/core/BodyNotReplayable")(
  "BodyNotReplayable",
  {
    ...fields,
    /** The method of the next request, which was not sent. */
    method: Schema.String,
    /** The URL of the next request, which was not sent. */
    to: Schema.String
  }
) {
  /** Our own error code, because Node has no code for this error. */
  readonly code = "ERR_HTTPFX_BODY_NOT_REPLAYABLE"
  override get message(): string {
    return `${this.url} redirects (${this.status}) ${this.method} to ${this.to}, but the body is a stream, which cannot be sent again`
  }
}

/**
 * Errors for redirects that were not followed.
 *
 * @since 0.1.0
 * @category redirects
 */
export type RedirectError = TooManyRedirects | RedirectLoop | InvalidRedirect | BodyNotReplayable
