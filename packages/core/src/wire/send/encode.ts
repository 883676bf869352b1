/**
 * Types common to request and response encoders.
 *
 * @since 0.1.0
 */
import type { CloseReason } from "../automaton/afterExchange.js"
import type { Framing } from "./framing.js"

/**
 * The length of a body as known before its first byte: a number of bytes, `"unknown"` for a stream, `"none"`
 * for no body.
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
  /** Latin-1 string: each UTF-16 unit is one byte. Ends with the empty line. */
  readonly head: string
  /** How the body must be written, for its `BodyWriter`. */
  readonly framing: Framing
  /**
   * Why the connection closes after this message, as announced in the head; `undefined` if it may persist.
   */
  readonly close: CloseReason | undefined
}
