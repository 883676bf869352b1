/**
 * Writes events as the lines of an event stream (HTML standard §9.2.6).
 *
 * Never writes a value that the receiver would misread. Data and comments are split into lines at line ends,
 * and other values with line ends are refused.
 */
import * as Duration from "effect/Duration"
import * as Either from "effect/Either"
import { InvalidEvent } from "../../HttpError.js"

/**
 * An event to send. Every member is optional: `{ retry: "5 seconds" }` only sets the reconnection time, and
 * `{ comment: "" }` keeps a connection alive. Clients see an event only if it has `data`.
 *
 * @since 0.1.0
 * @category models
 */
export interface Event {
  /** The content. Each line end (CR LF, LF or CR) becomes a line feed for the receiver. */
  readonly data?: string | undefined
  /** The type, without line ends. By default no type is sent, and receivers use the type `message`. */
  readonly event?: string | undefined
  /**
   * The id, without line ends and U+0000. The client keeps the id for later events without an id, and sends
   * it as `Last-Event-ID` when it reconnects. An empty string removes the id.
   */
  readonly id?: string | undefined
  /** The time after which clients reconnect. A number is milliseconds. */
  readonly retry?: Duration.DurationInput | undefined
  /** A comment, which clients ignore. */
  readonly comment?: string | undefined
}

const lineEnd = /\r\n|\r|\n/
const lineEnds = /[\r\n]/

const lines = (name: string, value: string): string => {
  if (!lineEnds.test(value)) return `${name}: ${value}\n`
  return value
    .split(lineEnd)
    .map((line) => `${name}: ${line}\n`)
    .join("")
}

/**
 * Returns the text of an event, which must be sent as UTF-8. Fails with `InvalidEvent` for an `event` or an
 * `id` with a line end, an `id` with U+0000, and a `retry` that is negative or infinite.
 *
 * @example
 * import { ServerSentEvents } from "@httpfx/core"
 *
 * ServerSentEvents.encode({ event: "tick", id: "7", data: "a\nb" }) // id: 7, event: tick, data: a, data: b
 *
 * @since 0.1.0
 * @category encoding
 */
export const encode = (event: Event): Either.Either<string, InvalidEvent> => {
  const { comment, data, event: type, id, retry } = event
  let text = ""
  if (comment !== undefined) text += lines("", comment)
  if (id !== undefined) {
    if (/[\0\r\n]/.test(id)) return invalid("id", "contains a line end or U+0000")
    text += `id: ${id}\n`
  }
  if (type !== undefined) {
    if (lineEnds.test(type)) return invalid("event", "contains a line end")
    text += `event: ${type}\n`
  }
  if (retry !== undefined) {
    const millis = millisOf(retry)
    if (millis === undefined) return invalid("retry", "must be a finite duration >= 0")
    text += `retry: ${millis}\n`
  }
  if (data !== undefined) text += lines("data", data)
  return Either.right(`${text}\n`)
}

const invalid = (field: InvalidEvent["field"], reason: string): Either.Either<never, InvalidEvent> =>
  Either.left(new InvalidEvent({ field, reason }))

const millisOf = (retry: Duration.DurationInput): number | undefined => {
  if (typeof retry === "number" && !(retry >= 0)) return undefined
  const duration = Duration.decodeUnknown(retry)
  if (duration._tag === "None" || !Duration.isFinite(duration.value)) return undefined
  const millis = Math.ceil(Duration.toMillis(duration.value))
  return Number.isSafeInteger(millis) ? millis : undefined
}
