/**
 * The interface of a parser. The interface consists of the parser's options, the events of a message, and the
 * driver's replies to a head.
 */
import type { Flags } from "../../model/flags.js"
import type { RequestHead, ResponseHead } from "./head.js"
import type { Limits } from "./limits.js"

/**
 * A driver's reply to a head, which tells the parser how to read the body.
 *
 * - `Read`: read the body as the head frames it
 * - `Skip`: read no body, even if the head announces a body (response to `HEAD`)
 * - `Stop`: read no more, because the bytes after the head are not HTTP (accepted upgrade, 2xx to `CONNECT`)
 *
 * @since 0.1.0
 * @category events
 */
export const Body = { Read: 0, Skip: 1, Stop: 2 } as const

/**
 * @since 0.1.0
 * @category events
 */
export type Body = (typeof Body)[keyof typeof Body]

/**
 * The callbacks that a parser's `execute` calls for every message of the connection. The callbacks may pause
 * the parser, but must neither call `execute` nor throw.
 *
 * @since 0.1.0
 * @category events
 */
export interface MessageEvents<H> {
  /**
   * Called when a head is complete, including the head of a 1xx response. Returns the driver's reply, a
   * {@link Body}.
   */
  head(head: H): number
  /**
   * Called with a slice of the body. The slice is never empty, and is a view of the chunk that was passed to
   * `execute`.
   */
  data(slice: Uint8Array): void
  /**
   * Called when the message is complete. `rawTrailers` contains the trailer fields as received, as a flat
   * list of names and values.
   */
  complete(rawTrailers: ReadonlyArray<string>): void
}

/**
 * Callbacks for the requests on a server connection.
 *
 * @since 0.1.0
 * @category events
 */
export interface RequestEvents extends MessageEvents<RequestHead> {}

/**
 * Callbacks for the responses on a client connection.
 *
 * @since 0.1.0
 * @category events
 */
export interface ResponseEvents extends MessageEvents<ResponseHead> {}

/**
 * The strictness and the limits of a parser.
 *
 * @since 0.1.0
 * @category parsers
 */
export interface ParserOptions {
  /** The strictness flags. Default: `presets.strict`. */
  readonly flags?: Flags | undefined
  /** The limits. A missing limit gets its value in `defaultLimits`. */
  readonly limits?: Partial<Limits> | undefined
}
