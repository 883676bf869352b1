/**
 * The types that the request encoder and the response encoder share.
 *
 * @since 0.1.0
 */
import type { CloseReason } from "../automaton/afterExchange.js"
import type { Framing } from "./framing.js"

/**
 * The length of a body, as known before its first byte is sent. The value is a number of bytes, `"unknown"`
 * for a stream, or `"none"` if there is no body.
 *
 * @since 0.1.0
 * @category models
 */
export type BodyLength = number | "unknown" | "none"

/**
 * A head ready to be sent.
 *
 * @since 0.1.0
 * @category models
 */
export interface EncodedHead {
  readonly _tag: "EncodedHead"
  /** The head as a Latin-1 string, including its final empty line. Each UTF-16 unit is one byte. */
  readonly head: string
  /** The framing that the `BodyWriter` of the body must use. */
  readonly framing: Framing
  /**
   * The reason why the connection must be closed after this message. The head announces the closing.
   * `undefined` means that the connection may persist.
   */
  readonly close: CloseReason | undefined
}
