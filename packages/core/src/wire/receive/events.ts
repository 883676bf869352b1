/**
 * The interface of a parser: its options, the events of a message, the replies to a head. Only types and
 * constants.
 */
import type { Flags } from "../../model/flags.js"
import type { RequestHead, ResponseHead } from "./head.js"
import type { Limits } from "./limits.js"

/**
 * A driver's reply to a head: how to read the body.
 *
 * - `Read`: read the body as the head frames it
 * - `Skip`: read no body, whatever the head announces (response to `HEAD`)
 * - `Stop`: bytes after the head are not HTTP (accepted upgrade, success to `CONNECT`)
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
 * Callbacks that `execute` calls for every message of the connection. They may pause the parser, but must
 * neither call `execute` nor throw.
 *
 * @since 0.1.0
 * @category events
 */
export interface MessageEvents<H> {
  /** Called when a head is complete, including the head of a 1xx response. Returns a {@link Body}. */
  head(head: H): number
  /** Called with a slice of the body, which is never empty: a view of the chunk, not a copy. */
  data(slice: Uint8Array): void
  /**
   * Called when the message is complete, with its trailer fields as received: name, value, name, value, ...
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
 * Strictness and limits of a parser.
 *
 * @since 0.1.0
 * @category parsers
 */
export interface ParserOptions {
  /** Default: `presets.strict`. */
  readonly flags?: Flags | undefined
  /** Missing limits get the values of `defaultLimits`. */
  readonly limits?: Partial<Limits> | undefined
}
