/**
 * Refusals, which are the parser's reasons for rejecting the peer's bytes. A refusal is a plain record that
 * the parser never throws. Drivers convert refusals to errors and responses.
 */
import type { FlagName } from "./flags.js"

/**
 * The codes of refusals, which are the codes of Node's parser (`err.code` of a server's `clientError`). A
 * check that Node's parser lacks uses the closest of Node's codes, with its own `reason`. If none of Node's
 * codes fits, add a code with the prefix `HPE_` here, because `ERR_HTTPFX_` is only for violations and
 * losses.
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
 * The status with which a server should respond to refused bytes before it closes the connection.
 *
 * @since 0.1.0
 * @category refusals
 */
export type RefusalStatus = 400 | 413 | 414 | 431 | 501 | 505

/**
 * The parser's reason for rejecting the peer's bytes. After a refusal the parser reads no further bytes of
 * the connection.
 *
 * @since 0.1.0
 * @category refusals
 */
export interface Refusal {
  readonly _tag: "Refusal"
  /** The code of the refusal, as in Node's `err.code`. */
  readonly code: RefusalCode
  /** The reason in Node's words (`err.reason`), or in our own words if Node's parser lacks the check. */
  readonly reason: string
  /** The status with which a server should respond. */
  readonly status: RefusalStatus
  /** Number of bytes of the chunk before the invalid byte (Node's `err.bytesParsed`). */
  readonly bytesParsed: number
  /** Number of bytes received on the connection before the invalid byte. */
  readonly offset: number
  /**
   * The chunk with the invalid byte (Node's `err.rawPacket`). The chunk is empty if the stream ended too
   * early.
   */
  readonly rawPacket: Uint8Array
  /** The flag that would accept these bytes; `undefined` if there is no such flag. */
  readonly flag: FlagName | undefined
}
