/**
 * Why a redirect was not followed (`Client.followRedirects`). Part of `HttpError`. No URL in them has a user
 * or a password.
 */
import * as Schema from "effect/Schema"

const fields = {
  /** Of the response that redirects. */
  status: Schema.Number,
  /** The URL that was asked for when it redirected. */
  url: Schema.String,
  /** The URLs that were asked for before it, the first one first. */
  visited: Schema.Array(Schema.String)
}

/**
 * A response redirects once more than `limit` allows.
 *
 * @since 0.1.0
 * @category redirects
 */
export class TooManyRedirects extends Schema.TaggedError<TooManyRedirects>("@httpfx/core/TooManyRedirects")(
  "TooManyRedirects",
  {
    ...fields,
    /** Redirects that may be followed. */
    limit: Schema.Number
  }
) {
  /** Ours: Node has none for it. */
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
    /** The URL that it leads to again. */
    to: Schema.String
  }
) {
  /** Ours: Node has none for it. */
  readonly code = "ERR_HTTPFX_REDIRECT_LOOP"
  override get message(): string {
    return `${this.url} redirects (${this.status}) to ${this.to}, which was asked for before`
  }
}

/**
 * A response redirects to what is not followed.
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
     * - `location`: not a URL, or there are several
     * - `protocol`: neither `http:` nor `https:`
     * - `credentials`: it brings a user or a password (RFC 9110 §4.2.4)
     */
    reason: Schema.Literal("location", "protocol", "credentials")
  }
) {
  /** Ours: Node has none for it. */
  readonly code = "ERR_HTTPFX_INVALID_REDIRECT"
  override get message(): string {
    return `${this.url} redirects (${this.status}) to ${JSON.stringify(this.location)}, which is not followed (${this.reason})`
  }
}

/**
 * A redirect wants the body once more (307, 308, and 301 or 302 unless to POST), and it is a stream, which
 * can be sent once.
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
  /** The URL that it would go to. */
  to: Schema.String
}) {
  /** Ours: Node has none for it. */
  readonly code = "ERR_HTTPFX_BODY_NOT_REPLAYABLE"
  override get message(): string {
    return `${this.url} redirects (${this.status}) ${this.method} to ${this.to}, but the body is a stream, which cannot be sent again`
  }
}

/**
 * Why a redirect was not followed.
 *
 * @since 0.1.0
 * @category redirects
 */
export type RedirectError = TooManyRedirects | RedirectLoop | InvalidRedirect | BodyNotReplayable
