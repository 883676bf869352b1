/**
 * Errors of server-sent events (`ServerSentEvents`), for events that cannot be sent and for responses that
 * cannot be read as events. `HttpError` exports all of these errors.
 */
import * as Schema from "effect/Schema"
import { TaggedError } from "./tagged.js"

/**
 * An event has a value that an event stream cannot express. The stream of the response fails with this error
 * before any part of the event is sent.
 *
 * @since 0.1.0
 * @category events
 */
export class InvalidEvent extends TaggedError<InvalidEvent>("@httpfx/core/InvalidEvent")("InvalidEvent", {
  /** The member of the event. */
  field: Schema.Literal("event", "id", "retry"),
  /** The requirement that the value does not meet. */
  reason: Schema.String
}) {
  /** Our own error code, because Node has no code for this error. */
  readonly code = "ERR_HTTPFX_INVALID_EVENT"
  override get message(): string {
    return `the ${this.field} of a server-sent event ${this.reason}`
  }
}

/**
 * A line or an event of an event stream is larger than its limit. Nothing of the event is delivered.
 *
 * @since 0.1.0
 * @category events
 */
export class EventTooLarge extends TaggedError<EventTooLarge>("@httpfx/core/EventTooLarge")("EventTooLarge", {
  /** The option whose limit was exceeded. */
  option: Schema.Literal("maxLineSize", "maxEventSize"),
  /** The exceeded limit, in bytes. */
  limit: Schema.Number
}) {
  /** Our own error code, because Node has no code for this error. */
  readonly code = "ERR_HTTPFX_EVENT_TOO_LARGE"
  override get message(): string {
    return `a ${this.option === "maxLineSize" ? "line" : "server-sent event"} is larger than ${this.option} (${this.limit} bytes)`
  }
}

/**
 * A response cannot be read as events: its status is not 200, or its content type is not `text/event-stream`.
 * The client does not reconnect (HTML standard §9.2.3).
 *
 * @since 0.1.0
 * @category events
 */
export class NotAnEventStream extends TaggedError<NotAnEventStream>("@httpfx/core/NotAnEventStream")(
  "NotAnEventStream",
  {
    /** Status of the response. */
    status: Schema.Number,
    /** `Content-Type` of the response. */
    contentType: Schema.optional(Schema.String)
  }
) {
  /** Our own error code, because Node has no code for this error. */
  readonly code = "ERR_HTTPFX_NOT_AN_EVENT_STREAM"
  override get message(): string {
    return this.status === 200
      ? `the response is ${this.contentType ?? "without a content type"}, not text/event-stream`
      : `the response has the status ${this.status}, not 200`
  }
}
