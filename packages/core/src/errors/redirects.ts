/**
 * Redirects that were not followed (`Client.followRedirects`). Part of `HttpError`. URLs never contain user
 * or password.
 */
import * as Schema from "effect/Schema"

const fields = {
  /** Status of the response that redirects. */
  status: Schema.Number,
  /** The URL of the request that was redirected. */
  url: Schema.String,
  /** The URLs requested before it, in order. */
  visited: Schema.Array(Schema.String)
}

/**
 * A response redirects after `limit` redirects were followed.
 *
 * @since 0.1.0
 * @category redirects
 */
export class TooManyRedirects extends Schema.TaggedError<TooManyRedirects>("@httpfx/core/TooManyRedirects")(
  "TooManyRedirects",
  {
    ...fields,
    /** Maximum number of redirects. */
    limit: Schema.Number
  }
) {
  /** Ours: Node has no code for this. */
  readonly code = "ERR_HTTPFX_TOO_MANY_REDIRECTS"
  override get message(): string {
    return `${this.url} redirects (${this.status}) after ${this.limit} redirects were followed`
  }
}

/**
 * A response redirects to a request that was made before, and no cookie was set since.
 *
 * @since 0.1.0
 * @category redirects
 */
export class RedirectLoop extends Schema.TaggedError<RedirectLoop>("@httpfx/core/RedirectLoop")(
  "RedirectLoop",
  {
    ...fields,
    /** The URL that was requested before. */
    to: Schema.String
  }
) {
  /** Ours: Node has no code for this. */
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
export class InvalidRedirect extends Schema.TaggedError<InvalidRedirect>("@httpfx/core/InvalidRedirect")(
  "InvalidRedirect",
  {
    ...fields,
    /** `Location` as received. */
    location: Schema.String,
    /**
     * - `location`: invalid URL, or several
     * - `protocol`: neither `http:` nor `https:`
     * - `credentials`: it contains a user or a password (RFC 9110 §4.2.4)
     */
    reason: Schema.Literal("location", "protocol", "credentials")
  }
) {
  /** Ours: Node has no code for this. */
  readonly code = "ERR_HTTPFX_INVALID_REDIRECT"
  override get message(): string {
    return `${this.url} redirects (${this.status}) to ${JSON.stringify(this.location)}, which is not followed (${this.reason})`
  }
}

/**
 * A redirect requires the body again (307, 308, and 301 or 302 unless to POST), but the body is a stream,
 * which can be sent only once.
 *
 * @since 0.1.0
 * @category redirects
 */
export class BodyNotReplayable extends Schema.TaggedError<BodyNotReplayable>(
  "@httpfx/core/BodyNotReplayable"
)("BodyNotReplayable", {
  ...fields,
  /** The method of the request that would follow. */
  method: Schema.String,
  /** The URL of that request. */
  to: Schema.String
}) {
  /** Ours: Node has no code for this. */
  readonly code = "ERR_HTTPFX_BODY_NOT_REPLAYABLE"
  override get message(): string {
    return `${this.url} redirects (${this.status}) ${this.method} to ${this.to}, but the body is a stream, which cannot be sent again`
  }
}

/**
 * Errors of redirects that were not followed.
 *
 * @since 0.1.0
 * @category redirects
 */
export type RedirectError = TooManyRedirects | RedirectLoop | InvalidRedirect | BodyNotReplayable
