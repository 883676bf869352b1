/**
 * Refusals of the parser: plain records with Node's code and reason, the position, and the flag that would
 * have accepted the bytes. Drivers convert them to errors and responses; nothing here throws.
 */
import type { FlagName } from "./flags.js"

/**
 * Codes of refusals, as in Node's parser (`err.code` of a server's `clientError`). A check that Node's parser
 * lacks takes the closest of these, with a `reason` of our own; if none fits, its code is added here, also
 * with the prefix `HPE_` (`ERR_HTTPFX_` is for our violations and losses).
 *
 * @since 0.1.0
 * @category refusals
 */
export type RefusalCode =
  | "HPE_CHUNK_EXTENSIONS_OVERFLOW"
  | "HPE_CLOSED_CONNECTION"
  | "HPE_CR_EXPECTED"
  | "HPE_HEADER_OVERFLOW"
  | "HPE_INVALID_CHUNK_SIZE"
  | "HPE_INVALID_CONSTANT"
  | "HPE_INVALID_CONTENT_LENGTH"
  | "HPE_INVALID_EOF_STATE"
  | "HPE_INVALID_HEADER_TOKEN"
  | "HPE_INVALID_METHOD"
  | "HPE_INVALID_STATUS"
  | "HPE_INVALID_TRANSFER_ENCODING"
  | "HPE_INVALID_URL"
  | "HPE_INVALID_VERSION"
  | "HPE_LF_EXPECTED"
  | "HPE_PAUSED_H2_UPGRADE"
  | "HPE_STRICT"
  | "HPE_UNEXPECTED_CONTENT_LENGTH"
  | "HPE_UNEXPECTED_SPACE"

/**
 * The status that a server should respond before it closes the connection.
 *
 * @since 0.1.0
 * @category refusals
 */
export type RefusalStatus = 400 | 413 | 414 | 431 | 501 | 505

/**
 * Why the parser refused the peer's bytes. It reads nothing more on this connection.
 *
 * @since 0.1.0
 * @category refusals
 */
export interface Refusal {
  readonly _tag: "Refusal"
  /** Node's code. */
  readonly code: RefusalCode
  /** Node's `err.reason`; our own sentence if Node's parser has no such check. */
  readonly reason: string
  /** The status that a server should respond. */
  readonly status: RefusalStatus
  /** Bytes of the chunk before the position of the fault: Node's `err.bytesParsed`. */
  readonly bytesParsed: number
  /** The same position, counted from the first byte of the connection. */
  readonly offset: number
  /** The chunk with the fault; empty if the refusal came at the end of the stream. */
  readonly rawPacket: Uint8Array
  /** The flag that would accept these bytes, if there is one. */
  readonly flag: FlagName | undefined
}
