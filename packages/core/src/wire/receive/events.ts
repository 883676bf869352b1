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
 * - `Read`: as the head frames it
 * - `Skip`: there is no body, whatever the head says (response to `HEAD`)
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
  /** The head is complete, also that of a 1xx response. Returns a {@link Body}. */
  head(head: H): number
  /** A slice of the body, never empty: a view of the chunk, not a copy. */
  data(slice: Uint8Array): void
  /** The message is complete. Trailer fields as received: name, value, name, value, ... */
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
  /** Missing limits are those of `defaultLimits`. */
  readonly limits?: Partial<Limits> | undefined
}
