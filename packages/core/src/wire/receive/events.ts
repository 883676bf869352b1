/**
 * What a parser is given and what it calls: its options, the events of a message, the answer to a head. Types
 * and one set of names; nothing here runs.
 */
import type { Flags } from "../../model/flags.js"
import type { RequestHead, ResponseHead } from "./head.js"
import type { Limits } from "./limits.js"

/**
 * What a driver answers to a head.
 *
 * - `Read`: the body is framed as the head says
 * - `Skip`: no body follows, whatever the head says (the response to a `HEAD`)
 * - `Stop`: nothing after the head is HTTP (an accepted upgrade, a `CONNECT` answered with success)
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
 * Who is called while `execute` runs, for every message of the connection. The callbacks may pause the
 * parser, but neither call `execute` nor throw.
 *
 * @since 0.1.0
 * @category events
 */
export interface MessageEvents<H> {
  /** A head is complete, that of a 1xx response too. Returns a {@link Body}. */
  head(head: H): number
  /** A piece of the body, never empty: a view of the chunk, not a copy. */
  data(slice: Uint8Array): void
  /** The message has ended. Trailer fields as received: name, value, name, value, ... */
  complete(rawTrailers: ReadonlyArray<string>): void
}

/**
 * Who is called with the requests of a server's connection.
 *
 * @since 0.1.0
 * @category events
 */
export interface RequestEvents extends MessageEvents<RequestHead> {}

/**
 * Who is called with the responses of a client's connection.
 *
 * @since 0.1.0
 * @category events
 */
export interface ResponseEvents extends MessageEvents<ResponseHead> {}

/**
 * What a parser accepts, and how much of it.
 *
 * @since 0.1.0
 * @category parsers
 */
export interface ParserOptions {
  /** Default: `presets.strict`. */
  readonly flags?: Flags | undefined
  /** What is left out is as in `defaultLimits`. */
  readonly limits?: Partial<Limits> | undefined
}
