/**
 * Why the peer's bytes were refused: a plain record with Node's code and reason, the place, and the named
 * flag that would have let the bytes pass. Drivers make errors and answers of it; nothing here throws.
 */
import type { FlagName } from "./flags.js"

/**
 * Codes of a refusal: those of Node's parser (`err.code` of a server's `clientError`).
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
 * What a server should answer to the refused bytes before it closes the connection.
 *
 * @since 0.1.0
 * @category refusals
 */
export type RefusalStatus = 400 | 413 | 414 | 431 | 501 | 505

/**
 * The parser's last word on a connection: it reads nothing after it.
 *
 * @since 0.1.0
 * @category refusals
 */
export interface Refusal {
  readonly _tag: "Refusal"
  /** Node's code. */
  readonly code: RefusalCode
  /** The sentence Node gives in `err.reason`; own words where Node's parser has no such check. */
  readonly reason: string
  /** What a server should answer. */
  readonly status: RefusalStatus
  /** Bytes of the refusing call's chunk before the place of the fault: Node's `err.bytesParsed`. */
  readonly bytesParsed: number
  /** The same place, counted in bytes from the first byte of the connection. */
  readonly offset: number
  /** The chunk of the refusing call; empty when the refusal came at the end of the stream. */
  readonly rawPacket: Uint8Array
  /** The flag that lets these bytes pass when it is set, if there is one. */
  readonly flag: FlagName | undefined
}
