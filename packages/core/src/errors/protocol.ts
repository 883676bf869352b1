/**
 * Messages of the peer that are refused. Part of `HttpError`.
 */
import * as Schema from "effect/Schema"
import type { Refusal } from "../model/refusal.js"
import { exchangeFields, type Where } from "./facts.js"

/**
 * The peer's bytes are not HTTP/1.1 as the chosen strictness has it. `flag` names the leniency that would
 * have let them pass.
 *
 * @since 0.1.0
 * @category protocol
 */
export class ParseError extends Schema.TaggedError<ParseError>("@httpfx/core/ParseError")("ParseError", {
  /** That of Node's parser: `HPE_INVALID_METHOD`, ... */
  code: Schema.String as Schema.Schema<Refusal["code"]>,
  /** What was wrong, in Node's words. */
  reason: Schema.String,
  /** Status that a server answers with. */
  status: Schema.Number,
  /** Offset of the fault in `rawPacket`. */
  bytesParsed: Schema.Number,
  /** Offset of the fault from the first byte of the connection. */
  offset: Schema.Number,
  /** The chunk in which the fault was found. */
  rawPacket: Schema.Uint8ArrayFromSelf,
  flag: Schema.optional(Schema.String as Schema.Schema<NonNullable<Refusal["flag"]>>),
  ...exchangeFields
}) {
  override get message(): string {
    return `Parse Error: ${this.reason}${this.flag === undefined ? "" : ` (the flag ${this.flag} would let it pass)`}`
  }
}

/**
 * A body was longer than what the reader allowed (`HttpServerRequest.MaxBodySize`).
 *
 * @since 0.1.0
 * @category protocol
 */
export class BodyTooLarge extends Schema.TaggedError<BodyTooLarge>("@httpfx/core/BodyTooLarge")(
  "BodyTooLarge",
  {
    /** Bytes. */
    limit: Schema.Number
  }
) {
  /** Ours: Node has none for it. */
  readonly code = "ERR_HTTPFX_BODY_TOO_LARGE"
  /** Status that a server answers with. */
  readonly status = 413
  override get message(): string {
    return `body of more than ${this.limit} bytes`
  }
}

/**
 * The class of what the parser refused; `where`: in which exchange of a client.
 *
 * @since 0.1.0
 * @category conversions
 */
export const fromRefusal = ({ _tag, ...facts }: Refusal, where?: Where): ParseError =>
  new ParseError({ ...facts, ...where })
