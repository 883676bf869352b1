/**
 * What heads have in common on their way out.
 *
 * @since 0.1.0
 */
import type { CloseReason } from "../automaton/afterExchange.js"
import type { Framing } from "./framing.js"

/**
 * The length of a body, as far as it is known before its first byte: a number of bytes, `"unknown"` for a
 * stream, `"none"` for no body.
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
  /** How the body must be written; a `BodyWriter` is made with it. */
  readonly framing: Framing
  /** Why the connection ends after this message, as the head announces it; `undefined` when it may go on. */
  readonly close: CloseReason | undefined
}
