/**
 * Refusals of the parser as plain records with Node's code and reason, the position, and the flag that would
 * have accepted the bytes. Drivers convert them to errors and responses; the parser never throws them.
 */
import type { FlagName } from "./flags.js"

/**
 * Codes of refusals, as in Node's parser (`err.code` of a server's `clientError`). A check that Node's parser
 * does not have uses the closest of Node's codes with its own `reason`. If no code of Node fits, a new code
 * with the prefix `HPE_` is added here; the prefix `ERR_HTTPFX_` is only for violations and losses.
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
 * The status with which a server should respond before it closes the connection.
 *
 * @since 0.1.0
 * @category refusals
 */
export type RefusalStatus = 400 | 413 | 414 | 431 | 501 | 505

/**
 * The reason why the parser refused the peer's bytes. After a refusal the parser reads no more bytes of the
 * connection.
 *
 * @since 0.1.0
 * @category refusals
 */
export interface Refusal {
  readonly _tag: "Refusal"
  /** The code. */
  readonly code: RefusalCode
  /** Node's `err.reason`; our own text if Node's parser does not have this check. */
  readonly reason: string
  /** The status with which a server should respond. */
  readonly status: RefusalStatus
  /** Number of bytes in the chunk before the fault (Node's `err.bytesParsed`). */
  readonly bytesParsed: number
  /** Number of bytes of the connection before the fault. */
  readonly offset: number
  /** The chunk with the fault (Node's `err.rawPacket`); empty if the fault is the end of the stream. */
  readonly rawPacket: Uint8Array
  /** The flag that would accept these bytes; `undefined` if no flag would. */
  readonly flag: FlagName | undefined
}
