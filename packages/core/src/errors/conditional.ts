/** The error for a false precondition (`ConditionalRequests.check`). `HttpError` exports this error. */
import * as Respondable from "@effect/platform/HttpServerRespondable"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Schema from "effect/Schema"
import { TaggedError } from "./tagged.js"

/**
 * The error that a precondition of the request is false (RFC 9110 §13). An app that does not handle the error
 * responds with `status`.
 *
 * @since 0.1.0
 * @category protocol
 */
export class PreconditionFailed extends TaggedError<PreconditionFailed>("@httpfx/core/PreconditionFailed")(
  "PreconditionFailed",
  {
    /** 304 if a GET or HEAD shows that the client has the current representation, otherwise 412. */
    status: Schema.Literal(304, 412),
    /** The current entity tag, which the response contains. */
    etag: Schema.optional(Schema.String)
  }
) {
  /** Our own error code, because Node has no code for this error. */
  readonly code = "ERR_HTTPFX_PRECONDITION_FAILED"
  override get message(): string {
    return this.status === 304
      ? "the client has the current representation"
      : "the current representation does not meet a precondition of the request"
  }
  /** Returns the response that an app sends if it does not handle this error. */
  [Respondable.symbol](): HttpServerResponse.HttpServerResponse {
    const headers = this.etag === undefined ? {} : { etag: this.etag }
    return HttpServerResponse.empty({ status: this.status, headers })
  }
}
